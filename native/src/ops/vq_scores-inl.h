// Scores of rows in tiles of the codebook, as products in float, and how far scores may be off, for the tier being
// compiled. vq_nearest.cpp says how they are used.
#if defined(LACUNA_SRC_OPS_VQ_SCORES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_VQ_SCORES_INL_H
#undef LACUNA_SRC_OPS_VQ_SCORES_INL_H
#else
#define LACUNA_SRC_OPS_VQ_SCORES_INL_H
#endif

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "hwy/highway.h"
#include "ops/lanes-inl.h"
#include "ops/vq_codebook-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

// What is known of kRows rows of z, centred. Their score with a code is off by at most |e| slack, by |e - e'| length
// where the code is rounded, and by the code's own rounding.
struct alignas(64) RowGroup {
  float limit[kVqMostLanes];   // a code with a lower score is not the nearest; infinity: the row is compared with all
  float slack[kVqMostLanes];   // |z - z'|, and what adding up takes from |z|; at first |z - z'|^2
  float length[kVqMostLanes];  // |z'| or more; at first |z|^2
  float scale[kVqMostLanes];   // of z'
  // In the tile at hand: what a product of integers stands for in proportion to |e|, and what it may be off.
  float unit[kVqMostLanes], error[kVqMostLanes];
};

// Products in float. Rows of z lie interleaved by vectors: to[j kRows + r kLanes + i] is dimension j + i of row r.
struct FloatTiles {
  static constexpr bool kIsExact = true;  // too many candidates are compared, not searched again
  static constexpr float kRoundings = 1;  // how much of |z| a score may lose, in epsilons

  const VqCodebook& book;
  float* codes;  // tile t: codes [t kTile, (t + 1) kTile), dimension by dimension

  int64_t vectors() const { return (book.d + kLanes - 1) / kLanes; }

  float slack(const RowGroup& rows, int r, int64_t) const { return rows.slack[r]; }
  void prepare(int64_t, RowGroup&) const {}

  void pack_tile(int64_t t) const {
    float* const to = codes + t * kTile * book.d;
    for (int64_t c = 0; c < kTile; ++c) {
      const int64_t code = t * kTile + c;
      const bool empty = !book.takes_part(code);
      const float* const e = book.rows + code * book.ld;
      for (int64_t j = 0; j < book.d; ++j) to[j * kTile + c] = empty ? 0 : e[j] - book.centre[j];
    }
  }

  HWY_INLINE void pack_row(const float* z, float* to, RowGroup& rows, int64_t r) const {
    const Floats f;
    auto square = hn::Zero(f);
    for_vectors(f, 0, book.d, [&](int64_t j, auto lanes) {
      const auto x = hn::Sub(load(f, z + j, lanes), load(f, book.centre + j, lanes));
      square = hn::MulAdd(x, x, square);
      hn::Store(x, f, to + j * kRows);
    });
    rows.length[r] = sum_of_lanes(f, square);
    rows.slack[r] = 0;
  }

  // Upper bounds of the scores of a group of rows with the codes of tile t, for the rows r that have one of at least
  // their limit: bit r of the answer.
  HWY_INLINE uint32_t score(const float* z, int64_t t, const RowGroup& rows, float* scores) const {
    const Floats f;
    const float* tile = codes + t * kTile * book.d;
    Vector acc[kRows][2];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      acc[r][0] = hn::Load(f, book.base + t * kTile);
      acc[r][1] = hn::Load(f, book.base + t * kTile + kLanes);
    }
    for (int64_t j = 0; j < book.d; j += kLanes, z += kRows * kLanes) {
      const int64_t count = std::min(kLanes, book.d - j);
      for (int64_t i = 0; i < count; ++i, tile += kTile) {
        const auto e0 = hn::Load(f, tile), e1 = hn::Load(f, tile + kLanes);
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) {
          const auto x = hn::Set(f, z[r * kLanes + i]);
          acc[r][0] = hn::MulAdd(x, e0, acc[r][0]);
          acc[r][1] = hn::MulAdd(x, e1, acc[r][1]);
        }
      }
    }
    const auto norm0 = hn::Load(f, book.norm + t * kTile), norm1 = hn::Load(f, book.norm + t * kTile + kLanes);
    uint32_t hits = 0;
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const auto slack = hn::Set(f, rows.slack[r]);
      const auto first = hn::MulAdd(norm0, slack, acc[r][0]), second = hn::MulAdd(norm1, slack, acc[r][1]);
      if (!hn::AllFalse(f, hn::Ge(hn::Max(first, second), hn::Set(f, rows.limit[r])))) {
        hits |= 1u << r;
        hn::Store(first, f, scores + r * kTile);
        hn::Store(second, f, scores + r * kTile + kLanes);
      }
    }
    return hits;
  }
};

constexpr int64_t kOpening = 8;

// Upper bounds of a group's scores in up to kOpening tiles, and how far below them the lower bounds may lie.
template <class Tiles>
struct Scores {
  const Tiles& tiles;
  uint32_t hits[kOpening];
  alignas(64) float scores[kOpening * kRows * kTile];

  explicit Scores(const Tiles& t) : tiles(t) {}

  const float* of(int64_t t, int r) const { return scores + (t * kRows + r) * kTile; }

  // Scores a group of rows in tiles [first, first + count). The rows that reach their limit somewhere, a bit each.
  HWY_INLINE uint32_t compute(int64_t first, int64_t count, const float* panel, RowGroup& rows) {
    uint32_t all = 0;
    for (int64_t t = 0; t < count; ++t) {
      tiles.prepare(first + t, rows);
      hits[t] = tiles.score(panel, first + t, rows, scores + t * kRows * kTile);
      all |= hits[t];
    }
    return all;
  }

  HWY_INLINE float largest_lower_bound(int64_t first, int64_t count, const RowGroup& rows, int r) const {
    const Floats f;
    const VqCodebook& book = tiles.book;
    const auto none = hn::Set(f, std::numeric_limits<float>::lowest()), infinity = hn::Set(f, kInfinity);
    const auto own = hn::Set(f, 1.12f * book.epsilon()), tiny = hn::Set(f, 2 * book.tiny());
    auto bound = none;
    for (int64_t t = 0; t < count; ++t) {
      if ((hits[t] >> r & 1) == 0) continue;
      const auto slack = hn::Set(f, 2 * tiles.slack(rows, r, first + t));
      for (int64_t v = 0; v < kTile; v += kLanes) {
        const auto score = hn::Load(f, of(t, r) + v), norm = hn::Load(f, book.norm + (first + t) * kTile + v);
        const auto error = hn::MulAdd(norm, hn::MulAdd(norm, own, slack), tiny);
        bound = hn::Max(bound, hn::IfThenElse(hn::Lt(score, infinity), hn::Sub(score, error), none));
      }
    }
    return hn::GetLane(hn::MaxOfLanes(f, bound));
  }

  // The codes of tile t that reach the limit, a bit each.
  HWY_INLINE uint32_t reaching(int64_t t, int r, float limit) const {
    if ((hits[t] >> r & 1) == 0) return 0;
    const Floats f;
    uint32_t bits[2];
    for (int64_t v = 0; v < 2; ++v) {
      const auto mask = hn::Ge(hn::Load(f, of(t, r) + v * kLanes), hn::Set(f, limit));
#if HWY_TARGET == HWY_AVX3
      bits[v] = mask.raw;
#else
      uint8_t bytes[8] = {};
      hn::StoreMaskBits(f, mask, bytes);
      bits[v] = bytes[0];
#endif
    }
    return bits[0] | bits[1] << kLanes;
  }
};

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
