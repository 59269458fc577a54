// What every back end refuses of layer_norm_fwd and layer_norm_bwd.
#ifndef LACUNA_SRC_OPS_LAYER_NORM_H
#define LACUNA_SRC_OPS_LAYER_NORM_H

#include <cmath>

#include "lacuna/lacuna_ops.h"
#include "ops/checks.h"

namespace lacuna::layer_norm {

inline lacuna_status check(lacuna_context& ctx, const lacuna_layer_norm_fwd_args& args) {
  if (args.eps >= 0 && std::isfinite(args.eps)) return LACUNA_OK;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "eps is %g, want a finite number >= 0", args.eps);
}

inline lacuna_status check_gradient(lacuna_context& ctx, const lacuna_layer_norm_bwd_args& args) {
  if (const lacuna_status status = check_flag(ctx, "acc_dx", args.acc_dx)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_dgamma", args.acc_dgamma)) return status;
  return check_flag(ctx, "acc_dbeta", args.acc_dbeta);
}

}  // namespace lacuna::layer_norm
#endif
