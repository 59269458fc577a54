// Launchers of kernels/reduce.cu.
#include "ops/reduce.h"

#include <algorithm>

#include "cuda/kernel.h"
#include "cuda/sums.h"
#include "cuda/tiled.h"
#include "extent.h"
#include "lacuna/reduce_shape.h"

namespace lacuna::cuda {
namespace {

using namespace reduce;

constexpr Kernel<int64_t, int64_t, const float*, int64_t, const float*, int64_t, double*, Result> kRows{
    "reduce", "reduce_rows", kThreads};
constexpr Kernel<int64_t, int64_t, const float*, int64_t, const float*, int64_t, double*, Result> kColumns{
    "reduce", "reduce_columns", kThreads};
constexpr Kernel<int64_t, int64_t, const double*, Result> kFold{"reduce", "reduce_fold", kThreads};
constexpr Kernel<Tiling, const float*, int64_t, int32_t, float, float*, int64_t, int32_t> kBackward{
    "reduce", "reduce_bwd", kTilingThreads};

// Which way a sum is taken, and how many chunk sums it leaves for how many results.
struct Plan {
  bool by_row;
  int64_t blocks, chunks, sums, results;  // sums: of each chunk

  Plan(int64_t n, int64_t d, int64_t out_n, int64_t out_d) {
    const bool total = out_n == 1 && out_d == 1;
    by_row = total ? n < d : out_d == 1;
    sums = by_row ? n : d;
    results = total ? 1 : sums;
    const RowCut rows(n, d);
    const ColumnCut columns(n, d);
    chunks = by_row ? rows.chunks : columns.chunks;
    blocks = chunks * (by_row ? rows.row_blocks : columns.col_blocks);
  }
  bool in_chunks() const { return chunks * sums != results; }
};

// result j = sum over the chunks of partial[chunk, j]
lacuna_status fold(CudaContext& ctx, int64_t count, int64_t chunks, const double* partial, const Result& result) {
  const int64_t width = int64_t{1} << threads_side_by_side(count, 1, kMostColumnThreads);
  return kFold(ctx, (count + width - 1) / width, count, chunks, partial, result);
}

// A matrix without gaps is one long row when all of it is added up.
bool one_row(int64_t out_n, int64_t out_d, bool dense) { return out_n == 1 && out_d == 1 && dense; }

}  // namespace

int64_t sums_workspace(int64_t n, int64_t d, int64_t out_n, int64_t out_d) {
  const auto bytes = [=](int64_t rows, int64_t cols) {
    const Plan plan(rows, cols, out_n, out_d);
    return plan.in_chunks() ? (Extent{plan.chunks} * Extent{plan.sums} * Extent{sizeof(double)}).saturated() : 0;
  };
  // Whether there are gaps is not asked here: strides may differ between the tensors of an op.
  return out_n == 1 && out_d == 1 ? std::max(bytes(n, d), bytes(1, n * d)) : bytes(n, d);
}

lacuna_status enqueue_sum(CudaContext& ctx, const Sum& sum, void* workspace) {
  if (sum.out_n * sum.out_d == 0) return LACUNA_OK;
  const bool dense = (sum.ld_a == sum.d && (!sum.b || sum.ld_b == sum.d)) || sum.n == 1;
  const bool row = one_row(sum.out_n, sum.out_d, dense);
  const int64_t n = row ? 1 : sum.n, d = row ? sum.n * sum.d : sum.d;
  const int64_t ld_a = n == 1 ? 0 : sum.ld_a, ld_b = n == 1 ? 0 : sum.ld_b;
  const Plan plan(n, d, sum.out_n, sum.out_d);
  const Result result{sum.out, sum.out_d == 1 ? sum.ld_out : 1, sum.divisor, sum.accumulate};
  auto* const partial = static_cast<double*>(plan.in_chunks() ? workspace : nullptr);
  const lacuna_status status =
      (plan.by_row ? kRows : kColumns)(ctx, plan.blocks, n, d, sum.a, ld_a, sum.b, ld_b, partial, result);
  if (status || !plan.in_chunks()) return status;
  return fold(ctx, plan.results, plan.chunks * plan.sums / plan.results, partial, result);
}

lacuna_status enqueue_fold(CudaContext& ctx, const double* partial, int64_t chunks, int64_t count, float* out,
                           bool accumulate) {
  return fold(ctx, count, chunks, partial, {out, 1, 1.0, accumulate});
}

int64_t reduce_fwd_workspace(int, const lacuna_reduce_fwd_args& args) {
  return sums_workspace(args.n, args.d, args.out_n, args.out_d);
}

int64_t reduce_bwd_workspace(int, const lacuna_reduce_bwd_args&) { return 0; }

lacuna_status reduce_fwd(CudaContext& ctx, const lacuna_reduce_fwd_args& args) {
  if (const lacuna_status status = check_sum(ctx, args)) return status;
  return enqueue_sum(ctx,
                     {args.n, args.d, args.x, args.ld_x, nullptr, 0, divisor(args), args.out_n, args.out_d, args.out,
                      args.ld_out, false},
                     args.workspace);
}

lacuna_status reduce_bwd(CudaContext& ctx, const lacuna_reduce_bwd_args& args) {
  if (const lacuna_status status = check_gradient(ctx, args)) return status;
  const Tiled tiled(args.n, args.d,
                    args.ld_dx == args.d && dense(args.n, args.d, args.out_n, args.out_d, args.ld_dout));
  const Repeated dout(tiled, args.out_n, args.out_d, args.ld_dout);
  return kBackward(ctx, tiled.tiling.tiles(), tiled.tiling, args.dout, dout.ld, dout.one_column,
                   static_cast<float>(1.0 / divisor(args)), args.dx, tiled.ld(args.ld_dx),
                   static_cast<int32_t>(args.acc_dx));
}

}  // namespace lacuna::cuda
