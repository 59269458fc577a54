// Sums of a [n, d], or of its products with b, to [out_n, out_d], each extent kept or 1, for every launcher that needs
// them; kernels/reduce.cu does the work.
#ifndef LACUNA_SRC_CUDA_SUMS_H
#define LACUNA_SRC_CUDA_SUMS_H

#include "cuda/cuda_context.h"

namespace lacuna::cuda {

struct Sum {
  int64_t n, d;
  const float* a;
  int64_t ld_a;
  const float* b;  // NULL for sums of a alone
  int64_t ld_b;
  double divisor;
  int64_t out_n, out_d;
  float* out;  // sum / divisor, or that added to what it holds
  int64_t ld_out;
  bool accumulate;
};

// workspace: sums_workspace bytes of the same sizes.
lacuna_status enqueue_sum(CudaContext& ctx, const Sum& sum, void* workspace);
int64_t sums_workspace(int64_t n, int64_t d, int64_t out_n, int64_t out_d);

// out[j] = sum over the chunks of partial[chunk, j], or that added to what it holds, for `count` columns.
lacuna_status enqueue_fold(CudaContext& ctx, const double* partial, int64_t chunks, int64_t count, float* out,
                           bool accumulate);

}  // namespace lacuna::cuda
#endif
