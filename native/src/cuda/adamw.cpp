// Launcher of kernels/adamw.cu.
#include "ops/adamw.h"

#include "cuda/kernel.h"

namespace lacuna::cuda {
namespace {

using namespace adamw;

constexpr Kernel<int64_t, Step, float*, const float*, float*, float*> kStep{"adamw", "adamw_step", kThreads};

}  // namespace

int64_t adamw_step_workspace(int, const lacuna_adamw_step_args&) { return 0; }

lacuna_status adamw_step(CudaContext& ctx, const lacuna_adamw_step_args& args) {
  if (const lacuna_status status = check(ctx, args)) return status;
  return kStep(ctx, (args.n + kBlockNumbers - 1) / kBlockNumbers, args.n, step_of(args), args.w, args.g, args.m,
               args.v);
}

}  // namespace lacuna::cuda
