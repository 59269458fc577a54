// Scores of rows in tiles of the codebook from products of 8-bit integers (AVX512-VNNI), in the avx512 tier. Only
// contexts whose vnni() holds may use it. vq_nearest.cpp says how scores are used.
#if defined(LACUNA_SRC_OPS_VQ_INT8_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_VQ_INT8_INL_H
#undef LACUNA_SRC_OPS_VQ_INT8_INL_H
#else
#define LACUNA_SRC_OPS_VQ_INT8_INL_H
#endif

#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "hwy/highway.h"
#include "ops/lanes-inl.h"
#include "ops/vq_codebook-inl.h"
#include "ops/vq_scores-inl.h"

#if HWY_TARGET == HWY_AVX3
HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

// z' = scale_z q_z and e' = step_t |e| q_e with integers q in [-127, 127], the step one for a tile: a tile's codes are
// then about equally far from their forms in proportion to their norms, whatever these are, and a score takes two
// multiply-adds, |e| (step scale_z (q_z.q_e) + slack) + base. The instruction multiplies unsigned by signed bytes, so
// rows hold q + 128 and sums start at -128 times those of the codes. Words are four dimensions.
struct Int8Tiles {
  static constexpr bool kIsExact = false;
  static constexpr float kRoundings = 2;
  static constexpr int64_t kLeastDimensions = 12;      // below, what follows a product costs more than floats
  static constexpr int64_t kMostDimensions = 1 << 16;  // 127 x 127 times as much is less than 2^31

  const VqCodebook& book;
  uint32_t* codes;   // tile t: codes [t kTile, (t + 1) kTile), word by word
  int32_t* start;    // -128 times the sum of a code's integers
  float* step;       // of a tile
  float* deviation;  // the largest |e - e'| / |e| of a tile

  int64_t words() const { return (book.d + 3) / 4; }
  int64_t vectors() const { return (words() + kLanes - 1) / kLanes; }

  float slack(const RowGroup& rows, int r, int64_t t) const { return rows.slack[r] + deviation[t] * rows.length[r]; }

  void pack_tile(int64_t t) const {
    float widest = 0;
    float farthest = 0;
    for (int64_t code = t * kTile; code < (t + 1) * kTile; ++code) {
      if (book.norm[code] > 0 && book.norm[code] <= kVanishing) farthest = 1;
    }
    for_codes(t, [&](int64_t code) {
      float largest = 0;
      for_centred(code,
                  [&](int64_t, __m512 x) { largest = std::max(largest, _mm512_reduce_max_ps(_mm512_abs_ps(x))); });
      widest = std::max(widest, largest / book.norm[code]);
    });
    step[t] = widest / 127;
    uint32_t* const to = codes + t * kTile * words();
    std::fill_n(to, kTile * words(), 0u);
    std::fill_n(start + t * kTile, kTile, 0);
    for_codes(t, [&](int64_t code) {
      const float one = step[t] * book.norm[code];
      const __m512 inverse = _mm512_set1_ps(1 / one), unit = _mm512_set1_ps(one);
      __m512 lost = _mm512_setzero_ps();
      __m512i sum = _mm512_setzero_si512();
      for_centred(code, [&](int64_t j, __m512 x) {
        const __m512i q = _mm512_cvtps_epi32(_mm512_mul_ps(x, inverse));
        const __m512 off = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(q), unit, x);
        lost = _mm512_fmadd_ps(off, off, lost);
        sum = _mm512_add_epi32(sum, q);
        alignas(16) uint32_t four[4];
        _mm_store_si128(reinterpret_cast<__m128i*>(four), _mm512_cvtsepi32_epi8(q));
        for (int64_t w = 0; w < std::min<int64_t>(4, words() - j / 4); ++w)
          to[(j / 4 + w) * kTile + code % kTile] = four[w];
      });
      start[code] = -128 * _mm512_reduce_add_epi32(sum);
      const float off = std::sqrt(book.growth() * _mm512_reduce_add_ps(lost) + book.vanished());
      farthest = std::max(farthest, 1.0001f * off / book.norm[code]);
    });
    deviation[t] = farthest;
  }

  HWY_INLINE void pack_row(const float* z, float* to, RowGroup& rows, int64_t r) const {
    const Floats f;
    auto square = hn::Zero(f), largest = square, lost = square;
    const auto for_centred = [&](auto&& body) {
      for_vectors(f, 0, book.d, [&](int64_t j, auto lanes) {
        body(j, hn::Sub(load(f, z + j, lanes), load(f, book.centre + j, lanes)));
      });
    };
    for_centred([&](int64_t, Vector x) {
      square = hn::MulAdd(x, x, square);
      largest = hn::Max(largest, hn::Abs(x));
    });
    const float range = hn::GetLane(hn::MaxOfLanes(f, largest));
    const bool vanishes = !(range > kVanishing && range < kHuge);
    const auto inverse = hn::Set(f, vanishes ? 0 : 127 / range);
    rows.scale[r] = vanishes ? 0 : range / 127;
    const auto unit = hn::Set(f, rows.scale[r]);
    char* const bytes = reinterpret_cast<char*>(to);
    for_centred([&](int64_t j, Vector x) {
      const __m512i q = _mm512_cvtps_epi32(hn::Mul(x, inverse).raw);
      const auto off = hn::NegMulAdd(Vector{_mm512_cvtepi32_ps(q)}, unit, x);
      lost = hn::MulAdd(off, off, lost);
      _mm_store_si128(reinterpret_cast<__m128i*>(bytes + j / 64 * kRows * 64 + j % 64),
                      _mm_xor_si128(_mm512_cvtsepi32_epi8(q), _mm_set1_epi8(-128)));
    });
    rows.length[r] = sum_of_lanes(f, square);
    rows.slack[r] = sum_of_lanes(f, lost);
  }

  HWY_INLINE void prepare(int64_t t, RowGroup& rows) const {
    const __m512 length = _mm512_load_ps(rows.length), slack = _mm512_load_ps(rows.slack);
    _mm512_store_ps(rows.unit, _mm512_mul_ps(_mm512_set1_ps(step[t]), _mm512_load_ps(rows.scale)));
    _mm512_store_ps(rows.error, _mm512_fmadd_ps(_mm512_set1_ps(deviation[t]), length, slack));
  }

  HWY_NOINLINE uint32_t score(const float* z, int64_t t, const RowGroup& rows, float* scores) const {
    const int32_t* row = reinterpret_cast<const int32_t*>(z);
    const uint32_t* tile = codes + t * kTile * words();
    __m512i acc[kRows][2];
    const __m512i start0 = _mm512_load_si512(start + t * 32), start1 = _mm512_load_si512(start + t * 32 + 16);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      acc[r][0] = start0;
      acc[r][1] = start1;
    }
    const int64_t all = words();
    for (int64_t w = 0; w < all; w += 16, row += kRows * 16) {
      const int64_t count = std::min<int64_t>(16, all - w);
      for (int64_t i = 0; i < count; ++i, tile += 32) {
        const __m512i e0 = _mm512_load_si512(tile), e1 = _mm512_load_si512(tile + 16);
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) {
          const __m512i x = _mm512_set1_epi32(row[r * 16 + i]);
          acc[r][0] = add_products(acc[r][0], x, e0);
          acc[r][1] = add_products(acc[r][1], x, e1);
        }
      }
    }
    const __m512 norm0 = _mm512_load_ps(book.norm + t * 32), norm1 = _mm512_load_ps(book.norm + t * 32 + 16);
    const __m512 base0 = _mm512_load_ps(book.base + t * 32), base1 = _mm512_load_ps(book.base + t * 32 + 16);
    uint32_t hits = 0;
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const __m512 by = _mm512_set1_ps(rows.unit[r]), plus = _mm512_set1_ps(rows.error[r]);
      const __m512 first = _mm512_fmadd_ps(_mm512_fmadd_ps(_mm512_cvtepi32_ps(acc[r][0]), by, plus), norm0, base0);
      const __m512 second = _mm512_fmadd_ps(_mm512_fmadd_ps(_mm512_cvtepi32_ps(acc[r][1]), by, plus), norm1, base1);
      if (_mm512_cmp_ps_mask(_mm512_max_ps(first, second), _mm512_set1_ps(rows.limit[r]), _CMP_GE_OQ) != 0) {
        hits |= 1u << r;
        _mm512_store_ps(scores + r * 32, first);
        _mm512_store_ps(scores + r * 32 + 16, second);
      }
    }
    return hits;
  }

 private:
  // acc += the four products of unsigned bytes of x and signed ones of e in each lane. As an intrinsic GCC copies acc.
  static HWY_INLINE __m512i add_products(__m512i acc, __m512i x, __m512i e) {
    asm("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(x), "v"(e));
    return acc;
  }

  static constexpr float kVanishing = 1e-30f;  // shorter vectors become 0: their steps would be subnormal

  template <class Body>
  void for_codes(int64_t t, Body&& body) const {
    for (int64_t code = t * kTile; code < (t + 1) * kTile; ++code) {
      if (book.takes_part(code) && book.norm[code] > kVanishing) body(code);
    }
  }

  template <class Body>
  void for_centred(int64_t code, Body&& body) const {
    const Floats f;
    const float* const e = book.rows + code * book.ld;
    for_vectors(f, 0, book.d, [&](int64_t j, auto lanes) {
      body(j, hn::Sub(load(f, e + j, lanes), load(f, book.centre + j, lanes)).raw);
    });
  }
};

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
#endif
