// Squared distances of two rows, for the tier being compiled.
#if defined(LACUNA_SRC_OPS_DISTANCE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_DISTANCE_INL_H
#undef LACUNA_SRC_OPS_DISTANCE_INL_H
#else
#define LACUNA_SRC_OPS_DISTANCE_INL_H
#endif

#include <cstdint>

#include "hwy/highway.h"
#include "ops/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

// |x - y|^2 by direct differences in T, float or double: in double, differences of floats are exact, and equal rows
// give equal results wherever they lie.
template <class T>
HWY_INLINE T squared_distance(const float* x, const float* y, int64_t d) {
  const hn::ScalableTag<T> tag;
  auto a = hn::Zero(tag), b = a, c = a, e = a;
  const int64_t width = static_cast<int64_t>(hn::Lanes(tag));
  const auto add = [&](hn::Vec<decltype(tag)>& sum, int64_t i, auto lanes) {
    const auto u = hn::Sub(load(tag, x + i, lanes), load(tag, y + i, lanes));
    sum = hn::MulAdd(u, u, sum);
  };
  int64_t j = 0;
  for (; j + 4 * width <= d; j += 4 * width) {
    add(a, j, AllLanes{});
    add(b, j + width, AllLanes{});
    add(c, j + 2 * width, AllLanes{});
    add(e, j + 3 * width, AllLanes{});
  }
  for_vectors(tag, j, d, [&](int64_t i, auto lanes) { add(a, i, lanes); });
  return sum_of_lanes(tag, hn::Add(hn::Add(a, b), hn::Add(c, e)));
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
