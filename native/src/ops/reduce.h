// What every back end refuses of reduce_fwd and reduce_bwd, and what a mean divides by.
#ifndef LACUNA_SRC_OPS_REDUCE_H
#define LACUNA_SRC_OPS_REDUCE_H

#include "lacuna/lacuna_ops.h"
#include "ops/checks.h"

namespace lacuna::reduce {

enum Code : int64_t { kSum = 0, kMean = 1 };

template <class Args>
lacuna_status check(lacuna_context& ctx, const Args& args) {
  if (args.code != kSum && args.code != kMean) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "code is %" PRId64 ", want 0 (SUM) or 1 (MEAN)", args.code);
  }
  if (args.out_n != 1 && (args.out_n != args.n || args.out_d != 1)) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "out_n is %" PRId64 ", want 1, or %" PRId64 " (= n) with out_d = 1",
                    args.out_n, args.n);
  }
  if (args.out_d != 1 && args.out_d != args.d) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "out_d is %" PRId64 ", want 1 or %" PRId64 " (= d)", args.out_d, args.d);
  }
  return LACUNA_OK;
}

// How many elements go into one result.
template <class Args>
int64_t summands(const Args& args) {
  return (args.out_n == args.n ? 1 : args.n) * (args.out_d == args.d ? 1 : args.d);
}

template <class Args>
double divisor(const Args& args) {
  return args.code == kMean ? static_cast<double>(summands(args)) : 1.0;
}

inline lacuna_status check_sum(lacuna_context& ctx, const lacuna_reduce_fwd_args& args) {
  if (const lacuna_status status = check(ctx, args)) return status;
  if (args.code != kMean || summands(args) > 0 || args.out_n * args.out_d == 0) return LACUNA_OK;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "MEAN of x[%" PRId64 ", %" PRId64 "] has no elements to average", args.n,
                  args.d);
}

inline lacuna_status check_gradient(lacuna_context& ctx, const lacuna_reduce_bwd_args& args) {
  if (const lacuna_status status = check(ctx, args)) return status;
  return check_flag(ctx, "acc_dx", args.acc_dx);
}

}  // namespace lacuna::reduce
#endif
