// Launchers of kernels/entropy.cu.
#include "ops/entropy.h"

#include "cuda/kernel.h"
#include "lacuna/softmax_shape.h"

namespace lacuna::cuda {
namespace {

using namespace softmax;

constexpr Kernel<int64_t, int64_t, const float*, int64_t, float*> kForward{"entropy", "entropy_fwd", kThreads};
constexpr Kernel<int64_t, int64_t, const float*, int64_t, const float*, const float*, float*, int64_t, int32_t>
    kBackward{"entropy", "entropy_bwd", kThreads};

}  // namespace

int64_t entropy_fwd_workspace(int, const lacuna_entropy_fwd_args&) { return 0; }

int64_t entropy_bwd_workspace(int, const lacuna_entropy_bwd_args&) { return 0; }

lacuna_status entropy_fwd(CudaContext& ctx, const lacuna_entropy_fwd_args& args) {
  if (const lacuna_status status = entropy::check(ctx, args)) return status;
  return kForward(ctx, RowGroups(args.n, args.c).tiles, args.n, args.c, args.logits, args.ld_logits, args.e);
}

lacuna_status entropy_bwd(CudaContext& ctx, const lacuna_entropy_bwd_args& args) {
  if (const lacuna_status status = entropy::check(ctx, args)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_dlogits", args.acc_dlogits)) return status;
  return kBackward(ctx, RowGroups(args.n, args.c).tiles, args.n, args.c, args.logits, args.ld_logits, args.e, args.de,
                   args.dlogits, args.ld_dlogits, static_cast<int32_t>(args.acc_dlogits));
}

}  // namespace lacuna::cuda
