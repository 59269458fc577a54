// What the forms of RLS share, for the tier being compiled.
#if defined(LACUNA_SRC_OPS_RLS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_RLS_INL_H
#undef LACUNA_SRC_OPS_RLS_INL_H
#else
#define LACUNA_SRC_OPS_RLS_INL_H
#endif

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "cpu/cpu_context.h"
#include "cpu/gemm.h"
#include "hwy/highway.h"
#include "ops/lanes-inl.h"
#include "ops/partition.h"
#include "ops/rls.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

// The forms. r is finite, alpha and state are in range and `rows` fits the form.
lacuna_status rls_potter(CpuContext& ctx, const RlsStep& step);
lacuna_status rls_plain(CpuContext& ctx, const RlsStep& step);
lacuna_status rls_low_rank(CpuContext& ctx, const RlsStep& step);

// Rows of floats, ld apart.
struct RlsRows {
  const float* data;
  int64_t ld;
  const float* row(int64_t i) const { return data + i * ld; }
};

// In double.
HWY_INLINE double rls_dot(int64_t n, const float* x, const float* y) {
  const Doubles d;
  const int64_t width = static_cast<int64_t>(hn::Lanes(d));
  auto a = hn::Zero(d), b = a, c = a, e = a;
  int64_t j = 0;
  for (; j + 4 * width <= n; j += 4 * width) {
    a = hn::MulAdd(load(d, x + j, AllLanes{}), load(d, y + j, AllLanes{}), a);
    b = hn::MulAdd(load(d, x + j + width, AllLanes{}), load(d, y + j + width, AllLanes{}), b);
    c = hn::MulAdd(load(d, x + j + 2 * width, AllLanes{}), load(d, y + j + 2 * width, AllLanes{}), c);
    e = hn::MulAdd(load(d, x + j + 3 * width, AllLanes{}), load(d, y + j + 3 * width, AllLanes{}), e);
  }
  for_vectors(d, j, n, [&](int64_t i, auto lanes) { a = hn::MulAdd(load(d, x + i, lanes), load(d, y + i, lanes), a); });
  return sum_of_lanes(d, hn::Add(hn::Add(a, b), hn::Add(c, e)));
}

// a[b,b] = x y^T + shift I in double, the lower triangle.
inline void rls_gram(CpuContext& ctx, int64_t b, int64_t s, RlsRows x, RlsRows y, double shift, double* a) {
  parallel_ranges(ctx, b, b * s, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t j = 0; j <= i; ++j) a[i * b + j] = rls_dot(s, x.row(i), y.row(j)) + (i == j ? shift : 0);
    }
  });
}

// The sum of all entries squared of a symmetric a[b,b], from its lower triangle.
inline double rls_squared(int64_t b, const double* a) {
  double sum = 0;
  for (int64_t i = 0; i < b; ++i) {
    for (int64_t j = 0; j <= i; ++j) sum += (i == j ? 1 : 2) * a[i * b + j] * a[i * b + j];
  }
  return sum;
}

// to[b,s] = sign (L + shift I)^-1 x[b,s] for a lower triangle L[b,b]. to may be x.
inline void rls_solve(CpuContext& ctx, int64_t b, int64_t s, const double* lower, double shift, RlsRows x, float sign,
                      float* to, int64_t ld_to) {
  const Doubles d;
  // A vector of columns at a time: what it needs of `to` stays in the first-level cache.
  parallel_ranges(ctx, s, b * (b + 1) / 2 + 1, [&](int64_t begin, int64_t end) {
    for_vectors(d, begin, end, [&](int64_t j, auto lanes) {
      for (int64_t i = 0; i < b; ++i) {
        auto sum = load(d, x.row(i) + j, lanes);
        for (int64_t k = 0; k < i; ++k) {
          sum = hn::NegMulAdd(hn::Set(d, sign * lower[i * b + k]), load(d, to + k * ld_to + j, lanes), sum);
        }
        sum = hn::Div(sum, hn::Set(d, sign * (lower[i * b + i] + shift)));
        store(HalfFloats(), hn::DemoteTo(HalfFloats(), sum), to + i * ld_to + j, lanes);
      }
    });
  });
}

// y[m,s] = scale x[m,s]; y may be x.
inline void rls_scale(CpuContext& ctx, int64_t m, int64_t s, RlsRows x, double scale, float* y, int64_t ld_y) {
  const Floats d;
  const auto factor = hn::Set(d, static_cast<float>(scale));
  parallel_ranges(ctx, m, s, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      for_vectors(d, 0, s, [&](int64_t j, auto lanes) {
        store(d, hn::Mul(factor, load(d, x.row(i) + j, lanes)), y + i * ld_y + j, lanes);
      });
    }
  });
}

// FRO: c shrinks with every update, and the matrix with it. Before they leave the middle of float's range both are
// moved back by powers of two, which round nothing: the matrix by 2^e, c by 2^(power e).
inline void rls_recentre(CpuContext& ctx, const RlsStep& step, int power) {
  double& c = step.state[0];
  if (!(c > 0) || c >= 0x1p-32) return;
  const int exponent = -(std::ilogb(c) >> (power - 1));
  c = std::ldexp(c, power * exponent);
  rls_scale(ctx, step.s, step.s, {step.factor, step.ld_factor}, std::ldexp(1.0, exponent), step.factor, step.ld_factor);
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
