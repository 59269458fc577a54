// Row-major single-precision matrix products: oneDNN inside a chunk, Lacuna's pool around the chunks.
#ifndef LACUNA_SRC_CPU_GEMM_H
#define LACUNA_SRC_CPU_GEMM_H

#include <cstdint>

#include "cpu/cpu_context.h"

namespace lacuna {

// A factor of a product: op(A) = A, or its transpose. ld is the distance between rows of A as it lies in memory.
struct GemmFactor {
  const float* data;
  int64_t ld;
  bool transposed = false;
};

// c[m,n] = a[m,k] b[k,n] + (accumulate ? c : 0), cut into chunks by m, n and k alone, so that the bits do not depend on
// the thread count. workspace: gemm_workspace(m, n, k) bytes.
lacuna_status gemm(CpuContext& ctx, int64_t m, int64_t n, int64_t k, GemmFactor a, GemmFactor b, bool accumulate,
                   float* c, int64_t ldc, float* workspace);
int64_t gemm_workspace(int64_t m, int64_t n, int64_t k);

// Enough for any product of n columns or fewer, where their number is not known beforehand.
int64_t gemm_workspace_up_to(int64_t m, int64_t n, int64_t k);

// The same on the calling thread alone, for use inside parallel_for. Throws where oneDNN fails.
void gemm_chunk(const Dnnl& dnnl, int64_t m, int64_t n, int64_t k, GemmFactor a, GemmFactor b, bool accumulate,
                float* c, int64_t ldc);

}  // namespace lacuna
#endif
