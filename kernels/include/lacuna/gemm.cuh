// A whole matrix product: what a block does for its tile, and how the results of a cut depth's parts are added.
//
// Results is where m x n results go, an object with
//   float* data
//   float4 load(int64_t row, int64_t col) const, void store(int64_t row, int64_t col, float4 quad) const
//   float4 start(int64_t row, int64_t col) const   what the sums are added to: what stands there, a bias, or zero
// Quads that lie outside read as zero and are not written.
#ifndef LACUNA_GEMM_CUH
#define LACUNA_GEMM_CUH

#include "lacuna/gemm_shape.h"
#include "lacuna/product.cuh"

namespace lacuna {

// The block's tile of a b, or its part of the depth there. Blocks: parts x m/rows x n/cols.
template <int rows, int cols, class A, class B, class Results>
LACUNA_DEVICE void multiply(const GemmCut& cut, const A& a, const B& b, Results results) {
  using Tile = Product<rows, cols>;
  static_assert(Tile::kThreads == kGemmThreads);
  LACUNA_SHARED(float, shared, Tile::kShared);
  const int64_t col_tiles = ceil_div(cut.n, cols), tiles = ceil_div(cut.m, rows) * col_tiles;
  const int64_t part = blockIdx.x / tiles, tile = blockIdx.x % tiles;
  const int64_t row0 = tile / col_tiles * rows, col0 = tile % col_tiles * cols;
  const int64_t begin = cut.begin + part * cut.part_depth, end = min(cut.end, begin + cut.part_depth);
  float sums[Tile::kRowsPerThread][Tile::kColsPerThread] = {};
  Tile::add(a, b, row0, col0, begin, end, shared, sums);

  results.data += part * cut.part_stride;
#pragma unroll
  for (int i = 0; i < Tile::kRowsPerThread; ++i) {
#pragma unroll
    for (int j = 0; j < Tile::kColsPerThread; j += 4) {
      const int64_t row = row0 + Tile::row(i), col = col0 + Tile::col(j);
      const float4 quad = {sums[i][j], sums[i][j + 1], sums[i][j + 2], sums[i][j + 3]};
      results.store(row, col, multiply_add(1.0f, quad, results.start(row, col)));
    }
  }
}

// results = start + the results of all parts, in double: eight groups of threads take every eighth part, and the groups
// are added in their order. Blocks: m x n/4 quads / kFoldQuads.
template <class Results>
LACUNA_DEVICE void fold(const GemmCut& cut, int64_t parts, Results partial, const Results& results) {
  constexpr int groups = kGemmThreads / kFoldQuads;
  LACUNA_SHARED(double, sums, 4 * kGemmThreads);
  const int thread = static_cast<int>(threadIdx.x), lane = thread % kFoldQuads, group = thread / kFoldQuads;
  const int64_t quads = ceil_div(cut.n, 4), index = static_cast<int64_t>(blockIdx.x) * kFoldQuads + lane;
  const int64_t row = index / quads, col = index % quads * 4;
  double sum[4] = {};
  const auto add = [&](float4 quad) {
    sum[0] += quad.x;
    sum[1] += quad.y;
    sum[2] += quad.z;
    sum[3] += quad.w;
  };
  partial.data += group * cut.part_stride;
#pragma unroll 4
  for (int64_t part = group; part < parts; part += groups) {
    add(partial.load(row, col));
    partial.data += groups * cut.part_stride;
  }
#pragma unroll
  for (int j = 0; j < 4; ++j) sums[j * kGemmThreads + thread] = sum[j];
  barrier();
  if (group != 0) return;
#pragma unroll
  for (int j = 0; j < 4; ++j) {
    for (int k = 1; k < groups; ++k) sum[j] += sums[j * kGemmThreads + k * kFoldQuads + lane];
  }
  add(results.start(row, col));
  results.store(
      row, col,
      {static_cast<float>(sum[0]), static_cast<float>(sum[1]), static_cast<float>(sum[2]), static_cast<float>(sum[3])});
}

}  // namespace lacuna
#endif
