// The codebook as the search wants it, for the tier being compiled: centred, with what bounds the rounding of a score,
// packed for the register block. vq_nearest.cpp says what for.
#if defined(LACUNA_SRC_OPS_VQ_CODEBOOK_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_VQ_CODEBOOK_INL_H
#undef LACUNA_SRC_OPS_VQ_CODEBOOK_INL_H
#else
#define LACUNA_SRC_OPS_VQ_CODEBOOK_INL_H
#endif

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "hwy/highway.h"
#include "ops/lanes-inl.h"
#include "ops/partition.h"
#include "ops/sums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

using Vector = hn::Vec<Floats>;

// The register block: kRows rows of z by two vectors of codes.
#if HWY_TARGET == HWY_AVX3
constexpr int kRows = 12;
#elif HWY_TARGET == HWY_AVX2
constexpr int kRows = 6;
#else
constexpr int kRows = 4;
#endif
constexpr int64_t kLanes = HWY_LANES(float);
constexpr int64_t kTile = 2 * kLanes;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kHuge = 1e18f;  // products of longer vectors might overflow

// The first row of x[rows, d] that holds NaN or infinity, rows if there is none.
inline int64_t first_non_finite(const float* x, int64_t ld, int64_t rows, int64_t d) {
  const Floats f;
  for (int64_t i = 0; i < rows; ++i) {
    auto sum = hn::Zero(f);
    for_vectors(f, 0, d,
                [&](int64_t j, auto lanes) { sum = hn::MulAdd(load(f, x + i * ld + j, lanes), hn::Zero(f), sum); });
    if (std::isnan(sum_of_lanes(f, sum))) return i;
  }
  return rows;
}

// x rounded to bf16, ties to even; numbers below bf16's normal range become 0, as the products would take them.
template <class D>
HWY_INLINE hn::Vec<D> to_bf16(D d, hn::Vec<D> x) {
  const hn::RebindToUnsigned<D> n;
  const auto bits = hn::BitCast(n, x);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(n, 1u));
  const auto rounded = hn::And(hn::Add(bits, hn::Add(odd, hn::Set(n, 0x7FFFu))), hn::Set(n, 0xFFFF0000u));
  const auto exponent = hn::And(rounded, hn::Set(n, 0x7F800000u));
  return hn::BitCast(d, hn::IfThenZeroElse(hn::Eq(exponent, hn::Zero(n)), rounded));
}

// The same for one finite number, as 16 bits.
inline uint32_t bf16_bits(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x), rounded = bits + 0x7FFF + (bits >> 16 & 1);
  return (rounded & 0x7F800000) == 0 ? 0 : rounded >> 16;
}

// The squared norms of a centred row and of what rounding takes from it, lane by lane.
struct Squares {
  Vector all, lost;
};

// A length in double as a float that is not smaller.
inline float at_least(double length) { return static_cast<float>(length * (1 + 0x1p-23)); }

struct VqCodebook {
  const float* rows;
  int64_t ld, k, d;
  bool bf16;
  float* centre;     // [d]
  float* norm;       // |e - centre|; 0 for a huge code
  float* deviation;  // |e - centre - its bf16 form|; 0 without bf16
  float* half;       // |e - centre|^2 / 2 less its rounding; infinity for what is never nearest: beyond k, equal to an
                     // earlier code; -infinity for a huge code, which is compared always
  float* codes;      // tile t: codes [t kTile, (t + 1) kTile), dimension by dimension
  uint32_t* pairs;   // the same in bf16, two dimensions a word
  int32_t* table;    // for finding equal codes: slots entries, a power of two, at least 2 k
  int64_t slots;
  uint32_t* hash;  // [k]

  int64_t tiles() const { return (k + kTile - 1) / kTile; }
  int64_t words() const { return (d + 1) / 2; }

  // How far products of centred vectors of norm 1 may be off by rounding, and what underflow adds.
  float epsilon() const { return static_cast<float>(d + 16) * 0x1.08p-24f; }
  float tiny() const { return static_cast<float>(d + 16) * 0x1p-124f; }

  // false: the codebook is not finite.
  bool prepare(CpuContext& ctx, void* sums) {
    if (!find_centre(ctx, sums, kInfinity, static_cast<double>(k))) return false;
    measure(ctx);
    const auto [smallest, largest] = std::minmax_element(norm, norm + k);
    if (*largest > 10 * *smallest) {
      // A few codes that have exploded drag the mean away from all others: the half that is nearest to it has none.
      std::copy_n(norm, k, half);
      std::nth_element(half, half + k / 2, half + k);
      const float median = half[k / 2];
      if (*largest > 10 * median) {
        find_centre(ctx, sums, median,
                    static_cast<double>(std::count_if(norm, norm + k, [&](float x) { return x <= median; })));
        measure(ctx);
      }
    }
    bound();
    parallel_ranges(ctx, tiles(), 4 * kTile * d, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) pack(t);
    });
    return true;
  }

 private:
  // centre = mean of the `count` codes whose norm is at most `limit`
  bool find_centre(CpuContext& ctx, void* sums, float limit, double count) {
    std::atomic<bool> finite = true;
    const bool all = limit == kInfinity;
    sum_to(
        ctx, k, d, 1, d, ld == d && all, sums,
        [&](int64_t row, int64_t col, auto lanes) {
          return all || norm[row] <= limit ? load(Doubles(), rows + row * ld + col, lanes) : hn::Zero(Doubles());
        },
        [&](int64_t, int64_t col, double sum) {
          if (!std::isfinite(sum)) finite = false;
          centre[col] = static_cast<float>(sum / count);
        });
    return finite;
  }

  // norm, deviation and hash of every code
  void measure(CpuContext& ctx) {
    parallel_ranges(ctx, k, 4 * d, [&](int64_t begin, int64_t end) {
      for (int64_t code = begin; code < end; ++code) measure(code);
    });
  }

  void measure(int64_t code) {
    const Doubles wide;
    const HalfFloats f;
    const hn::RebindToSigned<HalfFloats> n;
    const float* const e = rows + code * ld;
    auto square = hn::Zero(wide), off = square;
    auto mixed = hn::Zero(n);
    for_vectors(wide, 0, d, [&](int64_t j, auto lanes) {
      const auto x = load(f, e + j, lanes);
      const auto centred = hn::Sub(x, load(f, centre + j, lanes));
      const auto wide_x = hn::PromoteTo(wide, centred);
      square = hn::MulAdd(wide_x, wide_x, square);
      mixed = hn::Mul(hn::Xor(hn::BitCast(n, x), hn::Add(mixed, hn::Set(n, static_cast<int32_t>(j)))),
                      hn::Set(n, static_cast<int32_t>(0x9E3779B1)));
      mixed = hn::Xor(mixed, hn::ShiftRight<15>(mixed));
      if (bf16) {
        const auto lost = hn::PromoteTo(wide, hn::Sub(centred, to_bf16(f, centred)));
        off = hn::MulAdd(lost, lost, off);
      }
    });
    norm[code] = at_least(std::sqrt(sum_of_lanes(wide, square)));
    deviation[code] = at_least(std::sqrt(sum_of_lanes(wide, off)));
    alignas(64) int32_t lanes[HWY_LANES(double)];
    hn::Store(mixed, n, lanes);
    uint32_t h = 0;
    for (const int32_t lane : lanes) h = (h ^ static_cast<uint32_t>(lane)) * 0x85EBCA77u;
    hash[code] = h ^ h >> 13;
  }

  // half, and what of norm and deviation the search relies on
  void bound() {
    std::fill_n(table, slots, -1);
    for (int64_t code = 0; code < tiles() * kTile; ++code) {
      if (code >= k || !first_of_its_kind(code)) {
        half[code] = kInfinity;
        norm[code] = deviation[code] = 0;
      } else if (!(norm[code] < kHuge)) {
        half[code] = -kInfinity;
        norm[code] = deviation[code] = 0;
      } else {
        const double square = static_cast<double>(norm[code]) * norm[code];
        half[code] = static_cast<float>(square / 2 - rounding(square));
      }
    }
  }

  double rounding(double square) const { return (bf16 ? 2 : 1) * 0.55 * epsilon() * square + tiny(); }

  bool first_of_its_kind(int64_t code) {
    int64_t at = hash[code] & (slots - 1);
    for (; table[at] >= 0; at = (at + 1) & (slots - 1)) {
      const int64_t other = table[at];
      if (hash[other] == hash[code] &&
          std::memcmp(rows + other * ld, rows + code * ld, static_cast<size_t>(d) * sizeof(float)) == 0)
        return false;
    }
    table[at] = static_cast<int32_t>(code);
    return true;
  }

  void pack(int64_t t) {
    float* const to = codes + t * kTile * d;
    uint32_t* const words_to = pairs + t * kTile * words();
    for (int64_t c = 0; c < kTile; ++c) {
      const int64_t code = t * kTile + c;
      const bool empty = code >= k || !std::isfinite(half[code]);
      const float* const e = rows + code * ld;
      for (int64_t j = 0; j < d; ++j) to[j * kTile + c] = empty ? 0 : e[j] - centre[j];
      for (int64_t p = 0; bf16 && p < words(); ++p) {
        const uint32_t low = bf16_bits(to[2 * p * kTile + c]);
        const uint32_t high = 2 * p + 1 < d ? bf16_bits(to[(2 * p + 1) * kTile + c]) : 0;
        words_to[p * kTile + c] = low | high << 16;
      }
    }
  }
};

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
