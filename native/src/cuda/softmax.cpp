// Launchers of kernels/softmax.cu.
#include "cuda/kernel.h"
#include "lacuna/softmax_shape.h"
#include "ops/checks.h"

namespace lacuna::cuda {
namespace {

using namespace softmax;

constexpr Kernel<int64_t, int64_t, const float*, int64_t, float*, int64_t> kForward{"softmax", "softmax_fwd", kThreads};
constexpr Kernel<int64_t, int64_t, const float*, int64_t, const float*, int64_t, float*, int64_t, int32_t> kBackward{
    "softmax", "softmax_bwd", kThreads};

}  // namespace

int64_t softmax_fwd_workspace(int, const lacuna_softmax_fwd_args&) { return 0; }

int64_t softmax_bwd_workspace(int, const lacuna_softmax_bwd_args&) { return 0; }

lacuna_status softmax_fwd(CudaContext& ctx, const lacuna_softmax_fwd_args& args) {
  return kForward(ctx, RowGroups(args.n, args.c).tiles, args.n, args.c, args.x, args.ld_x, args.prob, args.ld_prob);
}

lacuna_status softmax_bwd(CudaContext& ctx, const lacuna_softmax_bwd_args& args) {
  if (const lacuna_status status = check_flag(ctx, "acc_dx", args.acc_dx)) return status;
  return kBackward(ctx, RowGroups(args.n, args.c).tiles, args.n, args.c, args.prob, args.ld_prob, args.dprob,
                   args.ld_dprob, args.dx, args.ld_dx, static_cast<int32_t>(args.acc_dx));
}

}  // namespace lacuna::cuda
