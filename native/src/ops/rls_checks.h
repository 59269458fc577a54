// What every back end refuses of the RLS ops before it looks at tensors.
#ifndef LACUNA_SRC_OPS_RLS_CHECKS_H
#define LACUNA_SRC_OPS_RLS_CHECKS_H

#include <cinttypes>
#include <cmath>
#include <cstdint>

#include "lacuna/lacuna_ops.h"
#include "lacuna/rls_codes.h"
#include "ops/checks.h"

namespace lacuna::rls {

constexpr double kMinAlpha = 1e-6;

inline bool is_form(int64_t form) { return form >= kPotter && form <= kLowRank; }

inline lacuna_status check_rows(lacuna_context& ctx, int64_t form, int64_t s, int64_t rows) {
  if (form == kLowRank) {
    if (rows % 2 == 0) return LACUNA_OK;
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "rows is %" PRId64 ", want an even number, as form is LOW_RANK", rows);
  }
  const int64_t wanted = form == kPotter ? s : s + 1;
  if (rows == wanted) return LACUNA_OK;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "rows is %" PRId64 ", want %" PRId64 " (= %s)", rows, wanted,
                  form == kPotter ? "s, as form is POTTER" : "s + 1, as form is PLAIN");
}

template <class Args>
lacuna_status check_absorbed(lacuna_context& ctx, const Args& args) {
  if (args.norm != kNormNone && args.norm != kNormFrobenius)
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "norm is %" PRId64 ", want 0 (NONE) or 1 (FRO)", args.norm);
  if (args.alpha >= kMinAlpha && std::isfinite(args.alpha)) return LACUNA_OK;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "alpha is %g, want >= %g and finite", args.alpha, kMinAlpha);
}

template <class Args>
lacuna_status check_gradient(lacuna_context& ctx, const Args& args) {
  if (!std::isfinite(args.scale))
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "scale is %g, want a finite one", args.scale);
  if (args.c == 0 || args.s == 0) return LACUNA_OK;
  const bool given = args.n == 0 ? args.g && !args.e && !args.h : !args.g && args.e && args.h;
  if (given) return LACUNA_OK;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "g, e, h are %s, %s, %s, want %s as n is %" PRId64,
                  args.g ? "given" : "NULL", args.e ? "given" : "NULL", args.h ? "given" : "NULL",
                  args.n == 0 ? "g alone" : "e and h alone", args.n);
}

template <class Args>
lacuna_status check(lacuna_context& ctx, const Args& args) {
  if (!is_form(args.form)) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "form is %" PRId64 ", want 0 (POTTER), 1 (PLAIN) or 2 (LOW_RANK)",
                    args.form);
  }
  if constexpr (requires { args.order; }) {
    if (const lacuna_status status = check_flag(ctx, "order", args.order)) return status;
  }
  if constexpr (requires { args.r; }) {
    if (const lacuna_status status = check_absorbed(ctx, args)) return status;
  }
  if (const lacuna_status status = check_rows(ctx, args.form, args.s, args.rows)) return status;
  if constexpr (requires { args.out; }) return check_gradient(ctx, args);
  return LACUNA_OK;
}

}  // namespace lacuna::rls
#endif
