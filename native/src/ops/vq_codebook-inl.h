// What the search needs to know of a codebook, for the tier being compiled: its centre, norms of the centred codes,
// equal codes. vq_nearest.cpp says what for.
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

// The register block: kRows rows of z by two vectors of codes.
#if HWY_TARGET == HWY_AVX3
constexpr int kRows = 12;
#elif HWY_TARGET == HWY_AVX2
constexpr int kRows = 6;
#else
constexpr int kRows = 4;
#endif
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

// A length in double as a float that is not smaller.
inline float at_least(double length) { return static_cast<float>(length * (1 + 0x1p-23)); }

struct VqCodebook {
  const float* rows;
  int64_t ld, k, d;
  float* centre;   // [d]
  float* norm;     // |e - centre|; 0 for a huge code
  float* base;     // -|e - centre|^2 / 2 and its rounding; -infinity for what is never nearest: beyond k, equal to an
                   // earlier code; infinity for a huge code, which is compared always
  int32_t* table;  // for finding equal codes: slots entries, a power of two, at least 2 k
  int64_t slots;
  uint32_t* hash;  // [k]

  int64_t tiles() const { return (k + kTile - 1) / kTile; }

  // How far products of centred vectors of norm 1 may be off by rounding, and what underflow adds.
  float epsilon() const { return static_cast<float>(d + 16) * 0x1.08p-24f; }
  float tiny() const { return static_cast<float>(d + 16) * 0x1p-124f; }

  // What rounding and underflow may have taken from the sum of d squares in float.
  float growth() const { return 1.001f + static_cast<float>(d) * 0x1p-23f; }
  float vanished() const { return static_cast<float>(d) * std::numeric_limits<float>::min(); }

  // false: the codebook is not finite.
  bool prepare(CpuContext& ctx, void* sums) {
    if (!find_centre(ctx, sums, kInfinity, static_cast<double>(k))) return false;
    measure(ctx);
    const auto [smallest, largest] = std::minmax_element(norm, norm + k);
    if (*largest > 10 * *smallest) {
      // A few codes that have exploded drag the mean away from all others: the half that is nearest to it has none.
      std::copy_n(norm, k, base);
      std::nth_element(base, base + k / 2, base + k);
      const float median = base[k / 2];
      if (*largest > 10 * median) {
        find_centre(ctx, sums, median,
                    static_cast<double>(std::count_if(norm, norm + k, [&](float x) { return x <= median; })));
        measure(ctx);
      }
    }
    bound();
    return true;
  }

  // The codes that a product takes part in: the others' norm is 0.
  bool takes_part(int64_t code) const { return code < k && std::isfinite(base[code]); }

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

  // norm and hash of every code
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
    auto square = hn::Zero(wide);
    auto mixed = hn::Zero(n);
    for_vectors(wide, 0, d, [&](int64_t j, auto lanes) {
      const auto x = load(f, e + j, lanes);
      const auto centred = hn::Sub(x, load(f, centre + j, lanes));
      const auto wide_x = hn::PromoteTo(wide, centred);
      square = hn::MulAdd(wide_x, wide_x, square);
      mixed = hn::Mul(hn::Xor(hn::BitCast(n, x), hn::Add(mixed, hn::Set(n, static_cast<int32_t>(j)))),
                      hn::Set(n, static_cast<int32_t>(0x9E3779B1)));
      mixed = hn::Xor(mixed, hn::ShiftRight<15>(mixed));
    });
    norm[code] = at_least(std::sqrt(sum_of_lanes(wide, square)));
    alignas(64) int32_t lanes[HWY_LANES(double)];
    hn::Store(mixed, n, lanes);
    uint32_t h = 0;
    for (const int32_t lane : lanes) h = (h ^ static_cast<uint32_t>(lane)) * 0x85EBCA77u;
    hash[code] = h ^ h >> 13;
  }

  // base, and what of norm the search relies on
  void bound() {
    std::fill_n(table, slots, -1);
    for (int64_t code = 0; code < tiles() * kTile; ++code) {
      if (code >= k || !first_of_its_kind(code)) {
        base[code] = -kInfinity;
        norm[code] = 0;
      } else if (!(norm[code] < kHuge)) {
        base[code] = kInfinity;
        norm[code] = 0;
      } else {
        const double square = static_cast<double>(norm[code]) * norm[code];
        base[code] = static_cast<float>(0.55 * epsilon() * square + tiny() - square / 2);
      }
    }
  }

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
};

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
