// Row-major operands read in quads of four columns, whatever their alignment and width, and sums over warps and blocks.
#ifndef LACUNA_MATRIX_CUH
#define LACUNA_MATRIX_CUH

#include "lacuna/device.cuh"

namespace lacuna {

template <class Element>
struct Matrix {
  Element* data;
  int64_t rows, cols, ld;
  bool wide;  // every quad that starts at a multiple of four columns lies on 16 bytes

  LACUNA_DEVICE Matrix(Element* data, int64_t rows, int64_t cols, int64_t ld)
      : data(data), rows(rows), cols(cols), ld(ld), wide(is_aligned16(data) && ld % 4 == 0) {}

  LACUNA_DEVICE bool contains(int64_t row, int64_t col) const { return row < rows && col < cols; }

  // Columns [col, col + 4) of a row; zero outside the matrix. col is a multiple of four.
  LACUNA_DEVICE float4 load(int64_t row, int64_t col) const {
    float4 quad = {0.0f, 0.0f, 0.0f, 0.0f};
    if (!contains(row, col)) return quad;
    const float* from = data + row * ld + col;
    if (wide && col + 4 <= cols) return load_wide(from);
    quad.x = from[0];
    if (col + 1 < cols) quad.y = from[1];
    if (col + 2 < cols) quad.z = from[2];
    if (col + 3 < cols) quad.w = from[3];
    return quad;
  }

  // Writes the part of the quad that lies inside the matrix.
  LACUNA_DEVICE void store(int64_t row, int64_t col, float4 quad) const {
    if (!contains(row, col)) return;
    float* to = data + row * ld + col;
    if (wide && col + 4 <= cols) return store_wide(to, quad);
    to[0] = quad.x;
    if (col + 1 < cols) to[1] = quad.y;
    if (col + 2 < cols) to[2] = quad.z;
    if (col + 3 < cols) to[3] = quad.w;
  }
};

LACUNA_DEVICE float4 multiply_add(float a, float4 x, float4 y) {
  return {fmaf(a, x.x, y.x), fmaf(a, x.y, y.y), fmaf(a, x.z, y.z), fmaf(a, x.w, y.w)};
}

LACUNA_DEVICE float4 difference(float4 x, float4 y) { return {x.x - y.x, x.y - y.y, x.z - y.z, x.w - y.w}; }
LACUNA_DEVICE float4 scaled(float a, float4 x) { return {a * x.x, a * x.y, a * x.z, a * x.w}; }

LACUNA_DEVICE float dot(float4 x, float4 y, float sum) {
  return fmaf(x.w, y.w, fmaf(x.z, y.z, fmaf(x.y, y.y, fmaf(x.x, y.x, sum))));
}

// The sum over the lanes of a warp, the same bits in every lane.
template <class Real>
LACUNA_DEVICE Real warp_sum(Real value) {
  for (int mask = kWarp / 2; mask > 0; mask /= 2) value += shuffle_xor(value, mask);
  return value;
}

// The sum over the threads of a block, the same bits in every thread. scratch holds one element a warp and is free
// again after.
template <int threads>
LACUNA_DEVICE double block_sum(double value, double* scratch) {
  value = warp_sum(value);
  if (lane_of() == 0) scratch[warp_of()] = value;
  barrier();
  double sum = 0.0;
  for (int warp = 0; warp < threads / kWarp; ++warp) sum += scratch[warp];
  barrier();
  return sum;
}

// Every thread of the block receives |x|^2, accumulated in double.
template <int threads>
LACUNA_DEVICE double squared_norm(const float* x, int64_t n, double* scratch) {
  double sum = 0.0;
  for (int64_t i = threadIdx.x; i < n; i += threads) sum += static_cast<double>(x[i]) * x[i];
  return block_sum<threads>(sum, scratch);
}

}  // namespace lacuna
#endif
