// Launchers of kernels/softmax_xent.cu.
#include <algorithm>

#include "cuda/indices.h"
#include "cuda/kernel.h"
#include "lacuna/softmax_shape.h"
#include "ops/checks.h"

namespace lacuna::cuda {
namespace {

using namespace softmax;

constexpr Kernel<IndexGate, int64_t, int64_t, const float*, int64_t, const int32_t*, float*, int64_t, double*> kForward{
    "softmax_xent", "softmax_xent_fwd", kThreads};
constexpr Kernel<IndexGate, int64_t, int64_t, const double*, float*> kLoss{"softmax_xent", "softmax_xent_loss",
                                                                           kThreads};
constexpr Kernel<IndexGate, Tiling, const float*, int64_t, const int32_t*, const float*, float*, int64_t, int32_t>
    kBackward{"softmax_xent", "softmax_xent_bwd", kTilingThreads};

}  // namespace

// The verdict on the labels, then the parts of the loss.
int64_t softmax_xent_fwd_workspace(int, const lacuna_softmax_xent_fwd_args& args) {
  return kIndexGateBytes + loss_blocks(RowGroups(args.n, args.c)) * static_cast<int64_t>(sizeof(double));
}

int64_t softmax_xent_bwd_workspace(int, const lacuna_softmax_xent_bwd_args&) { return kIndexGateBytes; }

lacuna_status softmax_xent_fwd(CudaContext& ctx, const lacuna_softmax_xent_fwd_args& args) {
  if (args.n == 0) return ctx.fail(LACUNA_INVALID_ARGUMENT, "n is 0, want >= 1: the mean over no rows");
  IndexGate gate;
  if (const lacuna_status status = check_indices(ctx, LACUNA_OP_softmax_xent_fwd, Fault::kLabel, args.label, args.n, 0,
                                                 args.c, args.workspace, gate)) {
    return status;
  }
  const int64_t blocks = loss_blocks(RowGroups(args.n, args.c));
  auto* const partial = reinterpret_cast<double*>(static_cast<char*>(args.workspace) + kIndexGateBytes);
  const lacuna_status status = kForward(ctx, blocks, gate, args.n, args.c, args.logits, args.ld_logits, args.label,
                                        args.prob, args.ld_prob, partial);
  return status ? status : kLoss(ctx, 1, gate, args.n, blocks, partial, args.loss);
}

lacuna_status softmax_xent_bwd(CudaContext& ctx, const lacuna_softmax_xent_bwd_args& args) {
  if (const lacuna_status status = check_flag(ctx, "acc_dlogits", args.acc_dlogits)) return status;
  IndexGate gate;
  if (const lacuna_status status = check_indices(ctx, LACUNA_OP_softmax_xent_bwd, Fault::kLabel, args.label, args.n, 0,
                                                 args.c, args.workspace, gate)) {
    return status;
  }
  const Tiling tiling(args.n, args.c);
  return kBackward(ctx, std::max<int64_t>(tiling.tiles(), args.n > 0), gate, tiling, args.prob, args.ld_prob,
                   args.label, args.dloss, args.dlogits, args.ld_dlogits, static_cast<int32_t>(args.acc_dlogits));
}

}  // namespace lacuna::cuda
