// RLS in low-rank form, for the first few updates: P = (I - U^T U) / c with as many rows in U [q, s] as were absorbed.
// How many that are, t = state[1], stands in device memory: grids are cut for q, and blocks beyond t return at once.
//
//   project   out = scale (x - (x U^T) U) / c
//   absorb    K = r (I - U^T U), a I + K r^T = L L^T, V = L^-1 K; the rows of V join U, those of r / sqrt(a) join A,
//             with which (I + A^T A)^-1 = I - U^T U
//   norm FRO  c <- ||I - U^T U||_F: ||.||^2 <- ||.||^2 - 2 (||V||^2 - ||V U^T||^2) + ||V V^T||^2, in double from the
//             very floats that are stored, so that nothing drifts
//
// Projecting:  rls_cross with U, rls_correct
// absorbing:   rls_cross with U, rls_correct of [x; r], [rls_dots], rls_decompose, rls_solve, FRO rls_dots of V with V
//              and U, rls_low_rank_advance, rls_low_rank_append; x is finished by rls_correct, absorbing first less
//              (x V^T) V
//   kernel                grid          threads  block's work
//   rls_low_rank_advance  1             256      the new c, which rounding may have lost, and the count
//   rls_low_rank_append   b s / 1024    256      the rows of V and of r / sqrt(a), 4 columns a thread
//
// Bytes and operations: 4 (m + b) s t flops; one row alone reads U twice, 8 s t bytes.
#include "lacuna/rls.cuh"

using lacuna::Fault;
using lacuna::Matrix;
using namespace lacuna::rls;

// gram[b, b] = V V^T, cross[b, capacity] = V U^T. The norm may be lost to rounding: that stops the call.
LACUNA_KERNEL(rls_low_rank_advance, kThreads)
(int64_t b, int64_t s, int32_t norm, int64_t capacity, const double* gram, const double* cross, Call* call,
 double* state, int32_t op, int32_t* fault_word) {
  LACUNA_SHARED(double, scratch, kWarps);
  if (call->stop != 0) return;
  double c = call->c;
  if (norm == kNormFrobenius) {
    const int64_t t = static_cast<int64_t>(call->updates);
    double change = 0.0;
    for (int64_t i = threadIdx.x; i < b * b; i += kThreads) {
      change += gram[i] * gram[i] - (i % (b + 1) == 0 ? 2.0 * gram[i] : 0.0);
    }
    for (int64_t i = threadIdx.x; i < b * t; i += kThreads) {
      const double dot = cross[i / t * capacity + i % t];
      change += 2.0 * dot * dot;
    }
    change = lacuna::block_sum<kThreads>(change, scratch);
    // I has not been divided by its norm.
    c = sqrt((t == 0 ? static_cast<double>(s) : call->c * call->c) + change);
  }
  if (threadIdx.x != 0) return;
  if (!(c > 0.0)) {
    call->stop = static_cast<int32_t>(Fault::kNonFinite);
    lacuna::set_fault(fault_word, op, Fault::kNonFinite);
    return;
  }
  state[0] = c;
  state[1] = call->updates + static_cast<double>(b);
}

LACUNA_KERNEL(rls_low_rank_append, kThreads)
(int64_t b, int64_t s, int64_t capacity, const float* v, int64_t ld_v, const float* r, int64_t ld_r, const Call* call,
 float* factor, int64_t ld_factor) {
  if (call->stop != 0) return;
  const int64_t quads = (s + 3) / 4, at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const int64_t row = at / quads, col = at % quads * 4, to = static_cast<int64_t>(call->updates) + row;
  if (row >= b) return;
  const Matrix<float> held(factor, 2 * capacity, s, ld_factor);
  held.store(to, col, Matrix<const float>(v, b, s, ld_v).load(row, col));
  const float scale = static_cast<float>(1.0 / sqrt(call->a));
  held.store(capacity + to, col, lacuna::scaled(scale, Matrix<const float>(r, b, s, ld_r).load(row, col)));
}
