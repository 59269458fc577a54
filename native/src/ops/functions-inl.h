// Functions of one number all over float's range, for the tier being compiled.
#if defined(LACUNA_SRC_OPS_FUNCTIONS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_FUNCTIONS_INL_H
#undef LACUNA_SRC_OPS_FUNCTIONS_INL_H
#else
#define LACUNA_SRC_OPS_FUNCTIONS_INL_H
#endif

#include <limits>

#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"
#include "ops/lanes-inl.h"
#include "ops/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

// e^x by Highway's exponential (1 ulp): 0 below -105, infinity above 104, and NaN stays NaN.
HWY_INLINE Vector exp_of(Vector x) {
  const Floats f;
  const auto bounded = hn::Min(hn::Max(x, hn::Set(f, -105.0f)), hn::Set(f, 104.0f));
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(f, bounded));
}

// The natural logarithm by Highway's: -infinity of 0, NaN of negative numbers, and infinity and NaN stay what they are.
HWY_INLINE Vector log_of(Vector x) {
  const Floats f;
  const auto zero = hn::Zero(f), infinity = hn::Set(f, std::numeric_limits<float>::infinity());
  const auto at_end = hn::IfThenElse(hn::Lt(x, zero), hn::Set(f, std::numeric_limits<float>::quiet_NaN()), x);
  const auto outside = hn::IfThenElse(hn::Eq(x, zero), hn::Neg(infinity), at_end);
  return hn::IfThenElse(hn::And(hn::Gt(x, zero), hn::Lt(x, infinity)), hn::Log(f, x), outside);
}

// 1 / cosh(x)^2 = 4 e / (1 + e)^2 with e = exp(-2 |x|): no difference of numbers near 1.
HWY_INLINE Vector tanh_slope(Vector x) {
  const Floats f;
  const auto one = hn::Set(f, 1.0f);
  const auto e = exp_nonpositive(f, hn::Mul(hn::Set(f, -2.0f), hn::Abs(x)));
  const auto inverse = hn::Div(hn::Set(f, 2.0f), hn::Add(one, e));
  return hn::Mul(hn::Mul(e, inverse), inverse);
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
