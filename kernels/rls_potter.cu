// RLS in Potter's square-root form, fp32: P = S S^T / c, S [s, s] row-major with ld >= s, stays positive semi-definite
// whatever is rounded.
//
//   project   out = scale (x S) S^T / c
//   absorb    one row: f = S^T r, b = a + f.f, g = 1 / (b + sqrt(a b)), v = S f, S <- S - g v f^T
//             a block: F = r S, a I + F F^T = L L^T, Z = L^-1 F S^T, Y = (L + sqrt(a) I)^-1 F, S <- S - Z^T Y
//   norm FRO  c <- ||S S^T||_F: c^2 <- c^2 - 2 ||Z S||^2 + ||Z Z^T||^2 in double; the first and every 16th update, and
//             whenever a call takes more than a tenth of c^2, from the whole product, so that rounding cannot pile up
// A c under 2^-32 makes the next update multiply S by a power of two.
//
// One row alone:      rls_columns, rls_fold, rls_decompose, rls_update
// with m rows of x:   rls_multiply and rls_correct for x S and f at once, rls_decompose, rls_update, and before or
//                     after it rls_multiply_transposed and rls_correct; absorbing first, x S is corrected by -(x.z) f
//                     with z = g v (rls_cross, rls_correct)
// a block:            rls_multiply, rls_correct, rls_dots, rls_decompose, rls_multiply_transposed, rls_correct,
//                     rls_solve twice, rls_downdate; FRO also rls_multiply, rls_correct for Z S and rls_dots for Z Z^T
// FRO then:           [rls_fold of w], rls_advance, rls_gram and rls_renorm, which return at once unless the exact norm
//                     is due
//   kernel              grid              threads  block's work
//   rls_columns         s/64 x s/128      256      column sums of 64 rows x 128 columns, weighted by r
//   rls_fold            s/32              256      32 columns of partial sums, added up over the row chunks
//   rls_update          s/8               256      8 rows: v, the rank-1 update, their part of w = S^T z
//   rls_advance         1                 256      the new c, and whether the exact one is due
//   rls_gram            T (T+1)/2         256      a 64 x 64 tile of S S^T on or above the diagonal, its sum of squares
//   rls_renorm          1                 256      c from the tiles
// with T = ceil(s / 64).
//
// Bytes and operations (roofline times are computed, not measured; kernels/README.md has the table):
//   absorb   12 s^2 bytes (S read twice, written once; the second reading of a row hits L1), 6 s^2 flops; FRO: 13 s^2
//            bytes, 8 s^2 flops, and every 16th time s^3 flops.        s = 768: 7.7 MB, 2.3 us at 3.35 TB/s.
//   project  4 (2 s^2 + 4 m s) bytes, 4 m s^2 flops.  s = 768, m = 101: 238 MFLOP, 3.6 us at 67 TFLOP/s.
//   both     one reading of S less than apart.
#include "lacuna/rls.cuh"
#include "lacuna/symmetric.cuh"

using lacuna::kWarp;
using lacuna::lane_of;
using lacuna::Matrix;
using lacuna::Quads;
using lacuna::Stored;
using lacuna::warp_of;
using namespace lacuna::rls;

namespace {

constexpr int kExactEvery = 16;
constexpr double kExactBelow = 0.9;

LACUNA_DEVICE double gain_of(const Call& call) { return 1.0 / (call.total + sqrt(call.a * call.total)); }

}  // namespace

// partial[chunk, j] = sum of S[i, j] r[i] over the rows of a chunk.
LACUNA_KERNEL(rls_columns, kThreads)
(int64_t s, const float* factor, int64_t ld_factor, const float* r, float* partial, int64_t ld_partial) {
  LACUNA_SHARED(float4, sums, kThreads);
  const Matrix<const float> matrix(factor, s, s, ld_factor);
  const int lane = lane_of(), warp = warp_of();
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
LACUNA_KERNEL(rls_fold, kThreads)
(int64_t s, int64_t chunks, const float* partial, int64_t ld_partial, const Call* decided, float* y) {
  LACUNA_SHARED(float, sums, kThreads);
  if (stopped(decided)) return;
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

// z = g S f, S <- rescale (S - z f^T), and unless partial is NULL partial[block, j] = sum of S[i, j] z[i] over the
// block's rows, S before the update. f begins on 16 bytes.
LACUNA_KERNEL(rls_update, kThreads)
(int64_t s, float* factor, int64_t ld_factor, const float* f, const Call* call, float* z, float* partial,
 int64_t ld_partial) {
  LACUNA_SHARED(float, row_z, kUpdateRows);
  if (call->stop != 0) return;
  const float scale = static_cast<float>(call->rescale);
  const Matrix<float> matrix(factor, s, s, ld_factor);
  const Matrix<const float> f_row(f, 1, s, s);
  const int lane = lane_of(), warp = warp_of();
  const int64_t row0 = static_cast<int64_t>(blockIdx.x) * kUpdateRows;
  float sum = 0.0f;
  for (int64_t col = 4 * lane; col < s; col += 4 * kWarp) {
    sum = lacuna::dot(matrix.load(row0 + warp, col), f_row.load(0, col), sum);
  }
  sum = lacuna::warp_sum(sum);
  if (lane == 0) {
    row_z[warp] = static_cast<float>(gain_of(*call) * sum);
    if (row0 + warp < s) z[row0 + warp] = row_z[warp];
  }
  lacuna::barrier();

  for (int64_t col = 4 * threadIdx.x; col < s; col += 4 * kThreads) {
    const float4 f_quad = f_row.load(0, col);
    float4 w = {0.0f, 0.0f, 0.0f, 0.0f};
#pragma unroll
    for (int k = 0; k < kUpdateRows; ++k) {
      const float4 old = matrix.load(row0 + k, col);
      w = lacuna::multiply_add(row_z[k], old, w);
      matrix.store(row0 + k, col, lacuna::scaled(scale, lacuna::multiply_add(-row_z[k], f_quad, old)));
    }
    if (partial) Matrix<float>(partial, blockIdx.x + 1, s, ld_partial).store(blockIdx.x, col, w);
  }
}

// FRO: moves c on and counts the b rows; asks rls_gram and rls_renorm for c from the whole product where that is due.
// Of one row z = g v and zs = S^T z; of a block Z S [b, s] and, for z, dots[b, b] = Z Z^T.
LACUNA_KERNEL(rls_advance, kThreads)
(int64_t b, int64_t s, const float* z, const double* dots, const float* zs, int64_t ld_zs, double* state, Call* call) {
  LACUNA_SHARED(double, scratch, kWarps);
  if (call->stop != 0) return;
  double zz = 0.0, square_zs = 0.0;
  for (int64_t row = 0; row < b; ++row) square_zs += lacuna::squared_norm<kThreads>(zs + row * ld_zs, s, scratch);
  if (b == 1) {
    zz = lacuna::squared_norm<kThreads>(z, s, scratch);
  } else {
    double part = 0.0;
    for (int64_t i = threadIdx.x; i < b * b; i += kThreads) part += dots[i] * dots[i];
    zz = lacuna::block_sum<kThreads>(part, scratch);
  }
  if (threadIdx.x != 0) return;
  if (b == 1) {
    // Z = v / sqrt(b) = z / (g sqrt(b))
    const double gain = gain_of(*call), ratio = 1.0 / (gain * gain * call->total);
    square_zs *= ratio;
    zz = zz * ratio * (zz * ratio);
  }
  const double before = call->c * call->c, square = before - 2.0 * square_zs + zz;
  const double updates = call->updates + static_cast<double>(b);
  const bool due = call->updates == 0.0 || floor(call->updates / kExactEvery) != floor(updates / kExactEvery);
  call->exact = due || !(square > kExactBelow * before) ? 1 : 0;
  state[1] = updates;
  if (call->exact == 0) state[0] = call->rescale * call->rescale * sqrt(square);
}

// tile_sums[tile] = sum of squares of a tile of S S^T, doubled above the diagonal.
LACUNA_KERNEL(rls_gram, kThreads, 2)
(int64_t s, const float* factor, int64_t ld_factor, const Call* call, double* tile_sums) {
  LACUNA_SHARED(float, shared, Tile::kShared);
  LACUNA_SHARED(double, scratch, kWarps);
  if (call->stop != 0 || call->exact == 0) return;
  const lacuna::UpperTile at(blockIdx.x);
  const Stored<Quads::kAlongDepth> rows{Matrix<const float>(factor, s, s, ld_factor)};
  TileSums sums = {};
  Tile::add(rows, rows, at.row * kTile, at.col * kTile, 0, s, shared, sums);
  double sum = 0.0;
#pragma unroll
  for (int i = 0; i < Tile::kRowsPerThread; ++i) {
#pragma unroll
    for (int j = 0; j < Tile::kColsPerThread; ++j) sum += static_cast<double>(sums[i][j]) * sums[i][j];
  }
  sum = lacuna::block_sum<kThreads>(sum, scratch);
  if (threadIdx.x == 0) tile_sums[blockIdx.x] = at.row == at.col ? sum : 2.0 * sum;
}

LACUNA_KERNEL(rls_renorm, kThreads)
(int64_t tiles, const double* tile_sums, const Call* call, double* state) {
  LACUNA_SHARED(double, scratch, kWarps);
  if (call->stop != 0 || call->exact == 0) return;
  double sum = 0.0;
  for (int64_t i = threadIdx.x; i < tiles; i += kThreads) sum += tile_sums[i];
  sum = lacuna::block_sum<kThreads>(sum, scratch);
  if (threadIdx.x == 0) state[0] = sqrt(sum);
}
