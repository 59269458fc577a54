// How the kernels of reduce.cu cut a matrix, by sizes alone: read by the kernels and by their launchers.
#ifndef LACUNA_REDUCE_SHAPE_H
#define LACUNA_REDUCE_SHAPE_H

#include <cstdint>

#include "lacuna/tiling.h"

namespace lacuna::reduce {

constexpr int kThreads = 256;
constexpr int32_t kMostColumnThreads = 5;  // log2: columns are summed by a warp side by side at most
constexpr int64_t kQuadsPerThread = 16;    // of a row, before the row is cut
constexpr int64_t kRowsPerThread = 8;      // of a column, before it is cut
constexpr int64_t kMostBlocks = 1024;      // that columns are cut for: a few for every multiprocessor

// Rows of a block times columns of a chunk.
struct RowCut {
  int32_t shift;  // log2 of the threads that share a row
  int64_t block_rows, row_blocks, chunk_cols, chunks;

  LACUNA_BOTH RowCut(int64_t n, int64_t d)
      : shift(threads_side_by_side(d, 4, 8)),
        block_rows(kThreads >> shift),
        row_blocks((n + block_rows - 1) / block_rows),
        chunk_cols((4 * kQuadsPerThread) << shift),
        chunks(d > chunk_cols ? (d + chunk_cols - 1) / chunk_cols : 1) {}
};

// Columns of a block times rows of a chunk.
struct ColumnCut {
  int32_t shift;  // log2 of the threads side by side, four columns each
  int64_t block_cols, col_blocks, chunk_rows, chunks;

  LACUNA_BOTH ColumnCut(int64_t n, int64_t d)
      : shift(threads_side_by_side(d, 4, kMostColumnThreads)),
        block_cols(int64_t{4} << shift),
        col_blocks((d + block_cols - 1) / block_cols) {
    const int64_t groups = kThreads >> shift, least = groups * kRowsPerThread;
    const int64_t most = col_blocks < kMostBlocks ? kMostBlocks / (col_blocks > 0 ? col_blocks : 1) : 1;
    const int64_t rows = (n + most - 1) / most;
    chunk_rows = rows > least ? (rows + groups - 1) / groups * groups : least;
    chunks = n > chunk_rows ? (n + chunk_rows - 1) / chunk_rows : 1;
  }
};

// out[j step] = sum / divisor, or that added to what out holds.
struct Result {
  float* out;
  int64_t step;
  double divisor;
  int32_t accumulate;
};

}  // namespace lacuna::reduce
#endif
