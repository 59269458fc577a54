#include "cpu/dispatch.h"

#include "cpu/cpu_context.h"

// native/src/ops defines these: a missing one does not link.
#define LACUNA_DECLARE_WORKSPACE(id, op) int64_t op##_workspace(int threads, const lacuna_##op##_args& args);
#define LACUNA_DECLARE_OP(id, op) lacuna_status op(CpuContext&, const lacuna_##op##_args&);
#define LACUNA_OP_ENTRY(id, op) kOp<CpuContext, lacuna_##op##_args, op, op##_workspace>,
#define LACUNA_TIER(tier)                              \
  namespace tier {                                     \
  LACUNA_OPS(LACUNA_DECLARE_OP)                        \
  constexpr Op kOps[] = {LACUNA_OPS(LACUNA_OP_ENTRY)}; \
  }

namespace lacuna {

LACUNA_OPS(LACUNA_DECLARE_WORKSPACE)
LACUNA_TIER(N_SCALAR)
LACUNA_TIER(N_AVX2)
LACUNA_TIER(N_AVX3)

const Op* tier_ops(int32_t tier) {
  constexpr const Op* kTiers[] = {N_SCALAR::kOps, N_AVX2::kOps, N_AVX3::kOps};
  return kTiers[tier - LACUNA_TIER_SCALAR];
}

}  // namespace lacuna
