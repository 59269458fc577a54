// What every back end refuses of dropout, and what all of them take from its arguments.
#ifndef LACUNA_SRC_OPS_DROPOUT_H
#define LACUNA_SRC_OPS_DROPOUT_H

#include "lacuna/dropout_draws.h"
#include "lacuna/lacuna_ops.h"
#include "ops/checks.h"

namespace lacuna::dropout {

inline lacuna_status check(lacuna_context& ctx, const lacuna_dropout_args& args) {
  if (!(args.p >= 0 && args.p < 1)) return ctx.fail(LACUNA_INVALID_ARGUMENT, "p is %g, want 0 <= p < 1", args.p);
  if (const lacuna_status status = check_draws(ctx, args.stream, args.step)) return status;
  return check_flag(ctx, "acc_out", args.acc_out);
}

// A draw is kept where its 24 bits are at least p 2^24, which is exact in double.
inline Draws draws_of(const lacuna_dropout_args& args) {
  return {{args.seed, static_cast<int32_t>(args.stream), static_cast<int32_t>(args.step)},
          static_cast<int32_t>(std::ceil(args.p * 0x1p24)),
          static_cast<float>(1 / (1 - args.p))};
}

}  // namespace lacuna::dropout
#endif
