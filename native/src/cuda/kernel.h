// A kernel as its launcher sees it: name, block size and parameter types, so that a call cannot pass another list.
#ifndef LACUNA_SRC_CUDA_KERNEL_H
#define LACUNA_SRC_CUDA_KERNEL_H

#include "cuda/cuda_context.h"

namespace lacuna::cuda {

template <class... Parameters>
struct Kernel {
  const char* family;
  const char* name;
  int threads;

  lacuna_status operator()(CudaContext& ctx, int64_t blocks, Parameters... arguments) const {
    void* addresses[] = {&arguments...};
    return ctx.launch(family, name, blocks, threads, addresses);
  }
};

}  // namespace lacuna::cuda
#endif
