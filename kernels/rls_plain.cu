// RLS in plain form: P = (M - u^T u) / c, M [s, s] symmetric, u [s] an update that waits.
//
//   project   out = scale (x M - (x u^T) u) / c
//   absorb    M <- M - u^T u, u <- 0; K = r M, a I + K r^T = L L^T, V = L^-1 K, M <- M - V^T V
//   norm FRO  c <- ||M||_F, summed in double as M is updated
//
// One row with norm NONE is not taken out of M at once: u = V is carried out by the next call, which reads M for K
// anyway. FRO needs the norm before the next call, and a block more than one u: those update M at once. Absorbing
// first, x M is corrected by -(x V^T) V.
//
// Projecting:     rls_multiply, rls_cross with u, rls_correct
// one row:        rls_settle, which gives K as well, rls_decompose, rls_solve, [rls_downdate], rls_plain_advance
// with x:         the same and, after rls_settle, rls_multiply; at the end [rls_cross], rls_correct
// a block:        rls_settle, rls_multiply, rls_dots, rls_decompose, rls_solve, rls_downdate, rls_plain_advance
//   kernel             grid  threads  block's work
//   rls_settle         s/8   256      8 rows, one a warp: M - u^T u where u waits, and for one row its product with r
//   rls_plain_advance  1     256      the new u, c and count
//
// Bytes and operations: one row 8 s^2 bytes (M read and written once; FRO 12 s^2), 4 s^2 flops; a projection 4 s^2
// bytes, 2 m s^2 flops.
#include "lacuna/rls.cuh"

using lacuna::Fault;
using lacuna::kWarp;
using lacuna::lane_of;
using lacuna::Matrix;
using lacuna::warp_of;
using namespace lacuna::rls;

// M <- M - u^T u; unless r is NULL, k = M r. A state that is to be refused leaves M alone.
LACUNA_KERNEL(rls_settle, kThreads)
(int64_t s, float* factor, int64_t ld_factor, const float* u, const float* r, int32_t norm, const double* state,
 float* k) {
  const double c = state[0];
  if (norm == kNormFrobenius ? !positive(c) : c != 1.0) return;
  const int64_t row = static_cast<int64_t>(blockIdx.x) * kUpdateRows + warp_of();
  if (row >= s) return;
  const float waiting = u[row];
  if (waiting == 0.0f && !r) return;
  const Matrix<float> matrix(factor, s, s, ld_factor);
  const Matrix<const float> u_row(u, 1, s, s), r_row(r, r ? 1 : 0, s, s);
  float sum = 0.0f;
  for (int64_t col = lane_of() * 4; col < s; col += 4 * kWarp) {
    float4 quad = matrix.load(row, col);
    if (waiting != 0.0f) {
      quad = lacuna::multiply_add(-waiting, u_row.load(0, col), quad);
      matrix.store(row, col, quad);
    }
    sum = lacuna::dot(quad, r_row.load(0, col), sum);
  }
  sum = lacuna::warp_sum(sum);
  if (r && lane_of() == 0) k[row] = sum;
}

// What waited in u is in M by now. The new u is v if `waits`; otherwise v has been taken out of M already, and for FRO
// squares[tiles] are the sums of the squares of M.
LACUNA_KERNEL(rls_plain_advance, kThreads)
(int64_t b, int64_t s, int32_t norm, int32_t waits, const float* v, int64_t tiles, const double* squares,
 const Call* call, float* u, double* state) {
  LACUNA_SHARED(double, scratch, kWarps);
  if (call->stop == static_cast<int32_t>(Fault::kOutOfRange)) return;
  for (int64_t j = threadIdx.x; j < s; j += kThreads) u[j] = waits != 0 && call->stop == 0 ? v[j] : 0.0f;
  if (call->stop != 0) return;
  double sum = 0.0;
  if (norm == kNormFrobenius) {
    for (int64_t i = threadIdx.x; i < tiles; i += kThreads) sum += squares[i];
    sum = lacuna::block_sum<kThreads>(sum, scratch);
  }
  if (threadIdx.x != 0) return;
  if (norm == kNormFrobenius) state[0] = sqrt(sum);
  state[1] = call->updates + static_cast<double>(b);
}
