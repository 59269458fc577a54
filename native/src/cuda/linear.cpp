// Launchers of kernels/linear.cu.
#include "cuda/linear.h"

#include "cuda/gemm.h"
#include "cuda/kernel.h"
#include "cuda/sums.h"
#include "lacuna/linear_shape.h"
#include "ops/checks.h"

namespace lacuna::cuda {
namespace {

using namespace linear;

using Product = Kernel<Multiplication>;
constexpr Product kForward[] = {{"linear", "linear_fwd_128x128", kThreads},
                                {"linear", "linear_fwd_128x64", kThreads},
                                {"linear", "linear_fwd_64x128", kThreads},
                                {"linear", "linear_fwd_64x64", kThreads}};
constexpr Product kDx[] = {{"linear", "linear_dx_128x128", kThreads},
                           {"linear", "linear_dx_128x64", kThreads},
                           {"linear", "linear_dx_64x128", kThreads},
                           {"linear", "linear_dx_64x64", kThreads}};
constexpr Product kDw[] = {{"linear", "linear_dw_128x128", kThreads},
                           {"linear", "linear_dw_128x64", kThreads},
                           {"linear", "linear_dw_64x128", kThreads},
                           {"linear", "linear_dw_64x64", kThreads}};
constexpr Kernel<GemmCut, int64_t, Target, Target> kFold{"linear", "linear_fold", kThreads};

struct Factor {
  const float* data;
  int64_t ld;
};

// out[m, n] = a b in the way of `kernels`, one for each of kTiles
lacuna_status multiply(CudaContext& ctx, const Product (&kernels)[kTileCount], const GemmPlan& plan, Factor a, Factor b,
                       const Target& out, void* workspace) {
  const Target parts{static_cast<float*>(workspace), plan.ld_partial(), nullptr, 0};
  const lacuna_status status =
      plan.for_stretches(plan.folds() ? parts : out, [&](const GemmCut& cut, const Target& to) {
        return kernels[plan.tile()](ctx, plan.blocks(), {cut, plan.k(), a.data, a.ld, b.data, b.ld, to});
      });
  if (status || !plan.folds()) return status;
  return kFold(ctx, plan.fold_blocks(), plan.cut(0), plan.parts(), parts, out);
}

GemmPlan forward_plan(const lacuna_linear_fwd_args& args) { return {args.n, args.o, args.d}; }
GemmPlan dx_plan(const lacuna_linear_bwd_args& args) { return {args.n, args.d, args.o}; }
GemmPlan dw_plan(const lacuna_linear_bwd_args& args) { return {args.o, args.d, args.n}; }

}  // namespace

int64_t linear_fwd_workspace(int, const lacuna_linear_fwd_args& args) { return forward_plan(args).workspace(); }

int64_t linear_bwd_workspace(int, const lacuna_linear_bwd_args& args) {
  return std::max({dx_plan(args).workspace(), dw_plan(args).workspace(), sums_workspace(args.n, args.o, 1, args.o)});
}

lacuna_status linear_fwd(CudaContext& ctx, const lacuna_linear_fwd_args& args) {
  return multiply(ctx, kForward, forward_plan(args), {args.x, args.ld_x}, {args.w, args.ld_w},
                  {args.y, args.ld_y, args.b, 0}, args.workspace);
}

lacuna_status linear_bwd(CudaContext& ctx, const lacuna_linear_bwd_args& args) {
  if (const lacuna_status status = check_flag(ctx, "acc_dx", args.acc_dx)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_dw", args.acc_dw)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_db", args.acc_db)) return status;
  const Factor x{args.x, args.ld_x}, w{args.w, args.ld_w}, dy{args.dy, args.ld_dy};
  if (args.dx) {
    const Target dx{args.dx, args.ld_dx, nullptr, static_cast<int32_t>(args.acc_dx)};
    if (const lacuna_status status = multiply(ctx, kDx, dx_plan(args), dy, w, dx, args.workspace)) return status;
  }
  if (args.dw) {
    const Target dw{args.dw, args.ld_dw, nullptr, static_cast<int32_t>(args.acc_dw)};
    if (const lacuna_status status = multiply(ctx, kDw, dw_plan(args), dy, x, dw, args.workspace)) return status;
  }
  if (!args.db) return LACUNA_OK;
  const Sum db{args.n, args.o, args.dy, args.ld_dy, nullptr, 0, 1.0, 1, args.o, args.db, args.o, args.acc_db != 0};
  return enqueue_sum(ctx, db, args.workspace);
}

}  // namespace lacuna::cuda
