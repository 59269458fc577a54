// Products of floats rounded to bf16, two multiply-adds a lane and step, for the AVX-512 tier. A word of 32 bits holds
// two neighbours along the inner dimension, so that the same blocks of products serve, over half as many steps.
//
// The instructions are written as assembly: as intrinsics they would want everything around them compiled a second time
// for AVX512-BF16. They round to nearest even, flush subnormal numbers to 0 and keep NaN.
#if defined(LACUNA_SRC_OPS_BF16_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_BF16_INL_H
#undef LACUNA_SRC_OPS_BF16_INL_H
#else
#define LACUNA_SRC_OPS_BF16_INL_H
#endif

#include <algorithm>
#include <cstdint>

#include "hwy/highway.h"
#include "ops/lanes-inl.h"
#include "ops/products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

#if HWY_TARGET == HWY_AVX3

// The first `count` floats at p, 0 in the other lanes
HWY_INLINE Vector first_of(const float* p, int64_t count) {
  const auto lanes = static_cast<size_t>(std::clamp<int64_t>(count, 0, kLanes));
  return load(Floats(), p, FirstLanes{lanes});
}

// How a step of a product is computed: both products of each word of x and y.
struct Bf16 {
  static HWY_INLINE Vector multiply_add(Vector x, Vector y, Vector acc) {
    asm("vdpbf16ps %2, %1, %0" : "+v"(acc.raw) : "v"(x.raw), "v"(y.raw));
    return acc;
  }
};

// The words (first[0], first[1]), (first[2], first[3]) ... (second[14], second[15])
HWY_INLINE Vector neighbours_to_bf16(Vector first, Vector second) {
  Vector words;
  asm("vcvtne2ps2bf16 %2, %1, %0" : "=v"(words.raw) : "v"(second.raw), "v"(first.raw));
  return words;
}

// The words (low[i], high[i])
HWY_INLINE Vector pairs_to_bf16(Vector low, Vector high) {
  alignas(64) static constexpr uint16_t kOrder[] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                    8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const __m512i split = _mm512_castps_si512(neighbours_to_bf16(low, high).raw);
  return Vector{_mm512_castsi512_ps(_mm512_permutexvar_epi16(_mm512_load_si512(kOrder), split))};
}

// to[i][j] = the word (x[i, 2j], x[i, 2j + 1]), 0 beyond d; rows of `to` are ld_to words apart, a multiple of a vector.
HWY_INLINE void rows_to_bf16(const float* x, int64_t ld, int64_t rows, int64_t d, float* to, int64_t ld_to) {
  const Floats f;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < d; j += 2 * kLanes) {
      const float* const at = x + i * ld + j;
      const int64_t rest = d - j;
      const auto words = rest >= 2 * kLanes
                             ? neighbours_to_bf16(hn::LoadU(f, at), hn::LoadU(f, at + kLanes))
                             : neighbours_to_bf16(first_of(at, rest), first_of(at + kLanes, rest - kLanes));
      hn::StoreU(words, f, to + i * ld_to + j / 2);
    }
  }
}

// to[i][j] = the word (x[2i, j], x[2i + 1, j]), 0 beyond the last row and beyond d.
HWY_INLINE void row_pairs_to_bf16(const float* x, int64_t ld, int64_t rows, int64_t d, float* to, int64_t ld_to) {
  const Floats f;
  for (int64_t i = 0; i < rows; i += 2) {
    for (int64_t j = 0; j < d; j += kLanes) {
      const float* const at = x + i * ld + j;
      const auto low = first_of(at, d - j);
      const auto high = i + 1 < rows ? first_of(at + ld, d - j) : hn::Zero(f);
      hn::StoreU(pairs_to_bf16(low, high), f, to + i / 2 * ld_to + j);
    }
  }
}

#endif

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
