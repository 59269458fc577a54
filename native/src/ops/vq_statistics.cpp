// What an update of the codebook needs of a batch (lacuna_ops.h): counts, weighted sums of the rows behind each code,
// perplexity.
//
// The positions of each modality are sorted by code (counting sort), then every code adds up its rows, in double and in
// the order of positions, a block of columns at a time: kVectors accumulators stay in registers while the rows pass.
// With m modalities each row is read m times, once under each modality's own code.
//
// Partition. Counting: chunks of positions, each with a histogram of its own. Sums: blocks of codes by blocks of
// columns; a sum's order does not depend on them, and a code that owns all positions is still shared out by columns.
//
// Cost: 4 m^2 n d bytes read, out of order by rows; 4 groups k d written. Two threads, Zen 4, 16,384 x 256, 512 codes:
// 0.8 to 1.1 ms with the averages of vq_ema, and as much when one code owns all rows, which blocks of 1,024 columns
// left to one thread. Rows fetched 2 to 16 ahead: within 5 %.
// Sums wait in the workspace: one that is not finite tells that z is not, without another pass over it.
#include <algorithm>
#include <atomic>
#include <cmath>

#include "cpu/cpu_context.h"
#include "hwy/cache_control.h"
#include "ops/checks.h"
#include "ops/partition.h"
#include "ops/vq.h"

#ifndef LACUNA_SRC_OPS_VQ_STATISTICS_ONCE
#define LACUNA_SRC_OPS_VQ_STATISTICS_ONCE
namespace lacuna {

// Where the parts of the workspace lie, in words of 32 bits.
struct VqStatisticsWorkspace {
  static constexpr int64_t kPositions = 1 << 14;  // worth a chunk of the sort

  explicit VqStatisticsWorkspace(const lacuna_vq_statistics_args& args)
      : chunks(std::clamp<int64_t>(args.n / kPositions, 1, 16)),
        rows((args.n + chunks - 1) / chunks),
        codes(args.m * args.n),
        first(codes + args.n),
        histogram(first + args.m * (args.k + 1)),
        sum(histogram + chunks * args.k),
        size(sum + args.groups * args.k * args.d) {}

  int64_t chunks, rows;  // of the sort
  // positions [m, n] come first; codes [n]; first [m, k + 1]; histogram [chunks, k]; sum [groups, k, d]
  int64_t codes, first, histogram, sum, size;
};

}  // namespace lacuna
#endif

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/vq_statistics.cpp"
#include "cpu/tiers.h"

#include "ops/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

constexpr int kVectors = 8;
constexpr int64_t kWide = HWY_LANES(double);
constexpr int64_t kColumns = 128;  // that a code adds up together: where one owns all rows, these share it out
static_assert(kColumns % (kVectors * kWide) == 0);

// Sorts positions [0, n) by index, those with index -1 left out: code j has positions [first[j], first[j + 1]). The
// first index that is neither -1 nor a code, n if there is none. Each index is read once, into codes [n]: whatever
// another thread does to the caller's array meanwhile, no position is written outside.
int64_t sort_by_code(CpuContext& ctx, const VqStatisticsWorkspace& cut, const int32_t* index, int64_t n, int64_t k,
                     int32_t* positions, int32_t* codes, int32_t* first, int32_t* histogram) {
  std::atomic<int64_t> bad = n;
  ctx.parallel_for(cut.chunks, [&](int64_t chunk, int) {
    int32_t* const counts = histogram + chunk * k;
    std::fill_n(counts, k, 0);
    for (int64_t i = chunk * cut.rows; i < std::min(n, (chunk + 1) * cut.rows); ++i) {
      const int32_t code = static_cast<const volatile int32_t*>(index)[i];
      codes[i] = code;
      if (code >= 0 && code < k) {
        ++counts[code];
      } else if (code != -1) {
        int64_t known = bad;
        while (i < known && !bad.compare_exchange_weak(known, i)) {
        }
        return;
      }
    }
  });
  if (bad < n) return bad;
  int32_t at = 0;
  for (int64_t j = 0; j < k; ++j) {
    first[j] = at;
    for (int64_t chunk = 0; chunk < cut.chunks; ++chunk) {
      const int32_t count = histogram[chunk * k + j];
      histogram[chunk * k + j] = at;
      at += count;
    }
  }
  first[k] = at;
  ctx.parallel_for(cut.chunks, [&](int64_t chunk, int) {
    int32_t* const next = histogram + chunk * k;
    for (int64_t i = chunk * cut.rows; i < std::min(n, (chunk + 1) * cut.rows); ++i) {
      if (codes[i] >= 0) positions[next[codes[i]]++] = static_cast<int32_t>(i);
    }
  });
  return n;
}

struct Sums {
  const lacuna_vq_statistics_args& args;
  const int32_t* positions;  // [m, n]
  const int32_t* first;      // [m, k + 1]
  float* sum;                // [groups, k, d]
  std::atomic<bool> finite = true;

  // acc += factor W_a of columns [col, col + V vectors) for one code; fetches columns [col, ahead) of rows to come
  template <int V, class Lanes>
  HWY_INLINE void add(int64_t a, int64_t code, int64_t col, Lanes lanes, int64_t ahead, double factor,
                      hn::Vec<Doubles> (&acc)[V]) const {
    const Doubles wide;
    const auto add_row = [&](int64_t modality, int64_t position, double weight) {
      const float* const row = args.z + (modality * args.n + position) * args.ld_z + col;
      const auto scale = hn::Set(wide, weight);
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) acc[v] = hn::MulAdd(scale, load(wide, row + v * kWide, lanes), acc[v]);
    };
    const int32_t* const own = positions + a * args.n;
    const int32_t begin = first[a * (args.k + 1) + code], end = first[a * (args.k + 1) + code + 1];
    constexpr int32_t kAhead = 8;  // rows: they lie apart, so the hardware does not fetch them ahead
    for (int32_t p = begin; p < end; ++p) {
      if (p + kAhead < end) {
        const float* const later = args.z + (a * args.n + own[p + kAhead]) * args.ld_z;
        for (int64_t j = col; j < ahead; j += 16) hwy::Prefetch(later + j);
      }
      int64_t others = 0;
      for (int64_t o = 0; o < args.m; ++o) others += o != a && args.index[o * args.n + own[p]] >= 0;
      add_row(a, own[p], others ? 0.5 * factor : factor);
      if (!others) continue;
      for (int64_t o = 0; o < args.m; ++o) {
        if (o != a && args.index[o * args.n + own[p]] >= 0)
          add_row(o, own[p], 0.5 * factor / static_cast<double>(others));
      }
    }
  }

  // sum[group, code] of columns [col, col + V vectors)
  template <int V, class Lanes>
  HWY_INLINE void columns(int64_t group, int64_t code, int64_t col, Lanes lanes, int64_t ahead) {
    const Doubles wide;
    const HalfFloats half;
    hn::Vec<Doubles> acc[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) acc[v] = hn::Zero(wide);
    if (args.groups == args.m) {
      add<V>(group, code, col, lanes, ahead, 1, acc);
    } else {
      double factor = 1;
      for (int64_t a = args.m - 1; a >= 0; --a, factor *= args.decay) add<V>(a, code, col, lanes, ahead, factor, acc);
    }
    float* const to = sum + (group * args.k + code) * args.d + col;
    auto spoilt = hn::Zero(wide);  // becomes NaN by infinity and NaN
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
      spoilt = hn::MulAdd(acc[v], hn::Zero(wide), spoilt);
      store(half, hn::DemoteTo(half, acc[v]), to + v * kWide, lanes);
    }
    if (std::isnan(sum_of_lanes(wide, spoilt))) finite = false;
  }

  void block(int64_t group, int64_t code, int64_t begin, int64_t end) {
    int64_t col = begin;
    for (; col + kVectors * kWide <= end; col += kVectors * kWide)
      columns<kVectors>(group, code, col, AllLanes{}, col == begin ? end : col);
    for_vectors(Doubles(), col, end, [&](int64_t j, auto lanes) { columns<1>(group, code, j, lanes, j); });
  }
};

double perplexity(const int32_t* count, int64_t k) {
  double total = 0, sum = 0;
  for (int64_t j = 0; j < k; ++j) total += count[j];
  for (int64_t j = 0; j < k; ++j) {
    if (count[j] > 0) sum += count[j] / total * std::log(count[j] / total + 1e-10);
  }
  return std::exp(-sum);
}

}  // namespace

lacuna_status vq_statistics(CpuContext& ctx, const lacuna_vq_statistics_args& args) {
  if (const lacuna_status status = vq::check(ctx, args)) return status;
  const VqStatisticsWorkspace cut(args);
  int32_t* const positions = static_cast<int32_t*>(args.workspace);
  int32_t* const first = positions + cut.first;
  for (int64_t a = 0; a < args.m; ++a) {
    const int64_t bad = sort_by_code(ctx, cut, args.index + a * args.n, args.n, args.k, positions + a * args.n,
                                     positions + cut.codes, first + a * (args.k + 1), positions + cut.histogram);
    if (bad < args.n) {
      return ctx.fail(LACUNA_INVALID_ARGUMENT, "index[%" PRId64 "] is %" PRId32 ", want one of [-1, %" PRId64 ")",
                      a * args.n + bad, args.index[a * args.n + bad], args.k);
    }
  }
  // Results wait in the workspace until all that is read of z is known to be finite.
  Sums sums{args, positions, first, static_cast<float*>(args.workspace) + cut.sum};
  const int64_t column_blocks = (args.d + kColumns - 1) / kColumns, rows = args.groups * args.k;
  const int64_t work = (args.m * args.m * args.n + rows) * args.d;
  const int64_t row_blocks =
      std::clamp<int64_t>(work / kGrain, std::min<int64_t>(rows, 1), std::min<int64_t>(rows, 256));
  ctx.parallel_for(row_blocks * column_blocks, [&](int64_t chunk, int) {
    const int64_t block = chunk / column_blocks, begin = chunk % column_blocks * kColumns;
    for (int64_t row = block * rows / row_blocks; row < (block + 1) * rows / row_blocks; ++row)
      sums.block(row / args.k, row % args.k, begin, std::min(args.d, begin + kColumns));
  });
  if (!sums.finite) {
    const auto finite = [&](int64_t row) {
      const float* const z = args.z + row * args.ld_z;
      return std::all_of(z, z + args.d, [](float x) { return std::isfinite(x); });
    };
    int64_t row = 0;
    while (row < args.m * args.n - 1 && (args.index[row] < 0 || finite(row))) ++row;
    return fail_non_finite(ctx, "z", row, args.z + row * args.ld_z, args.d);
  }
  for (int64_t a = 0; a < args.m; ++a) {
    const int32_t* const from = first + a * (args.k + 1);
    int32_t* const count = args.count + a * args.k;
    for (int64_t j = 0; j < args.k; ++j) count[j] = from[j + 1] - from[j];
    if (args.perplexity) args.perplexity[a] = static_cast<float>(perplexity(count, args.k));
  }
  parallel_ranges(ctx, rows, args.d, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row)
      std::copy_n(sums.sum + row * args.d, args.d, args.sum + row * args.ld_sum);
  });
  return LACUNA_OK;
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t vq_statistics_workspace(int, const lacuna_vq_statistics_args& args) {
  return VqStatisticsWorkspace(args).size * static_cast<int64_t>(sizeof(int32_t));
}

}  // namespace lacuna
#endif
