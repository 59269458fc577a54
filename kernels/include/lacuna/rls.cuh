// What the RLS kernels share.
#ifndef LACUNA_RLS_CUH
#define LACUNA_RLS_CUH

#include "lacuna/fault.cuh"
#include "lacuna/product.cuh"
#include "lacuna/rls_shape.h"

namespace lacuna::rls {

static_assert(kWarps == kThreads / kWarp && kUpdateRows == kWarps && kFoldCols == kWarp && kChunkCols == 4 * kWarp);

using Tile = Product<kTile, kTile>;
static_assert(Tile::kThreads == kThreads);

LACUNA_DEVICE bool positive(double c) { return c > 0.0 && isfinite(c); }

// Whether state[1] may be the number of updates held; LOW_RANK has room for `capacity`, the other forms (-1) for any.
LACUNA_DEVICE bool holds(double updates, int64_t capacity) {
  return capacity < 0 || (updates >= 0.0 && updates <= static_cast<double>(capacity) && updates == floor(updates));
}

// How many rows of U are in use, 0 where the state is to be refused.
LACUNA_DEVICE int64_t rows_in_use(const double* state, int64_t capacity) {
  return holds(state[1], capacity) ? static_cast<int64_t>(state[1]) : 0;
}

// Whether rls_decompose has stopped the call; NULL: it has not run yet.
LACUNA_DEVICE bool stopped(const Call* call) { return call && call->stop != 0; }

// Whether a projection may be written: the call was not stopped or, where it absorbs nothing and `call` is NULL, the
// state is in range.
struct Gate {
  const Call* call;
  const double* state;
  int64_t capacity;
  int32_t op;
  int32_t* fault_word;

  LACUNA_DEVICE bool opens() const {
    if (call) return call->stop == 0;
    if (positive(state[0]) && holds(state[1], capacity)) return true;
    if (blockIdx.x == 0 && threadIdx.x == 0) set_fault(fault_word, op, Fault::kOutOfRange);
    return false;
  }

  // scale / c, with the c of before the absorption or, where `after`, of after it. What is projected was multiplied by
  // an S or M that the absorption has since moved.
  LACUNA_DEVICE float factor(double scale, bool after) const {
    const double factor = after ? scale * call->rescale / state[0] : scale / (call ? call->c : state[0]);
    return static_cast<float>(factor);
  }
};

// [x; r], the rows of r after those of x.
struct Joined {
  static constexpr Quads kQuads = Quads::kAlongDepth;
  Matrix<const float> x, r;

  LACUNA_DEVICE float4 load(int64_t line, int64_t depth) const {
    return line < x.rows ? x.load(line, depth) : r.load(line - x.rows, depth);
  }
};

// Where tile t of a matrix of so many columns begins.
struct TileOrigin {
  int64_t row, col;
  LACUNA_DEVICE TileOrigin(int64_t t, int64_t cols) {
    const int64_t col_tiles = (cols + kTile - 1) / kTile;
    row = t / col_tiles * kTile;
    col = t % col_tiles * kTile;
  }
};

using TileSums = float[Tile::kRowsPerThread][Tile::kColsPerThread];

// body(row, col, quad of sums) for every quad of the thread.
template <class Body>
LACUNA_DEVICE void for_quads(const TileOrigin& origin, const TileSums& sums, Body&& body) {
#pragma unroll
  for (int i = 0; i < Tile::kRowsPerThread; ++i) {
#pragma unroll
    for (int j = 0; j < Tile::kColsPerThread; j += 4) {
      body(origin.row + Tile::row(i), origin.col + Tile::col(j),
           float4{sums[i][j], sums[i][j + 1], sums[i][j + 2], sums[i][j + 3]});
    }
  }
}

LACUNA_DEVICE double add_squares(float4 x, double sum) {
  const double a = x.x, b = x.y, c = x.z, d = x.w;
  return sum + (a * a + b * b + c * c + d * d);
}

}  // namespace lacuna::rls
#endif
