// Launchers of kernels/bce_logits.cu.
#include "ops/bce_logits.h"

#include <algorithm>

#include "cuda/indices.h"
#include "cuda/kernel.h"
#include "cuda/tiled.h"

namespace lacuna::cuda {
namespace {

using namespace bce_logits;

constexpr Kernel<Tiling, const float*, int64_t, int32_t, int32_t*> kCheck{"bce_logits", "bce_logits_check",
                                                                          kTilingThreads};
constexpr Kernel<IndexGate, Tiling, const float*, int64_t, const float*, int64_t, double*> kForward{
    "bce_logits", "bce_logits_fwd", kTilingThreads};
constexpr Kernel<IndexGate, double, int64_t, const double*, float*> kLoss{"bce_logits", "bce_logits_loss",
                                                                          kTilingThreads};
constexpr Kernel<IndexGate, Tiling, double, const float*, int64_t, const float*, int64_t, const float*, float*, int64_t,
                 int32_t>
    kBackward{"bce_logits", "bce_logits_bwd", kTilingThreads};

template <class Args>
double count_of(const Args& args) {
  return static_cast<double>(args.n) * static_cast<double>(args.c);
}

// Enqueues the check of the targets; the kernels of op that follow begin with refused(gate).
template <class Args>
lacuna_status check_targets(CudaContext& ctx, int32_t op, const Args& args, IndexGate& gate) {
  const Tiled tiled(args.n, args.c, args.ld_target == args.c);
  const auto blocks = static_cast<int32_t>(std::min<int64_t>(tiled.tiling.tiles(), kMaxIndexBlocks));
  auto* const wrong = static_cast<int32_t*>(args.workspace);
  gate = {wrong, blocks, op, Fault::kTarget, ctx.fault_word()};
  return kCheck(ctx, blocks, tiled.tiling, args.target, tiled.ld(args.ld_target), blocks, wrong);
}

}  // namespace

// The verdict on the targets, then the parts of the loss, of which one long row has most: a tile of rows with gaps
// holds as many numbers as one of it, or more.
int64_t bce_logits_fwd_workspace(int, const lacuna_bce_logits_fwd_args& args) {
  return kIndexGateBytes + Tiled(args.n, args.c, true).tiling.tiles() * static_cast<int64_t>(sizeof(double));
}

int64_t bce_logits_bwd_workspace(int, const lacuna_bce_logits_bwd_args&) { return kIndexGateBytes; }

lacuna_status bce_logits_fwd(CudaContext& ctx, const lacuna_bce_logits_fwd_args& args) {
  if (const lacuna_status status = check(ctx, args)) return status;
  IndexGate gate;
  if (const lacuna_status status = check_targets(ctx, LACUNA_OP_bce_logits_fwd, args, gate)) return status;
  const Tiled tiled(args.n, args.c, args.ld_logits == args.c && args.ld_target == args.c);
  const int64_t parts = tiled.tiling.tiles();
  auto* const partial = reinterpret_cast<double*>(static_cast<char*>(args.workspace) + kIndexGateBytes);
  const lacuna_status status = kForward(ctx, parts, gate, tiled.tiling, args.logits, tiled.ld(args.ld_logits),
                                        args.target, tiled.ld(args.ld_target), partial);
  return status ? status : kLoss(ctx, 1, gate, count_of(args), parts, partial, args.loss);
}

lacuna_status bce_logits_bwd(CudaContext& ctx, const lacuna_bce_logits_bwd_args& args) {
  if (const lacuna_status status = check(ctx, args)) return status;
  IndexGate gate;
  if (const lacuna_status status = check_targets(ctx, LACUNA_OP_bce_logits_bwd, args, gate)) return status;
  const Tiled tiled(args.n, args.c, args.ld_logits == args.c && args.ld_target == args.c && args.ld_dlogits == args.c);
  return kBackward(ctx, tiled.tiling.tiles(), gate, tiled.tiling, count_of(args), args.logits, tiled.ld(args.ld_logits),
                   args.target, tiled.ld(args.ld_target), args.dloss, args.dlogits, tiled.ld(args.ld_dlogits),
                   static_cast<int32_t>(args.acc_dlogits));
}

}  // namespace lacuna::cuda
