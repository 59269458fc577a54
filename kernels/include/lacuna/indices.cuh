#ifndef LACUNA_INDICES_CUH
#define LACUNA_INDICES_CUH

#include "lacuna/fault.cuh"
#include "lacuna/indices.h"

namespace lacuna {

// Whether an index was out of range; the grid then leaves everything as it is. Every lane of a warp enters.
LACUNA_DEVICE bool refused(const IndexGate& gate) {
  bool wrong = false;
#pragma unroll
  for (int k = 0; k < kMaxIndexBlocks / kWarp; ++k) {
    const int block = k * kWarp + lane_of();
    if (block < gate.blocks) wrong |= gate.wrong[block] != 0;
  }
  if (lacuna::ballot(wrong) == 0) return false;
  if (blockIdx.x == 0 && threadIdx.x == 0) set_fault(gate.fault_word, gate.op, gate.fault);
  return true;
}

}  // namespace lacuna
#endif
