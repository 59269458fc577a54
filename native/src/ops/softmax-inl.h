// The parts of a row-wise softmax, for the tier being compiled. Sums of exponentials are taken in double: of a
// confident row they are 1 + little, and the little is what its loss and its entropy consist of.
#if defined(LACUNA_SRC_OPS_SOFTMAX_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_SOFTMAX_INL_H
#undef LACUNA_SRC_OPS_SOFTMAX_INL_H
#else
#define LACUNA_SRC_OPS_SOFTMAX_INL_H
#endif

#include <cstdint>
#include <limits>

#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"
#include "ops/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

// A row of softmax costs about this many times its elements' worth of a plain loop.
constexpr int64_t kSoftmaxCost = 4;

// Highway's exponential (1 ulp), for x <= 0: 0 below -105, and NaN stays NaN.
template <class D>
HWY_INLINE hn::Vec<D> exp_nonpositive(D d, hn::Vec<D> x) {
  const auto lowest = hn::Set(d, -105.0f);
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(d, hn::IfThenElse(hn::Ge(x, lowest), x, lowest)));
}

// z - m, -infinity in the lanes beyond the row, whose exponential is 0
template <class D, class Lanes>
HWY_INLINE hn::Vec<D> shift(D d, const float* z, float m, Lanes lanes) {
  return hn::Sub(load_or(d, z, lanes, -std::numeric_limits<float>::infinity()), hn::Set(d, m));
}

// The maximum, -infinity of nothing. NaN may or may not come through.
HWY_INLINE float max_of(const float* z, int64_t c) {
  const Floats d;
  constexpr float kNothing = -std::numeric_limits<float>::infinity();
  auto m = hn::Set(d, kNothing);
  for_vectors(d, 0, c, [&](int64_t j, auto lanes) { m = hn::Max(m, load_or(d, z + j, lanes, kNothing)); });
  return hn::GetLane(hn::MaxOfLanes(d, m));
}

// What softmax_row found: m = max z and s = sum exp(z - m).
struct RowSums {
  float m;
  double s;
};

// prob = exp(z - m) / s of one row.
HWY_INLINE RowSums softmax_row(const float* z, int64_t c, float* prob) {
  const Floats d;
  const HalfFloats half;
  const float m = max_of(z, c);
  auto sum = hn::Zero(Doubles());
  for_vectors(half, 0, c, [&](int64_t j, auto lanes) {
    const auto e = exp_nonpositive(half, shift(half, z + j, m, lanes));
    store(half, e, prob + j, lanes);
    sum = hn::Add(sum, hn::PromoteTo(Doubles(), e));
  });
  const double s = sum_of_lanes(Doubles(), sum);
  const auto divisor = hn::Set(d, static_cast<float>(s));
  for_vectors(d, 0, c,
              [&](int64_t j, auto lanes) { store(d, hn::Div(load(d, prob + j, lanes), divisor), prob + j, lanes); });
  return {m, s};
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
