// What the forms share that hold P itself, not its root: PLAIN and LOW_RANK. With K = r M for a block r[b,s], M <- M -
// V^T V where a I + K r^T = L L^T, V = L^-1 K, a = alpha c.
#if defined(LACUNA_SRC_OPS_RLS_DIRECT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_RLS_DIRECT_INL_H
#undef LACUNA_SRC_OPS_RLS_DIRECT_INL_H
#else
#define LACUNA_SRC_OPS_RLS_DIRECT_INL_H
#endif

#include <cmath>
#include <cstdint>

#include "cpu/cpu_context.h"
#include "cpu/gemm.h"
#include "hwy/highway.h"
#include "ops/checks.h"
#include "ops/rls-inl.h"
#include "ops/rls.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

// V[b,s] in place of K[b,s]; coefficients: b x b doubles. r M r^T may have lost its positive definiteness to rounding:
// an error then, and one where it leaves float's range.
inline lacuna_status rls_innovation(CpuContext& ctx, const RlsStep& step, float* k, double* coefficients) {
  const int64_t b = step.b;
  const double a = step.alpha * step.state[0];
  rls_gram(ctx, b, step.s, {k, step.s}, {step.r, step.ld_r}, a, coefficients);
  for (int64_t i = 0; i < b; ++i) {
    const double size = coefficients[i * (b + 1)];
    if (!std::isfinite(static_cast<float>(size))) {
      return ctx.fail(LACUNA_NON_FINITE, "r[%" PRId64 "] P r[%" PRId64 "] is %g, beyond the range of float", i, i,
                      size - a);
    }
  }
  if (!rls_cholesky(b, coefficients)) {
    return ctx.fail(LACUNA_NON_FINITE,
                    "alpha c + r P r^T is not positive: rounding has spoilt P, which form POTTER does not suffer");
  }
  rls_solve(ctx, b, step.s, coefficients, 0, {k, step.s}, 1, k, step.s);
  return LACUNA_OK;
}

// product[m,s] += sign (x V^T) V; cross: m x b floats.
inline lacuna_status rls_correct(CpuContext& ctx, int64_t m, int64_t s, RlsRows x, int64_t b, RlsRows v, float sign,
                                 float* cross, float* product, float* gemm_space) {
  lacuna_status status = gemm(ctx, m, b, s, {x.data, x.ld}, {v.data, v.ld, true}, false, cross, b, gemm_space);
  if (status || b == 0) return status;
  if (sign != 1) rls_scale(ctx, 1, m * b, {cross, m * b}, sign, cross, m * b);
  return gemm(ctx, m, s, b, {cross, b}, {v.data, v.ld}, true, product, s, gemm_space);
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
