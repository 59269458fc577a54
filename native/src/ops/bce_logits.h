// What every back end refuses of bce_logits_fwd and bce_logits_bwd before it looks at their targets.
#ifndef LACUNA_SRC_OPS_BCE_LOGITS_H
#define LACUNA_SRC_OPS_BCE_LOGITS_H

#include "lacuna/lacuna_ops.h"
#include "ops/checks.h"

namespace lacuna::bce_logits {

inline lacuna_status check_sizes(lacuna_context& ctx, int64_t n, int64_t c) {
  if (n > 0 && c > 0) return LACUNA_OK;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "logits are [%" PRId64 ", %" PRId64 "], want at least [1, 1]", n, c);
}

inline lacuna_status check(lacuna_context& ctx, const lacuna_bce_logits_fwd_args& args) {
  return check_sizes(ctx, args.n, args.c);
}

inline lacuna_status check(lacuna_context& ctx, const lacuna_bce_logits_bwd_args& args) {
  if (const lacuna_status status = check_flag(ctx, "acc_dlogits", args.acc_dlogits)) return status;
  return check_sizes(ctx, args.n, args.c);
}

}  // namespace lacuna::bce_logits
#endif
