// What conv2d_fwd and conv2d_bwd are checked for beyond the op table, on every back end.
#ifndef LACUNA_SRC_OPS_CONV2D_H
#define LACUNA_SRC_OPS_CONV2D_H

#include <cinttypes>

#include "context.h"
#include "lacuna/lacuna_ops.h"

namespace lacuna {

template <class Args>
lacuna_status check_conv2d(lacuna_context& ctx, const Args& args) {
  const auto wrong = [&](const char* name, int64_t got, const char* want) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "%s is %" PRId64 ", want %s", name, got, want);
  };
  constexpr int64_t kMost = 1 << 30;
  if (args.stride < 1 || args.stride > kMost) return wrong("stride", args.stride, ">= 1");
  if (args.pad < 0 || args.pad > kMost) return wrong("pad", args.pad, ">= 0");
  if (args.kh < 1) return wrong("kh", args.kh, ">= 1");
  if (args.kw < 1) return wrong("kw", args.kw, ">= 1");
  const auto check_extent = [&](const char* name, int64_t got, int64_t size, int64_t kernel) {
    const int64_t padded = size + 2 * args.pad;
    if (kernel > padded) {
      return ctx.fail(LACUNA_INVALID_ARGUMENT, "k%s is %" PRId64 ", want <= %" PRId64 " (= %s + 2 pad)", name, kernel,
                      padded, name);
    }
    const int64_t want = (padded - kernel) / args.stride + 1;
    if (got == want) return LACUNA_OK;
    return ctx.fail(LACUNA_INVALID_ARGUMENT,
                    "%s_out is %" PRId64 ", want %" PRId64 " (= (%s + 2 pad - k%s) / stride + 1)", name, got, want,
                    name, name);
  };
  if (const lacuna_status status = check_extent("h", args.h_out, args.h, args.kh)) return status;
  return check_extent("w", args.w_out, args.w, args.kw);
}

}  // namespace lacuna
#endif
