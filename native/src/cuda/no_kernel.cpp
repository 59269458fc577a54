// Every op of the table that no launcher defines. The definitions are weak: a launcher's own takes their place.
#include "op.h"

namespace lacuna {

#define LACUNA_NO_KERNEL(id, op)                                              \
  namespace cuda {                                                            \
  [[gnu::weak]] lacuna_status op(OpContext& ctx, const lacuna_##op##_args&) { \
    return ctx.fail(LACUNA_UNSUPPORTED, "the CUDA back end has no " #op);     \
  }                                                                           \
  }                                                                           \
  [[gnu::weak]] int64_t op##_workspace(int, const lacuna_##op##_args&) { return 0; }
LACUNA_OPS(LACUNA_NO_KERNEL)

}  // namespace lacuna
