// The scores of rows in a few tiles of the codebook, and how far they may be off, for the tier being compiled.
// vq_nearest.cpp says how they are used.
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

// The product in float. Rows of z lie interleaved by vectors: to[j kRows + r kLanes + i] is dimension j + i of row r.
struct FloatTiles {
  static constexpr int kRoundings = 1;    // a step's, at most
  static constexpr bool kIsExact = true;  // too many candidates are compared, not searched again

  const VqCodebook& book;

  int64_t width() const { return book.d; }

  HWY_INLINE Squares pack(const float* z, float* to) const {
    const Floats f;
    auto all = hn::Zero(f);
    for_vectors(f, 0, book.d, [&](int64_t j, auto lanes) {
      const auto x = hn::Sub(load(f, z + j, lanes), load(f, book.centre + j, lanes));
      all = hn::MulAdd(x, x, all);
      hn::Store(x, f, to + j * kRows);
    });
    return {all, hn::Zero(f)};
  }

  // scores[r] = init + dot products of row r with the codes of tile t, for the rows r that have a score of at least
  // limit[r]: bit r of the answer.
  HWY_INLINE uint32_t score(const float* z, int64_t t, const float* init, const float* limit, float* scores) const {
    const Floats f;
    const float* tile = book.codes + t * kTile * book.d;
    Vector acc[kRows][2];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      acc[r][0] = hn::Load(f, init);
      acc[r][1] = hn::Load(f, init + kLanes);
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
    uint32_t hits = 0;
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      if (!hn::AllFalse(f, hn::Ge(hn::Max(acc[r][0], acc[r][1]), hn::Set(f, limit[r])))) {
        hits |= 1u << r;
        hn::Store(acc[r][0], f, scores + r * kTile);
        hn::Store(acc[r][1], f, scores + r * kTile + kLanes);
      }
    }
    return hits;
  }
};

// Of a block's rows, centred: the largest squared norm, and the largest one of what packing takes from a row. Both are
// added up in float.
struct Squared {
  double longest, farthest;
};

constexpr int64_t kOpening = 8;

// Scores of a group in up to kOpening tiles: upper bounds, and how far below them the lower bounds may lie.
template <class Tiles>
struct Scores {
  const Tiles& tiles;
  const VqCodebook& book;
  Vector slack, length;  // a score is off by |e| slack + |e - e'| length and the code's own rounding
  uint32_t hits[kOpening];
  alignas(64) float init[kOpening * kTile], error[kOpening * kTile], scores[kOpening * kRows * kTile];

  Scores(const Tiles& t, const VqCodebook& b, const Squared& z) : tiles(t), book(b) {
    // What rounding and underflow may have taken from the sums comes back.
    const double d = static_cast<double>(b.d), grown = 1.001 + d * 0x1p-23;
    const double vanished = d * std::numeric_limits<float>::min();
    const double longest = std::sqrt(z.longest * grown + vanished);
    const double farthest = Tiles::kIsExact ? 0 : std::sqrt(z.farthest * grown + vanished);
    slack = hn::Set(Floats(), at_least(Tiles::kRoundings * 1.02 * b.epsilon() * longest + farthest));
    length = hn::Set(Floats(), at_least(longest + farthest));
  }

  const float* of(int64_t t, int r) const { return scores + (t * kRows + r) * kTile; }

  // Prepares tiles [first, first + count): what their scores start from, and twice their error.
  HWY_INLINE void prepare(int64_t first, int64_t count) {
    const Floats f;
    const auto own = hn::Set(f, Tiles::kRoundings * 0.56f * book.epsilon()), tiny = hn::Set(f, book.tiny());
    for (int64_t v = 0; v < count * kTile; v += kLanes) {
      const int64_t at = first * kTile + v;
      const auto norm = hn::Load(f, book.norm + at);
      const auto outer = hn::MulAdd(norm, slack, hn::Mul(hn::Load(f, book.deviation + at), length));
      hn::Store(hn::Sub(outer, hn::Load(f, book.half + at)), f, init + v);
      const auto all = hn::Add(outer, hn::MulAdd(hn::Mul(norm, norm), own, tiny));
      hn::Store(hn::Add(all, all), f, error + v);
    }
  }

  // Scores of a group of rows in the tiles prepared. The rows that reach their limit somewhere, a bit each.
  HWY_INLINE uint32_t compute(int64_t first, int64_t count, const float* panel, const float* limit) {
    uint32_t all = 0;
    for (int64_t t = 0; t < count; ++t) {
      hits[t] = tiles.score(panel, first + t, init + t * kTile, limit, scores + t * kRows * kTile);
      all |= hits[t];
    }
    return all;
  }

  HWY_INLINE float largest_lower_bound(int r, int64_t count) const {
    const Floats f;
    const auto none = hn::Set(f, std::numeric_limits<float>::lowest()), infinity = hn::Set(f, kInfinity);
    auto bound = none;
    for (int64_t t = 0; t < count; ++t) {
      if ((hits[t] >> r & 1) == 0) continue;
      for (int64_t v = 0; v < kTile; v += kLanes) {
        const auto score = hn::Load(f, of(t, r) + v), lower = hn::Sub(score, hn::Load(f, error + t * kTile + v));
        bound = hn::Max(bound, hn::IfThenElse(hn::Lt(score, infinity), lower, none));
      }
    }
    return hn::GetLane(hn::MaxOfLanes(f, bound));
  }

  // The codes of tile t that reach the limit, a bit each.
  HWY_INLINE uint64_t reaching(int64_t t, int r, float limit) const {
    if ((hits[t] >> r & 1) == 0) return 0;
    const Floats f;
    uint8_t bits[2][8] = {};
    for (int64_t v = 0; v < 2; ++v)
      hn::StoreMaskBits(f, hn::Ge(hn::Load(f, of(t, r) + v * kLanes), hn::Set(f, limit)), bits[v]);
    const uint32_t first = bits[0][0] | bits[0][1] << 8, second = bits[1][0] | bits[1][1] << 8;
    return first | static_cast<uint64_t>(second) << kLanes;
  }
};

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
