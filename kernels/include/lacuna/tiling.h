// How blocks lie over a matrix in ops that treat every element alike: read by the kernels and by their launchers.
#ifndef LACUNA_TILING_H
#define LACUNA_TILING_H

#include <cstdint>

#include "lacuna/both.h"

namespace lacuna {

constexpr int kTilingThreads = 256;
constexpr int kTilingRows = 4;  // rows a thread, one after the other

// log2 of how many threads, a power of two up to 2^most, lie side by side over `cols` columns, `each` columns a thread.
LACUNA_BOTH constexpr int32_t threads_side_by_side(int64_t cols, int each, int32_t most) {
  int32_t shift = 0;
  while (shift < most && (static_cast<int64_t>(each) << shift) < cols) ++shift;
  return shift;
}

// A matrix cut into tiles, one a block of 256 threads: 2^shift threads side by side with `each` columns each, the
// others in the rows below. A narrow matrix gets narrow tiles, so that few threads lie beyond its columns.
struct Tiling {
  int64_t rows, cols;
  int32_t each, shift;

  LACUNA_BOTH Tiling(int64_t rows, int64_t cols, int32_t each = 4)
      : rows(rows), cols(cols), each(each), shift(threads_side_by_side(cols, each, 8)) {}

  LACUNA_BOTH int64_t tile_rows() const { return kTilingRows * static_cast<int64_t>(kTilingThreads >> shift); }
  LACUNA_BOTH int64_t tile_cols() const { return static_cast<int64_t>(each) << shift; }
  LACUNA_BOTH int64_t col_tiles() const { return cols > 0 ? (cols + tile_cols() - 1) / tile_cols() : 1; }
  LACUNA_BOTH int64_t tiles() const { return cols > 0 ? (rows + tile_rows() - 1) / tile_rows() * col_tiles() : 0; }
};

}  // namespace lacuna
#endif
