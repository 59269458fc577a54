// A tile of a matrix product in fp32: a block of 128 threads computes 32 x 32 results, each thread 2 rows x 4 columns.
// The operands pass through shared memory 16 deep, in two buffers, so that one barrier a step is enough and the next
// loads run under the arithmetic. In shared memory both lie depth-major: a thread reads 2 and 4 neighbours as one word
// each.
#ifndef LACUNA_TILE_CUH
#define LACUNA_TILE_CUH

#include "lacuna/matrix.cuh"

namespace lacuna {

constexpr int kTile = 32;
constexpr int kTileThreads = 128;
constexpr int kTileDepth = 16;
constexpr int kTileStride = kTile + 4;  // keeps quads aligned and spreads the transposed stores over all banks
constexpr int kTilePanel = kTileDepth * kTileStride;
constexpr int kTileShared = 4 * kTilePanel;  // floats: two buffers of two panels

enum class Right { kAsStored, kTransposed };

// Where thread t's results stand in the tile: rows [row, row + 2), columns [col, col + 4).
struct TilePosition {
  int row, col;
};
LACUNA_DEVICE TilePosition tile_position() {
  const int thread = static_cast<int>(threadIdx.x);
  return {thread / 8 * 2, thread % 8 * 4};
}

LACUNA_DEVICE void store_transposed(float* panel, int row, int depth, float4 quad) {
  float* to = panel + depth * kTileStride + row;
  to[0] = quad.x;
  to[kTileStride] = quad.y;
  to[2 * kTileStride] = quad.z;
  to[3 * kTileStride] = quad.w;
}

// result[i] = the quad at row row0 + position.row + i and column col0 + position.col of a b, or of a b^T. Every thread
// of the block takes part; rows and columns beyond the operands count as zero.
template <Right right>
LACUNA_DEVICE void tile_product(const Matrix<const float>& a, const Matrix<const float>& b, int64_t row0, int64_t col0,
                                float* shared, float4 (&result)[2]) {
  const int thread = static_cast<int>(threadIdx.x);
  // 16 rows x 2 quads a warp: whole 32-byte sectors from memory, no bank twice on the transposing store.
  const int load_row = thread / 32 % 2 * 16 + thread % 16;
  const int load_depth = thread / 64 * 8 + thread / 16 % 2 * 4;
  const auto load_b = [&](int64_t depth) {
    return right == Right::kTransposed ? b.load(col0 + load_row, depth + load_depth)
                                       : b.load(depth + thread / 8, col0 + thread % 8 * 4);
  };
  const TilePosition position = tile_position();
  result[0] = result[1] = {0.0f, 0.0f, 0.0f, 0.0f};
  float4 next_a = a.load(row0 + load_row, load_depth);
  float4 next_b = load_b(0);
  int buffer = 0;
  for (int64_t depth = 0; depth < a.cols; depth += kTileDepth, buffer ^= 1) {
    float* panel_a = shared + buffer * 2 * kTilePanel;
    float* panel_b = panel_a + kTilePanel;
    store_transposed(panel_a, load_row, load_depth, next_a);
    if (right == Right::kTransposed) {
      store_transposed(panel_b, load_row, load_depth, next_b);
    } else {
      store_wide(panel_b + thread / 8 * kTileStride + thread % 8 * 4, next_b);
    }
    barrier();
    next_a = a.load(row0 + load_row, depth + kTileDepth + load_depth);
    next_b = load_b(depth + kTileDepth);
#pragma unroll
    for (int k = 0; k < kTileDepth; ++k) {
      const float4 row = load_wide(panel_b + k * kTileStride + position.col);
      const float2 column = load_pair(panel_a + k * kTileStride + position.row);
      result[0] = multiply_add(column.x, row, result[0]);
      result[1] = multiply_add(column.y, row, result[1]);
    }
  }
}

}  // namespace lacuna
#endif
