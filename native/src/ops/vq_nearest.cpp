// Nearest code of a codebook: index[i] = argmin_j |z_i - e_j|^2, the lowest j on ties, and that distance.
//
// Search. With z and e centred by the codebook's mean, argmin_j (|e_j|^2 - 2 z.e_j) is a matrix product whose result is
// never stored. Codes lie packed in tiles of two vectors, dimension by dimension; a register block multiplies kRows
// rows of z (12 with AVX-512: 24 accumulators, 2 loads of codes and 12 broadcasts for 24 fused multiply-adds) by a tile
// over all of d. Its epilogue adds |e|^2 and keeps, for each row and lane, the best score, its code and the second
// best. kVqBlock rows go through the codebook together, so that a tile is fetched once for all of them.
//
// Exactness. A score errs by at most epsilon (|z|^2 + |e|^2), epsilon = 1.01 (d + 16) 2^-24: d roundings of the dot
// product, the rest for centring, the norm and the final sum. The part with |e|^2 is taken off the scores beforehand. A
// row's leader stands if the second best lies beyond twice the bound; otherwise every code within the bound is compared
// by its direct distance in double, the first minimum wins. So the answer is the nearest code in double whatever was
// rounded, and equal codes tie to the lowest index. Rows or codebooks whose squares overflow compare all codes.
// Distances are direct ones, in double.
//
// Partition. Tiles for packing, then blocks of kVqBlock rows in chunks of at least kWork multiply-adds. A row's result
// depends on that row and the codebook alone. Results wait in the workspace until all of z has proved finite.
//
// Cost: 2 n d k flops, 4 n d bytes of z, the codebook once per block from the second-level cache. Share of the
// machine's FMA peak (116.5 GFLOP/s a core, Zen 4: one 512-bit FMA a cycle), one thread:
//   16,384 x 256, 512 codes     39.8 ms   93 %       65,536 x 64, 1,024 codes   81.9 ms   90 %
// What was tried, 16,384 x 256, 512 codes, one thread, AVX-512:
//   sgemm into n x k scores, then argmin     47.3 ms and 32 MiB (sgemm alone 40.5)
//   fused, 1 row x 2 vectors of codes        72.6 ms    bound by loads
//          2 x 2                             54.1 ms
//          4 x 2                             40.3 ms    bound by the FMA unit from here on
//          12 x 2                            39.8 ms    chosen: leaves room where there are two such units
//   blocks of 12, 24, 96 or 192 rows         within 1 %
//   prefetch of the next block's rows        within 1 %
//   two-pass test against the second best    0.3 ms more than counting the lanes within the bound
// Where every row has to compare every code (all equal, or one code 1e5 away from the others, which the mean then
// follows) the search takes 11 times as long; 40 noisy or exact copies among 512 codes cost 5 %.
#include <atomic>
#include <cmath>
#include <limits>

#include "cpu/cpu_context.h"
#include "ops/checks.h"
#include "ops/partition.h"
#include "ops/sums.h"

#ifndef LACUNA_SRC_OPS_VQ_NEAREST_ONCE
#define LACUNA_SRC_OPS_VQ_NEAREST_ONCE
namespace lacuna {

// Rows of z that share one walk over the codebook.
constexpr int64_t kVqBlock = 48;

// Where the parts of the workspace lie.
struct VqWorkspace {
  int64_t mean, norm, lower, codes, index, distance, partial, blocks, block_floats, bytes;

  VqWorkspace(int threads, int64_t n, int64_t d, int64_t k) {
    const int64_t padded_k = round_up(k, 32), padded_d = round_up(d, 16);
    mean = take(padded_d * 4);
    norm = take(padded_k * 4);
    lower = take(padded_k * 4);
    codes = take(padded_k * d * 4);
    index = take(n * 4);
    distance = take(n * 4);
    partial = take(sums_workspace(k, d, 1, d));
    block_floats = kVqBlock * padded_d;
    blocks = take(threads * block_floats * 4);
    bytes = next_;
  }

 private:
  static int64_t round_up(int64_t x, int64_t to) { return (x + to - 1) / to * to; }
  int64_t take(int64_t size) {
    const int64_t at = next_;
    next_ += round_up(size, 64);
    return at;
  }
  int64_t next_ = 0;
};

}  // namespace lacuna
#endif

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/vq_nearest.cpp"
#include "cpu/tiers.h"

#include "ops/lanes-inl.h"
#include "ops/sums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

using Vector = hn::Vec<Floats>;
using Ints = hn::RebindToSigned<Floats>;

// The register block: kRows rows of z by two vectors of codes.
#if HWY_TARGET == HWY_AVX3
constexpr int kRows = 12;
#elif HWY_TARGET == HWY_AVX2
constexpr int kRows = 6;
#else
constexpr int kRows = 4;
#endif
static_assert(kVqBlock % kRows == 0);

constexpr int64_t kLanes = HWY_LANES(float);
constexpr int64_t kTile = 2 * kLanes;

// |x - y|^2 in double: exact differences of floats, equal for equal codes wherever they lie.
HWY_INLINE double direct_distance(const float* x, const float* y, int64_t d) {
  const Doubles wide;
  auto a = hn::Zero(wide), b = a;
  const int64_t width = static_cast<int64_t>(hn::Lanes(wide));
  int64_t j = 0;
  for (; j + 2 * width <= d; j += 2 * width) {
    const auto u = hn::Sub(load(wide, x + j, AllLanes{}), load(wide, y + j, AllLanes{}));
    const auto v = hn::Sub(load(wide, x + j + width, AllLanes{}), load(wide, y + j + width, AllLanes{}));
    a = hn::MulAdd(u, u, a);
    b = hn::MulAdd(v, v, b);
  }
  for_vectors(wide, j, d, [&](int64_t i, auto lanes) {
    const auto u = hn::Sub(load(wide, x + i, lanes), load(wide, y + i, lanes));
    a = hn::MulAdd(u, u, a);
  });
  return sum_of_lanes(wide, hn::Add(a, b));
}

// The first row of x[rows, d] that holds NaN or infinity, rows if there is none.
int64_t first_non_finite(const float* x, int64_t ld, int64_t rows, int64_t d) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < d; ++j) {
      if (!std::isfinite(x[i * ld + j])) return i;
    }
  }
  return rows;
}

// The centred codebook, packed for the register block: tile t holds codes [t kTile, (t + 1) kTile), dimension by
// dimension.
struct Codebook {
  int64_t k, d;
  float* mean;   // [d]
  float* norm;   // |e - mean|^2, [k]
  float* lower;  // norm (1 - epsilon), infinity beyond k
  float* codes;
  float epsilon;
  float largest_norm = 0;

  int64_t tiles() const { return (k + kTile - 1) / kTile; }
  const float* tile(int64_t t) const { return codes + t * kTile * d; }

  void pack(int64_t t, const float* codebook, int64_t ld) {
    float* const to = codes + t * kTile * d;
    for (int64_t c = 0; c < kTile; ++c) {
      const int64_t code = t * kTile + c;
      if (code >= k) {
        for (int64_t j = 0; j < d; ++j) to[j * kTile + c] = 0;
        norm[code] = lower[code] = std::numeric_limits<float>::infinity();
        continue;
      }
      double square = 0;
      for (int64_t j = 0; j < d; ++j) {
        const float centred = codebook[code * ld + j] - mean[j];
        to[j * kTile + c] = centred;
        square += static_cast<double>(centred) * centred;
      }
      norm[code] = static_cast<float>(square);
      lower[code] = static_cast<float>(square * (1.0 - epsilon));
    }
  }
};

// acc[r][v] = dot products of row r with the codes of vector v of a tile. z: rows interleaved by vectors, as pack_rows
// leaves them.
template <int R>
HWY_INLINE void dot_tile(const float* z, const float* tile, int64_t d, Vector (&acc)[R][2]) {
  const Floats f;
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) acc[r][0] = acc[r][1] = hn::Zero(f);
  for (int64_t j = 0; j < d; j += kLanes, z += kRows * kLanes) {
    const int64_t count = std::min(kLanes, d - j);
    for (int64_t i = 0; i < count; ++i, tile += kTile) {
      const auto e0 = hn::Load(f, tile), e1 = hn::Load(f, tile + kLanes);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        const auto x = hn::Set(f, z[r * kLanes + i]);
        acc[r][0] = hn::MulAdd(x, e0, acc[r][0]);
        acc[r][1] = hn::MulAdd(x, e1, acc[r][1]);
      }
    }
  }
}

// What the lanes of one row have seen so far: lane l of vector v the codes l + v kLanes of every tile.
struct alignas(64) Leaders {
  float best[kLanes], second[kLanes];
  int32_t code[kLanes];

  void clear() {
    const Floats f;
    const auto none = hn::Set(f, std::numeric_limits<float>::infinity());
    hn::Store(none, f, best);
    hn::Store(none, f, second);
    hn::Store(hn::Zero(Ints()), Ints(), code);
  }

  HWY_INLINE void update(Vector s0, Vector s1, hn::Vec<Ints> codes0) {
    const Floats f;
    const Ints n;
    const auto codes1 = hn::Add(codes0, hn::Set(n, static_cast<int32_t>(kLanes)));
    const auto low = hn::Min(s0, s1), high = hn::Max(s0, s1), old = hn::Load(f, best);
    const auto low_code = hn::IfThenElse(hn::RebindMask(n, hn::Lt(s1, s0)), codes1, codes0);
    hn::Store(hn::Min(hn::Min(hn::Load(f, second), high), hn::Max(old, low)), f, second);
    hn::Store(hn::IfThenElse(hn::RebindMask(n, hn::Lt(low, old)), low_code, hn::Load(n, code)), n, code);
    hn::Store(hn::Min(old, low), f, best);
  }
};

struct Search {
  const lacuna_vq_nearest_args& args;
  const Codebook& book;
  int32_t* index;
  float* distance;

  // Centres up to kRows rows into `to`, rows interleaved by vectors, and gives their squared norms; rows beyond `count`
  // are 0.
  void pack_rows(int64_t first, int64_t count, float* to, float* norms) const {
    const Floats f;
    for (int64_t r = 0; r < kRows; ++r) {
      auto square = hn::Zero(f);
      const float* const z = r < count ? args.z + (first + r) * args.ld_z : nullptr;
      for_vectors(f, 0, args.d, [&](int64_t j, auto lanes) {
        const auto x = z ? hn::Sub(load(f, z + j, lanes), load(f, book.mean + j, lanes)) : hn::Zero(f);
        hn::Store(x, f, to + j * kRows + r * kLanes);
        square = hn::MulAdd(x, x, square);
      });
      norms[r] = sum_of_lanes(f, square);
    }
  }

  // Searches rows [first, first + count), count <= kVqBlock. Answers the first of them that is not finite, or n.
  int64_t block(int64_t first, int64_t count, float* panels) const {
    const Floats f;
    const Ints n;
    Leaders leaders[kVqBlock];
    float norms[kVqBlock];
    const int64_t groups = (count + kRows - 1) / kRows, panel = kRows * ((args.d + kLanes - 1) / kLanes * kLanes);
    for (int64_t g = 0; g < groups; ++g)
      pack_rows(first + g * kRows, count - g * kRows, panels + g * panel, norms + g * kRows);
    for (int64_t r = 0; r < groups * kRows; ++r) leaders[r].clear();
    for (int64_t t = 0; t < book.tiles(); ++t) {
      const auto lower0 = hn::Load(f, book.lower + t * kTile), lower1 = hn::Load(f, book.lower + t * kTile + kLanes);
      const auto codes = hn::Iota(n, static_cast<int32_t>(t * kTile));
      for (int64_t g = 0; g < groups; ++g) {
        Vector acc[kRows][2];
        dot_tile<kRows>(panels + g * panel, book.tile(t), args.d, acc);
        const auto minus_two = hn::Set(f, -2.0f);
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) {
          leaders[g * kRows + r].update(hn::MulAdd(minus_two, acc[r][0], lower0),
                                        hn::MulAdd(minus_two, acc[r][1], lower1), codes);
        }
      }
    }
    for (int64_t r = 0; r < count; ++r) {
      if (!std::isfinite(norms[r]) && first_non_finite(args.z + (first + r) * args.ld_z, args.ld_z, 1, args.d) == 0)
        return first + r;
      settle(first + r, leaders[r], norms[r], panels + r / kRows * panel + r % kRows * kLanes);
    }
    return args.n;
  }

  // Takes the leader of a row if no other code can be nearer, else compares those that can by their direct distances.
  void settle(int64_t row, const Leaders& leaders, float z_norm, const float* z) const {
    const Floats f;
    const auto best = hn::Load(f, leaders.best);
    const auto lowest = hn::MinOfLanes(f, best);
    const intptr_t lane = std::max<intptr_t>(hn::FindFirstTrue(f, hn::Eq(best, lowest)), 0);
    const int32_t leader = leaders.code[lane];

    constexpr float kHuge = 1e36f, kTiny = 1e-36f;  // squares overflow or lose digits beyond these
    float limit = hn::GetLane(lowest) + 2 * book.epsilon * (z_norm + book.norm[leader]) + kTiny;
    if (!(z_norm < kHuge && book.largest_norm < kHuge)) limit = std::numeric_limits<float>::infinity();
    if (leaders.second[lane] > limit && hn::CountTrue(f, hn::Gt(best, hn::Set(f, limit))) == kLanes - 1) {
      index[row] = leader;
      if (args.distance) distance[row] = static_cast<float>(direct(row, leader));
    } else {
      compare(row, z, limit);
    }
  }

  void compare(int64_t row, const float* z, float limit) const {
    const Floats f;
    const auto minus_two = hn::Set(f, -2.0f);
    double best = std::numeric_limits<double>::infinity();
    index[row] = 0;
    for (int64_t t = 0; t < book.tiles(); ++t) {
      Vector acc[1][2];
      dot_tile<1>(z, book.tile(t), args.d, acc);
      alignas(64) float score[kTile];
      hn::Store(hn::MulAdd(minus_two, acc[0][0], hn::Load(f, book.lower + t * kTile)), f, score);
      hn::Store(hn::MulAdd(minus_two, acc[0][1], hn::Load(f, book.lower + t * kTile + kLanes)), f, score + kLanes);
      const int64_t count = std::min(kTile, book.k - t * kTile);
      for (int64_t c = 0; c < count; ++c) {
        if (score[c] > limit) continue;
        const double d2 = direct(row, t * kTile + c);
        if (d2 < best) {
          best = d2;
          index[row] = static_cast<int32_t>(t * kTile + c);
        }
      }
    }
    distance[row] = static_cast<float>(best);
  }

  double direct(int64_t row, int64_t code) const {
    return direct_distance(args.z + row * args.ld_z, args.codebook + code * args.ld_codebook, args.d);
  }
};

}  // namespace

lacuna_status vq_nearest(CpuContext& ctx, const lacuna_vq_nearest_args& args) {
  if (args.k < 1 || args.k > std::numeric_limits<int32_t>::max() - kTile) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "k is %" PRId64 ", want [1, 2^31 - %" PRId64 ")", args.k, kTile);
  }
  if (args.n == 0) return LACUNA_OK;
  const VqWorkspace parts(ctx.threads(), args.n, args.d, args.k);
  char* const workspace = static_cast<char*>(args.workspace);
  const auto floats = [&](int64_t offset) { return reinterpret_cast<float*>(workspace + offset); };

  Codebook book{args.k,
                args.d,
                floats(parts.mean),
                floats(parts.norm),
                floats(parts.lower),
                floats(parts.codes),
                static_cast<float>(args.d + 16) * 0x1.03p-24f};
  std::atomic<bool> finite = true;
  sum_to(
      ctx, args.k, args.d, 1, args.d, args.ld_codebook == args.d, workspace + parts.partial,
      [&](int64_t row, int64_t col, auto lanes) {
        return load(Doubles(), args.codebook + row * args.ld_codebook + col, lanes);
      },
      [&](int64_t, int64_t col, double sum) {
        if (!std::isfinite(sum)) finite = false;
        book.mean[col] = static_cast<float>(sum / static_cast<double>(args.k));
      });
  if (!finite) {
    return ctx.fail(LACUNA_NON_FINITE, "codebook row %" PRId64 " holds NaN or infinity",
                    first_non_finite(args.codebook, args.ld_codebook, args.k, args.d));
  }
  parallel_ranges(ctx, book.tiles(), 4 * kTile * args.d, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) book.pack(t, args.codebook, args.ld_codebook);
  });
  for (int64_t code = 0; code < args.k; ++code) book.largest_norm = std::max(book.largest_norm, book.norm[code]);

  // Results wait in the workspace until every row is known to be finite.
  const Search search{args, book, reinterpret_cast<int32_t*>(workspace + parts.index), floats(parts.distance)};
  const int64_t blocks = (args.n + kVqBlock - 1) / kVqBlock;
  constexpr int64_t kWork = int64_t{1} << 20;  // multiply-adds worth a chunk: some 20 microseconds
  const int64_t per_chunk = std::max<int64_t>(1, kWork / (kVqBlock * args.k * std::max<int64_t>(args.d, 1)));
  std::atomic<int64_t> bad_row = args.n;
  ctx.parallel_for((blocks + per_chunk - 1) / per_chunk, [&](int64_t chunk, int worker) {
    for (int64_t b = chunk * per_chunk; b < std::min(blocks, (chunk + 1) * per_chunk); ++b) {
      const int64_t first = b * kVqBlock;
      const int64_t bad =
          search.block(first, std::min(kVqBlock, args.n - first), floats(parts.blocks) + worker * parts.block_floats);
      int64_t known = bad_row;
      while (bad < known && !bad_row.compare_exchange_weak(known, bad)) {
      }
    }
  });
  if (bad_row < args.n) return ctx.fail(LACUNA_NON_FINITE, "z row %" PRId64 " holds NaN or infinity", bad_row.load());
  parallel_ranges(ctx, args.n, 2, [&](int64_t begin, int64_t end) {
    std::copy(search.index + begin, search.index + end, args.index + begin);
    if (args.distance) std::copy(search.distance + begin, search.distance + end, args.distance + begin);
  });
  return LACUNA_OK;
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t vq_nearest_workspace(int threads, const lacuna_vq_nearest_args& args) {
  return args.n == 0 || args.k < 1 ? 0 : VqWorkspace(threads, args.n, args.d, args.k).bytes;
}

}  // namespace lacuna
#endif
