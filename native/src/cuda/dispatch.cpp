#include "cuda/dispatch.h"

#include "cuda/cuda_context.h"

// The ops that have kernels. Their launchers define, in namespace lacuna::cuda, what is declared below.
#define LACUNA_CUDA_OPS(OP) \
  OP(linear_fwd)            \
  OP(linear_bwd)            \
  OP(conv2d_fwd)            \
  OP(conv2d_bwd)            \
  OP(max_pool2d_fwd)        \
  OP(max_pool2d_bwd)        \
  OP(elementwise_fwd)       \
  OP(elementwise_bwd)       \
  OP(reduce_fwd)            \
  OP(reduce_bwd)            \
  OP(softmax_xent_fwd)      \
  OP(softmax_xent_bwd)      \
  OP(entropy_fwd)           \
  OP(entropy_bwd)           \
  OP(gather_rows)           \
  OP(scatter_rows)          \
  OP(sgd_step)              \
  OP(rls_absorb)            \
  OP(rls_project)           \
  OP(vq_nearest)            \
  OP(vicreg)                \
  OP(rls_step)              \
  OP(vq_statistics)         \
  OP(vq_ema)                \
  OP(vq_reset)              \
  OP(vq_quantize_fwd)       \
  OP(vq_quantize_bwd)       \
  OP(attention_fwd)         \
  OP(attention_bwd)         \
  OP(layer_norm_fwd)        \
  OP(layer_norm_bwd)        \
  OP(bce_logits_fwd)        \
  OP(bce_logits_bwd)        \
  OP(adamw_step)            \
  OP(softmax_fwd)           \
  OP(softmax_bwd)           \
  OP(dropout)               \
  OP(lstm_fwd)              \
  OP(lstm_bwd)

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
