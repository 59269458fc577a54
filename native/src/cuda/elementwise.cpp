// Launchers of kernels/elementwise.cu.
#include "ops/elementwise.h"

#include "cuda/kernel.h"
#include "cuda/sums.h"
#include "cuda/tiled.h"

namespace lacuna::cuda {
namespace {

using namespace elementwise;

constexpr Kernel<Tiling, const float*, int64_t, const float*, int64_t, int32_t, float*, int64_t, int32_t, float, float>
    kForward{"elementwise", "elementwise_fwd", kTilingThreads};
constexpr Kernel<Tiling, const float*, int64_t, const float*, int64_t, const float*, int64_t, int32_t, float*, int64_t,
                 int32_t, float*, int64_t, int32_t, int32_t, float>
    kBackward{"elementwise", "elementwise_bwd", kTilingThreads};

bool is_repeated(const lacuna_elementwise_bwd_args& args) { return args.y_n != args.n || args.y_d != args.d; }

}  // namespace

int64_t elementwise_fwd_workspace(int, const lacuna_elementwise_fwd_args&) { return 0; }

int64_t elementwise_bwd_workspace(int, const lacuna_elementwise_bwd_args& args) {
  return args.dy && is_repeated(args) ? sums_workspace(args.n, args.d, args.y_n, args.y_d) : 0;
}

lacuna_status elementwise_fwd(CudaContext& ctx, const lacuna_elementwise_fwd_args& args) {
  if (const lacuna_status status = check(ctx, args)) return status;
  const bool dense_y = !takes_y(args.code) || dense(args.n, args.d, args.y_n, args.y_d, args.ld_y);
  const Tiled tiled(args.n, args.d, args.ld_x == args.d && args.ld_out == args.d && dense_y);
  const Repeated y(tiled, args.y_n, args.y_d, args.ld_y);
  return kForward(ctx, tiled.tiling.tiles(), tiled.tiling, args.x, tiled.ld(args.ld_x), args.y, y.ld, y.one_column,
                  args.out, tiled.ld(args.ld_out), static_cast<int32_t>(args.code), static_cast<float>(args.alpha),
                  static_cast<float>(args.beta));
}

lacuna_status elementwise_bwd(CudaContext& ctx, const lacuna_elementwise_bwd_args& args) {
  if (const lacuna_status status = check_gradient(ctx, args)) return status;
  const auto code = static_cast<int32_t>(args.code);
  float* const whole_dy = is_repeated(args) ? nullptr : args.dy;
  if (args.dx || whole_dy) {
    // Only MUL reads y.
    const bool dense_y = code != kMul || dense(args.n, args.d, args.y_n, args.y_d, args.ld_y);
    const bool dense_x = !gradient_takes_x(code) || args.ld_x == args.d;
    const bool dense_gradients = (!args.dx || args.ld_dx == args.d) && (!whole_dy || args.ld_dy == args.d);
    const Tiled tiled(args.n, args.d, args.ld_dout == args.d && dense_y && dense_x && dense_gradients);
    const Repeated y(tiled, args.y_n, args.y_d, args.ld_y);
    const lacuna_status status = kBackward(
        ctx, tiled.tiling.tiles(), tiled.tiling, args.dout, tiled.ld(args.ld_dout), args.x, tiled.ld(args.ld_x), args.y,
        y.ld, y.one_column, args.dx, tiled.ld(args.ld_dx), static_cast<int32_t>(args.acc_dx), whole_dy,
        tiled.ld(args.ld_dy), static_cast<int32_t>(args.acc_dy), code, static_cast<float>(args.alpha));
    if (status) return status;
  }
  if (!args.dy || whole_dy) return LACUNA_OK;
  return enqueue_sum(ctx,
                     {args.n, args.d, args.dout, args.ld_dout, code == kMul ? args.x : nullptr, args.ld_x,
                      code == kSub ? -1.0 : 1.0, args.y_n, args.y_d, args.dy, args.ld_dy, args.acc_dy != 0},
                     args.workspace);
}

}  // namespace lacuna::cuda
