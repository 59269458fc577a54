// out[p,s] = A M^T or A M for a few rows A[p,s] and a square M[s,s] that is much larger: one walk over M, which may
// carry out a waiting update M -= u^T u before it uses a row, or another one behind itself. For the tier being
// compiled.
//
// M is the side that is broadcast: A lies transposed, [s, p] in groups of up to kMaxVectors vectors, and a tile of R
// rows of M (of columns, for A M) times a group keeps its sums, out^T, in registers. So rows of M are used where they
// lie, without a copy; columns are copied kColumns at a time first, since a line of each row would fall into the same
// sets of the cache. Rows of A that do not fill a vector, if they are half a vector or less, become dot products
// instead of padding. While a tile is computed, the next rows are prefetched.
//
// 2 p s^2 flops, 4 s^2 bytes of M (8 s^2 with an update); A^T comes from the second-level cache. M is cut into chunks
// of rows (columns) by s alone and sums run over k in order: the bits do not depend on the thread count.
//
// Two threads, Zen 4 (233 GFLOP/s), p = 101, s = 2,048 | p = 64, s = 4,096, in GFLOP/s:
//   oneDNN in column blocks, A M                       176 | 184
//   oneDNN, A M^T                                      157 | 142
//   this, A M^T, A and out transposed float by float   196 | 206
//   ... transposed by shuffles                         199 | 207 (p = 101, s = 768: 181 to 205)
//   this, A M (Potter's time less the other product)   173 | 163
//   ... parts of 512 rows, copies prefetched           185 | 181
// The tiles run at 99 % of the machine's peak. Of the rest, waiting for M is 7 %, dot products 6 %, transposing 3 %.
// Prefetching two rows ahead while an update is carried out gains 1.5 %; parts of 512 instead of 1,024 numbers made no
// difference to A M^T.
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

// Registers bound the tile: 32 of them with AVX-512, 16 without.
constexpr bool kManyRegisters = HWY_TARGET == HWY_AVX3;
constexpr int kMaxVectors = kManyRegisters ? 6 : 3;
template <int N>
constexpr int kTileRows = kManyRegisters ? (N == 1 ? 12 : 24 / N) : (N == 1 ? 8 : 12 / N);

// How many vectors of A's rows the next group takes of those that are left.
inline int64_t rls_group(int64_t vectors) {
  if (vectors >= kMaxVectors) return kMaxVectors;
  return vectors == 5 ? 3 : vectors;
}

// A[p,s]: the rows of x, then those of r.
struct RlsLeft {
  const RlsStep& step;
  const float* row(int64_t i) const { return i < step.m ? step.x + i * step.ld_x : step.r + (i - step.m) * step.ld_r; }
};

// to[j - begin][i] = from(i)[j] for i in [0, rows), j in [begin, end): four by four, by the shuffles that stay within
// 128 bits.
template <class From>
void rls_transpose(int64_t rows, int64_t begin, int64_t end, const From& from, float* to, int64_t ld_to) {
  constexpr int64_t kBlock = 64;  // columns whose results stay in the first-level cache
  for (int64_t first = begin; first < end; first += kBlock) {
    const int64_t last = std::min(end, first + kBlock);
    int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR
    const hn::Full128<float> d;
    const hn::Repartition<double, decltype(d)> pairs;
    for (; i + 4 <= rows; i += 4) {
      const float *const p = from(i), *const q = from(i + 1), *const u = from(i + 2), *const v = from(i + 3);
      int64_t j = first;
      for (; j + 4 <= last; j += 4) {
        const auto a = hn::LoadU(d, p + j), b = hn::LoadU(d, q + j), c = hn::LoadU(d, u + j), e = hn::LoadU(d, v + j);
        const auto ab = hn::BitCast(pairs, hn::InterleaveLower(d, a, b));
        const auto ce = hn::BitCast(pairs, hn::InterleaveLower(d, c, e));
        const auto ab2 = hn::BitCast(pairs, hn::InterleaveUpper(d, a, b));
        const auto ce2 = hn::BitCast(pairs, hn::InterleaveUpper(d, c, e));
        float* const at = to + (j - begin) * ld_to + i;
        hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, ab, ce)), d, at);
        hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, ab, ce)), d, at + ld_to);
        hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, ab2, ce2)), d, at + 2 * ld_to);
        hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, ab2, ce2)), d, at + 3 * ld_to);
      }
      for (; j < last; ++j) {
        float* const at = to + (j - begin) * ld_to + i;
        at[0] = p[j], at[1] = q[j], at[2] = u[j], at[3] = v[j];
      }
    }
#endif
    for (; i < rows; ++i) {
      const float* const p = from(i);
      for (int64_t j = first; j < last; ++j) to[(j - begin) * ld_to + i] = p[j];
    }
  }
}

// What a tile prefetches.
struct RlsAhead {
  const float* next;  // the same place of the rows that come next, or nullptr
  int64_t ld;
};

// sums[R, N vectors] (+)= M[R, depth] at[depth, N vectors]. kRows: rows of M lie ld apart; else its columns do not.
template <int R, int N, bool kRows>
HWY_INLINE void rls_tile(const float* m, int64_t ld, const float* at, int64_t depth, bool first, float* sums,
                         RlsAhead ahead) {
  const Floats d;
  const int64_t width = static_cast<int64_t>(hn::Lanes(d));
  hn::Vec<Floats> acc[R][N];
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i) {
#pragma GCC unroll 8
    for (int n = 0; n < N; ++n) acc[i][n] = first ? hn::Zero(d) : hn::LoadU(d, sums + (i * N + n) * width);
  }
  const auto body = [&](int64_t k) HWY_ATTR {
    hn::Vec<Floats> b[N];
#pragma GCC unroll 8
    for (int n = 0; n < N; ++n) b[n] = hn::LoadU(d, at + (k * N + n) * width);
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i) {
      const auto a = hn::Set(d, kRows ? m[i * ld + k] : m[k * ld + i]);
#pragma GCC unroll 8
      for (int n = 0; n < N; ++n) acc[i][n] = hn::MulAdd(a, b[n], acc[i][n]);
    }
  };
  int64_t k = 0;
  for (; k + 16 <= depth; k += 16) {
    if (ahead.next) {
      for (int i = 0; i < (kRows ? R : 16); ++i)
        __builtin_prefetch(ahead.next + (kRows ? i * ahead.ld + k : (k + i) * ahead.ld), 0, 2);
    }
    for (int64_t i = k; i < k + 16; ++i) body(i);
  }
  for (; k < depth; ++k) body(k);
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i) {
#pragma GCC unroll 8
    for (int n = 0; n < N; ++n) hn::StoreU(acc[i][n], d, sums + (i * N + n) * width);
  }
}

// The tiles of `rows` rows of M with one group.
template <int N, bool kRows>
void rls_tiles(const float* m, int64_t ld, int64_t rows, const float* at, int64_t depth, bool first, float* sums,
               RlsAhead ahead) {
  constexpr int R = kTileRows<N>;
  const int64_t row_size = N * static_cast<int64_t>(hn::Lanes(Floats()));
  int64_t i = 0;
  int64_t line = 0;
  for (; i + R <= rows; i += R, line += 16) {
    RlsAhead own = ahead;
    if (ahead.next) {
      if (kRows) {
        own.next += i * ahead.ld;
      } else {
        own.next = line < RlsProductCut::kColumns ? ahead.next + line : nullptr;
      }
    }
    rls_tile<R, N, kRows>(m + (kRows ? i * ld : i), ld, at, depth, first, sums + i * row_size, own);
  }
  for (; i < rows; ++i)
    rls_tile<1, N, kRows>(m + (kRows ? i * ld : i), ld, at, depth, first, sums + i * row_size, {nullptr, 0});
}

template <bool kRows>
void rls_tiles(int64_t vectors, const float* m, int64_t ld, int64_t rows, const float* at, int64_t depth, bool first,
               float* sums, RlsAhead ahead) {
  const auto tiles = [&](auto n) { rls_tiles<n, kRows>(m, ld, rows, at, depth, first, sums, ahead); };
  switch (vectors) {
    case 1:
      return tiles(std::integral_constant<int, 1>());
    case 2:
      return tiles(std::integral_constant<int, 2>());
    case 3:
      return tiles(std::integral_constant<int, 3>());
    case 4:
      return tiles(std::integral_constant<int, std::min(4, kMaxVectors)>());
    default:
      return tiles(std::integral_constant<int, kMaxVectors>());
  }
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
  constexpr int R = kManyRegisters ? 4 : 2;
  int64_t i = 0;
  for (; i + R <= rows; i += R) rls_dots<R, D>(m + i * ld, ld, begin, end, left, row, out + i, ld_out);
  for (; i < rows; ++i) rls_dots<1, D>(m + i * ld, ld, begin, end, left, row, out + i, ld_out);
}

// out[D rows][cols] (+)= A[D rows, begin to end) panel[end - begin, cols], the panel's rows kColumns apart.
template <int D>
void rls_spread(const float* panel, int64_t cols, int64_t begin, int64_t end, const RlsLeft& left, int64_t row,
                float* out, int64_t ld_out) {
  const Floats d;
  const float* a[D];
#pragma GCC unroll 4
  for (int n = 0; n < D; ++n) a[n] = left.row(row + n);
  for_vectors(d, 0, cols, [&](int64_t j, auto lanes) {
    hn::Vec<Floats> acc[D];
#pragma GCC unroll 4
    for (int n = 0; n < D; ++n) acc[n] = begin == 0 ? hn::Zero(d) : load(d, out + n * ld_out + j, lanes);
    for (int64_t k = begin; k < end; ++k) {
      const auto v = load(d, panel + (k - begin) * RlsProductCut::kColumns + j, lanes);
#pragma GCC unroll 4
      for (int n = 0; n < D; ++n) acc[n] = hn::MulAdd(hn::Set(d, a[n][k]), v, acc[n]);
    }
#pragma GCC unroll 4
    for (int n = 0; n < D; ++n) store(d, acc[n], out + n * ld_out + j, lanes);
  });
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

// What a plain product does besides: nothing.
struct RlsNoUpdate {
  static constexpr int64_t kDotted = 0;
  void operator()(int64_t, int64_t) const {}
};

// out[p,s] = [x; r] M^T (kRows) or [x; r] M. waiting: M -= waiting^T waiting first, or nullptr (kRows only). Where rows
// [begin, end) of M have been read for the last time, update(begin, end) may change them (kRows only); by then the last
// Update::kDotted rows of out are complete there.
template <bool kRows, class Update = RlsNoUpdate>
void rls_product(CpuContext& ctx, const RlsStep& step, const RlsProductCut& cut, float* m, int64_t ld,
                 const float* waiting, float* out, const Update& update = {}) {
  const Floats d;
  const int64_t s = step.s, p = step.m + step.b, width = static_cast<int64_t>(hn::Lanes(d));
  const int64_t free = p - Update::kDotted, vectors = free / width + (free % width > width / 2);
  const int64_t dotted = std::min(free, vectors * width);  // the first row that fills no vector
  float* const at = rls_part<float>(step, cut.at);
  float* const sums = rls_part<float>(step, cut.sums);
  const RlsLeft left{step};

  // body(first row, vectors) for every group. at[group][s, rows of the group], sums the same.
  const auto groups = [&](auto body) {
    for (int64_t v = 0; v < vectors; v += rls_group(vectors - v)) body(v * width, rls_group(vectors - v));
  };
  parallel_ranges(ctx, s, p, [&](int64_t begin, int64_t end) {
    groups([&](int64_t row, int64_t n) {
      const int64_t ld_to = n * width, rows = std::min(ld_to, dotted - row);
      float* const to = at + row * s + begin * ld_to;
      rls_transpose(
          rows, begin, end, [&](int64_t i) { return left.row(row + i); }, to, ld_to);
      for (int64_t j = 0; rows < ld_to && j < end - begin; ++j) std::fill_n(to + j * ld_to + rows, ld_to - rows, 0.0f);
    });
  });

  ctx.parallel_for(cut.chunks, [&](int64_t chunk, int worker) {
    const int64_t begin = chunk * cut.rows, end = std::min(s, begin + cut.rows);
    for (int64_t k = 0; k < s; k += cut.depth) {
      const int64_t depth = std::min(cut.depth, s - k);
      RlsAhead ahead{nullptr, ld};
      if constexpr (kRows) {
        for (int64_t i = begin; i < end; i += RlsProductCut::kRowBlock) {
          const int64_t rows = std::min(RlsProductCut::kRowBlock, end - i);
          float* const block = m + i * ld;
          for (int64_t j = 0; j < rows; j += 4) {
            const int64_t few = std::min<int64_t>(4, rows - j);
            if (waiting) rls_settle(block + j * ld, ld, waiting + i + j, few, k, k + depth, waiting);
            rls_by_fours(dotted, p, [&](int64_t row, auto n) {
              rls_dots<n>(block + j * ld, ld, few, k, k + depth, left, row, out + row * s + i + j, s);
            });
          }
          if (i + rows < end) {
            ahead.next = block + rows * ld + k;
          } else {
            ahead.next = k + depth < s ? m + begin * ld + k + depth : nullptr;
          }
          groups([&](int64_t row, int64_t n) {
            rls_tiles<true>(n, block + k, ld, rows, at + row * s + k * n * width, depth, k == 0,
                            sums + row * s + i * n * width, ahead);
            ahead.next = nullptr;
          });
        }
      } else {
        constexpr int64_t kColumns = RlsProductCut::kColumns;
        float* const panel = rls_part<float>(step, cut.panels) + worker * cut.depth * kColumns;
        for (int64_t i = 0; i < depth; ++i) {
          for_vectors(d, 0, end - begin, [&](int64_t j, auto lanes) {
            __builtin_prefetch(m + (k + i + 16) * ld + begin + j, 0, 3);
            store(d, load(d, m + (k + i) * ld + begin + j, lanes), panel + i * kColumns + j, lanes);
          });
        }
        rls_by_fours(dotted, p, [&](int64_t row, auto n) {
          rls_spread<n>(panel, end - begin, k, k + depth, left, row, out + row * s + begin, s);
        });
        if (k + depth < s) ahead.next = m + (k + depth) * ld + begin;
        groups([&](int64_t row, int64_t n) {
          rls_tiles<false>(n, panel, kColumns, end - begin, at + row * s + k * n * width, depth, k == 0,
                           sums + row * s + begin * n * width, ahead);
          ahead.next = nullptr;
        });
      }
    }
    update(begin, end);
  });

  parallel_ranges(ctx, s, p, [&](int64_t begin, int64_t end) {
    groups([&](int64_t row, int64_t n) {
      const int64_t ld_from = n * width;
      rls_transpose(
          end - begin, 0, std::min(ld_from, dotted - row),
          [&](int64_t i) { return sums + row * s + (begin + i) * ld_from; }, out + row * s + begin, s);
    });
  });
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
