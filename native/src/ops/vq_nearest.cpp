// Nearest code of a codebook: index[i] = argmin_j |z_i - e_j|^2, the lowest j on ties, and that distance.
//
// Search. With z and e centred alike, argmax_j (z.e_j - |e_j|^2 / 2) is a matrix product whose result is never stored.
// Codes lie packed in tiles of two vectors, dimension by dimension; a register block multiplies kRows rows of z (12
// with AVX-512: 24 accumulators, 2 loads of codes and 12 broadcasts for 24 fused multiply-adds) by a tile over all of
// d, starting at -|e|^2 / 2. Its epilogue only asks whether a score reaches the row's limit; few do, and those codes
// are noted. kVqBlock rows go through the codebook together, so that a tile is fetched once for all of them.
//
// Exactness. A score is off by at most
//   error_j = |e_j| (epsilon |z| + |z - z'|) + |z'| |e_j - e'_j| + epsilon |e_j|^2 / 2,  epsilon = (d + 16) 2^-24,
// z' and e' being what is multiplied: z and e, or their bf16 forms, whose distances are computed and not estimated. The
// tile starts at +error_j, so scores are upper bounds; the row's limit is the largest lower bound, score - 2 error_j,
// so far. Every code that reaches the final limit is compared by its direct distance, in float if there are several,
// then in double if several are left; the first minimum wins. So the answer is the nearest code in double whatever was
// rounded. Bit-equal codes are found beforehand and only the first of them takes part; codes so long that squares might
// overflow are compared always, and such rows with all codes.
//
// FAST multiplies in bf16: the same search with wider bounds. A row with more than kMost candidates goes through the
// codebook again in float; where that happens to many, the rest is not tried in bf16 any more.
//
// Partition. Blocks of rows, in chunks of at least kWork multiply-adds. A row's result depends on that row and the
// codebook alone. Results wait in the workspace until all of z has proved finite.
//
// Cost: 2 n d k flops, 4 n d bytes of z, the codebook once per block from the second-level cache. Two threads of Zen 4
// (one 512-bit FMA a cycle: 233 GFLOP/s, twice that in bf16), share of that peak:
//                                 float            FAST
//   16,384 x 256, 512 codes       20.5 ms   90 %   11.7 ms   79 %
//   16,384 x 256, 8,192 codes      317 ms   93 %    170 ms   87 %
//   65,536 x 64, 1,024 codes      42.6 ms   87 %   25.2 ms   73 %
//   1 x 256, 512 codes            0.017 ms (packed and searched: 0.14)
// What was tried, 16,384 x 256, 512 codes, one thread, AVX-512:
//   sgemm into n x k scores, then argmin     47.3 ms and 32 MiB (sgemm alone 40.5)
//   fused, 1 row x 2 vectors of codes        72.6 ms    bound by loads
//          2 x 2                             54.1 ms
//          4 x 2                             40.3 ms    bound by the FMA unit from here on
//          12 x 2                            39.8 ms    chosen: leaves room where there are two such units
//   blocks of 12, 24, 96 or 192 rows         within 1 %
//   prefetch of the next block's rows        within 1 %
// and of the epilogue, two threads:
//   best, second best and code of each lane  20.1 ms    45 ms with 40 noisy copies of 5 popular codes, 11 times as long
//                                                       for equal codes: a close second meant comparing all
//   limits and candidates                    20.9 ms    21.9 ms with those copies, 1.4 instead of 14 ms for equal codes
//   the opening tiles looked at together     20.5 ms    of 4, 8 or 16 within 1 %; short rows gain 3 %
//   FAST: rows measured in double            12.9 ms
//         in float, words by permutation     11.7 ms
// What FAST has left to gain: packing rows takes 4 % of its time, candidates and limits 12 %.
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

// Rows of z that share one walk over the codebook, and what register blocks may be made of.
constexpr int64_t kVqBlock = 48;
constexpr int64_t kVqMostLanes = 16, kVqMostRows = 12;

// Where the parts of the workspace lie.
struct VqWorkspace {
  int64_t centre, norm, deviation, half, codes, pairs, table, hash, index, distance, sums, panels, panel_bytes, bytes;

  int64_t slots;
  bool bf16;  // below a block of rows packing a second codebook does not pay

  VqWorkspace(int threads, const lacuna_vq_nearest_args& args)
      : bf16(args.flags & LACUNA_FLAG_FAST && args.n >= kVqBlock) {
    const int64_t n = args.n, d = args.d, k = args.k;
    const int64_t padded_k = round_up(k, 2 * kVqMostLanes), padded_d = round_up(d, kVqMostLanes);
    slots = 16;
    while (slots < 2 * k) slots *= 2;
    centre = take(padded_d * 4);
    norm = take(padded_k * 4);
    deviation = take(padded_k * 4);
    half = take(padded_k * 4);
    codes = take(padded_k * d * 4);
    pairs = take(bf16 ? padded_k * ((d + 1) / 2) * 4 : 0);
    table = take(slots * 4);
    hash = take(k * 4);
    index = take(n * 4);
    distance = take(n * 4);
    sums = take(sums_workspace(k, d, 1, d));
    panel_bytes = kVqBlock * padded_d * 4;
    panels = take(threads * panel_bytes);
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

#include "ops/distance-inl.h"
#include "ops/lanes-inl.h"
#include "ops/vq_codebook-inl.h"
#include "ops/vq_nearest_bf16-inl.h"
#include "ops/vq_scores-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

constexpr int64_t kFewRows = 8;  // are compared with all codes: packing a codebook costs as much as eight of them
constexpr int kMost = 32;        // candidates of a row that are noted

static_assert(kVqBlock % kRows == 0 && kRows <= kVqMostRows && kLanes <= kVqMostLanes);

// Codes that may be a row's nearest, in ascending order.
struct Candidates {
  int count;
  bool too_many;
  int32_t best;          // of those that were compared already
  double best_distance;  // infinity: none was
  int32_t code[kMost];
  float score[kMost];

  void clear() {
    count = 0;
    too_many = false;
    best = 0;
    best_distance = std::numeric_limits<double>::infinity();
  }
  void drop_below(float limit) {
    int kept = 0;
    for (int i = 0; i < count; ++i) {
      if (score[i] >= limit) {
        code[kept] = code[i];
        score[kept++] = score[i];
      }
    }
    count = kept;
  }
};

struct Search {
  const lacuna_vq_nearest_args& args;
  const VqCodebook& book;
  int32_t* index;
  float* distance;
  std::atomic<int64_t> tried{0}, failed{0};  // rows in bf16; their ratio decides about time, never about results

  // Searches rows [first, first + count), count <= kVqBlock. Answers the first of them that is not finite, or n.
  int64_t block(int64_t first, int64_t count, void* panels) {
    int64_t rows[kVqBlock];
    int64_t left = 0;
    for (int64_t row = first; row < first + count; ++row) rows[left++] = row;
#if HWY_TARGET == HWY_AVX3
    if (book.bf16 && 3 * failed.load(std::memory_order_relaxed) <= tried.load(std::memory_order_relaxed)) {
      const int64_t bad = walk(Bf16Tiles{book}, rows, left, panels);
      if (bad < args.n || left == 0) return bad;
      tried.fetch_add(count, std::memory_order_relaxed);
      failed.fetch_add(left, std::memory_order_relaxed);
    }
#endif
    return walk(FloatTiles{book}, rows, left, panels);
  }

  // Compares a row with every code, without the packed codebook.
  void compare_all(int64_t row) {
    Candidates candidates;
    candidates.clear();
    for (int64_t code = 0; code < args.k; ++code) {
      if (candidates.count == kMost) compare(row, candidates);
      candidates.code[candidates.count++] = static_cast<int32_t>(code);
    }
    settle(row, candidates);
  }

 private:
  // Searches the rows listed; those with too many candidates in bf16 are left in the list. Answers the first that is
  // not finite, or n.
  template <class Tiles>
  int64_t walk(const Tiles& tiles, int64_t* rows, int64_t& count, void* panels) {
    Candidates candidates[kVqBlock];
    alignas(64) float limits[kVqBlock];
    Squared largest = {0, 0};
    const int64_t group_count = (count + kRows - 1) / kRows;
    const int64_t panel = kRows * ((tiles.width() + kLanes - 1) / kLanes * kLanes);
    const auto panel_of = [&](int64_t g) { return static_cast<float*>(panels) + g * panel; };
    for (int64_t g = 0; g < group_count; ++g) {
      const int64_t bad = pack(tiles, rows + g * kRows, std::min<int64_t>(kRows, count - g * kRows), panel_of(g),
                               limits + g * kRows, largest);
      if (bad < args.n) return bad;
    }
    for (int64_t i = 0; i < count; ++i) candidates[i].clear();
    Scores<Tiles> scores(tiles, book, largest);
    // Limits rise fastest at first: the opening tiles are scored without one and then looked at together.
    const int64_t opening = std::min(kOpening, book.tiles());
    for (int64_t t = 0, tile_count; t < book.tiles(); t += tile_count) {
      tile_count = t == 0 ? opening : 1;
      scores.prepare(t, tile_count);
      for (int64_t g = 0; g < group_count; ++g) {
        uint32_t hits = scores.compute(t, tile_count, panel_of(g), limits + g * kRows);
        for (; hits != 0; hits &= hits - 1) {
          const int r = __builtin_ctz(hits);
          const int64_t i = g * kRows + r;
          if (i < count) admit<Tiles>(rows[i], candidates[i], limits[i], scores, r, t, tile_count);
        }
      }
    }
    int64_t kept = 0;
    for (int64_t i = 0; i < count; ++i) {
      if (candidates[i].too_many) {
        rows[kept++] = rows[i];
      } else if (limits[i] == kInfinity) {
        compare_all(rows[i]);
      } else {
        candidates[i].drop_below(limits[i]);
        settle(rows[i], candidates[i]);
      }
    }
    count = kept;
    return args.n;
  }

  // Centres up to kRows rows into `to`, interleaved by vectors; rows beyond `count` are 0. limit: the lowest number, or
  // infinity for a row that has to be compared with all codes. Answers the first row that is not finite, or n.
  template <class Tiles>
  int64_t pack(const Tiles& tiles, const int64_t* rows, int64_t count, float* to, float* limit,
               Squared& largest) const {
    const Floats f;
    for (int64_t r = 0; r < kRows; ++r) {
      float* const place = to + r * kLanes;
      const float* const z = r < count ? args.z + rows[r] * args.ld_z : nullptr;
      Squares squares = {hn::Zero(f), hn::Zero(f)};
      if (z) squares = tiles.pack(z, place);
      const double square = sum_of_lanes(f, squares.all), lost = sum_of_lanes(f, squares.lost);
      if (!std::isfinite(square) && first_non_finite(z, args.ld_z, 1, args.d) == 0) return rows[r];
      if (z && square < static_cast<double>(kHuge) * kHuge) {
        limit[r] = std::numeric_limits<float>::lowest();
        largest.longest = std::max(largest.longest, square);
        largest.farthest = std::max(largest.farthest, lost);
      } else {
        limit[r] = kInfinity;
        for (int64_t j = 0; j < tiles.width(); j += kLanes) hn::Store(hn::Zero(f), f, place + j * kRows);
      }
    }
    return args.n;
  }

  // Raises a row's limit to the lower bounds of its scores in a few tiles and notes the codes that reach it.
  template <class Tiles>
  HWY_INLINE void admit(int64_t row, Candidates& candidates, float& limit, const Scores<Tiles>& scores, int r,
                        int64_t first, int64_t count) {
    if (candidates.too_many) return;
    limit = std::max(limit, scores.largest_lower_bound(r, count));
    for (int64_t t = 0; t < count; ++t) {
      for (uint64_t reached = scores.reaching(t, r, limit); reached != 0; reached &= reached - 1) {
        const int64_t c = __builtin_ctzll(reached);
        if (candidates.count == kMost) candidates.drop_below(limit);
        if (candidates.count == kMost) {
          if constexpr (!Tiles::kIsExact) {
            candidates.too_many = true;
            limit = kInfinity;
            return;
          }
          compare(row, candidates);
        }
        candidates.code[candidates.count] = static_cast<int32_t>((first + t) * kTile + c);
        candidates.score[candidates.count++] = scores.of(t, r)[c];
      }
    }
  }

  void settle(int64_t row, Candidates& candidates) {
    const bool alone = candidates.count == 1 && candidates.best_distance == std::numeric_limits<double>::infinity();
    if (alone && !args.distance) {
      index[row] = candidates.code[0];
      return;
    }
    compare(row, candidates);
    index[row] = candidates.best;
    distance[row] = static_cast<float>(candidates.best_distance);
  }

  // Reduces the candidates noted to the best so far, by direct distances.
  void compare(int64_t row, Candidates& candidates) {
    const float* const z = args.z + row * args.ld_z;
    const auto code = [&](int i) { return args.codebook + candidates.code[i] * args.ld_codebook; };
    if (candidates.count > 2) {
      // Each within (d + 4) 2^-24 of the direct distance, where nothing over- or underflows.
      float nearest = kInfinity;
      for (int i = 0; i < candidates.count; ++i) {
        candidates.score[i] = -squared_distance<float>(z, code(i), args.d);
        nearest = std::min(nearest, -candidates.score[i]);
      }
      if (nearest > 1e-30f && nearest < 1e36f)
        candidates.drop_below(-nearest * (1 + 3 * static_cast<float>(args.d + 8) * 0x1p-24f));
    }
    for (int i = 0; i < candidates.count; ++i) {
      const double d2 = squared_distance<double>(z, code(i), args.d);
      if (d2 < candidates.best_distance) {
        candidates.best_distance = d2;
        candidates.best = candidates.code[i];
      }
    }
    candidates.count = 0;
  }
};

}  // namespace

lacuna_status vq_nearest(CpuContext& ctx, const lacuna_vq_nearest_args& args) {
  const auto bad_codebook = [&] {
    return ctx.fail(LACUNA_NON_FINITE, "codebook row %" PRId64 " holds NaN or infinity",
                    first_non_finite(args.codebook, args.ld_codebook, args.k, args.d));
  };
  const auto bad_z = [&](int64_t row) {
    return ctx.fail(LACUNA_NON_FINITE, "z row %" PRId64 " holds NaN or infinity", row);
  };
  if (args.k < 1 || args.k > std::numeric_limits<int32_t>::max() - kTile) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "k is %" PRId64 ", want [1, 2^31 - %" PRId64 ")", args.k, kTile);
  }
  if (args.n == 0) return LACUNA_OK;
  const VqWorkspace parts(ctx.threads(), args);
  char* const workspace = static_cast<char*>(args.workspace);
  const auto floats = [&](int64_t offset) { return reinterpret_cast<float*>(workspace + offset); };
  const auto words = [&](int64_t offset) { return reinterpret_cast<uint32_t*>(workspace + offset); };
  const auto ints = [&](int64_t offset) { return reinterpret_cast<int32_t*>(workspace + offset); };

  VqCodebook book{args.codebook,
                  args.ld_codebook,
                  args.k,
                  args.d,
                  parts.bf16 && ctx.bf16(),
                  floats(parts.centre),
                  floats(parts.norm),
                  floats(parts.deviation),
                  floats(parts.half),
                  floats(parts.codes),
                  words(parts.pairs),
                  ints(parts.table),
                  parts.slots,
                  words(parts.hash)};
  // Results wait in the workspace until every row is known to be finite.
  Search search{args, book, ints(parts.index), floats(parts.distance)};
  std::atomic<int64_t> bad_row = args.n;
  if (args.n <= kFewRows) {
    if (first_non_finite(args.codebook, args.ld_codebook, args.k, args.d) < args.k) return bad_codebook();
    bad_row = first_non_finite(args.z, args.ld_z, args.n, args.d);
    if (bad_row < args.n) return bad_z(bad_row);
    parallel_ranges(ctx, args.n, args.k * args.d, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) search.compare_all(row);
    });
  } else {
    if (!book.prepare(ctx, workspace + parts.sums)) return bad_codebook();
    const int64_t blocks = (args.n + kVqBlock - 1) / kVqBlock;
    constexpr int64_t kWork = int64_t{1} << 20;  // multiply-adds worth a chunk: some 20 microseconds
    const int64_t per_chunk = std::max<int64_t>(1, kWork / (kVqBlock * args.k * std::max<int64_t>(args.d, 1)));
    ctx.parallel_for((blocks + per_chunk - 1) / per_chunk, [&](int64_t chunk, int worker) {
      for (int64_t b = chunk * per_chunk; b < std::min(blocks, (chunk + 1) * per_chunk); ++b) {
        const int64_t first = b * kVqBlock;
        const int64_t bad = search.block(first, std::min(kVqBlock, args.n - first),
                                         workspace + parts.panels + worker * parts.panel_bytes);
        int64_t known = bad_row;
        while (bad < known && !bad_row.compare_exchange_weak(known, bad)) {
        }
      }
    });
    if (bad_row < args.n) return bad_z(bad_row);
  }
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
  return args.n == 0 || args.k < 1 ? 0 : VqWorkspace(threads, args).bytes;
}

}  // namespace lacuna
#endif
