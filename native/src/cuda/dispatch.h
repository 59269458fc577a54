// The ops of the CUDA back end.
#ifndef LACUNA_SRC_CUDA_DISPATCH_H
#define LACUNA_SRC_CUDA_DISPATCH_H

#include <array>

#include "lacuna/lacuna_ops.h"
#include "op.h"

namespace lacuna::cuda {

// By op id; empty where there is no kernel.
extern const std::array<Op, LACUNA_OP_COUNT> kOps;

}  // namespace lacuna::cuda
#endif
