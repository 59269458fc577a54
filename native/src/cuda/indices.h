// The check of indices in device memory that comes before an op's own kernels (kernels/indices.cu).
#ifndef LACUNA_SRC_CUDA_INDICES_H
#define LACUNA_SRC_CUDA_INDICES_H

#include "cuda/cuda_context.h"
#include "lacuna/indices.h"

namespace lacuna::cuda {

// What the check takes of an op's workspace; a multiple of 64.
constexpr int64_t kIndexGateBytes = kMaxIndexBlocks * sizeof(int32_t);

// Enqueues the check of n indices against [lowest, limit). `gate` is for the kernels of op that follow: their grid
// begins with refused(gate), on one block at least, which reports `fault`. wrong: kIndexGateBytes of workspace.
lacuna_status check_indices(CudaContext& ctx, int32_t op, Fault fault, const int32_t* index, int64_t n, int64_t lowest,
                            int64_t limit, void* wrong, IndexGate& gate);

}  // namespace lacuna::cuda
#endif
