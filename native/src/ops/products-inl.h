// Register-blocked products of matrices that lie in the caches, for the tier being compiled: kRows rows by two vectors
// of columns are accumulated in registers over the whole inner dimension.
#if defined(LACUNA_SRC_OPS_PRODUCTS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_PRODUCTS_INL_H
#undef LACUNA_SRC_OPS_PRODUCTS_INL_H
#else
#define LACUNA_SRC_OPS_PRODUCTS_INL_H
#endif

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "hwy/highway.h"
#include "ops/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

// 24 accumulators, 2 loads and 12 broadcasts for 24 fused multiply-adds with AVX-512; 12, 2 and 6 with AVX2.
#if HWY_TARGET == HWY_AVX3
constexpr int kRows = 12;
#elif HWY_TARGET == HWY_AVX2
constexpr int kRows = 6;
#else
constexpr int kRows = 4;
#endif

constexpr int64_t kPair = 2 * kLanes;

// body(std::integral_constant<int, count>) for a count of 1 to kMost
template <int kMost, class Body>
HWY_INLINE void with_constant(int64_t count, Body&& body) {
  if constexpr (kMost > 1) {
    if (count < kMost) return with_constant<kMost - 1>(count, body);
  }
  body(std::integral_constant<int, kMost>());
}

// The left factor a(row, k), walked along k: rows that lie `stride` apart ...
template <int kCount>
class RowsOf {
 public:
  HWY_INLINE RowsOf(const float* a, int64_t stride) : stride_(stride) {
#pragma GCC unroll 4
    for (int g = 0; g < kGroups; ++g) base_[g] = a + 3 * g * stride;
  }
  HWY_INLINE float at(int row) const { return base_[row / 3][row % 3 * stride_]; }
  HWY_INLINE void advance() {
#pragma GCC unroll 4
    for (int g = 0; g < kGroups; ++g) ++base_[g];
  }

 private:
  static constexpr int kGroups = (kCount + 2) / 3;  // base + {0, 1, 2} strides are addressing modes
  const float* base_[kGroups];
  int64_t stride_;
};

// ... or with strides known to the compiler.
template <int kRowStride, int kStep>
class Strided {
 public:
  HWY_INLINE explicit Strided(const float* a) : a_(a) {}
  HWY_INLINE float at(int row) const { return a_[row * kRowStride]; }
  HWY_INLINE void advance() { a_ += kStep; }

 private:
  const float* a_;
};

// Holds a vector in a register: GCC would load it anew for each use, and loads are what the blocks save.
HWY_INLINE void hold(Vector& v) {
#if HWY_TARGET == HWY_SCALAR
  (void)v;
#else
  asm("" : "+v"(v.raw));
#endif
}

// How a step of a product is computed: floats.
struct Exact {
  static HWY_INLINE Vector multiply_add(Vector x, Vector y, Vector acc) { return hn::MulAdd(x, y, acc); }
};

// acc[r][v] += sum over k < count of a(r, k) b[k][v], b's rows ld_b apart. The last vector of b holds `last` lanes.
template <class Math, int kCount, int kVectors, class Left, class Lanes>
HWY_INLINE void multiply(Left a, const float* b, int64_t ld_b, int64_t count, Lanes last,
                         Vector (&acc)[kCount][kVectors]) {
  const Floats f;
  for (int64_t k = 0; k < count; ++k, b += ld_b, a.advance()) {
    auto y0 = kVectors == 2 ? hn::LoadU(f, b) : load(f, b, last);
    hold(y0);
    if constexpr (kVectors == 2) {
      auto y1 = load(f, b + kLanes, last);
      hold(y1);
#pragma GCC unroll 16
      for (int r = 0; r < kCount; ++r) {
        const auto x = hn::Set(f, a.at(r));
        acc[r][0] = Math::multiply_add(x, y0, acc[r][0]);
        acc[r][1] = Math::multiply_add(x, y1, acc[r][1]);
      }
    } else {
#pragma GCC unroll 16
      for (int r = 0; r < kCount; ++r) acc[r][0] = Math::multiply_add(hn::Set(f, a.at(r)), y0, acc[r][0]);
    }
  }
}

// body(r, v, acc[r][v]) for all of a block
template <int kCount, int kVectors, class Body>
HWY_INLINE void for_block(Vector (&acc)[kCount][kVectors], Body&& body) {
#pragma GCC unroll 16
  for (int r = 0; r < kCount; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) body(r, v, acc[r][v]);
  }
}

template <int kCount, int kVectors>
HWY_INLINE void clear(Vector (&acc)[kCount][kVectors]) {
  for_block(acc, [](int, int, Vector& x) { x = hn::Zero(Floats()); });
}

// body(col, vectors, lanes of the last one) for pairs of vectors that cover [0, d)
template <class Body>
HWY_INLINE void for_pairs(int64_t d, Body&& body) {
  using One = std::integral_constant<int, 1>;
  using Two = std::integral_constant<int, 2>;
  int64_t j = 0;
  for (; j + kPair <= d; j += kPair) body(j, Two(), AllLanes{});
  const int64_t rest = d - j;
  if (rest == 0) return;
  if (rest == kLanes) {
    body(j, One(), AllLanes{});
  } else if (rest < kLanes) {
    body(j, One(), FirstLanes{static_cast<size_t>(rest)});
  } else {
    body(j, Two(), FirstLanes{static_cast<size_t>(rest - kLanes)});
  }
}

// Four floats each of rows 0, 4, 8, ... of x, as many as a vector holds.
HWY_INLINE Vector load_quads(const float* x, int64_t ld) {
#if HWY_TARGET == HWY_SCALAR
  return hn::LoadU(Floats(), x + 0 * ld);
#else
  const hn::Full128<float> quad;
  const hn::Full256<float> half;
  const auto low = hn::Combine(half, hn::LoadU(quad, x + 4 * ld), hn::LoadU(quad, x));
#if HWY_TARGET == HWY_AVX2
  return low;
#else
  return hn::Combine(Floats(), hn::Combine(half, hn::LoadU(quad, x + 12 * ld), hn::LoadU(quad, x + 8 * ld)), low);
#endif
#endif
}

// to[j, i] = x[i, j] for i < count and j < d
HWY_INLINE void transpose(const float* x, int64_t ld, int64_t count, int64_t d, float* to, int64_t ld_to) {
  int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const Floats f;
  const hn::Repartition<double, Floats> wide;
  for (; i + kLanes <= count; i += kLanes) {
    int64_t j = 0;
    for (; j + 4 <= d; j += 4) {
      const float* const from = x + i * ld + j;
      const auto a = load_quads(from, ld), b = load_quads(from + ld, ld);
      const auto c = load_quads(from + 2 * ld, ld), e = load_quads(from + 3 * ld, ld);
      const auto ab0 = hn::BitCast(wide, hn::InterleaveLower(f, a, b)),
                 ab1 = hn::BitCast(wide, hn::InterleaveUpper(f, a, b));
      const auto ce0 = hn::BitCast(wide, hn::InterleaveLower(f, c, e)),
                 ce1 = hn::BitCast(wide, hn::InterleaveUpper(f, c, e));
      float* const at = to + j * ld_to + i;
      hn::StoreU(hn::BitCast(f, hn::InterleaveLower(wide, ab0, ce0)), f, at);
      hn::StoreU(hn::BitCast(f, hn::InterleaveUpper(wide, ab0, ce0)), f, at + ld_to);
      hn::StoreU(hn::BitCast(f, hn::InterleaveLower(wide, ab1, ce1)), f, at + 2 * ld_to);
      hn::StoreU(hn::BitCast(f, hn::InterleaveUpper(wide, ab1, ce1)), f, at + 3 * ld_to);
    }
    for (; j < d; ++j) {
      for (int64_t r = i; r < i + kLanes; ++r) to[j * ld_to + r] = x[r * ld + j];
    }
  }
#endif
  for (; i < count; ++i) {
    for (int64_t j = 0; j < d; ++j) to[j * ld_to + i] = x[i * ld + j];
  }
}

// to[j][i] = x[i, j] for i < count <= kPair and j < d; the rest of `to`, rows of kPair, is 0.
HWY_INLINE void transpose(const float* x, int64_t ld, int64_t count, int64_t d, float* to) {
  transpose(x, ld, count, d, to, kPair);
  for (int64_t j = 0; j < d && count < kPair; ++j) std::fill(to + j * kPair + count, to + (j + 1) * kPair, 0.0f);
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
