// Launchers of kernels/vq_quantize.cu.
#include "cuda/indices.h"
#include "cuda/kernel.h"
#include "cuda/sizes.h"
#include "lacuna/vq_shape.h"
#include "ops/vq.h"
#include "room.h"

namespace lacuna::cuda {
namespace {

using namespace vq;

constexpr Kernel<Quantised, float*, int64_t, double*> kForward{"vq_quantize", "vq_quantize_forward", kThreads};
constexpr Kernel<IndexGate, const double*, int64_t, double, float*> kLoss{"vq_quantize", "vq_quantize_loss", kThreads};
constexpr Kernel<Quantised, const float*, int64_t, const float*, int64_t, int64_t, float*, int64_t> kBackward{
    "vq_quantize", "vq_quantize_backward", kThreads};

int64_t forward_blocks(int64_t n) { return ceil_div(n, kQuantizeRows); }

// The workspace starts with what the check of indices leaves there.
template <class Args>
lacuna_status check_indices(CudaContext& ctx, int32_t op, const Args& args, IndexGate& gate) {
  return check_indices(ctx, op, Fault::kIndex, args.index, args.m * args.n, -1, args.k, args.workspace, gate);
}

template <class Args>
Quantised quantised(const Args& args, const IndexGate& gate) {
  return {args.m,        args.n,           args.d,     args.k, args.z,   args.ld_z,
          args.codebook, args.ld_codebook, args.index, gate,   args.own, args.cross};
}

}  // namespace

int64_t vq_quantize_fwd_workspace(int, const lacuna_vq_quantize_fwd_args& args) {
  Room room;
  room.take<char>({kIndexGateBytes});
  room.take<double>({forward_blocks(args.n)});
  return room.bytes();
}

int64_t vq_quantize_bwd_workspace(int, const lacuna_vq_quantize_bwd_args&) { return kIndexGateBytes; }

lacuna_status vq_quantize_fwd(CudaContext& ctx, const lacuna_vq_quantize_fwd_args& args) {
  if (const lacuna_status status = vq::check(ctx, args)) return status;
  IndexGate gate;
  if (const lacuna_status status = check_indices(ctx, LACUNA_OP_vq_quantize_fwd, args, gate)) return status;
  const int64_t blocks = forward_blocks(args.n);
  double* const partial = args.loss ? part<double>(args.workspace, kIndexGateBytes) : nullptr;
  const lacuna_status status = kForward(ctx, blocks, quantised(args, gate), args.q, args.ld_q, partial);
  if (status || !args.loss) return status;
  return kLoss(ctx, 1, gate, partial, blocks, static_cast<double>(args.n) * static_cast<double>(args.d), args.loss);
}

lacuna_status vq_quantize_bwd(CudaContext& ctx, const lacuna_vq_quantize_bwd_args& args) {
  if (const lacuna_status status = vq::check(ctx, args)) return status;
  IndexGate gate;
  if (const lacuna_status status = check_indices(ctx, LACUNA_OP_vq_quantize_bwd, args, gate)) return status;
  return kBackward(ctx, ceil_div(args.n, kWarps), quantised(args, gate), args.dq, args.ld_dq, args.dloss,
                   args.estimator, args.acc_dz, args.dz, args.ld_dz);
}

}  // namespace lacuna::cuda
