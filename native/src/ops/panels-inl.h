// Products of packed matrices in single precision, for the tier being compiled.
//
// A matrix [depth, size] is packed into panels of kPanel of its columns, the last one narrower: panel p holds, depth by
// depth, columns [p kPanel, p kPanel + width(p)). The product c[i,j] = sum_k a[k,i] b[k,j] of two such matrices needs
// both the same way round, so one packed matrix serves as a, as b, or as both (a symmetric product), and a packed
// symmetric matrix as either.
//
// The register block is kRows columns of a by the whole width of a panel of b: 8 x 3 vectors with AVX-512, 4 x 3 with
// AVX2: 11 (7) loads for 24 (12) multiply-adds. a is read in place out of b's layout, half a cache line a step. Every
// block of kDepth is summed by itself and then added, which also keeps rounding errors small.
//
// Zen 4, one thread, matrices in the second-level cache: 99 % of the FMA unit's peak from a depth of 128 on, 97 %
// at 64. kDepth 128, 192, 256, 384: 256 is 2 % faster than 128 on large matrices (fewer passes over c) though b then
// outgrows the first-level cache; 384 gains nothing more. Fetching the next part of b by hand: 3 % on matrices that lie
// beyond the second-level cache, nothing within it.
#if defined(LACUNA_SRC_OPS_PANELS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_PANELS_INL_H
#undef LACUNA_SRC_OPS_PANELS_INL_H
#else
#define LACUNA_SRC_OPS_PANELS_INL_H
#endif

#include <algorithm>
#include <cstdint>

#include "hwy/highway.h"
#include "ops/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

#if HWY_TARGET == HWY_AVX3
constexpr int kRows = 8, kVectors = 3;
#elif HWY_TARGET == HWY_AVX2
constexpr int kRows = 4, kVectors = 3;
#else
constexpr int kRows = 2, kVectors = 4;
#endif
constexpr int64_t kPanel = kVectors * kLanes;
constexpr int64_t kUnit = std::max<int64_t>(kLanes, kRows);  // the width of a panel is a multiple of it
constexpr int64_t kDepth = 256;
static_assert(kPanel % kUnit == 0 && kUnit % kRows == 0 && kUnit % kLanes == 0);

// A packed matrix, or room for one. `rows` is what lies between two panels, in rows of a panel: the depth, or more.
struct Panels {
  float* data;
  int64_t size, rows;

  static int64_t floats(int64_t size, int64_t rows) { return (size + kUnit - 1) / kUnit * kUnit * rows; }

  int64_t count() const { return (size + kPanel - 1) / kPanel; }
  int64_t width(int64_t p) const { return std::min(kPanel, (size + kUnit - 1) / kUnit * kUnit - p * kPanel); }
  float* panel(int64_t p) const { return data + p * kPanel * rows; }
  float* at(int64_t row, int64_t p) const { return panel(p) + row * width(p); }
};

// store(r, v, sum) for kRows rows by V vectors of the product of `depth` rows of a, kRows columns of them, and of b.
// fetch(r) goes before a share of the work for each row, so that what is needed next is fetched a few lines at a time.
template <int V, class Fetch, class Store>
HWY_INLINE void multiply_block(const float* HWY_RESTRICT a, int64_t a_width, const float* HWY_RESTRICT b,
                               int64_t b_width, int64_t depth, Fetch&& fetch, Store&& store) {
  const Floats f;
  hn::Vec<Floats> acc[kRows][V];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < V; ++v) acc[r][v] = hn::Zero(f);
  }
  const int64_t share = (depth + kRows - 1) / kRows;
  for (int64_t k = 0, fetched = 0; k < depth; ++fetched) {
    fetch(fetched);
    for (const int64_t end = std::min(depth, k + share); k < end; ++k, a += a_width, b += b_width) {
      hn::Vec<Floats> factor[V];
#pragma GCC unroll 16
      for (int v = 0; v < V; ++v) factor[v] = hn::Load(f, b + v * kLanes);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        const auto x = hn::Set(f, a[r]);
#pragma GCC unroll 16
        for (int v = 0; v < V; ++v) acc[r][v] = hn::MulAdd(x, factor[v], acc[r][v]);
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < V; ++v) store(r, v, acc[r][v]);
  }
}

template <class Fetch, class Store>
HWY_INLINE void multiply_block(int64_t vectors, const float* a, int64_t a_width, const float* b, int64_t b_width,
                               int64_t depth, Fetch&& fetch, Store&& store) {
  switch (vectors) {
    case 1:
      return multiply_block<1>(a, a_width, b, b_width, depth, fetch, store);
    case 2:
      return multiply_block<2>(a, a_width, b, b_width, depth, fetch, store);
    case 3:
      return multiply_block<3>(a, a_width, b, b_width, depth, fetch, store);
    default:
      return multiply_block<kVectors>(a, a_width, b, b_width, depth, fetch, store);
  }
}

// GCC takes a function that does nothing but fetch for one without effect, and its calls away, unless it is inlined.
#define LACUNA_FETCHES __attribute__((always_inline))

// Have `count` numbers in a row fetched that are read, or written, soon.
HWY_INLINE void fetch_to_read(const float* p, int64_t count) {
  for (int64_t j = 0; j < count + 15; j += 16) __builtin_prefetch(p + std::min(j, count - 1), 0, 2);
}
HWY_INLINE void fetch_to_write(const float* p, int64_t count) {
  for (int64_t j = 0; j < count + 15; j += 16) __builtin_prefetch(p + std::min(j, count - 1), 1, 2);
}

// A rectangle of a product: columns [a_begin, a_end) of a, a_begin a multiple of kRows, by panels [b_begin, b_end) of
// b.
struct Tile {
  int64_t a_begin, a_end, b_begin, b_end;
};

// The part of b that a tile comes to next, fetched share by share with the columns of a.
class Ahead {
 public:
  // While panel p at depth k is worked off.
  Ahead(const Panels& b, const Tile& tile, int64_t k, int64_t p, int64_t depth) : first_(tile.a_begin) {
    if (++p == tile.b_end) p = tile.b_begin, k += kDepth;
    if (k >= depth) return;
    next_ = b.at(k, p);
    const int64_t numbers = std::min(kDepth, depth - k) * b.width(p), columns = tile.a_end - tile.a_begin;
    share_ = (numbers / columns + 15) / 16 * 16;
    end_ = next_ + numbers;
  }
  HWY_INLINE void fetch(int64_t column) const {
    const float* from = next_ + (column - first_) * share_;
    for (const float* const to = std::min(end_, from + share_); from < to; from += 16) __builtin_prefetch(from, 0, 2);
  }

 private:
  const float *next_ = nullptr, *end_ = nullptr;
  int64_t first_, share_ = 0;
};

// c = a^T b, or c += a^T b where `add` is set, on and below the diagonal of a tile: whole register blocks, so a little
// above it and beyond a_end too.
inline void multiply_lower(const Panels& a, const Panels& b, int64_t depth, const Tile& tile, const Panels& c,
                           bool add) {
  const Floats f;
  for (int64_t k = 0; k < depth; k += kDepth) {
    const int64_t count = std::min(kDepth, depth - k);
    for (int64_t p = tile.b_begin; p < tile.b_end; ++p) {
      const int64_t width = b.width(p);
      const Ahead ahead(b, tile, k, p, depth);
      for (int64_t i = std::max(tile.a_begin, p * kPanel); i < tile.a_end; i += kRows) {
        const int64_t used = std::min(width, (i + kRows - p * kPanel + kLanes - 1) / kLanes * kLanes),
                      from = i / kPanel;
        float* const out = c.at(i, p);
        multiply_block(
            used / kLanes, a.at(k, from) + i % kPanel, a.width(from), b.at(k, p), width, count,
            [&](int64_t r) LACUNA_FETCHES {
              fetch_to_write(out + r * width, used);
              ahead.fetch(i + r);
            },
            [&](int r, int v, hn::Vec<Floats> sum) {
              float* const to = out + r * width + v * kLanes;
              hn::Store(add || k > 0 ? hn::Add(hn::Load(f, to), sum) : sum, f, to);
            });
      }
    }
  }
}

// finish(i, p, v, sum) for every row i and vector v of a panel p in a tile of a^T b, block by block, and some rows
// beyond a_end, some time after fetch(i, p). partial: a_end - a_begin rows, rounded up to kRows, of the tile's panels.
template <class Fetch, class Finish>
void multiply(const Panels& a, const Panels& b, int64_t depth, const Tile& tile, const Panels& partial, Fetch&& fetch,
              Finish&& finish) {
  const Floats f;
  for (int64_t k = 0; k < depth; k += kDepth) {
    const int64_t count = std::min(kDepth, depth - k);
    const bool first = k == 0, last = k + count == depth;
    for (int64_t p = tile.b_begin; p < tile.b_end; ++p) {
      const int64_t width = b.width(p);
      const Ahead ahead(b, tile, k, p, depth);
      for (int64_t i = tile.a_begin; i < tile.a_end; i += kRows) {
        const int64_t from = i / kPanel;
        float* const sums = partial.panel(p - tile.b_begin) + (i - tile.a_begin) * width;
        const auto block = [&](auto&& fetch_row, auto&& store) LACUNA_FETCHES {
          multiply_block(width / kLanes, a.at(k, from) + i % kPanel, a.width(from), b.at(k, p), width, count, fetch_row,
                         store);
        };
        if (last) {
          block(
              [&](int64_t r) LACUNA_FETCHES {
                fetch(i + r, p);
                ahead.fetch(i + r);
              },
              [&](int r, int v, hn::Vec<Floats> sum) {
                finish(i + r, p, v, first ? sum : hn::Add(hn::Load(f, sums + r * width + v * kLanes), sum));
              });
        } else {
          block([&](int64_t r) LACUNA_FETCHES { ahead.fetch(i + r); },
                [&](int r, int v, hn::Vec<Floats> sum) {
                  float* const to = sums + r * width + v * kLanes;
                  hn::Store(first ? sum : hn::Add(hn::Load(f, to), sum), f, to);
                });
        }
      }
    }
  }
}

// to[j * to_ld + i] = from[i * from_ld + j] - shift[j] for i < rows, j < cols; shift NULL is 0.
inline void transpose(const float* from, int64_t from_ld, int64_t rows, int64_t cols, const float* shift, float* to,
                      int64_t to_ld) {
  int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::FixedTag<float, 4> f;
  for (; i + 4 <= rows; i += 4) {
    const float* const row = from + i * from_ld;
    int64_t j = 0;
    for (; j + 4 <= cols; j += 4) {
      const auto mean = shift ? hn::LoadU(f, shift + j) : hn::Zero(f);
      const auto a = hn::Sub(hn::LoadU(f, row + j), mean), b = hn::Sub(hn::LoadU(f, row + from_ld + j), mean);
      const auto c = hn::Sub(hn::LoadU(f, row + 2 * from_ld + j), mean);
      const auto d = hn::Sub(hn::LoadU(f, row + 3 * from_ld + j), mean);
      const auto ac0 = hn::InterleaveLower(f, a, c), ac1 = hn::InterleaveUpper(f, a, c);
      const auto bd0 = hn::InterleaveLower(f, b, d), bd1 = hn::InterleaveUpper(f, b, d);
      float* const out = to + j * to_ld + i;
      hn::StoreU(hn::InterleaveLower(f, ac0, bd0), f, out);
      hn::StoreU(hn::InterleaveUpper(f, ac0, bd0), f, out + to_ld);
      hn::StoreU(hn::InterleaveLower(f, ac1, bd1), f, out + 2 * to_ld);
      hn::StoreU(hn::InterleaveUpper(f, ac1, bd1), f, out + 3 * to_ld);
    }
    for (; j < cols; ++j) {
      for (int64_t r = 0; r < 4; ++r) to[j * to_ld + i + r] = row[r * from_ld + j] - (shift ? shift[j] : 0.0f);
    }
  }
#endif
  for (; i < rows; ++i) {
    for (int64_t j = 0; j < cols; ++j) to[j * to_ld + i] = from[i * from_ld + j] - (shift ? shift[j] : 0.0f);
  }
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
