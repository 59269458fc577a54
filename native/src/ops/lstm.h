// What every back end refuses of lstm_fwd and lstm_bwd, and how both walk through the steps.
#ifndef LACUNA_SRC_OPS_LSTM_H
#define LACUNA_SRC_OPS_LSTM_H

#include "lacuna/lacuna_ops.h"
#include "ops/checks.h"

namespace lacuna::lstm {

inline lacuna_status check(lacuna_context& ctx, const lacuna_lstm_fwd_args& args) {
  return check_flag(ctx, "reverse", args.reverse);
}

inline lacuna_status check(lacuna_context& ctx, const lacuna_lstm_bwd_args& args) {
  if (const lacuna_status status = check_flag(ctx, "reverse", args.reverse)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_dgates_x", args.acc_dgates_x)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_dw_hh", args.acc_dw_hh)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_dh0", args.acc_dh0)) return status;
  return check_flag(ctx, "acc_dc0", args.acc_dc0);
}

// First row of the step that is run k-th.
template <class Args>
int64_t first_row(const Args& args, int64_t k) {
  return (args.reverse ? args.t - 1 - k : k) * args.b;
}

// Where the gates' gradients are kept till dw_hh is taken: in dgates_x itself, unless it adds to something or is
// absent.
inline bool keeps_dgates(const lacuna_lstm_bwd_args& args) { return args.dgates_x && !args.acc_dgates_x; }

}  // namespace lacuna::lstm
#endif
