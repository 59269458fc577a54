// The element-wise walk over a matrix, and what element-wise ops need for their quads of four columns.
#ifndef LACUNA_TILING_CUH
#define LACUNA_TILING_CUH

#include "lacuna/matrix.cuh"
#include "lacuna/tiling.h"

namespace lacuna {

// body(row, col) for this thread's places in a tile; col is the first of tiling.each columns.
template <class Body>
LACUNA_DEVICE void for_places(const Tiling& tiling, int64_t tile, Body body) {
  const int64_t col_tiles = tiling.col_tiles();
  const int thread = static_cast<int>(threadIdx.x), step = kTilingThreads >> tiling.shift;
  const int64_t col = tile % col_tiles * tiling.tile_cols() + tiling.each * (thread & ((1 << tiling.shift) - 1));
  const int64_t row0 = tile / col_tiles * tiling.tile_rows() + (thread >> tiling.shift);
  if (col >= tiling.cols) return;
#pragma unroll
  for (int k = 0; k < kTilingRows; ++k) {
    const int64_t row = row0 + k * step;
    if (row < tiling.rows) body(row, col);
  }
}

// The same in the block's tile.
template <class Body>
LACUNA_DEVICE void for_places(const Tiling& tiling, Body body) {
  for_places(tiling, blockIdx.x, body);
}

// A matrix met as one of [rows, cols]: ld 0 repeats its row, one_column repeats the first number of each row.
struct Broadcast {
  Matrix<const float> matrix;
  bool one_column;

  LACUNA_DEVICE Broadcast(const float* data, int64_t rows, int64_t cols, int64_t ld, bool one_column)
      : matrix(data, rows, cols, ld), one_column(one_column) {}

  LACUNA_DEVICE float4 load(int64_t row, int64_t col) const {
    if (!one_column) return matrix.load(row, col);
    const float value = matrix.data[row * matrix.ld];
    return {value, value, value, value};
  }
};

template <class F>
LACUNA_DEVICE float4 each(F f, float4 a, float4 b) {
  return {f(a.x, b.x), f(a.y, b.y), f(a.z, b.z), f(a.w, b.w)};
}

// to = value, or to += value.
LACUNA_DEVICE void write(const Matrix<float>& to, int64_t row, int64_t col, float4 value, bool accumulate) {
  to.store(row, col, accumulate ? multiply_add(1.0f, value, to.load(row, col)) : value);
}

}  // namespace lacuna
#endif
