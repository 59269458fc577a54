// An exponential that is cheaper than Highway's where its arguments are those of a softmax, for the tier being
// compiled.
#if defined(LACUNA_SRC_OPS_EXP_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_EXP_INL_H
#undef LACUNA_SRC_OPS_EXP_INL_H
#else
#define LACUNA_SRC_OPS_EXP_INL_H
#endif

#include "hwy/highway.h"
#include "ops/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

// p 2^n for whole numbers n in [-127, 127]; n = -127 gives 0 or something below float's normal numbers.
HWY_INLINE hn::Vec<Floats> scale_by_power(hn::Vec<Floats> p, hn::Vec<Floats> n) {
#if HWY_TARGET == HWY_AVX3
  return hn::Vec<Floats>{_mm512_scalef_ps(p.raw, n.raw)};
#else
  const Floats f;
  const hn::RebindToSigned<Floats> i;
  const auto exponent = hn::ShiftLeft<23>(hn::Add(hn::ConvertTo(i, n), hn::Set(i, 127)));
  return hn::Mul(p, hn::BitCast(f, exponent));
#endif
}

// The larger of both, NaN if x is NaN.
HWY_INLINE hn::Vec<Floats> at_least(hn::Vec<Floats> least, hn::Vec<Floats> x) {
#if HWY_TARGET == HWY_SCALAR
  return hn::IfThenElse(hn::Lt(x, least), least, x);
#else
  return hn::Max(least, x);  // x86 answers the second operand if either is NaN
#endif
}

// 2^r for r in [-1/2, 1/2]: a minimax polynomial (Remez, relative error), of degree 6 with an error of 2e-9, or of
// degree 3 with 7.5e-5, a fiftieth of bf16's rounding.
template <bool kFast>
HWY_INLINE hn::Vec<Floats> exp2_near_zero(hn::Vec<Floats> r) {
  const Floats f;
  const auto step = [&](hn::Vec<Floats> p, float c) { return hn::MulAdd(p, r, hn::Set(f, c)); };
  if constexpr (kFast) {
    const auto p = step(step(hn::Set(f, 0.05517166905792616f), 0.2426111221932161f), 0.6932609854606553f);
    return step(p, 0.9999280735394012f);
  } else {
    auto p = step(hn::Set(f, 0.00015345812008822867f), 0.0013399931219250935f);
    p = step(step(p, 0.009618488957091421f), 0.05550328776964999f);
    p = step(step(p, 0.24022646890634375f), 0.6931472057372678f);
    return step(p, 1.0f);
  }
}

// 2^x for x < 127.5, to 1.2 ulp or fast; less than 2^-126 below -126, NaN stays NaN.
template <bool kFast>
HWY_INLINE hn::Vec<Floats> exp2_of(hn::Vec<Floats> x) {
  x = at_least(hn::Set(Floats(), -127.0f), x);
  const auto n = hn::Round(x);
  return scale_by_power(exp2_near_zero<kFast>(hn::Sub(x, n)), n);
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
