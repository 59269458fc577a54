// Nearest code of a codebook: index[i] = argmin_j |z_i - e_j|^2, the lowest j on ties, and that distance.
//
// Search. With z and e centred alike, argmax_j (z.e_j - |e_j|^2 / 2) is a matrix product whose result is never stored.
// Codes lie packed in tiles of two vectors, dimension by dimension; a register block multiplies kRows rows of z (12
// with AVX-512: 24 accumulators, 2 loads of codes and 12 broadcasts for 24 multiply-adds) by a tile over all of d. Its
// epilogue only asks whether a score reaches the row's limit; few do, and those codes are noted. kVqBlock rows go
// through the codebook together, so that a tile is fetched once for all of them.
//
// Exactness. A score is off by at most
//   error_j = |e_j| (epsilon |z| + |z - z'|) + |z'| |e_j - e'_j| + epsilon |e_j|^2 / 2,  epsilon = (d + 16) 2^-24,
// z' and e' being what is multiplied: z and e, or integers of 8 bits times steps, whose distances are computed and not
// estimated. +error_j makes scores upper bounds; the row's limit is the largest lower bound, score - 2 error_j, so far.
// Every code that reaches the final limit is compared by its direct distance, in float if there are several, then in
// double if several are left; the first minimum wins. So the answer is the nearest code in double whatever was rounded.
// Bit-equal codes are found beforehand and only the first of them takes part; codes so long that squares might overflow
// are compared always, and such rows with all codes.
//
// Forms. Where the CPU has VNNI, products are of integers: four times the multiply-adds of floats (vq_int8-inl.h).
// Rows with more than `most` candidates, a candidate costing about as much as four codes' part in the product of
// floats, are searched for in float afterwards; where more than one row in three has so many, the rest goes there
// untried. FAST does the same: bf16 with float behind it, as FAST once was, beat this on one of the data sets below, by
// 15 %, and lost to it by up to eleven times on others.
//
// Partition. Blocks of rows, in chunks of at least kWork multiply-adds. A row's result depends on that row and the
// codebook alone. Results wait in the workspace until all of z has proved finite.
//
// Cost: 2 n d k operations, 4 n d bytes of z, the codebook once per block from the second-level cache. Two threads of
// Zen 4, whose peak is 233 GFLOP/s in float and 934 G integer operations a second, and shares of these:
//                                 float            integers         bf16, deleted
//   16,384 x 256, 512 codes       20.4 ms   90 %    8.5 ms   54 %   11.6 ms
//   16,384 x 256, 8,192 codes      308 ms   95 %     93 ms   79 %    159 ms
//   65,536 x 64, 1,024 codes      42.5 ms   87 %   19.6 ms   47 %   25.0 ms
//   48 x 256, 512 codes           0.25 ms          0.14 ms          0.29 ms    packing included
//   1 x 256, 512 codes            0.017 ms, unpacked
// Data that is hard on rounding, 16,384 x 256, ms (bf16 first and float where it failed, as FAST once was):
//                                                      float   bf16   integers, then float
//   512 codes, 40 of them noisy copies of others        20.5   11.8    8.6
//              400 noisy copies of 5 popular codes      23.0   42.0   23.4
//              one dimension 50 times the others        21.2   18.3   21.4
//              heavy tails (Student's t, 2 degrees)     21.1   21.2   13.4
//              2 % of rows 100 times as long            21.1   98.7    8.7
//              features after ReLU                      20.5   11.7    9.0
//              all codes within 1e-4 of each other      20.7   12.2   11.0
//   8,192 codes in 64 clusters of width 0.01             522    519    214    of 0.1: 0.76 of float's time
//              +-1 / k, as VQ-VAE starts                 316    161     95
//   2,048 x 2,048, 512 codes                            20.8   12.6   12.6    21.5 with 32 candidates at most
// One thread, 16,384 x 256, 512 codes: of 18.0 ms the product takes 10.7 (9.2 at the peak), packing rows 2.3, settling
// candidates (3.7 a row) 2.4, looking at the opening tiles 1.8, at later ones 0.7. At 65,536 x 64, 1,024 codes, of
// 41 ms: 26.9 (18.4), 2.2, 3.4, 5.7, 3.0.
//
// What was tried in float, 16,384 x 256, 512 codes, one thread, AVX-512:
//   sgemm into n x k scores, then argmin     47.3 ms and 32 MiB (sgemm alone 40.5)
//   fused, 1 row x 2 vectors of codes        72.6 ms    bound by loads
//          2 x 2                             54.1 ms
//          4 x 2                             40.3 ms    bound by the FMA unit from here on
//          12 x 2                            39.8 ms    chosen: leaves room where there are two such units
//   blocks of 12, 24, 96 or 192 rows         within 1 %
//   prefetch of the next block's rows        within 1 %
// of the epilogue in float, two threads:
//   best, second best and code of each lane  20.1 ms    45 ms with 40 noisy copies of 5 popular codes, 11 times as long
//                                                       for equal codes: a close second meant comparing all
//   limits and candidates                    20.9 ms    21.9 ms with those copies, 1.4 instead of 14 ms for equal codes
//   the opening tiles looked at together     20.5 ms    of 4, 8 or 16 within 1 %; short rows gain 3 %
// and in integers, two threads, with 512 codes of 256 and with 1,024 of 64:
//   vpdpbusd as an intrinsic                 13.8  30.7 ms    GCC copies and spills its accumulators
//            as inline assembly              10.1  23.6
//   no double where float leaves one code     8.6  22.5    with the two that follow, which
//   highest opening score measured exactly    cost in the opening what they save afterwards: taken out again
//   codes noted by compression, no branches   slower than bit by bit, as most vectors hold one: taken out again
//   a row's factors broadcast from memory     8.5  19.6    with those taken out; GCC permuted them out of a register
//   4 opening tiles instead of 8              8.7  20.4
#include <atomic>
#include <cmath>
#include <limits>

#include "cpu/cpu_context.h"
#include "ops/checks.h"
#include "ops/partition.h"
#include "ops/sums.h"
#include "ops/vq.h"

#ifndef LACUNA_SRC_OPS_VQ_NEAREST_ONCE
#define LACUNA_SRC_OPS_VQ_NEAREST_ONCE
namespace lacuna {

// Rows of z that share one walk over the codebook, and what register blocks may be made of.
constexpr int64_t kVqBlock = 48;
constexpr int64_t kVqMostLanes = 16, kVqMostRows = 12;

// Where the parts of the workspace lie.
struct VqWorkspace {
  int64_t centre, norm, base, codes, start, step, deviation, table, hash, index, distance, left, sums, panels,
      panel_bytes, bytes;
  int64_t slots;

  VqWorkspace(int threads, const lacuna_vq_nearest_args& args) {
    const int64_t n = args.n, d = args.d, k = args.k;
    const int64_t padded_k = round_up(k, 2 * kVqMostLanes), padded_d = round_up(d, kVqMostLanes);
    slots = 16;
    while (slots < 2 * k) slots *= 2;
    centre = take(padded_d * 4);
    norm = take(padded_k * 4);
    base = take(padded_k * 4);
    codes = take(padded_k * d * 4);  // in one form after the other
    start = take(padded_k * 4);
    step = take(padded_k / 8);
    deviation = take(padded_k / 8);
    table = take(slots * 4);
    hash = take(k * 4);
    index = take(n * 4);
    distance = take(n * 4);
    left = take(n * 8);
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
#include "ops/vq_int8-inl.h"
#include "ops/vq_scores-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

constexpr int64_t kFewRows = 8;  // are compared with all codes: packing a codebook costs as much as eight of them
constexpr int kMost = 256;       // candidates of a row that are noted

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
      code[kept] = code[i];
      score[kept] = score[i];
      kept += score[i] >= limit;  // a branch would be mispredicted
    }
    count = kept;
  }

  bool settled() const { return count == 1 && best_distance == std::numeric_limits<double>::infinity(); }
};

struct Search {
  CpuContext& ctx;
  const lacuna_vq_nearest_args& args;
  const VqCodebook& book;
  int32_t* index;
  float* distance;
  int64_t* left;  // [n] rows that one form of the product left to the next
  char* panels;
  int64_t panel_bytes;
  const int most = static_cast<int>(std::clamp<int64_t>(args.k / 4, 32, kMost));  // more are searched for in float
  std::atomic<int64_t> bad_row = args.n;  // the first that is known to be not finite

  // Searches the rows left. Those with too many candidates are still left afterwards: answers how many.
  template <class Tiles>
  int64_t search(const Tiles& tiles, int64_t count, bool all) {
    parallel_ranges(ctx, book.tiles(), 4 * kTile * args.d, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) tiles.pack_tile(t);
    });
    const int64_t blocks = (count + kVqBlock - 1) / kVqBlock;
    constexpr int64_t kWork = int64_t{1} << 20;  // multiply-adds worth a chunk: some 20 microseconds
    const int64_t per_chunk = std::max<int64_t>(1, kWork / (kVqBlock * args.k * std::max<int64_t>(args.d, 1)));
    std::atomic<int64_t> tried = 0, failed = 0;  // their ratio decides about time, never about results
    ctx.parallel_for((blocks + per_chunk - 1) / per_chunk, [&](int64_t chunk, int worker) {
      for (int64_t b = chunk * per_chunk; b < std::min(blocks, (chunk + 1) * per_chunk); ++b) {
        const int64_t first = b * kVqBlock, size = std::min(kVqBlock, count - first);
        int64_t rows[kVqBlock];
        for (int64_t i = 0; i < size; ++i) rows[i] = all ? first + i : left[first + i];
        if (3 * failed.load(std::memory_order_relaxed) > tried.load(std::memory_order_relaxed)) {
          for (int64_t i = 0; i < size; ++i) index[rows[i]] = kLeft;
          continue;
        }
        const int64_t missed = block(tiles, rows, size, reinterpret_cast<float*>(panels + worker * panel_bytes));
        tried.fetch_add(size, std::memory_order_relaxed);
        failed.fetch_add(missed, std::memory_order_relaxed);
      }
    });
    if (failed == 0) return 0;
    int64_t still = 0;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t row = all ? i : left[i];
      if (index[row] == kLeft) left[still++] = row;
    }
    return still;
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
  static constexpr int32_t kLeft = -1;

  // Searches the rows listed, count <= kVqBlock. Answers how many have too many candidates; their index is kLeft.
  template <class Tiles>
  int64_t block(const Tiles& tiles, const int64_t* rows, int64_t count, float* panels_to) {
    Candidates candidates[kVqBlock];
    RowGroup groups[kVqBlock / kRows];
    const int64_t group_count = (count + kRows - 1) / kRows, panel = tiles.vectors() * kRows * kLanes;
    for (int64_t g = 0; g < group_count; ++g) {
      const int64_t first = g * kRows;
      if (!pack(tiles, rows + first, std::min<int64_t>(kRows, count - first), panels_to + g * panel, groups[g])) {
        std::for_each(rows, rows + count, [&](int64_t row) { index[row] = 0; });
        return 0;
      }
    }
    for (int64_t i = 0; i < count; ++i) candidates[i].clear();
    Scores<Tiles> scores(tiles);
    // Limits rise fastest at first: the opening tiles are scored without one and then looked at together.
    const int64_t opening = std::min(kOpening, book.tiles());
    for (int64_t t = 0, tile_count; t < book.tiles(); t += tile_count) {
      tile_count = t == 0 ? opening : 1;
      for (int64_t g = 0; g < group_count; ++g) {
        uint32_t hits = scores.compute(t, tile_count, panels_to + g * panel, groups[g]);
        for (; hits != 0; hits &= hits - 1) {
          const int r = __builtin_ctz(hits);
          const int64_t i = g * kRows + r;
          if (i < count) admit(rows[i], candidates[i], groups[g], scores, r, t, tile_count);
        }
      }
    }
    int64_t missed = 0;
    for (int64_t i = 0; i < count; ++i) {
      const float limit = groups[i / kRows].limit[i % kRows];
      if (candidates[i].too_many) {
        index[rows[i]] = kLeft;
        ++missed;
      } else if (limit == kInfinity) {
        compare_all(rows[i]);
      } else {
        candidates[i].drop_below(limit);
        settle(rows[i], candidates[i]);
      }
    }
    return missed;
  }

  // Packs up to kRows rows; those beyond `count` are 0. Their limits: the lowest number, or infinity for a row that has
  // to be compared with all codes. false: one of them is not finite.
  template <class Tiles>
  bool pack(const Tiles& tiles, const int64_t* rows, int64_t count, float* to, RowGroup& group) {
    const Floats f;
    for (int64_t r = 0; r < kVqMostLanes; ++r) {
      if (r < count) {
        const float* const z = args.z + rows[r] * args.ld_z;
        tiles.pack_row(z, to + r * kLanes, group, r);
        group.limit[r] = std::numeric_limits<float>::lowest();
        if (group.length[r] < kHuge * kHuge) continue;
        if (!std::isfinite(group.length[r]) && first_non_finite(z, args.ld_z, 1, args.d) == 0) {
          int64_t known = bad_row;
          while (rows[r] < known && !bad_row.compare_exchange_weak(known, rows[r])) {
          }
          return false;
        }
      }
      group.limit[r] = kInfinity;
      group.slack[r] = group.length[r] = group.scale[r] = 0;
      for (int64_t v = 0; r < kRows && v < tiles.vectors(); ++v)
        hn::Store(hn::Zero(f), f, to + (v * kRows + r) * kLanes);
    }
    const auto norm = [&](float* squares) {
      const auto square = hn::MulAdd(hn::Load(f, squares), hn::Set(f, book.growth()), hn::Set(f, book.vanished()));
      return hn::Mul(hn::Sqrt(square), hn::Set(f, 1.0001f));
    };
    const auto rounding = hn::Set(f, 1.02f * Tiles::kRoundings * book.epsilon());
    for (int64_t r = 0; r < kVqMostLanes; r += kLanes) {
      const auto length = norm(group.length + r), lost = Tiles::kIsExact ? hn::Zero(f) : norm(group.slack + r);
      hn::Store(hn::MulAdd(length, rounding, lost), f, group.slack + r);
      hn::Store(hn::Add(length, lost), f, group.length + r);
    }
    return true;
  }

  // Raises a row's limit to the lower bounds of its scores in a few tiles and notes the codes that reach it.
  template <class Tiles>
  HWY_INLINE void admit(int64_t row, Candidates& candidates, RowGroup& group, const Scores<Tiles>& scores, int r,
                        int64_t first, int64_t count) {
    if (candidates.too_many) return;
    float& limit = group.limit[r];
    limit = std::max(limit, scores.largest_lower_bound(first, count, group, r));
    for (int64_t t = 0; t < count; ++t) {
      for (uint32_t reached = scores.reaching(t, r, limit); reached != 0; reached &= reached - 1) {
        const int c = __builtin_ctz(reached);
        if (candidates.count == most) candidates.drop_below(limit);
        if (candidates.count == most) {
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
    if (!args.distance) {
      narrow(row, candidates);
      if (candidates.settled()) {
        index[row] = candidates.code[0];
        return;
      }
    }
    compare(row, candidates);
    index[row] = candidates.best;
    distance[row] = static_cast<float>(candidates.best_distance);
  }

  const float* code(int32_t j) const { return args.codebook + j * args.ld_codebook; }

  // Drops what is too far by direct distances in float, whose negatives replace the scores.
  void narrow(int64_t row, Candidates& candidates) const {
    if (candidates.count < 2) return;
    // Each within (d + 4) 2^-24 of the direct distance, where nothing over- or underflows.
    float nearest = kInfinity;
    for (int i = 0; i < candidates.count; ++i) {
      candidates.score[i] = -squared_distance<float>(args.z + row * args.ld_z, code(candidates.code[i]), args.d);
      nearest = std::min(nearest, -candidates.score[i]);
    }
    if (nearest > 1e-30f && nearest < 1e36f)
      candidates.drop_below(-nearest * (1 + 3 * static_cast<float>(args.d + 8) * 0x1p-24f));
  }

  // Reduces the candidates noted to the best so far.
  void compare(int64_t row, Candidates& candidates) const {
    narrow(row, candidates);
    for (int i = 0; i < candidates.count; ++i) {
      const double d2 = squared_distance<double>(args.z + row * args.ld_z, code(candidates.code[i]), args.d);
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
    const int64_t row = std::min(args.k - 1, first_non_finite(args.codebook, args.ld_codebook, args.k, args.d));
    return fail_non_finite(ctx, "codebook", row, args.codebook + row * args.ld_codebook, args.d);
  };
  const auto bad_z = [&](int64_t row) { return fail_non_finite(ctx, "z", row, args.z + row * args.ld_z, args.d); };
  if (const lacuna_status status = vq::check(ctx, args)) return status;
  if (args.n == 0) return LACUNA_OK;
  const VqWorkspace parts(ctx.threads(), args);
  char* const workspace = static_cast<char*>(args.workspace);
  const auto floats = [&](int64_t offset) { return reinterpret_cast<float*>(workspace + offset); };
  const auto words = [&](int64_t offset) { return reinterpret_cast<uint32_t*>(workspace + offset); };
  const auto ints = [&](int64_t offset) { return reinterpret_cast<int32_t*>(workspace + offset); };

  VqCodebook book{
      args.codebook,      args.ld_codebook,  args.k,      args.d,           floats(parts.centre), floats(parts.norm),
      floats(parts.base), ints(parts.table), parts.slots, words(parts.hash)};
  // Results wait in the workspace until every row is known to be finite.
  Search search{ctx,
                args,
                book,
                ints(parts.index),
                floats(parts.distance),
                reinterpret_cast<int64_t*>(workspace + parts.left),
                workspace + parts.panels,
                parts.panel_bytes};
  if (args.n <= kFewRows) {
    if (first_non_finite(args.codebook, args.ld_codebook, args.k, args.d) < args.k) return bad_codebook();
    search.bad_row = first_non_finite(args.z, args.ld_z, args.n, args.d);
    if (search.bad_row < args.n) return bad_z(search.bad_row);
    parallel_ranges(ctx, args.n, args.k * args.d, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) search.compare_all(row);
    });
  } else {
    if (!book.prepare(ctx, workspace + parts.sums)) return bad_codebook();
    int64_t rows = args.n;
    bool all = true;
#if HWY_TARGET == HWY_AVX3
    if (ctx.vnni() && args.d >= Int8Tiles::kLeastDimensions && args.d <= Int8Tiles::kMostDimensions) {
      const Int8Tiles tiles{book, words(parts.codes), ints(parts.start), floats(parts.step), floats(parts.deviation)};
      rows = search.search(tiles, rows, all);
      all = false;
    }
#endif
    if (rows > 0) search.search(FloatTiles{book, floats(parts.codes)}, rows, all);
    if (search.bad_row < args.n) return bad_z(search.bad_row);
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
