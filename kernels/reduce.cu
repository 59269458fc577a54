// Sums of a[n, d], or of its products with b[n, d], over rows, columns or both, and the gradient of such a sum.
//
//   out (+)= sum of a | of a b, / divisor        bwd   dx (+)= scale dout, repeated over [n, d]
//
//   kernel          grid                            threads  block's work
//   reduce_rows     n/(256/w) x d/(64 w)            256      256/w rows, w threads each, up to 64 w columns
//   reduce_columns  d/(4 w) x chunks, <= 1,024      256      4 w columns, w <= 32 threads wide, a chunk of rows
//   reduce_fold     results/w                       256      w results, 256/w threads each
//   reduce_bwd      tiles                           256      a tile (tiling.h)
//
// A sum whose terms one block cannot take in is cut into chunks, by sizes alone (reduce_shape.h); their sums wait in
// the workspace and reduce_fold adds them up. Everything is accumulated in double and in a fixed order: no atomics,
// equal input gives equal bits, and the order costs no accuracy. A total without gaps is one long row; with gaps, the
// chunk sums of rows or columns, whichever are fewer, are folded to one.
//
// Sums: 4 n d bytes read (8 with b), n d conversions and additions in double (with b twice the conversions): on cards
// with 1/64 rate doubles, RTX 4090, about as long as the memory takes. bwd: 4 n d bytes written, 8 with acc.
// 4096 x 1024: 16.8 MB, 8.2 us at 2.04 TB/s.
#include "lacuna/groups.cuh"
#include "lacuna/reduce_shape.h"
#include "lacuna/tiling.cuh"

using namespace lacuna;
using namespace lacuna::reduce;

namespace {

// Four terms at a time, a column each.
struct Sums {
  double x = 0.0, y = 0.0, z = 0.0, w = 0.0;

  LACUNA_DEVICE void add(float4 a) {
    x += a.x;
    y += a.y;
    z += a.z;
    w += a.w;
  }
  LACUNA_DEVICE void add(float4 a, float4 b) {
    x += static_cast<double>(a.x) * b.x;
    y += static_cast<double>(a.y) * b.y;
    z += static_cast<double>(a.z) * b.z;
    w += static_cast<double>(a.w) * b.w;
  }
};

LACUNA_DEVICE void write_result(const Result& to, int64_t j, double sum) {
  float& out = to.out[j * to.step];
  const double value = sum / to.divisor;
  out = static_cast<float>(to.accumulate ? out + value : value);
}

// One of `count` results: final, or this chunk's part of it where there are partial sums.
LACUNA_DEVICE void write_sum(const Result& to, double* partial, int64_t chunk, int64_t count, int64_t j, double sum) {
  if (partial) {
    partial[chunk * count + j] = sum;
  } else {
    write_result(to, j, sum);
  }
}

}  // namespace

// partial[chunk, i] or result i = sum over the chunk's columns of row i. b: NULL for sums of a alone.
LACUNA_KERNEL(reduce_rows, kThreads)
(int64_t n, int64_t d, const float* a, int64_t ld_a, const float* b, int64_t ld_b, double* partial, Result result) {
  LACUNA_SHARED(double, scratch, kThreads / kWarp);
  const RowCut cut(n, d);
  const Matrix<const float> a_matrix(a, n, d, ld_a), b_matrix(b, n, d, ld_b);
  const int width = 1 << cut.shift, thread = static_cast<int>(threadIdx.x);
  const int64_t chunk = blockIdx.x % cut.chunks;
  const int64_t row = blockIdx.x / cut.chunks * cut.block_rows + (thread >> cut.shift);
  const int64_t begin = chunk * cut.chunk_cols;
  const int64_t end = begin + cut.chunk_cols < d ? begin + cut.chunk_cols : d;
  Sums sums;
  if (row < n) {
#pragma unroll 4
    for (int64_t col = begin + 4 * (thread & (width - 1)); col < end; col += 4 * width) {
      if (b) {
        sums.add(a_matrix.load(row, col), b_matrix.load(row, col));
      } else {
        sums.add(a_matrix.load(row, col));
      }
    }
  }
  const double sum = group_sum((sums.x + sums.y) + (sums.z + sums.w), width, scratch);
  if (row < n && (thread & (width - 1)) == 0) write_sum(result, partial, chunk, n, row, sum);
}

// partial[chunk, j] or result j = sum over the chunk's rows of column j.
LACUNA_KERNEL(reduce_columns, kThreads)
(int64_t n, int64_t d, const float* a, int64_t ld_a, const float* b, int64_t ld_b, double* partial, Result result) {
  LACUNA_SHARED(double, scratch, kThreads);
  const ColumnCut cut(n, d);
  const Matrix<const float> a_matrix(a, n, d, ld_a), b_matrix(b, n, d, ld_b);
  const int width = 1 << cut.shift, thread = static_cast<int>(threadIdx.x), groups = kThreads >> cut.shift;
  const int64_t chunk = blockIdx.x / cut.col_blocks;
  const int64_t col = blockIdx.x % cut.col_blocks * cut.block_cols + 4 * (thread & (width - 1));
  const int64_t begin = chunk * cut.chunk_rows;
  const int64_t end = begin + cut.chunk_rows < n ? begin + cut.chunk_rows : n;
  Sums sums;
#pragma unroll 4
  for (int64_t row = begin + (thread >> cut.shift); row < end; row += groups) {
    if (b) {
      sums.add(a_matrix.load(row, col), b_matrix.load(row, col));
    } else {
      sums.add(a_matrix.load(row, col));
    }
  }
  const double total[4] = {
      sum_over_groups<kThreads>(sums.x, width, scratch), sum_over_groups<kThreads>(sums.y, width, scratch),
      sum_over_groups<kThreads>(sums.z, width, scratch), sum_over_groups<kThreads>(sums.w, width, scratch)};
  if (thread >= width) return;
#pragma unroll
  for (int k = 0; k < 4; ++k) {
    if (col + k < d) write_sum(result, partial, chunk, d, col + k, total[k]);
  }
}

// result j = sum of partial[chunk, j] over all chunks.
LACUNA_KERNEL(reduce_fold, kThreads)
(int64_t count, int64_t chunks, const double* partial, Result result) {
  LACUNA_SHARED(double, scratch, kThreads);
  const int32_t shift = threads_side_by_side(count, 1, kMostColumnThreads);
  const int width = 1 << shift, thread = static_cast<int>(threadIdx.x), groups = kThreads >> shift;
  const int64_t j = static_cast<int64_t>(blockIdx.x) * width + (thread & (width - 1));
  double sum = 0.0;
  if (j < count) {
#pragma unroll 4
    for (int64_t chunk = thread >> shift; chunk < chunks; chunk += groups) sum += partial[chunk * count + j];
  }
  sum = sum_over_groups<kThreads>(sum, width, scratch);
  if (thread < width && j < count) write_result(result, j, sum);
}

// ld_dout: 0 where dout has one row. one_column: it has one number a row.
LACUNA_KERNEL(reduce_bwd, kTilingThreads)
(Tiling tiling, const float* dout, int64_t ld_dout, int32_t one_column, float scale, float* dx, int64_t ld_dx,
 int32_t accumulate) {
  const Broadcast from(dout, tiling.rows, tiling.cols, ld_dout, one_column != 0);
  const Matrix<float> to(dx, tiling.rows, tiling.cols, ld_dx);
  for_places(tiling, [&](int64_t row, int64_t col) {
    write(to, row, col, scaled(scale, from.load(row, col)), accumulate != 0);
  });
}
