// What every back end refuses of elementwise_fwd and elementwise_bwd.
#ifndef LACUNA_SRC_OPS_ELEMENTWISE_H
#define LACUNA_SRC_OPS_ELEMENTWISE_H

#include "lacuna/elementwise_codes.h"
#include "lacuna/lacuna_ops.h"
#include "ops/checks.h"

namespace lacuna::elementwise {

template <class Args>
lacuna_status check(lacuna_context& ctx, const Args& args) {
  if (args.code < kAdd || args.code > kSqrt) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT,
                    "code is %" PRId64
                    ", want 0 (ADD), 1 (SUB), 2 (MUL), 3 (RELU), 4 (AFFINE), 5 (GELU), 6 (TANH), 7 (EXP), 8 (LOG) or 9 "
                    "(SQRT)",
                    args.code);
  }
  const float floor = static_cast<float>(args.alpha);
  if (args.code == kSqrt && !(floor > 0 && std::isfinite(floor))) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "alpha is %g, want > 0 and finite for SQRT", args.alpha);
  }
  if (!takes_y(args.code)) {
    if (!args.y && args.y_n == 0 && args.y_d == 0) return LACUNA_OK;
    return ctx.fail(LACUNA_INVALID_ARGUMENT,
                    "y is [%" PRId64 ", %" PRId64 "], want NULL with y_n = y_d = 0 for all codes but ADD, SUB and MUL",
                    args.y_n, args.y_d);
  }
  if (args.y_n != 1 && args.y_n != args.n) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "y_n is %" PRId64 ", want 1 or %" PRId64 " (= n)", args.y_n, args.n);
  }
  if (args.y_d != 1 && args.y_d != args.d) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "y_d is %" PRId64 ", want 1 or %" PRId64 " (= d)", args.y_d, args.d);
  }
  if (!args.y && args.y_n * args.y_d > 0) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "y is NULL, want [%" PRId64 ", %" PRId64 "] for ADD, SUB and MUL",
                    args.y_n, args.y_d);
  }
  return LACUNA_OK;
}

inline lacuna_status check_gradient(lacuna_context& ctx, const lacuna_elementwise_bwd_args& args) {
  if (const lacuna_status status = check(ctx, args)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_dx", args.acc_dx)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_dy", args.acc_dy)) return status;
  if (!args.dy || takes_y(args.code)) return LACUNA_OK;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "dy is given, want NULL for all codes but ADD, SUB and MUL");
}

}  // namespace lacuna::elementwise
#endif
