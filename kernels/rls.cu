// Recursive least squares in Potter's square-root form, fp32: P = S S^T / c, S [s, s] row-major with ld >= s.
//
// rls_absorb, r [s], c = state[0] when the norm is FRO and 1 when it is NONE:
//   f = S^T r   a = alpha c   b = a + f.f   g = 1 / (b + sqrt(a b))   v = S f   S <- S - g v f^T
//   FRO only: c <- ||S S^T||_F. With w = S^T v (S before the update),
//   c^2 <- c^2 - 2 w.w / b + (v.v)^2 / b^2 in double; the first and every 16th update, and whenever a single one
//   takes more than a tenth of c^2, from the whole product, so that rounding cannot pile up. A c under 2^-32 makes the
//   next update multiply S by a power of two.
// rls_project, g [c, s]: out = (g S) S^T / state[0].
//
// absorb is a chain of launches on one stream; what one writes the next reads. Blocks are cut by sizes alone, sums run
// in a fixed order and there are no atomics: equal input gives equal bits.
//   kernel            grid                           threads  block's work
//   rls_columns       s/64 x s/128                   256      column sums of 64 rows x 128 columns, weighted by r
//   rls_fold          s/32                           256      32 columns of partial sums, added up over the row chunks
//   rls_update        s/8                            256      8 rows: v, the rank-1 update, their part of w
//   rls_advance       1                              256      f.f, v.v, w.w, the new c and the count
//   rls_gram          (s/32)^2, the upper half works 128      a 32 x 32 tile of S S^T, its sum of squares
//   rls_renorm        1                              256      c from the tiles
//   rls_project_left  c/32 x s/32                    128      a 32 x 32 tile of g S
//   rls_project_right c/32 x s/32                    128      a 32 x 32 tile of (g S) S^T / c
// A non-finite r makes every entry of f non-finite, hence f.f, which every block of rls_update and rls_advance forms
// for itself: they leave factor and state alone, and rls_advance sets the context's fault word. The same goes for a
// state[0] that is no norm (FRO: <= 0 or not finite; NONE: not 1), also in rls_project_right.
//
// Bytes and operations (roofline times are computed, not measured; kernels/README.md has the table):
//   absorb   12 s^2 bytes (S read twice, written once; the second reading of a row hits L1), 6 s^2 flops; FRO: 13 s^2
//            bytes, 8 s^2 flops, and every 16th time s^3 flops.        s = 768: 7.7 MB, 2.3 us at 3.35 TB/s.
//   project  4 (2 s^2 + 4 c s) bytes, 4 c s^2 flops.  s = 768, c = 101: 238 MFLOP, 3.6 us at 67 TFLOP/s.
#include "lacuna/fault.cuh"
#include "lacuna/matrix.cuh"
#include "lacuna/rls_shape.h"
#include "lacuna/tile.cuh"

using lacuna::Fault;
using lacuna::kTileShared;
using lacuna::kWarp;
using lacuna::Matrix;
using lacuna::Right;
using namespace lacuna::rls;

static_assert(kTile == lacuna::kTile && kTileThreads == lacuna::kTileThreads && kUpdateRows == kThreads / kWarp);

namespace {

constexpr int kWarps = kThreads / kWarp;
constexpr int kExactEvery = 16;
constexpr double kExactBelow = 0.9;
constexpr double kSmallNorm = 0x1p-32;

LACUNA_DEVICE bool positive(double c) { return c > 0.0 && isfinite(c); }

// The scalars of one update, and whether it may happen.
struct Step {
  double c, b, gain;
  Fault fault;
};
LACUNA_DEVICE Step step_of(int32_t norm, double alpha, double c, double ff) {
  const double a = alpha * c, b = a + ff;
  const bool in_range = norm == kNormFrobenius ? positive(c) : c == 1.0;
  const Fault fault = !in_range                          ? Fault::kOutOfRange
                      : !isfinite(static_cast<float>(b)) ? Fault::kNonFinite
                                                         : Fault::kNone;
  return {c, b, 1.0 / (b + sqrt(a * b)), fault};
}

// FRO: S shrinks without end, since the norm is divided out of P and never out of S. Before it could underflow, the
// update multiplies S by this power of two, and c by its square, into [1, 4): no digit changes, nor does P.
LACUNA_DEVICE double rescale(int32_t norm, double c) {
  return norm == kNormFrobenius && c < kSmallNorm ? ldexp(1.0, -(ilogb(c) >> 1)) : 1.0;
}

}  // namespace

// partial[chunk, j] = sum of S[i, j] r[i] over the rows of a chunk.
LACUNA_KERNEL(kThreads)
rls_columns(int64_t s, const float* factor, int64_t ld_factor, const float* r, float* partial, int64_t ld_partial) {
  LACUNA_SHARED(float4, sums, kThreads);
  const Matrix<const float> matrix(factor, s, s, ld_factor);
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  const int64_t col_tiles = (s + kChunkCols - 1) / kChunkCols;
  const int64_t chunk = blockIdx.x / col_tiles;
  const int64_t col = blockIdx.x % col_tiles * kChunkCols + 4 * lane;
  float4 sum = {0.0f, 0.0f, 0.0f, 0.0f};
#pragma unroll
  for (int k = 0; k < kChunkRows / kWarps; ++k) {
    const int64_t row = chunk * kChunkRows + k * kWarps + warp;
    sum = lacuna::multiply_add(row < s ? r[row] : 0.0f, matrix.load(row, col), sum);
  }
  sums[threadIdx.x] = sum;
  lacuna::barrier();
  if (warp != 0) return;
  for (int k = 1; k < kWarps; ++k) sum = lacuna::multiply_add(1.0f, sums[k * kWarp + lane], sum);
  Matrix<float>(partial, chunk + 1, s, ld_partial).store(chunk, col, sum);
}

// y[j] = sum of partial[chunk, j] over all chunks.
LACUNA_KERNEL(kThreads)
rls_fold(int64_t s, int64_t chunks, const float* partial, int64_t ld_partial, float* y) {
  LACUNA_SHARED(float, sums, kThreads);
  const int lane = threadIdx.x % kFoldCols, group = threadIdx.x / kFoldCols;
  const int64_t col = static_cast<int64_t>(blockIdx.x) * kFoldCols + lane;
  float sum = 0.0f;
  if (col < s) {
    for (int64_t chunk = group; chunk < chunks; chunk += kThreads / kFoldCols) sum += partial[chunk * ld_partial + col];
  }
  sums[threadIdx.x] = sum;
  lacuna::barrier();
  if (group != 0 || col >= s) return;
  for (int k = 1; k < kThreads / kFoldCols; ++k) sum += sums[k * kFoldCols + lane];
  y[col] = sum;
}

// v = S f, S <- S - g v f^T, and for FRO partial[block, j] = sum of S[i, j] v[i] over the block's rows, S before the
// update.
LACUNA_KERNEL(kThreads)
rls_update(int64_t s, float* factor, int64_t ld_factor, const float* f, int64_t ld_partial, int32_t norm, double alpha,
           const double* state, float* v, float* partial) {
  LACUNA_SHARED(double, scratch, kWarps);
  LACUNA_SHARED(float, row_v, kUpdateRows);
  LACUNA_SHARED(float, row_gain, kUpdateRows);
  const double ff = lacuna::squared_norm<kThreads>(f, s, scratch);
  const Step step = step_of(norm, alpha, state[0], ff);
  if (step.fault != Fault::kNone) return;
  const float scale = static_cast<float>(rescale(norm, step.c));

  const Matrix<float> matrix(factor, s, s, ld_factor);
  const Matrix<const float> f_row(f, 1, s, ld_partial);
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  const int64_t row0 = static_cast<int64_t>(blockIdx.x) * kUpdateRows;
  float sum = 0.0f;
  for (int64_t col = 4 * lane; col < s; col += 4 * kWarp) {
    sum = lacuna::dot(matrix.load(row0 + warp, col), f_row.load(0, col), sum);
  }
  sum = lacuna::warp_sum(sum);
  if (lane == 0) {
    row_v[warp] = sum;
    row_gain[warp] = static_cast<float>(step.gain * sum);
    if (row0 + warp < s) v[row0 + warp] = sum;
  }
  lacuna::barrier();

  const Matrix<float> partials(partial, blockIdx.x + 1, s, ld_partial);
  for (int64_t col = 4 * threadIdx.x; col < s; col += 4 * kThreads) {
    const float4 f_quad = f_row.load(0, col);
    float4 w = {0.0f, 0.0f, 0.0f, 0.0f};
#pragma unroll
    for (int k = 0; k < kUpdateRows; ++k) {
      const float4 old = matrix.load(row0 + k, col);
      w = lacuna::multiply_add(row_v[k], old, w);
      matrix.store(row0 + k, col, lacuna::scaled(scale, lacuna::multiply_add(-row_gain[k], f_quad, old)));
    }
    if (norm == kNormFrobenius) partials.store(blockIdx.x, col, w);
  }
}

// Counts the update and, for FRO, moves c on; exact = 1 asks rls_gram and rls_renorm for c from the whole product.
LACUNA_KERNEL(kThreads)
rls_advance(int64_t s, int32_t norm, double alpha, const float* f, const float* v, const float* w, double* state,
            int32_t* exact, int32_t op, int32_t* fault_word) {
  LACUNA_SHARED(double, scratch, kWarps);
  const double ff = lacuna::squared_norm<kThreads>(f, s, scratch);
  const double vv = norm == kNormFrobenius ? lacuna::squared_norm<kThreads>(v, s, scratch) : 0.0;
  const double ww = norm == kNormFrobenius ? lacuna::squared_norm<kThreads>(w, s, scratch) : 0.0;
  if (threadIdx.x != 0) return;
  const auto [c, b, gain, fault] = step_of(norm, alpha, state[0], ff);
  *exact = 0;
  if (fault != Fault::kNone) {
    lacuna::set_fault(fault_word, op, fault);
    return;
  }
  const double updates = state[1] + 1.0;
  state[1] = updates;
  if (norm != kNormFrobenius || s == 0) return;
  const double square = c * c - 2.0 * ww / b + vv / b * (vv / b);
  if (updates == 1.0 || static_cast<int64_t>(updates) % kExactEvery == 0 || !(square > kExactBelow * c * c)) {
    *exact = 1;
  } else {
    const double scale = rescale(norm, c);
    state[0] = scale * scale * sqrt(square);
  }
}

// tile_sums[i, j] = sum of squares of tile (i, j) of S S^T, doubled above the diagonal and 0 below it.
LACUNA_KERNEL(kTileThreads)
rls_gram(int64_t s, const float* factor, int64_t ld_factor, const int32_t* exact, double* tile_sums) {
  LACUNA_SHARED(float, panels, kTileShared);
  LACUNA_SHARED(double, scratch, kTileThreads / kWarp);
  if (*exact == 0) return;
  const int64_t tiles = (s + kTile - 1) / kTile, i = blockIdx.x / tiles, j = blockIdx.x % tiles;
  if (j < i) {
    if (threadIdx.x == 0) tile_sums[blockIdx.x] = 0.0;
    return;
  }
  const Matrix<const float> matrix(factor, s, s, ld_factor);
  float4 result[2];
  lacuna::tile_product<Right::kTransposed>(matrix, matrix, i * kTile, j * kTile, panels, result);
  double sum = 0.0;
  for (const float4& quad : result) {
    const double x = quad.x, y = quad.y, z = quad.z, w = quad.w;
    sum += x * x + y * y + z * z + w * w;
  }
  sum = lacuna::block_sum<kTileThreads>(sum, scratch);
  if (threadIdx.x == 0) tile_sums[blockIdx.x] = i == j ? sum : 2.0 * sum;
}

LACUNA_KERNEL(kThreads)
rls_renorm(int64_t s, const int32_t* exact, const double* tile_sums, double* state) {
  LACUNA_SHARED(double, scratch, kWarps);
  if (*exact == 0) return;
  const int64_t tiles = (s + kTile - 1) / kTile;
  double sum = 0.0;
  for (int64_t i = threadIdx.x; i < tiles * tiles; i += kThreads) sum += tile_sums[i];
  sum = lacuna::block_sum<kThreads>(sum, scratch);
  if (threadIdx.x == 0) state[0] = sqrt(sum);
}

// product[c, s] = g S
LACUNA_KERNEL(kTileThreads)
rls_project_left(int64_t c, int64_t s, const float* g, int64_t ld_g, const float* factor, int64_t ld_factor,
                 float* product, int64_t ld_product) {
  LACUNA_SHARED(float, panels, kTileShared);
  const int64_t col_tiles = (s + kTile - 1) / kTile;
  const int64_t row0 = blockIdx.x / col_tiles * kTile, col0 = blockIdx.x % col_tiles * kTile;
  float4 result[2];
  lacuna::tile_product<Right::kAsStored>(Matrix<const float>(g, c, s, ld_g),
                                         Matrix<const float>(factor, s, s, ld_factor), row0, col0, panels, result);
  const Matrix<float> to(product, c, s, ld_product);
  const auto [row, col] = lacuna::tile_position();
  for (int i = 0; i < 2; ++i) to.store(row0 + row + i, col0 + col, result[i]);
}

// out[c, s] = product S^T / state[0]
LACUNA_KERNEL(kTileThreads)
rls_project_right(int64_t c, int64_t s, const float* product, int64_t ld_product, const float* factor,
                  int64_t ld_factor, const double* state, float* out, int64_t ld_out, int32_t op, int32_t* fault_word) {
  LACUNA_SHARED(float, panels, kTileShared);
  if (!positive(state[0])) {
    if (blockIdx.x == 0 && threadIdx.x == 0) lacuna::set_fault(fault_word, op, Fault::kOutOfRange);
    return;
  }
  const int64_t col_tiles = (s + kTile - 1) / kTile;
  const int64_t row0 = blockIdx.x / col_tiles * kTile, col0 = blockIdx.x % col_tiles * kTile;
  float4 result[2];
  lacuna::tile_product<Right::kTransposed>(Matrix<const float>(product, c, s, ld_product),
                                           Matrix<const float>(factor, s, s, ld_factor), row0, col0, panels, result);
  const float scale = static_cast<float>(1.0 / state[0]);
  const Matrix<float> to(out, c, s, ld_out);
  const auto [row, col] = lacuna::tile_position();
  for (int i = 0; i < 2; ++i) to.store(row0 + row + i, col0 + col, lacuna::scaled(scale, result[i]));
}
