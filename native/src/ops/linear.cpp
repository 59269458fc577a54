// y = x w^T + b and its gradients.
//
//   fwd   y = b in every row, then y += x w^T
//   bwd   dx = dy w, dw = dy^T x, db = column sums of dy
//
// The products are oneDNN's, cut into chunks as gemm.cpp says; db is summed in double (sums-inl.h). The bias goes first
// because sgemm can add to what is there; adding it afterwards would be another walk over y.
// Cost: 2 n d o flops fwd, 4 n d o bwd. One thread, Zen 4, GFLOP/s fwd and bwd: 92 and 106 for n = 2,048, d = o = 512;
// 74 and 102 for n = 64, d = 1,024, o = 512; 28 and 55 for n = d = 64, o = 10.
#include <algorithm>

#include "cpu/cpu_context.h"
#include "cpu/gemm.h"
#include "ops/checks.h"
#include "ops/partition.h"
#include "ops/sums.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/linear.cpp"
#include "cpu/tiers.h"

#include "ops/lanes-inl.h"
#include "ops/sums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

lacuna_status linear_fwd(CpuContext& ctx, const lacuna_linear_fwd_args& args) {
  if (!ctx.dnnl()) return LACUNA_UNSUPPORTED;
  if (args.b) {
    parallel_ranges(ctx, args.n, args.o, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) std::copy_n(args.b, args.o, args.y + row * args.ld_y);
    });
  }
  return gemm(ctx, args.n, args.o, args.d, {args.x, args.ld_x}, {args.w, args.ld_w, true}, args.b != nullptr, args.y,
              args.ld_y, static_cast<float*>(args.workspace));
}

lacuna_status linear_bwd(CpuContext& ctx, const lacuna_linear_bwd_args& args) {
  if (const lacuna_status status = check_flag(ctx, "acc_dx", args.acc_dx)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_dw", args.acc_dw)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_db", args.acc_db)) return status;
  if (!ctx.dnnl()) return LACUNA_UNSUPPORTED;
  float* const workspace = static_cast<float*>(args.workspace);
  if (args.dx) {
    const lacuna_status status = gemm(ctx, args.n, args.d, args.o, {args.dy, args.ld_dy}, {args.w, args.ld_w},
                                      args.acc_dx, args.dx, args.ld_dx, workspace);
    if (status != LACUNA_OK) return status;
  }
  if (args.dw) {
    const lacuna_status status = gemm(ctx, args.o, args.d, args.n, {args.dy, args.ld_dy, true}, {args.x, args.ld_x},
                                      args.acc_dw, args.dw, args.ld_dw, workspace);
    if (status != LACUNA_OK) return status;
  }
  if (args.db) {
    const auto value = [&](int64_t row, int64_t col, auto lanes) {
      return load(Doubles(), args.dy + row * args.ld_dy + col, lanes);
    };
    sum_to(ctx, args.n, args.o, 1, args.o, args.ld_dy == args.o || args.n == 1, workspace, value,
           [&](int64_t, int64_t col, double sum) {
             args.db[col] = static_cast<float>(args.acc_db ? args.db[col] + sum : sum);
           });
  }
  return LACUNA_OK;
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t linear_fwd_workspace(int, const lacuna_linear_fwd_args& args) { return gemm_workspace(args.n, args.o, args.d); }

int64_t linear_bwd_workspace(int, const lacuna_linear_bwd_args& args) {
  return std::max({gemm_workspace(args.n, args.d, args.o), gemm_workspace(args.o, args.d, args.n),
                   sums_workspace(args.n, args.o, 1, args.o)});
}

}  // namespace lacuna
#endif
