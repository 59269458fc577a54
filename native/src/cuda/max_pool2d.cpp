// Launchers of kernels/max_pool2d.cu.
#include "ops/max_pool2d.h"

#include <algorithm>

#include "cuda/indices.h"
#include "cuda/kernel.h"
#include "lacuna/max_pool2d_shape.h"
#include "lacuna/tiling.h"

namespace lacuna::cuda {
namespace {

using namespace max_pool2d;

constexpr Kernel<Tiling, int64_t, int64_t, int64_t, int64_t, int64_t, const float*, float*, int32_t*> kForward{
    "max_pool2d", "max_pool2d_fwd", kTilingThreads};
constexpr Kernel<IndexGate, int64_t, int64_t, int64_t, const float*, const int32_t*, float*, int32_t> kBackward{
    "max_pool2d", "max_pool2d_bwd", kThreads};

}  // namespace

int64_t max_pool2d_fwd_workspace(int, const lacuna_max_pool2d_fwd_args&) { return 0; }

int64_t max_pool2d_bwd_workspace(int, const lacuna_max_pool2d_bwd_args&) { return kIndexGateBytes; }

lacuna_status max_pool2d_fwd(CudaContext& ctx, const lacuna_max_pool2d_fwd_args& args) {
  if (const lacuna_status status = check(ctx, args)) return status;
  const Tiling tiling(args.n * args.c * args.h_out, args.w_out, 1);
  return kForward(ctx, tiling.tiles(), tiling, args.h, args.w, args.h_out, args.k, args.stride, args.x, args.y,
                  args.index);
}

lacuna_status max_pool2d_bwd(CudaContext& ctx, const lacuna_max_pool2d_bwd_args& args) {
  if (const lacuna_status status = check_flag(ctx, "acc_dx", args.acc_dx)) return status;
  const int64_t planes = args.n * args.c, in = args.h * args.w, out = args.h_out * args.w_out;
  IndexGate gate;
  if (const lacuna_status status = check_indices(ctx, LACUNA_OP_max_pool2d_bwd, Fault::kIndex, args.index, planes * out,
                                                 0, in, args.workspace, gate)) {
    return status;
  }
  return kBackward(ctx, BandCut(planes, in).blocks(planes), gate, planes, in, out, args.dy, args.index, args.dx,
                   static_cast<int32_t>(args.acc_dx));
}

}  // namespace lacuna::cuda
