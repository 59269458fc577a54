// The parts of attention that its forward and its backward pass share, for the tier being compiled.
#if defined(LACUNA_SRC_OPS_ATTENTION_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_ATTENTION_INL_H
#undef LACUNA_SRC_OPS_ATTENTION_INL_H
#else
#define LACUNA_SRC_OPS_ATTENTION_INL_H
#endif

#include <algorithm>
#include <cstdint>

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "ops/attention.h"
#include "ops/bf16-inl.h"
#include "ops/exp-inl.h"
#include "ops/lanes-inl.h"
#include "ops/products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

// Queries that are worked on side by side, one a lane.
constexpr int64_t kStrip = kPair;
static_assert(kStrip <= kWidestStrip);

constexpr double kLog2e = 1.4426950408889634;

// Rows of one head of a token-major tensor.
struct HeadRows {
  const float* data = nullptr;
  int64_t ld = 0;

  HeadRows() = default;
  // Entry `batch` of tensors [batches * rows, heads * d], from row `first` of it on.
  HeadRows(const float* tensor, int64_t ld, int64_t row, int64_t col)
      : data(tensor ? tensor + row * ld + col : nullptr), ld(ld) {}
  const float* row(int64_t i) const { return data + i * ld; }
  HeadRows from(int64_t i) const { return {data, ld, i, 0}; }
};

// Rows that are wanted soon, asked for a few at a time between blocks of products: they come while the arithmetic goes
// on, where a burst would hold it up, and the hardware does not foresee a stride of heads or the next head.
class Ahead {
 public:
  explicit Ahead(int64_t d) : d_(d) {}

  // What is added from here on is asked for within so many steps.
  void restart(int64_t steps) {
    steps_ = std::max<int64_t>(steps, 1);
    parts_ = part_ = row_ = total_ = pace_ = 0;
  }
  void add(HeadRows x, int64_t rows) {
    if (rows <= 0 || !x.data) return;
    x_[parts_] = x;
    rows_[parts_++] = rows;
    total_ += rows;
    pace_ = std::min(kMostRows, (total_ + steps_ - 1) / steps_);
  }
  // One of `parts` equal parts of the rows
  void add_part(HeadRows x, int64_t rows, int64_t part, int64_t parts) {
    const int64_t size = (rows + parts - 1) / parts;
    add(x.from(part * size), std::min(size, rows - part * size));
  }
  HWY_INLINE void step() {
    for (int64_t i = 0; i < pace_ && part_ < parts_; ++i) {
      const float* const row = x_[part_].row(row_);
      for (int64_t j = 0; j < d_; j += 16) hwy::Prefetch(row + j);
      if (++row_ == rows_[part_]) {
        row_ = 0;
        ++part_;
      }
    }
  }

 private:
  static constexpr int kMaxParts = 8;
  static constexpr int64_t kMostRows = 4;  // a step: the rest is left to the hardware
  const int64_t d_;
  HeadRows x_[kMaxParts];
  int64_t rows_[kMaxParts];
  int64_t steps_ = 1, parts_ = 0, part_ = 0, row_ = 0, total_ = 0, pace_ = 0;
};

// The visible keys of a block and their values. Where padding lies between them they are gathered.
struct Keys {
  HeadRows k, v;
  int64_t count = 0;
  const int32_t* index = nullptr;  // of each key within the block, if they were gathered
};

inline Keys visible_keys(HeadRows keys, HeadRows values, const uint8_t* mask, int64_t count, int64_t d,
                         GatherSpace& space) {
  if (!mask) return {keys, values, count};
  int64_t seen = 0;
  for (int64_t j = 0; j < count; ++j) {
    space.index[seen] = static_cast<int32_t>(j);
    seen += mask[j];
  }
  if (seen == 0 || space.index[seen - 1] == seen - 1) return {keys, values, seen};
  for (int64_t j = 0; j < seen; ++j) {
    std::copy_n(keys.row(space.index[j]), d, space.k + j * d);
    std::copy_n(values.row(space.index[j]), d, space.v + j * d);
  }
  return {{space.k, d, 0, 0}, {space.v, d, 0, 0}, seen, space.index};
}

// The operands of FAST and other calls: how many steps an inner dimension takes, how wide the rows of values are, and
// what is done to keys, values and queries beforehand.
struct ExactOperands : Exact {
  static constexpr bool kFast = false;
  static int64_t steps(int64_t n) { return n; }
  static int64_t columns(int64_t d) { return d; }
  static Keys prepare(const Keys& keys, int64_t, Bf16Space&) { return keys; }
  static void transpose_queries(HeadRows q, int64_t rows, int64_t d, float* to, Bf16Space&) {
    transpose(q.data, q.ld, rows, d, to);
  }
  // What the tile holds for a step: the weight(key, v) of its key, or of its two keys.
  template <class Weight>
  static HWY_INLINE Vector weights(Weight&& weight, int64_t step, int v, int64_t) {
    return weight(step, v);
  }
};

#if HWY_TARGET == HWY_AVX3
struct Bf16Operands : Bf16 {
  static constexpr bool kFast = true;
  static int64_t steps(int64_t n) { return (n + 1) / 2; }
  static int64_t columns(int64_t d) { return padded(d); }
  static Keys prepare(const Keys& keys, int64_t d, Bf16Space& space) {
    rows_to_bf16(keys.k.data, keys.k.ld, keys.count, d, space.k_rows, bf16_words(d));
    row_pairs_to_bf16(keys.v.data, keys.v.ld, keys.count, d, space.v_pairs, padded(d));
    return {{space.k_rows, bf16_words(d), 0, 0}, {space.v_pairs, padded(d), 0, 0}, keys.count, keys.index};
  }
  static void transpose_queries(HeadRows q, int64_t rows, int64_t d, float* to, Bf16Space& space) {
    rows_to_bf16(q.data, q.ld, rows, d, space.queries, bf16_words(d));
    transpose(space.queries, bf16_words(d), rows, steps(d), to);
  }
  template <class Weight>
  static HWY_INLINE Vector weights(Weight&& weight, int64_t step, int v, int64_t keys) {
    const auto low = weight(2 * step, v);
    return pairs_to_bf16(low, 2 * step + 1 < keys ? weight(2 * step + 1, v) : hn::Zero(Floats()));
  }
};
#endif

// The products of `count` rows of x with the kVectors vectors of queries in y [steps][kStrip], a block at a time:
// take(first row, products[rows][kVectors]).
template <class Math, int kVectors, class Take>
HWY_INLINE void products_with_queries(HeadRows x, int64_t count, const float* y, int64_t steps, Take&& take) {
  for (int64_t j = 0; j < count; j += kRows) {
    with_constant<kRows>(std::min<int64_t>(kRows, count - j), [&](auto rows) {
      constexpr int kCount = decltype(rows)::value;
      Vector acc[kCount][kVectors];
      clear(acc);
      multiply<Math>(RowsOf<kCount>(x.row(j), x.ld), y, kStrip, steps, AllLanes{}, acc);
      take(j, acc);
    });
  }
}

// c[i, :] = factor[i] c[i, :] + sum over keys of tile[key][i] b[key, :] for i < queries; c's rows are padded(d) apart.
// Without factors c is overwritten.
template <class Math>
HWY_INLINE void weighted_sums(const float* tile, int64_t queries, int64_t keys, HeadRows b, int64_t d,
                              const float* factor, float* c) {
  const Floats f;
  const int64_t ld_c = padded(d);
  for_pairs(d, [&](int64_t col, auto vectors, auto last) {
    constexpr int kVectors = decltype(vectors)::value;
    for (int64_t i = 0; i < queries; i += kRows) {
      with_constant<kRows>(std::min<int64_t>(kRows, queries - i), [&](auto rows) {
        constexpr int kCount = decltype(rows)::value;
        Vector acc[kCount][kVectors];
        float* const to = c + i * ld_c + col;
        clear(acc);
        if (factor) {
          for_block(acc, [&](int r, int v, Vector& x) {
            x = hn::Mul(hn::Set(f, factor[i + r]), hn::LoadU(f, to + r * ld_c + v * kLanes));
          });
        }
        multiply<Math>(Strided<1, kStrip>(tile + i), b.data + col, b.ld, keys, last, acc);
        for_block(acc, [&](int r, int v, Vector& x) { hn::StoreU(x, f, to + r * ld_c + v * kLanes); });
      });
    }
  });
}

// c[key, :] += sum over queries of tile[key][query] b[query, :]; c's rows are padded(d) apart.
HWY_INLINE void add_weighted_sums(const float* tile, int64_t keys, int64_t queries, HeadRows b, int64_t d, float* c) {
  const Floats f;
  const int64_t ld_c = padded(d);
  for_pairs(d, [&](int64_t col, auto vectors, auto last) {
    constexpr int kVectors = decltype(vectors)::value;
    for (int64_t j = 0; j < keys; j += kRows) {
      with_constant<kRows>(std::min<int64_t>(kRows, keys - j), [&](auto rows) {
        constexpr int kCount = decltype(rows)::value;
        Vector acc[kCount][kVectors];
        float* const to = c + j * ld_c + col;
        for_block(acc, [&](int r, int v, Vector& x) { x = hn::LoadU(f, to + r * ld_c + v * kLanes); });
        for (int64_t i = 0; i < queries; i += kStrip) {
          multiply<Exact>(Strided<kStrip, 1>(tile + i * kMaxBlockKeys + j * kStrip), b.row(i) + col, b.ld,
                          std::min(kStrip, queries - i), last, acc);
        }
        for_block(acc, [&](int r, int v, Vector& x) { hn::StoreU(x, f, to + r * ld_c + v * kLanes); });
      });
    }
  });
}

HWY_INLINE float dot(const float* x, const float* y, int64_t d) {
  const Floats f;
  auto sum = hn::Zero(f);
  for_vectors(f, 0, d,
              [&](int64_t j, auto lanes) { sum = hn::MulAdd(load(f, x + j, lanes), load(f, y + j, lanes), sum); });
  return sum_of_lanes(f, sum);
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
