// What every back end refuses of vicreg, and the codes it takes.
#ifndef LACUNA_SRC_OPS_VICREG_H
#define LACUNA_SRC_OPS_VICREG_H

#include <cinttypes>
#include <cstdint>

#include "lacuna/lacuna_ops.h"
#include "ops/checks.h"

namespace lacuna {

enum VicregForm : int64_t { kVicregAuto = 0, kVicregCovariance = 1, kVicregGram = 2 };
enum VicregTarget : int64_t { kVicregFull = 0, kVicregInvarianceOnly = 1 };

// Whether S is that of the rows.
inline bool is_gram(const lacuna_vicreg_args& args) {
  return args.form == kVicregGram || (args.form == kVicregAuto && args.n < args.d);
}

inline lacuna_status check_vicreg(lacuna_context& ctx, const lacuna_vicreg_args& args) {
  const auto invalid = [&](const char* name, int64_t value, const char* want) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "%s is %" PRId64 ", want %s", name, value, want);
  };
  if (args.n < 2) return invalid("n", args.n, ">= 2: a variance needs two rows");
  if (args.d < 1) return invalid("d", args.d, ">= 1");
  if (args.form < kVicregAuto || args.form > kVicregGram) return invalid("form", args.form, "0, 1 or 2");
  if (const lacuna_status status = check_flag(ctx, "halving", args.halving)) return status;
  if (const lacuna_status status = check_flag(ctx, "target", args.target)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_dx", args.acc_dx)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_dy", args.acc_dy)) return status;
  if (static_cast<float>(args.epsilon) > 0) return LACUNA_OK;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "epsilon is %g, want > 0 in float", args.epsilon);
}

}  // namespace lacuna
#endif
