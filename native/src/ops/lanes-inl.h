// Whole vectors and the ragged end of a row under one name, for the tier being compiled. No lane outside the row is
// read or written.
#if defined(LACUNA_SRC_OPS_LANES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_LANES_INL_H
#undef LACUNA_SRC_OPS_LANES_INL_H
#else
#define LACUNA_SRC_OPS_LANES_INL_H
#endif

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using Doubles = hn::ScalableTag<double>;
using HalfFloats = hn::Rebind<float, Doubles>;  // as many floats as a vector holds doubles

using Vector = hn::Vec<Floats>;
constexpr int64_t kLanes = HWY_LANES(float);

struct AllLanes {};
struct FirstLanes {
  size_t count;
};

// Lanes that are not asked for are 0. Into a vector of doubles, floats are widened.
template <class D, class Lanes>
HWY_INLINE hn::Vec<D> load(D d, const float* p, Lanes lanes) {
  if constexpr (std::is_same_v<hn::TFromD<D>, double>) {
    return hn::PromoteTo(d, load(HalfFloats(), p, lanes));
  } else if constexpr (std::is_same_v<Lanes, AllLanes>) {
    return hn::LoadU(d, p);
  } else {
    return hn::MaskedLoad(hn::FirstN(d, lanes.count), d, p);
  }
}

template <class D, class Lanes>
HWY_INLINE hn::Vec<D> load_or(D d, const float* p, Lanes lanes, float other) {
  const auto v = load(d, p, lanes);
  if constexpr (std::is_same_v<Lanes, AllLanes>) {
    return v;
  } else {
    return hn::IfThenElse(hn::FirstN(d, lanes.count), v, hn::Set(d, other));
  }
}

template <class D, class Lanes>
HWY_INLINE void store(D d, hn::Vec<D> v, float* p, Lanes lanes) {
  if constexpr (std::is_same_v<Lanes, AllLanes>) {
    hn::StoreU(v, d, p);
  } else {
    hn::BlendedStore(v, hn::FirstN(d, lanes.count), d, p);
  }
}

// p = v, or p += v
template <class D, class Lanes>
HWY_INLINE void write(D d, hn::Vec<D> v, float* p, Lanes lanes, bool accumulate) {
  store(d, accumulate ? hn::Add(load(d, p, lanes), v) : v, p, lanes);
}

// body(i, lanes) for the vectors that cover [begin, end)
template <class D, class Body>
HWY_INLINE void for_vectors(D d, int64_t begin, int64_t end, Body&& body) {
  const int64_t width = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = begin;
  for (; i + width <= end; i += width) body(i, AllLanes{});
  if (i < end) body(i, FirstLanes{static_cast<size_t>(end - i)});
}

template <class D>
HWY_INLINE hn::TFromD<D> sum_of_lanes(D d, hn::Vec<D> v) {
  return hn::GetLane(hn::SumOfLanes(d, v));
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
