// The bf16 part of the nearest-code search: packing of rows and the register block with AVX512-BF16, in the avx512
// tier. Only contexts whose bf16() holds may use it.
#if defined(LACUNA_SRC_OPS_VQ_NEAREST_BF16_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_VQ_NEAREST_BF16_INL_H
#undef LACUNA_SRC_OPS_VQ_NEAREST_BF16_INL_H
#else
#define LACUNA_SRC_OPS_VQ_NEAREST_BF16_INL_H
#endif

#include <immintrin.h>

#include <algorithm>
#include <cstdint>

#include "hwy/highway.h"
#include "ops/lanes-inl.h"
#include "ops/vq_codebook-inl.h"

#if HWY_TARGET == HWY_AVX3
HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

// As FloatTiles, with words of two dimensions in bf16 instead of floats.
struct Bf16Tiles {
  static constexpr int kRoundings = 2;
  static constexpr bool kIsExact = false;

  const VqCodebook& book;

  int64_t width() const { return book.words(); }

  HWY_INLINE Squares pack(const float* z, float* to) const {
    const Floats f;
    const hn::RebindToUnsigned<Floats> n;
    auto all = hn::Zero(f), lost = all;
    const auto rounded = [&](int64_t j) {
      auto x = hn::Zero(f);
      for_vectors(f, j, std::min(book.d, j + kLanes),
                  [&](int64_t i, auto lanes) { x = hn::Sub(load(f, z + i, lanes), load(f, book.centre + i, lanes)); });
      const auto shorter = to_bf16(f, x), off = hn::Sub(x, shorter);
      all = hn::MulAdd(x, x, all);
      lost = hn::MulAdd(off, off, lost);
      return hn::BitCast(n, shorter);
    };
    for (int64_t j = 0; j < book.d; j += 2 * kLanes, to += kRows * kLanes) {
      const auto low = rounded(j), high = rounded(j + kLanes);
      const auto even = hn::ConcatEven(n, high, low), odd = hn::ConcatOdd(n, high, low);
      hn::Store(hn::BitCast(f, hn::Or(hn::ShiftRight<16>(even), odd)), f, to);
    }
    return {all, lost};
  }

  __attribute__((target("avx512bf16"), noinline)) uint32_t score(const float* z, int64_t t, const float* init,
                                                                 const float* limit, float* scores) const {
    const int64_t words = book.words();
    const uint32_t* tile = book.pairs + t * kTile * words;
    __m512 acc[kRows][2];
    const __m512 init0 = _mm512_load_ps(init), init1 = _mm512_load_ps(init + 16);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      acc[r][0] = init0;
      acc[r][1] = init1;
    }
    for (int64_t j = 0; j < words; j += 16, z += kRows * 16) {
      const int64_t count = std::min<int64_t>(16, words - j);
      for (int64_t i = 0; i < count; ++i, tile += 32) {
        const __m512bh e0 = (__m512bh)_mm512_load_si512(tile), e1 = (__m512bh)_mm512_load_si512(tile + 16);
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) {
          const __m512bh x = (__m512bh)_mm512_set1_ps(z[r * 16 + i]);
          acc[r][0] = _mm512_dpbf16_ps(acc[r][0], x, e0);
          acc[r][1] = _mm512_dpbf16_ps(acc[r][1], x, e1);
        }
      }
    }
    uint32_t hits = 0;
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const __m512 larger = _mm512_max_ps(acc[r][0], acc[r][1]);
      if (_mm512_cmp_ps_mask(larger, _mm512_set1_ps(limit[r]), _CMP_GE_OQ) != 0) {
        hits |= 1u << r;
        _mm512_store_ps(scores + r * 32, acc[r][0]);
        _mm512_store_ps(scores + r * 32 + 16, acc[r][1]);
      }
    }
    return hits;
  }
};

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
#endif
