// RLS in low-rank form, for the first few updates: P = (I - U^T U) / c with as many rows in U[q,s] as were absorbed.
//
//   project   y = (x - (x U^T) U) / c
//   absorb    K = r (I - U^T U), V = L^-1 K as in rls_direct-inl.h; its rows join U, those of r / sqrt(a) join A,
//             with which (I + A^T A)^-1 = I - U^T U
//   norm FRO  c <- ||I - U^T U||_F: ||.||^2 <- ||.||^2 - 2 (||V||^2 - ||V U^T||^2) + ||V V^T||^2, in double from the
//             very floats that are stored, so that nothing drifts
//
// 4 m s t flops to project with t updates, against 4 m s^2 in Potter's form; 4 b s t to absorb, over 8 s t bytes. Two
// threads, Zen 4, s = 2,048, 101 rows: 0.28 ms to project with t = 16, 0.51 with 64, 2.6 with 512, against 8.9 in
// Potter's form and 4.3 in the plain one; 6 microseconds to absorb a row with t below 16, against 600 and 260.
#include <cmath>

#include "cpu/cpu_context.h"
#include "cpu/gemm.h"
#include "ops/checks.h"
#include "ops/partition.h"
#include "ops/rls.h"

#ifndef LACUNA_SRC_OPS_RLS_LOW_RANK_ONCE
#define LACUNA_SRC_OPS_RLS_LOW_RANK_ONCE
namespace lacuna {

// Where the parts of the workspace lie. U may hold up to q rows.
struct LowRankCut {
  explicit LowRankCut(const RlsStep& step) {
    const int64_t s = step.s, b = step.b, m = step.m, q = step.rows / 2;
    Room room;
    product = room.take<float>(Extent{m + b} * Extent{s});
    if (m > 0) joined = room.take<float>(Extent{m + b} * Extent{s});
    cross = room.take<float>(Extent{m + b} * Extent{q + b});
    if (b > 0) coefficients = room.take<double>(Extent{b} * Extent{b});
    if (b > 0) sums = room.take<double>(Extent{b});
    gemm_space = room.take<char>(
        Extent{std::max(rls_gemm_bytes(m + b, std::max(q, b), s), rls_gemm_bytes(m + b, s, std::max(q, b)))});
    bytes = room.bytes();
  }

  int64_t product, joined = 0, cross, coefficients = 0, sums = 0, gemm_space, bytes;
};

}  // namespace lacuna
#endif

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/rls_low_rank.cpp"
#include "cpu/tiers.h"

#include "ops/rls-inl.h"
#include "ops/rls_direct-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

// to[m+b,s] = [x; r] without gaps.
void join(const RlsStep& step, float* to) {
  for (int64_t i = 0; i < step.m; ++i) std::copy_n(step.x + i * step.ld_x, step.s, to + i * step.s);
  for (int64_t i = 0; i < step.b; ++i) std::copy_n(step.r + i * step.ld_r, step.s, to + (step.m + i) * step.s);
}

// ||I - U^T U||_F^2 grows by this when the rows of V join U.
double norm_change(CpuContext& ctx, const RlsStep& step, int64_t t, RlsRows v, double* sums, double* gram) {
  const int64_t b = step.b, s = step.s;
  parallel_ranges(ctx, b, t * s + s, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      double square = 0;
      for (int64_t k = 0; k < t; ++k) {
        const double dot = rls_dot(s, v.row(i), step.row(k));
        square += dot * dot;
      }
      sums[i] = rls_dot(s, v.row(i), v.row(i)) - square;
    }
  });
  rls_gram(ctx, b, s, v, v, 0, gram);
  double change = rls_squared(b, gram);
  for (int64_t i = 0; i < b; ++i) change -= 2 * sums[i];
  return change;
}

}  // namespace

lacuna_status rls_low_rank(CpuContext& ctx, const RlsStep& step) {
  const int64_t m = step.m, b = step.b, s = step.s, q = step.rows / 2, t = static_cast<int64_t>(step.state[1]);
  const LowRankCut cut(step);
  float* const product = part<float>(step.workspace, cut.product);
  float* const cross = part<float>(step.workspace, cut.cross);
  float* const gemm_space = part<float>(step.workspace, cut.gemm_space);
  double* const coefficients = part<double>(step.workspace, cut.coefficients);
  const RlsRows u{step.factor, step.ld_factor};
  RlsRows rows{step.r, step.ld_r};
  if (m > 0) {
    rows = {part<float>(step.workspace, cut.joined), s};
    join(step, part<float>(step.workspace, cut.joined));
  }
  rls_scale(ctx, m + b, s, rows, 1, product, s);
  if (const lacuna_status status = rls_correct(ctx, m + b, s, rows, t, u, -1, cross, product, gemm_space))
    return status;

  double& c = step.state[0];
  double scale = step.scale / c;
  if (b > 0) {
    float* const v = product + m * s;
    if (const lacuna_status status = rls_innovation(ctx, step, v, coefficients)) return status;
    if (m > 0 && step.order == rls::kAbsorbThenProject) {
      const lacuna_status status = rls_correct(ctx, m, s, rows, b, {v, s}, -1, cross, product, gemm_space);
      if (status) return status;
    }
    double norm = c;
    if (step.norm == rls::kNormFrobenius) {
      const double before = t == 0 ? static_cast<double>(s) : c * c;  // I has not been divided by its norm
      norm =
          std::sqrt(before + norm_change(ctx, step, t, {v, s}, part<double>(step.workspace, cut.sums), coefficients));
      if (!(norm > 0))
        return ctx.fail(LACUNA_NON_FINITE, "the norm of P is lost to rounding, which form POTTER is not");
    }
    rls_scale(ctx, b, s, {step.r, step.ld_r}, 1 / std::sqrt(step.alpha * c), step.row(q + t), step.ld_factor);
    c = norm;
    rls_scale(ctx, b, s, {v, s}, 1, step.row(t), step.ld_factor);
    step.state[1] += static_cast<double>(b);
    if (step.order == rls::kAbsorbThenProject) scale = step.scale / c;
  }
  if (m > 0) rls_scale(ctx, m, s, {product, s}, scale, step.y, step.ld_y);
  return LACUNA_OK;
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t rls_low_rank_workspace(int, const RlsStep& step) { return LowRankCut(step).bytes; }

}  // namespace lacuna
#endif
