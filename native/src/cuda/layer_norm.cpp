// Launchers of kernels/layer_norm.cu.
#include "ops/layer_norm.h"

#include <algorithm>

#include "cuda/kernel.h"
#include "cuda/sums.h"
#include "extent.h"
#include "lacuna/reduce_shape.h"
#include "lacuna/row_groups.h"

namespace lacuna::cuda {
namespace {

using namespace layer_norm;

constexpr Kernel<int64_t, int64_t, const float*, int64_t, const float*, const float*, double, float*, int64_t, float*,
                 float*>
    kForward{"layer_norm", "layer_norm_fwd", kRowThreads};
constexpr Kernel<int64_t, int64_t, const float*, int64_t, const float*, int64_t, const float*, const float*,
                 const float*, float*, int64_t, int32_t>
    kDx{"layer_norm", "layer_norm_bwd", kRowThreads};
constexpr Kernel<int64_t, int64_t, const float*, int64_t, const float*, int64_t, const float*, const float*, double*>
    kDgamma{"layer_norm", "layer_norm_dgamma", reduce::kThreads};

}  // namespace

int64_t layer_norm_fwd_workspace(int, const lacuna_layer_norm_fwd_args&) { return 0; }

int64_t layer_norm_bwd_workspace(int, const lacuna_layer_norm_bwd_args& args) {
  const Extent chunks{args.dgamma ? reduce::ColumnCut(args.n, args.d).chunks : 0};
  return std::max((chunks * Extent{args.d} * Extent{sizeof(double)}).saturated(),
                  args.dbeta ? sums_workspace(args.n, args.d, 1, args.d) : 0);
}

lacuna_status layer_norm_fwd(CudaContext& ctx, const lacuna_layer_norm_fwd_args& args) {
  if (const lacuna_status status = check(ctx, args)) return status;
  return kForward(ctx, RowGroups(args.n, args.d).tiles, args.n, args.d, args.x, args.ld_x, args.gamma, args.beta,
                  args.eps, args.y, args.ld_y, args.mean, args.rstd);
}

lacuna_status layer_norm_bwd(CudaContext& ctx, const lacuna_layer_norm_bwd_args& args) {
  if (const lacuna_status status = check_gradient(ctx, args)) return status;
  if (args.dx) {
    const lacuna_status status =
        kDx(ctx, RowGroups(args.n, args.d).tiles, args.n, args.d, args.dy, args.ld_dy, args.x, args.ld_x, args.gamma,
            args.mean, args.rstd, args.dx, args.ld_dx, static_cast<int32_t>(args.acc_dx));
    if (status) return status;
  }
  if (args.dgamma) {
    const reduce::ColumnCut cut(args.n, args.d);
    auto* const partial = static_cast<double*>(args.workspace);
    lacuna_status status = kDgamma(ctx, cut.chunks * cut.col_blocks, args.n, args.d, args.dy, args.ld_dy, args.x,
                                   args.ld_x, args.mean, args.rstd, partial);
    if (!status) status = enqueue_fold(ctx, partial, cut.chunks, args.d, args.dgamma, args.acc_dgamma != 0);
    if (status) return status;
  }
  if (!args.dbeta) return LACUNA_OK;
  const Sum dbeta{args.n, args.d, args.dy, args.ld_dy, nullptr, 0,
                  1.0,    1,      args.d,  args.dbeta, args.d,  args.acc_dbeta != 0};
  return enqueue_sum(ctx, dbeta, args.workspace);
}

}  // namespace lacuna::cuda
