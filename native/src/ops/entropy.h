// What every back end refuses of entropy_fwd and entropy_bwd.
#ifndef LACUNA_SRC_OPS_ENTROPY_H
#define LACUNA_SRC_OPS_ENTROPY_H

#include "lacuna/lacuna_ops.h"
#include "ops/checks.h"

namespace lacuna::entropy {

template <class Args>
lacuna_status check(lacuna_context& ctx, const Args& args) {
  if (args.c > 0 || args.n == 0) return LACUNA_OK;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "c is 0, want >= 1: the entropy of no classes");
}

}  // namespace lacuna::entropy
#endif
