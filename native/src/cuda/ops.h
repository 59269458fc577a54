// The ops that have CUDA kernels. Each is defined, as on the CPU, by `lacuna_status <op>(OpContext&, const
// lacuna_<op>_args&)` in namespace lacuna::cuda and `int64_t <op>_workspace(int, const lacuna_<op>_args&)` in namespace
// lacuna.
#ifndef LACUNA_SRC_CUDA_OPS_H
#define LACUNA_SRC_CUDA_OPS_H

#include "lacuna/lacuna_ops.h"

#define LACUNA_CUDA_OPS(OP) \
  OP(rls_absorb)            \
  OP(rls_project)

namespace lacuna::cuda {

constexpr bool has_kernel(int32_t op) {
#define LACUNA_IS_OP(name) \
  if (op == LACUNA_OP_##name) return true;
  LACUNA_CUDA_OPS(LACUNA_IS_OP)
#undef LACUNA_IS_OP
  return false;
}

}  // namespace lacuna::cuda
#endif
