// What every back end refuses of sgd_step.
#ifndef LACUNA_SRC_OPS_SGD_H
#define LACUNA_SRC_OPS_SGD_H

#include "lacuna/lacuna_ops.h"
#include "ops/checks.h"

namespace lacuna::sgd {

inline lacuna_status check(lacuna_context& ctx, const lacuna_sgd_step_args& args) {
  if (const lacuna_status status = check_flag(ctx, "nesterov", args.nesterov)) return status;
  if (const lacuna_status status = check_flag(ctx, "decoupled", args.decoupled)) return status;
  if (const lacuna_status status = check_flag(ctx, "first", args.first)) return status;
  if (args.momentum == 0 || args.velocity || args.n == 0) return LACUNA_OK;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "velocity is NULL, want [%" PRId64 "] as momentum is %g", args.n,
                  args.momentum);
}

}  // namespace lacuna::sgd
#endif
