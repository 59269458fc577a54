// The products of kernels/linear.cu for launchers of other ops. Arguments are checked by no one, and what a call does
// not need may be NULL.
#ifndef LACUNA_SRC_CUDA_LINEAR_H
#define LACUNA_SRC_CUDA_LINEAR_H

#include "cuda/cuda_context.h"
#include "lacuna/lacuna_ops.h"

namespace lacuna::cuda {

lacuna_status linear_fwd(CudaContext& ctx, const lacuna_linear_fwd_args& args);
int64_t linear_fwd_workspace(int threads, const lacuna_linear_fwd_args& args);
lacuna_status linear_bwd(CudaContext& ctx, const lacuna_linear_bwd_args& args);
int64_t linear_bwd_workspace(int threads, const lacuna_linear_bwd_args& args);

}  // namespace lacuna::cuda
#endif
