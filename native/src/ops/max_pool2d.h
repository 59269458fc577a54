// What every back end refuses of max_pool2d_fwd.
#ifndef LACUNA_SRC_OPS_MAX_POOL2D_H
#define LACUNA_SRC_OPS_MAX_POOL2D_H

#include <limits>

#include "lacuna/lacuna_ops.h"
#include "ops/checks.h"

namespace lacuna::max_pool2d {

inline lacuna_status check(lacuna_context& ctx, const lacuna_max_pool2d_fwd_args& args) {
  if (args.k < 1) return ctx.fail(LACUNA_INVALID_ARGUMENT, "k is %" PRId64 ", want >= 1", args.k);
  if (args.stride < 1) return ctx.fail(LACUNA_INVALID_ARGUMENT, "stride is %" PRId64 ", want >= 1", args.stride);
  if (args.k > args.h || args.k > args.w) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "k is %" PRId64 ", want at most h = %" PRId64 " and w = %" PRId64, args.k,
                    args.h, args.w);
  }
  if (args.h > std::numeric_limits<int32_t>::max() / args.w) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "h w is more than a 32-bit index reaches: h = %" PRId64 ", w = %" PRId64,
                    args.h, args.w);
  }
  const auto check_extent = [&](const char* name, int64_t got, int64_t size) {
    const int64_t want = (size - args.k) / args.stride + 1;
    if (got == want) return LACUNA_OK;
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "%s_out is %" PRId64 ", want %" PRId64 " (= (%s - k) / stride + 1)", name,
                    got, want, name);
  };
  if (const lacuna_status status = check_extent("h", args.h_out, args.h)) return status;
  return check_extent("w", args.w_out, args.w);
}

}  // namespace lacuna::max_pool2d
#endif
