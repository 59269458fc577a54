#include "cuda/dispatch.h"

#include "cuda/cuda_context.h"

// The ops that have kernels. Their launchers define, in namespace lacuna::cuda, what is declared below.
#define LACUNA_CUDA_OPS(OP) \
  OP(rls_absorb)            \
  OP(rls_project)

namespace lacuna::cuda {

#define LACUNA_DECLARE_OP(op)                                \
  lacuna_status op(CudaContext&, const lacuna_##op##_args&); \
  int64_t op##_workspace(int threads, const lacuna_##op##_args& args);
LACUNA_CUDA_OPS(LACUNA_DECLARE_OP)

constexpr std::array<Op, LACUNA_OP_COUNT> kOps = [] {
  std::array<Op, LACUNA_OP_COUNT> ops{};
#define LACUNA_OP_ENTRY(op) ops[LACUNA_OP_##op] = kOp<CudaContext, lacuna_##op##_args, op, op##_workspace>;
  LACUNA_CUDA_OPS(LACUNA_OP_ENTRY)
  return ops;
}();

}  // namespace lacuna::cuda
