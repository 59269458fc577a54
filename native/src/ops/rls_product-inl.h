// out[p,s] = A M^T or A M for a few rows A[p,s] and a square M[s,s] that is much larger: one walk over M, which may
// carry out a waiting update M -= u^T u before it uses a row, or another one behind itself. For the tier being
// compiled.
//
// A block of 64 columns of M (rows, for A M^T) at a time passes through panels of up to 512 numbers deep: a panel holds
// them in the order in which tiles use them, stays in the second-level cache, and serves all rows of A. A lies
// transposed in groups of up to six rows, equally many as far as that goes, so that no row is padded; a tile is a group
// times the width of a panel, its sums in registers. The next panel is made while the tiles of this one are computed,
// a little every few steps in k, since no core looks far enough ahead to do so by itself: waiting for M, carrying out
// the update and copying or transposing hide behind arithmetic. The first panel of a block cannot hide, so it is short
// and the next ones double. With few rows in A nothing can: panels stay short and are read from the first-level cache.
//
// 2 p s^2 flops, 4 s^2 bytes of M (8 s^2 with an update). M is cut into blocks by s alone and sums run over k in order:
// the bits depend neither on the thread count nor on how deep the panels are.
//
// Two threads, Zen 4, plain update and projection, p = 102, s = 2,048 | p = 65, s = 4,096, ratio to the form before
// (M broadcast from where it lies, A^T and sums as vectors, remaining rows of A as dot products):
//   panels of columns made beside the tiles, rows of A where they lie     1.04 | 1.00
//   A packed in groups, sums of a block together                          1.05 | 1.04
//   first panel of 64 instead of 128, then doubling; one pass at the end  1.08 | 1.06
// Each of these against the same version without it:
//   blocks of 128 columns and panels of 256                               0.93 | 0.93
//   panels of 1,024 instead of 512                                        0.96 | 0.98
//   no prefetching of M, of which each row gives 256 bytes                0.88 | 0.79
//   matrices in huge pages                                                1.02 | 1.00
// With up to 12 rows in A a symmetric M is read as it lies, for dot products: 3.5 times as fast as through panels with
// one row and one class at s = 2,048, 1.6 times with ten.
//
// The tile alone runs at 116.4 of one thread's 116.7 GFLOP/s. Second line of the table, walk over M alone: 4.25 and
// 10.7 ms, of which the FMAs need 3.7 and 9.4 (87 %). With panels that are never filled, it takes 3.95 and 10.2. Per
// thread the first panels were 0.07 and 0.13 ms, what the tiles had not hidden of the second one 0 and 0.15; one thread
// waited for the other for some 0.1 and 0.2.
#if defined(LACUNA_SRC_OPS_RLS_PRODUCT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_RLS_PRODUCT_INL_H
#undef LACUNA_SRC_OPS_RLS_PRODUCT_INL_H
#else
#define LACUNA_SRC_OPS_RLS_PRODUCT_INL_H
#endif

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "cpu/cpu_context.h"
#include "hwy/highway.h"
#include "ops/lanes-inl.h"
#include "ops/partition.h"
#include "ops/rls.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

// A tile is kRlsTileRows rows of A by kRlsTileVectors vectors of M's columns: 24 of 32 registers with AVX-512, 12 of 16
// without.
constexpr int kRlsTileRows = 6;
constexpr int kRlsTileVectors = HWY_TARGET == HWY_AVX3 ? 4 : 2;
constexpr int64_t kRlsTogether = 4;    // steps in k between two looks at what is to be fed
constexpr int64_t kRlsNarrow = 12;     // rows of A up to which reading M is most of the work
constexpr int64_t kRlsManyGroups = 6;  // of A's rows, whose products are long enough to hide how a panel is made

// A[p,s]: the rows of x, then those of r.
struct RlsLeft {
  const RlsStep& step;
  const float* row(int64_t i) const { return i < step.m ? step.x + i * step.ld_x : step.r + (i - step.m) * step.ld_r; }
};

inline int64_t rls_tile_width() { return kRlsTileVectors * static_cast<int64_t>(hn::Lanes(Floats())); }

#if HWY_TARGET != HWY_SCALAR
// to[4 rows, ld_to apart][4] = [p; q; u; v]^T, by the shuffles that stay within 128 bits.
HWY_INLINE void rls_transpose_four(const float* p, const float* q, const float* u, const float* v, float* to,
                                   int64_t ld_to) {
  const hn::Full128<float> d;
  const hn::Repartition<double, decltype(d)> pairs;
  const auto a = hn::LoadU(d, p), b = hn::LoadU(d, q), c = hn::LoadU(d, u), e = hn::LoadU(d, v);
  const auto ab = hn::BitCast(pairs, hn::InterleaveLower(d, a, b)),
             ce = hn::BitCast(pairs, hn::InterleaveLower(d, c, e));
  const auto ab2 = hn::BitCast(pairs, hn::InterleaveUpper(d, a, b)),
             ce2 = hn::BitCast(pairs, hn::InterleaveUpper(d, c, e));
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, ab, ce)), d, to);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, ab, ce)), d, to + ld_to);
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, ab2, ce2)), d, to + 2 * ld_to);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, ab2, ce2)), d, to + 3 * ld_to);
}
#endif

// Columns [begin, begin + columns) of M, or those rows, on their way into a panel.
template <bool kRows>
struct RlsFeed {
  static constexpr int64_t kWhole = RlsProductCut::kColumns;

  float* m;  // M[0, begin], or M[begin, 0] for rows
  int64_t ld;
  const float* waiting;  // u, or nullptr
  int64_t begin, columns;
  int64_t ahead;  // rows between what is copied and what is prefetched

  float* panel = nullptr;
  int64_t first = 0, depth = 0;  // the panel holds k in [first, first + depth)
  int64_t done = 0, steps = 0;   // of the current panel
  int64_t every = 0, countdown = 0;

  // Starts on a panel, to be spread over `looks` looks.
  void start(float* to, int64_t from, int64_t end, int64_t looks) {
    panel = to;
    first = from;
    depth = end - from;
    done = 0;
    steps = 0;
    if (kRows) {
      steps = depth / 4 * (columns / 8);
    } else if (columns == kWhole) {
      steps = depth;
    }
    every = countdown = std::max<int64_t>(1, looks / std::max<int64_t>(steps, 1));
  }

  HWY_INLINE void look() {
    if (done == steps || --countdown != 0) return;
    countdown = every;
    step(done++);
  }

  // What is left of the panel.
  void finish() {
    for (; done < steps; ++done) step(done);
    if constexpr (kRows) {
      transpose_plainly(0, columns / 8 * 8);
      transpose_plainly(depth / 4 * 4, 0);
    } else {
      if (columns != kWhole) copy_plainly();
    }
  }

 private:
  float* at(int64_t k, int64_t column) const {
    const int64_t width = rls_tile_width();
    return panel + column / width * width * depth + k * width + column % width;
  }

  HWY_INLINE void step(int64_t i) const {
    if constexpr (kRows) {
      step_of_rows(i);
    } else {
      step_of_columns(i);
    }
  }

  // One row of a block of columns.
  HWY_INLINE void step_of_columns(int64_t k) const {
    const Floats d;
    const int64_t width = static_cast<int64_t>(hn::Lanes(d)), tile = rls_tile_width();
    float* const from = m + (first + k) * ld;
    float* to = panel + k * tile;
    const float* const soon = from + ahead * ld;
    if (waiting) {
      const auto u = hn::Set(d, waiting[first + k]);
      for (int64_t line = 0; line < kWhole; line += 16) __builtin_prefetch(soon + line, 1, 3);
      for (int64_t j = 0; j < kWhole; j += tile, to += tile * depth) {
#pragma GCC unroll 4
        for (int n = 0; n < kRlsTileVectors; ++n) {
          const int64_t column = j + n * width;
          const auto v = hn::NegMulAdd(u, hn::LoadU(d, waiting + begin + column), hn::LoadU(d, from + column));
          hn::StoreU(v, d, from + column);
          hn::StoreU(v, d, to + n * width);
        }
      }
    } else {
      for (int64_t line = 0; line < kWhole; line += 16) __builtin_prefetch(soon + line, 0, 3);
      for (int64_t j = 0; j < kWhole; j += tile, to += tile * depth) {
#pragma GCC unroll 4
        for (int n = 0; n < kRlsTileVectors; ++n) hn::StoreU(hn::LoadU(d, from + j + n * width), d, to + n * width);
      }
    }
  }

  // Four columns of eight rows.
  HWY_INLINE void step_of_rows(int64_t i) const {
    const int64_t eights = columns / 8, k = i / eights * 4, row = i % eights * 8;
    const float* const from = m + row * ld + first + k;
#if HWY_TARGET == HWY_SCALAR
    for (int64_t j = 0; j < 8; ++j) {
      for (int64_t n = 0; n < 4; ++n) *at(k + n, row + j) = from[j * ld + n];
    }
#else
    float* const to = at(k, row);
    const int64_t ahead = k / 4 % 4 * 2;
    __builtin_prefetch(from + ahead * ld + 32, 0, 3);
    __builtin_prefetch(from + (ahead + 1) * ld + 32, 0, 3);
    rls_transpose_four(from, from + ld, from + 2 * ld, from + 3 * ld, to, rls_tile_width());
    rls_transpose_four(from + 4 * ld, from + 5 * ld, from + 6 * ld, from + 7 * ld, to + 4, rls_tile_width());
#endif
  }

  // A narrow last block; the columns that it lacks are 0.
  void copy_plainly() const {
    const Floats d;
    const int64_t width = static_cast<int64_t>(hn::Lanes(d));
    for (int64_t k = 0; k < depth; ++k) {
      float* const from = m + (first + k) * ld;
      const auto u = hn::Set(d, waiting ? waiting[first + k] : 0.0f);
      for (int64_t j = 0; j < kWhole; j += width) hn::StoreU(hn::Zero(d), d, at(k, j));
      for_vectors(d, 0, columns, [&](int64_t j, auto lanes) {
        auto v = load(d, from + j, lanes);
        if (waiting) {
          v = hn::NegMulAdd(u, load(d, waiting + begin + j, lanes), v);
          store(d, v, from + j, lanes);
        }
        hn::StoreU(v, d, at(k, j));
      });
    }
  }

  // k from `from` on, rows from `row` on; rows that the block lacks are 0.
  void transpose_plainly(int64_t from, int64_t row) const {
    for (int64_t k = from; k < depth; ++k) {
      for (int64_t j = row; j < kWhole; ++j) *at(k, j) = j < columns ? m[j * ld + first + k] : 0;
    }
  }
};

// sums[R, N vectors] (+)= a[depth, R]^T panel[depth, N vectors of a tile]; looks at the feed on its way.
template <int R, int N, class Feed>
HWY_INLINE void rls_tile(const float* a, const float* panel, int64_t depth, bool first, float* sums, Feed& feed) {
  constexpr int64_t ld = RlsProductCut::kColumns;
  const Floats d;
  const int64_t width = static_cast<int64_t>(hn::Lanes(d));
  hn::Vec<Floats> acc[R][N];
#pragma GCC unroll 8
  for (int i = 0; i < R; ++i) {
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) acc[i][n] = first ? hn::Zero(d) : hn::LoadU(d, sums + i * ld + n * width);
  }
  const auto multiply = [&](int64_t k) HWY_ATTR {
    hn::Vec<Floats> b[N];
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) b[n] = hn::LoadU(d, panel + (k * kRlsTileVectors + n) * width);
#pragma GCC unroll 8
    for (int i = 0; i < R; ++i) {
      const auto x = hn::Set(d, a[k * R + i]);
#pragma GCC unroll 4
      for (int n = 0; n < N; ++n) acc[i][n] = hn::MulAdd(x, b[n], acc[i][n]);
    }
  };
  int64_t k = 0;
  for (; k + kRlsTogether <= depth; k += kRlsTogether) {
    feed.look();
#pragma GCC unroll 4
    for (int64_t i = 0; i < kRlsTogether; ++i) multiply(k + i);
  }
  for (; k < depth; ++k) multiply(k);
#pragma GCC unroll 8
  for (int i = 0; i < R; ++i) {
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) hn::StoreU(acc[i][n], d, sums + i * ld + n * width);
  }
}

// columns: those that the block has from this tile on, of which a narrow last block needs no whole tile.
template <class Feed>
void rls_tile(int64_t rows, int64_t columns, const float* a, const float* panel, int64_t depth, bool first, float* sums,
              Feed& feed) {
  const int64_t width = static_cast<int64_t>(hn::Lanes(Floats()));
  const auto tile = [&](auto r) {
    if (columns <= width) return rls_tile<r, 1>(a, panel, depth, first, sums, feed);
    if (columns <= 2 * width) return rls_tile<r, 2>(a, panel, depth, first, sums, feed);
    rls_tile<r, kRlsTileVectors>(a, panel, depth, first, sums, feed);
  };
  switch (rows) {
    case 1:
      return tile(std::integral_constant<int, 1>());
    case 2:
      return tile(std::integral_constant<int, 2>());
    case 3:
      return tile(std::integral_constant<int, 3>());
    case 4:
      return tile(std::integral_constant<int, 4>());
    case 5:
      return tile(std::integral_constant<int, 5>());
    default:
      return tile(std::integral_constant<int, 6>());
  }
}

// to[j - begin][i] = from(i)[j] for i in [0, rows), j in [begin, end).
template <class From>
void rls_transpose(int64_t rows, int64_t begin, int64_t end, const From& from, float* to, int64_t ld_to) {
  int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  for (; i + 4 <= rows; i += 4) {
    const float *const p = from(i), *const q = from(i + 1), *const u = from(i + 2), *const v = from(i + 3);
    int64_t j = begin;
    for (; j + 4 <= end; j += 4) rls_transpose_four(p + j, q + j, u + j, v + j, to + (j - begin) * ld_to + i, ld_to);
    for (; j < end; ++j) {
      float* const at = to + (j - begin) * ld_to + i;
      at[0] = p[j], at[1] = q[j], at[2] = u[j], at[3] = v[j];
    }
  }
#endif
  for (; i < rows; ++i) {
    const float* const p = from(i);
    for (int64_t j = begin; j < end; ++j) to[(j - begin) * ld_to + i] = p[j];
  }
}

// out[p,s] = [x; r] M^T (kRows) or [x; r] M. waiting: M -= waiting^T waiting first, or nullptr (columns only). Once
// the columns [begin, end) of out are complete, behind(begin, end) may change those rows of M (kRows only).
template <bool kRows, class Behind>
void rls_product(CpuContext& ctx, const RlsStep& step, const RlsProductCut& cut, float* m, int64_t ld,
                 const float* waiting, float* out, const Behind& behind) {
  constexpr int64_t kColumns = RlsProductCut::kColumns;
  const int64_t s = step.s, p = step.m + step.b, tile = rls_tile_width();
  const int64_t groups = (p + kRlsTileRows - 1) / kRlsTileRows, few = p / groups, more = p % groups;
  const int64_t deepest = groups < kRlsManyGroups ? RlsProductCut::kFirstDepth : RlsProductCut::kDepth;
  const int64_t ahead = groups < kRlsManyGroups ? 32 : 6;
  const RlsLeft left{step};
  float* const at = part<float>(step.workspace, cut.left);
  // body(first row, rows) for the groups of A's rows that make a tile each.
  const auto for_groups = [&](auto body) {
    for (int64_t group = 0, row = 0; group < groups; row += few + (group++ < more)) body(row, few + (group < more));
  };
  parallel_ranges(ctx, s, p, [&](int64_t begin, int64_t end) {
    for_groups([&](int64_t row, int64_t rows) {
      rls_transpose(
          rows, begin, end, [&](int64_t i) { return left.row(row + i); }, at + row * s + begin * rows, rows);
    });
  });
  ctx.parallel_for(cut.chunks, [&](int64_t chunk, int worker) {
    const int64_t begin = chunk * kColumns, columns = std::min(kColumns, s - begin);
    float* const sums = part<float>(step.workspace, cut.sums) + worker * p * kColumns;
    float* panel = part<float>(step.workspace, cut.panels) + worker * 2 * cut.panel;
    float* next = panel + cut.panel;
    RlsFeed<kRows> feed{kRows ? m + begin * ld : m + begin, ld, waiting, begin, columns, ahead};
    int64_t k = 0, end = std::min(s, RlsProductCut::kFirstDepth);
    feed.start(panel, k, end, 0);
    feed.finish();
    while (k < s) {
      const int64_t depth = end - k, after = std::min(s, end + std::min(deepest, 2 * depth));
      feed.start(next, end, after, groups * (kColumns / tile) * (depth / kRlsTogether));
      for (int64_t j = 0; j < columns; j += tile) {
        for_groups([&](int64_t row, int64_t rows) {
          rls_tile(rows, columns - j, at + row * s + k * rows, panel + j * depth, depth, k == 0,
                   sums + row * kColumns + j, feed);
        });
      }
      feed.finish();
      std::swap(panel, next);
      k = end;
      end = after;
    }
    for (int64_t i = 0; i < p; ++i) std::copy_n(sums + i * kColumns, columns, out + i * s + begin);
    behind(begin, begin + columns);
  });
}

template <bool kRows>
void rls_product(CpuContext& ctx, const RlsStep& step, const RlsProductCut& cut, float* m, int64_t ld,
                 const float* waiting, float* out) {
  rls_product<kRows>(ctx, step, cut, m, ld, waiting, out, [](int64_t, int64_t) {});
}

// out[D rows][i] (+)= the dot products of M's rows [i, i + R) with D rows of A, over [begin, end).
template <int R, int D>
HWY_INLINE void rls_dots(const float* m, int64_t ld, int64_t begin, int64_t end, const RlsLeft& left, int64_t row,
                         float* out, int64_t ld_out) {
  const Floats d;
  hn::Vec<Floats> acc[R][D];
  const float* a[D];
#pragma GCC unroll 4
  for (int n = 0; n < D; ++n) a[n] = left.row(row + n);
#pragma GCC unroll 4
  for (int i = 0; i < R; ++i) {
#pragma GCC unroll 4
    for (int n = 0; n < D; ++n) acc[i][n] = hn::Zero(d);
  }
  for_vectors(d, begin, end, [&](int64_t j, auto lanes) {
    hn::Vec<Floats> v[R];
#pragma GCC unroll 4
    for (int i = 0; i < R; ++i) v[i] = load(d, m + i * ld + j, lanes);
#pragma GCC unroll 4
    for (int n = 0; n < D; ++n) {
      const auto x = load(d, a[n] + j, lanes);
#pragma GCC unroll 4
      for (int i = 0; i < R; ++i) acc[i][n] = hn::MulAdd(v[i], x, acc[i][n]);
    }
  });
#pragma GCC unroll 4
  for (int i = 0; i < R; ++i) {
#pragma GCC unroll 4
    for (int n = 0; n < D; ++n) {
      float& to = out[n * ld_out + i];
      to = (begin == 0 ? 0.0f : to) + sum_of_lanes(d, acc[i][n]);
    }
  }
}

template <int D>
void rls_dots(const float* m, int64_t ld, int64_t rows, int64_t begin, int64_t end, const RlsLeft& left, int64_t row,
              float* out, int64_t ld_out) {
  constexpr int R = (HWY_TARGET == HWY_AVX3) ? 4 : 2;
  int64_t i = 0;
  for (; i + R <= rows; i += R) rls_dots<R, D>(m + i * ld, ld, begin, end, left, row, out + i, ld_out);
  for (; i < rows; ++i) rls_dots<1, D>(m + i * ld, ld, begin, end, left, row, out + i, ld_out);
}

// body(row, n) for the rows [begin, end), n of them at a time as a constant from 1 to 4.
template <class Body>
HWY_INLINE void rls_by_fours(int64_t begin, int64_t end, Body&& body) {
  int64_t row = begin;
  for (; row + 4 <= end; row += 4) body(row, std::integral_constant<int, 4>());
  if (end - row == 3) body(row, std::integral_constant<int, 3>());
  if (end - row == 2) body(row, std::integral_constant<int, 2>());
  if (end - row == 1) body(row, std::integral_constant<int, 1>());
}

// M[rows, begin to end) -= u_rows^T u
inline void rls_settle(float* m, int64_t ld, const float* u_rows, int64_t rows, int64_t begin, int64_t end,
                       const float* u) {
  const Floats d;
  for (int64_t i = 0; i < rows; ++i) {
    float* const p = m + i * ld;
    const auto scale = hn::Set(d, u_rows[i]);
    for_vectors(d, begin, end, [&](int64_t j, auto lanes) {
      __builtin_prefetch(p + 2 * ld + j, 1, 3);
      store(d, hn::NegMulAdd(scale, load(d, u + j, lanes), load(d, p + j, lanes)), p + j, lanes);
    });
  }
}

// out[p,s] = [x; r] M for a symmetric M and so few rows that reading M is most of the work: it is read as it lies, for
// dot products with its rows. waiting as in rls_product.
inline void rls_narrow_product(CpuContext& ctx, const RlsStep& step, const RlsProductCut& cut, float* m, int64_t ld,
                               const float* waiting, float* out) {
  const int64_t s = step.s, p = step.m + step.b;
  const RlsLeft left{step};
  ctx.parallel_for(cut.chunks, [&](int64_t chunk, int) {
    const int64_t last = std::min(s, (chunk + 1) * RlsProductCut::kColumns);
    for (int64_t i = chunk * RlsProductCut::kColumns; i < last; i += 4) {
      const int64_t few = std::min<int64_t>(4, last - i);
      for (int64_t k = 0; k < s; k += RlsProductCut::kDepth) {
        const int64_t end = std::min(s, k + RlsProductCut::kDepth);
        if (waiting) rls_settle(m + i * ld, ld, waiting + i, few, k, end, waiting);
        rls_by_fours(0, p, [&](int64_t row, auto n) {
          rls_dots<n>(m + i * ld, ld, few, k, end, left, row, out + row * s + i, s);
        });
      }
    }
  });
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
