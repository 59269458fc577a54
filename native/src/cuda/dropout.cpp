// Launcher of kernels/dropout.cu.
#include "ops/dropout.h"

#include "cuda/kernel.h"
#include "cuda/tiled.h"

namespace lacuna::cuda {
namespace {

constexpr Kernel<Tiling, lacuna::dropout::Draws, const float*, int64_t, float*, int64_t, int32_t> kApply{
    "dropout", "dropout_apply", kTilingThreads};

}  // namespace

int64_t dropout_workspace(int, const lacuna_dropout_args&) { return 0; }

lacuna_status dropout(CudaContext& ctx, const lacuna_dropout_args& args) {
  if (const lacuna_status status = lacuna::dropout::check(ctx, args)) return status;
  const Tiled tiled(args.n, args.d, args.ld_x == args.d && args.ld_out == args.d);
  return kApply(ctx, tiled.tiling.tiles(), tiled.tiling, lacuna::dropout::draws_of(args), args.x, tiled.ld(args.ld_x),
                args.out, tiled.ld(args.ld_out), static_cast<int32_t>(args.acc_out));
}

}  // namespace lacuna::cuda
