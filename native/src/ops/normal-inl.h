// The standard normal distribution, for the tier being compiled.
#if defined(LACUNA_SRC_OPS_NORMAL_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_NORMAL_INL_H
#undef LACUNA_SRC_OPS_NORMAL_INL_H
#else
#define LACUNA_SRC_OPS_NORMAL_INL_H
#endif

#include "hwy/highway.h"
#include "ops/exp-inl.h"
#include "ops/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

// q 2^n for whole numbers n in [-200, 0], down to float's least numbers.
HWY_INLINE Vector scale_down(Vector q, Vector n) {
#if HWY_TARGET == HWY_AVX3
  return scale_by_power(q, n);
#else
  const auto most = hn::Max(n, hn::Set(Floats(), -126.0f));
  return scale_by_power(scale_by_power(q, hn::Sub(n, most)), most);
#endif
}

struct Normal {
  Vector cdf, density;
};

// With t = |x|, the tail of the distribution beyond t is exp(-t^2 / 2) R(t), and R(t) (t + 3.75) is a minimax
// polynomial in (t - 1.5) / (t + 3.75) over [0, 14.6] (relative error 1.5e-8). Beyond 14.6 the tail is 0 in float. t^2
// is taken to more digits than float has, or the tail would lose those of exp(-t^2 / 2): it errs by 5 ulp at most, the
// density by 3. Both are any number where x is NaN.
HWY_INLINE Normal normal_at(Vector x) {
  const Floats f;
  const auto t = hn::Min(hn::Abs(x), hn::Set(f, 14.6f));

  // -t^2 / 2 log2(e) = head + rest: the 8 leading bits of t, squared and times 8 bits of the factor, fit into a float.
  constexpr double kFactor = -0.72134752044448170;
  constexpr float kHead = -0.72265625f, kRest = static_cast<float>(kFactor - kHead);
  const hn::RebindToUnsigned<Floats> bits;
  const auto leading = hn::BitCast(f, hn::And(hn::BitCast(bits, t), hn::Set(bits, 0xffff0000u)));
  const auto square = hn::Mul(leading, leading);
  const auto difference = hn::Mul(hn::Sub(t, leading), hn::Add(t, leading));
  const auto head = hn::Mul(square, hn::Set(f, kHead));
  const auto rest = hn::MulAdd(difference, hn::Set(f, static_cast<float>(kFactor)), hn::Mul(square, hn::Set(f, kRest)));
  const auto n = hn::Round(hn::Add(head, rest));
  const auto power = exp2_near_zero<false>(hn::Add(hn::Sub(head, n), rest));

  const auto inverse = hn::Div(hn::Set(f, 1.0f), hn::Add(t, hn::Set(f, 3.75f)));
  const auto u = hn::Mul(hn::Sub(t, hn::Set(f, 1.5f)), inverse);
  auto p = hn::Set(f, 0.007692372426390648f);
  for (const float c : {-0.012273449450731277f, -0.029046611860394478f, 0.0709901675581932f, 0.09611821919679642f,
                        -0.6028668284416199f, 1.195792317390442f, -1.4077534675598145f, 1.0803484916687012f}) {
    p = hn::MulAdd(p, u, hn::Set(f, c));
  }
  const auto tail = scale_down(hn::Mul(power, hn::Mul(p, inverse)), n);
  const auto density = scale_down(hn::Mul(power, hn::Set(f, 0.39894228f)), n);
  return {hn::IfThenElse(hn::Lt(x, hn::Zero(f)), tail, hn::Sub(hn::Set(f, 1.0f), tail)), density};
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
