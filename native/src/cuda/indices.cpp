// Launcher of kernels/indices.cu.
#include "cuda/indices.h"

#include <algorithm>

#include "cuda/kernel.h"

namespace lacuna::cuda {
namespace {

constexpr Kernel<const int32_t*, int64_t, int64_t, int64_t, int32_t, int32_t*> kCheck{"indices", "indices_check",
                                                                                      kIndexThreads};

}  // namespace

lacuna_status check_indices(CudaContext& ctx, int32_t op, Fault fault, const int32_t* index, int64_t n, int64_t lowest,
                            int64_t limit, void* wrong, IndexGate& gate) {
  const auto blocks =
      static_cast<int32_t>(std::min<int64_t>((n + kIndicesPerBlock - 1) / kIndicesPerBlock, kMaxIndexBlocks));
  auto* const verdicts = static_cast<int32_t*>(wrong);
  gate = {verdicts, blocks, op, fault, ctx.fault_word()};
  return kCheck(ctx, blocks, index, n, lowest, limit, blocks, verdicts);
}

}  // namespace lacuna::cuda
