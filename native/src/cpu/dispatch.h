// The ops of the CPU back end, one table per instruction-set tier.
#ifndef LACUNA_SRC_CPU_DISPATCH_H
#define LACUNA_SRC_CPU_DISPATCH_H

#include "op.h"

namespace lacuna {

// tier: LACUNA_TIER_SCALAR .. LACUNA_TIER_AVX512. By op id.
const Op* tier_ops(int32_t tier);

}  // namespace lacuna
#endif
