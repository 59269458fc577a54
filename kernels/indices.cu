// Are all n indices in [lowest, limit)? wrong[block] says whether a block met one that is not.
//
//   kernel         grid                 threads  block's work
//   indices_check  n/4096, <= 128       256      every grid-th 256 indices
//
// The op's own kernels read the verdicts first (indices.cuh) and leave everything alone when one is set: an op with a
// wrong index changes nothing. 4 n bytes are read, 2 n comparisons made.
#include "lacuna/indices.cuh"

using namespace lacuna;

LACUNA_KERNEL(indices_check, kIndexThreads)
(const int32_t* index, int64_t n, int64_t lowest, int64_t limit, int32_t blocks, int32_t* wrong) {
  LACUNA_SHARED(uint32_t, votes, kIndexThreads / kWarp);
  bool vote = false;
  const int64_t step = static_cast<int64_t>(blocks) * kIndexThreads;
#pragma unroll 4
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * kIndexThreads + threadIdx.x; i < n; i += step) {
    vote |= index[i] < lowest || index[i] >= limit;
  }
  const uint32_t votes_of_warp = lacuna::ballot(vote);
  if (lane_of() == 0) votes[warp_of()] = votes_of_warp;
  barrier();
  if (threadIdx.x != 0) return;
  uint32_t any = 0;
  for (const uint32_t v : votes) any |= v;
  wrong[blockIdx.x] = any != 0;
}
