// What every back end refuses of the vector quantiser's ops before it looks at tensors.
#ifndef LACUNA_SRC_OPS_VQ_H
#define LACUNA_SRC_OPS_VQ_H

#include <cmath>
#include <limits>

#include "lacuna/lacuna_ops.h"
#include "lacuna/vq_codes.h"
#include "ops/checks.h"

namespace lacuna::vq {

constexpr int64_t kMaxInt = std::numeric_limits<int32_t>::max();
constexpr int64_t kMaxTile = 128;  // codes may be padded to so many

inline lacuna_status check(lacuna_context& ctx, const lacuna_vq_nearest_args& args) {
  if (args.k >= 1 && args.k <= kMaxInt - kMaxTile) return LACUNA_OK;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "k is %" PRId64 ", want [1, 2^31 - %" PRId64 ")", args.k, kMaxTile);
}

inline lacuna_status check_groups(lacuna_context& ctx, int64_t groups, int64_t m) {
  if (groups == 1 || groups == m) return LACUNA_OK;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "groups is %" PRId64 ", want 1 or %" PRId64 " (= m)", groups, m);
}

inline lacuna_status check_decay(lacuna_context& ctx, double decay) {
  if (decay >= 0 && decay <= 1) return LACUNA_OK;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "decay is %g, want [0, 1]", decay);
}

inline lacuna_status check(lacuna_context& ctx, const lacuna_vq_statistics_args& args) {
  if (const lacuna_status status = check_groups(ctx, args.groups, args.m)) return status;
  if (const lacuna_status status = check_decay(ctx, args.decay)) return status;
  if (args.n <= kMaxInt && args.k <= kMaxInt) return LACUNA_OK;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "n is %" PRId64 " and k is %" PRId64 ", want < 2^31", args.n, args.k);
}

inline lacuna_status check(lacuna_context& ctx, const lacuna_vq_ema_args& args) {
  if (const lacuna_status status = check_groups(ctx, args.groups, args.m)) return status;
  if (const lacuna_status status = check_decay(ctx, args.decay)) return status;
  if (!(args.epsilon >= 0 && std::isfinite(args.epsilon)))
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "epsilon is %g, want >= 0", args.epsilon);
  if (args.smoothing >= 0 && args.smoothing <= kApplied) return LACUNA_OK;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "smoothing is %" PRId64 ", want 0 to 2", args.smoothing);
}

inline lacuna_status check(lacuna_context& ctx, const lacuna_vq_reset_args& args) {
  if (args.recent < 0 || args.recent > args.after || args.after >= kMaxInt)
    return ctx.fail(LACUNA_INVALID_ARGUMENT,
                    "recent is %" PRId64 " and after is %" PRId64 ", want 0 <= recent <= after < 2^31 - 1", args.recent,
                    args.after);
  if (const lacuna_status status = check_draws(ctx, args.stream, args.step)) return status;
  if (!(args.noise >= 0 && std::isfinite(args.noise)))
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "noise is %g, want >= 0", args.noise);
  if (!(args.c_reset > 0 && std::isfinite(args.c_reset)))
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "c_reset is %g, want > 0", args.c_reset);
  if (args.k <= kMaxInt) return LACUNA_OK;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "k is %" PRId64 ", want < 2^31", args.k);
}

inline lacuna_status check(lacuna_context& ctx, const lacuna_vq_quantize_fwd_args& args) {
  if (args.m >= 1) return LACUNA_OK;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "m is 0, want >= 1");
}

inline lacuna_status check(lacuna_context& ctx, const lacuna_vq_quantize_bwd_args& args) {
  if (args.m < 1) return ctx.fail(LACUNA_INVALID_ARGUMENT, "m is 0, want >= 1");
  if (args.estimator < 0 || args.estimator > kRotation)
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "estimator is %" PRId64 ", want 0 or 1", args.estimator);
  return check_flag(ctx, "acc_dz", args.acc_dz);
}

}  // namespace lacuna::vq
#endif
