// VICReg (Bardes, Ponce, LeCun, ICLR 2022), loss and gradients at once. With zc the centred x or y [n, d]:
//
//   COVARIANCE  S = zc^T zc [d, d]      dz = zc (a S with the slope of the hinge on its diagonal)   + invariance
//   GRAM        S = zc zc^T [n, n]      dz = (a S) zc + zc diag(slope - 4 nu / (d (n - 1)) var)       + invariance
//
// with a = 4 nu / (d (n - 1)^2) and slope = -mu h / (d (n - 1) sd) where sd < gamma, else 0. The sum of the squares of
// the covariances is that of S outside its diagonal; in Gram form |S|^2 less the squares of the column sums of zc^2.
//
// With m = min(n, d) and k = max(n, d) that is m^2 k flops for S, of which only the lower triangle is computed, and
// 2 m^2 k for dz, twice: 51.5 GFLOP at 2,048 x 2,048. Both products are those of panels-inl.h: S of the packed zc with
// itself in square tiles, slab by slab of its depth; dz in strips of rows (COVARIANCE) or columns (GRAM), finished in
// registers and written once. Means and squares are summed 32 rows in float, then in double. x and y are read three
// times (statistics, packing of the slab or strip, invariance), dx and dy written once. Workspace: 8 m^2 bytes for S, a
// slab of at most half of that or some megabytes, a strip a thread.
//
// Zen 4, AVX-512, FMA peak 117 GFLOP/s a thread; milliseconds of one thread, shares of the peak:
//                                                     2,048 x 2,048   512 x 768     256 x 8,192
//   statistics in three passes of double sums, whole
//   zc packed, products to memory, then an epilogue   513  86 %       12.9  80 %    41.5  68 %
//   sums of 256 deep instead of 128                   502  88 %       12.8  81 %    40.9  69 %
//   slabs, statistics from the transposed copy        495  89 %       13.1  80 %    40.5  69 %   small sizes slower
//   statistics by rows, both sides at once; epilogue
//   in registers, its rows fetched ahead              495  89 %       13.0  80 %    37.1  74 %
//   rows fetched share by share of a block, the next
//   part of b too: in turns with the one before       x 1.03          x 1.01        x 1.00       chosen
// Two threads, the last two in turns: 258 and 252 ms, 6.5 (either), 18.4 and 18.2 ms; the peak allows 221, 5.2
// and 13.8.
//
// Where the time goes, one thread, by time stamps around the parts (least of many calls, ms, at the peak in brackets):
//                    statistics, packing   S             scaling, mirror   packing for dz   dz            sum
//   512 x 768        0.7                   3.7 (3.4)     0.2               0.15             7.6 (6.9)     12.4 (10.3)
//   256 x 8,192      2.6                   10.0 (9.2)    0.05              1.0              20.9 (18.4)   34.7 (27.6)
//   2,048 x 2,048    5.6                   162 (147)     2.8               3.1              324 (294)     499 (441)
// before the next part of b was fetched. Without its epilogue dz runs at 95 % of the peak in all three.
//
// Within the noise: the epilogue from memory, row by row, after each block; columns of 192 x 384 of dz at a time; all
// tiles of x before those of y; huge pages. Gradients written past the caches: 1 % for large ones, but the next op
// finds small ones cold. Strips of 192 or 384 rows of dz instead of 96 at 2,048 x 2,048: 2 to 5 % slower with two
// threads. Strips of 48, 96, 192 columns: 192 is best where there are many (256 x 8,192 with two
// threads: 27.1, 25.5, 23.0 ms among other work).
#include <limits>

#include "cpu/cpu_context.h"
#include "ops/partition.h"
#include "ops/vicreg.h"
#include "ops/vicreg_cut.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/vicreg.cpp"
#include "cpu/tiers.h"

#include "ops/lanes-inl.h"
#include "ops/vicreg_gradient-inl.h"
#include "ops/vicreg_product-inl.h"
#include "ops/vicreg_statistics-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

// body(item, worker) for all items, so many to a chunk that a chunk is worth waking a worker.
template <class Body>
void parallel_items(CpuContext& ctx, int64_t items, double flops_each, Body&& body) {
  constexpr double kChunkFlops = 8e5;  // some 7 microseconds of one core
  const int64_t per_chunk = static_cast<int64_t>(std::clamp(kChunkFlops / flops_each, 1.0, static_cast<double>(items)));
  ctx.parallel_for((items + per_chunk - 1) / per_chunk, [&](int64_t chunk, int worker) {
    const int64_t end = std::min(items, (chunk + 1) * per_chunk);
    for (int64_t item = chunk * per_chunk; item < end; ++item) body(item, worker);
  });
}

// Statistics of all columns, and S of x and, unless it is a mere target, of y.
void prepare_and_multiply(CpuContext& ctx, const VicregCut& cut, const Side& x, const Side& y) {
  constexpr double kElementFlops = 20;  // what multiply does in the time that an element takes here
  const auto cost = [&](int64_t rows) {
    return kElementFlops * static_cast<double>(rows * std::min(x.args.d, VicregCut::kPanel));
  };
  const auto side = [&](int64_t item) -> const Side& { return item % cut.sides == 0 ? x : y; };
  if (!cut.gram) {
    parallel_items(ctx, cut.groups, 2 * cost(x.args.n), [&](int64_t item, int) { take_means(x, y, item, nullptr); });
  }
  for (int64_t first = 0; first < cut.depth; first += cut.slab) {
    const int64_t last = std::min(cut.depth, first + cut.slab), rows = last - first;
    if (cut.gram) {
      const int64_t group = first / VicregCut::kPanel;
      const int64_t groups = (last + VicregCut::kPanel - 1) / VicregCut::kPanel - group;
      parallel_items(ctx, groups, 4 * cost(x.args.n), [&](int64_t item, int worker) {
        prepare_group(x, y, group + item, first, rows, x.part<float>(cut.locals + worker * cut.local_bytes));
      });
    } else {
      parallel_items(ctx, cut.groups * cut.sides, cost(rows),
                     [&](int64_t item, int) { pack_group(side(item), item / cut.sides, first, last); });
    }
    const double edge = static_cast<double>(std::min(cut.edge, cut.order));
    parallel_items(ctx, cut.sides * cut.tiles, 2 * edge * edge * static_cast<double>(rows), [&](int64_t item, int) {
      take_tile(side(item), item / cut.sides, rows, first > 0, last == cut.depth);
    });
  }
}

}  // namespace

lacuna_status vicreg(CpuContext& ctx, const lacuna_vicreg_args& args) {
  if (const lacuna_status status = check_vicreg(ctx, args)) return status;
  const VicregCut cut(ctx.threads(), args);
  const Weights weights(args);
  const Side sides[] = {
      {args, cut, weights, 0, args.x, args.ld_x, args.y, args.ld_y, args.dx, args.ld_dx, args.acc_dx != 0},
      {args, cut, weights, 1, args.y, args.ld_y, args.x, args.ld_x, args.dy, args.ld_dy, args.acc_dy != 0}};
  prepare_and_multiply(ctx, cut, sides[0], sides[1]);
  double v[2] = {}, c[2] = {};
  for (int64_t i = 0; i < cut.sides; ++i) {
    v[i] = sides[i].variance_term();
    c[i] = sides[i].covariance_term();
  }
  const double s = sides[0].invariance_term(), order = static_cast<double>(cut.order);
  parallel_items(ctx, cut.sides * cut.strips, 2 * order * order * static_cast<double>(cut.strip),
                 [&](int64_t item, int worker) {
                   const Side& side = sides[item / cut.strips];
                   if (!side.gradient) return;
                   take_strip(side, item % cut.strips, side.part<float>(cut.locals + worker * cut.local_bytes));
                 });
  if (args.target == kVicregInvarianceOnly && args.dy) {
    const Floats f;
    const auto step = hn::Set(f, weights.invariance);
    const bool dense = args.ld_x == args.d && args.ld_y == args.d && args.ld_dy == args.d;
    parallel_rows(ctx, args.n, args.d, dense, [&](int64_t row, int64_t begin, int64_t end) {
      for_vectors(f, begin, end, [&](int64_t j, auto lanes) {
        const auto difference =
            hn::Sub(load(f, args.y + row * args.ld_y + j, lanes), load(f, args.x + row * args.ld_x + j, lanes));
        write(f, hn::Mul(step, difference), args.dy + row * args.ld_dy + j, lanes, args.acc_dy != 0);
      });
    });
  }
  const double h = args.halving ? 0.5 : 1.0;
  args.loss[0] = static_cast<float>(args.lambda * s + args.mu * h * (v[0] + v[1]) + args.nu * (c[0] + c[1]));
  if (args.terms) {
    const double terms[] = {s, v[0], v[1], c[0], c[1]};
    std::transform(terms, terms + 5, args.terms, [](double term) { return static_cast<float>(term); });
  }
  return LACUNA_OK;
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t vicreg_workspace(int threads, const lacuna_vicreg_args& args) {
  if (args.n < 2 || args.d < 1) return 0;
  // A form that was asked for where the other is meant: the square of this does not fit in 64 bits.
  constexpr int64_t kMaxOrder = int64_t{1} << 28;
  if (std::max(args.form == kVicregCovariance ? args.d : 0, args.form == kVicregGram ? args.n : 0) > kMaxOrder) {
    return std::numeric_limits<int64_t>::max();
  }
  return VicregCut(threads, args).bytes;
}

}  // namespace lacuna
#endif
