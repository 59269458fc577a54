// Launcher of kernels/sgd.cu.
#include "ops/sgd.h"

#include "cuda/kernel.h"
#include "lacuna/sgd_shape.h"

namespace lacuna::cuda {
namespace {

using namespace sgd;

constexpr Kernel<int64_t, Step, float*, const float*, float*> kStep{"sgd", "sgd_step", kThreads};

}  // namespace

int64_t sgd_step_workspace(int, const lacuna_sgd_step_args&) { return 0; }

lacuna_status sgd_step(CudaContext& ctx, const lacuna_sgd_step_args& args) {
  if (const lacuna_status status = check(ctx, args)) return status;
  const bool decoupled = args.decoupled != 0;
  const Step step{static_cast<float>(args.lr),
                  static_cast<float>(args.momentum),
                  static_cast<float>(1.0 - args.dampening),
                  static_cast<float>(decoupled ? 0.0 : args.weight_decay),
                  static_cast<float>(decoupled ? 1.0 - args.lr * args.weight_decay : 1.0),
                  static_cast<int32_t>(args.nesterov),
                  static_cast<int32_t>(args.first)};
  return kStep(ctx, (args.n + kBlockNumbers - 1) / kBlockNumbers, args.n, step, args.w, args.g,
               args.momentum != 0 ? args.velocity : nullptr);
}

}  // namespace lacuna::cuda
