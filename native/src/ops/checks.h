// Checks that more than one op needs beyond those of the op table, on whatever back end.
#ifndef LACUNA_SRC_OPS_CHECKS_H
#define LACUNA_SRC_OPS_CHECKS_H

#include <cinttypes>
#include <cmath>
#include <cstdint>

#include "context.h"

namespace lacuna {

inline lacuna_status check_flag(lacuna_context& ctx, const char* name, int64_t value) {
  if (value == 0 || value == 1) return LACUNA_OK;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "%s is %" PRId64 ", want 0 or 1", name, value);
}

// A stream and a step of random numbers (lacuna/philox.h).
inline lacuna_status check_draws(lacuna_context& ctx, int64_t stream, int64_t step) {
  if (stream == static_cast<int32_t>(stream) && step == static_cast<int32_t>(step)) return LACUNA_OK;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "stream is %" PRId64 " and step is %" PRId64 ", want 32-bit numbers", stream,
                  step);
}

// Every one of the n entries must lie in [lowest, limit).
inline lacuna_status check_indices(lacuna_context& ctx, const char* name, const int32_t* index, int64_t n,
                                   int64_t limit, int64_t lowest = 0) {
  for (int64_t i = 0; i < n; ++i) {
    if (index[i] < lowest || index[i] >= limit) {
      return ctx.fail(LACUNA_INVALID_ARGUMENT, "%s[%" PRId64 "] is %" PRId32 ", want one of [%" PRId64 ", %" PRId64 ")",
                      name, i, index[i], lowest, limit);
    }
  }
  return LACUNA_OK;
}

// Refuses a matrix for a row of d numbers that are not all finite, and names the first that is not.
inline lacuna_status fail_non_finite(lacuna_context& ctx, const char* name, int64_t row, const float* numbers,
                                     int64_t d) {
  int64_t col = 0;
  while (col < d - 1 && std::isfinite(numbers[col])) ++col;
  return ctx.fail(LACUNA_NON_FINITE, "%s[%" PRId64 ", %" PRId64 "] is %g", name, row, col, numbers[col]);
}

}  // namespace lacuna
#endif
