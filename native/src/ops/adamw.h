// What every back end refuses of adamw_step, and the scalars of a step.
#ifndef LACUNA_SRC_OPS_ADAMW_H
#define LACUNA_SRC_OPS_ADAMW_H

#include <cmath>

#include "lacuna/adamw_shape.h"
#include "lacuna/lacuna_ops.h"
#include "ops/checks.h"

namespace lacuna::adamw {

inline lacuna_status check(lacuna_context& ctx, const lacuna_adamw_step_args& args) {
  if (const lacuna_status status = check_flag(ctx, "decoupled", args.decoupled)) return status;
  if (args.step >= 1) return LACUNA_OK;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "step is %" PRId64 ", want >= 1", args.step);
}

// In double: 1 - beta2 would lose four of its seven digits in float.
inline Step step_of(const lacuna_adamw_step_args& args) {
  const double steps = static_cast<double>(args.step);
  const double correction1 = 1.0 - std::pow(args.beta1, steps), correction2 = 1.0 - std::pow(args.beta2, steps);
  return {static_cast<float>(args.decoupled ? 1.0 - args.lr * args.weight_decay : 1.0),
          static_cast<float>(args.decoupled ? 0.0 : args.weight_decay),
          static_cast<float>(args.beta1),
          static_cast<float>(1.0 - args.beta1),
          static_cast<float>(args.beta2),
          static_cast<float>(1.0 - args.beta2),
          static_cast<float>(args.lr / correction1),
          static_cast<float>(1.0 / std::sqrt(correction2)),
          static_cast<float>(args.epsilon)};
}

}  // namespace lacuna::adamw
#endif
