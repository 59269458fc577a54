// The check of indices in device memory before an op touches anything: what indices_check found, as the op's kernels
// take it.
#ifndef LACUNA_INDICES_H
#define LACUNA_INDICES_H

#include <cstdint>

#include "lacuna/fault.h"

namespace lacuna {

constexpr int kIndexThreads = 256;
constexpr int kMaxIndexBlocks = 128;        // few enough that a warp reads all their verdicts in four loads
constexpr int64_t kIndicesPerBlock = 4096;  // at least

struct IndexGate {
  const int32_t* wrong;  // of each block of the check: whether it met a wrong value
  int32_t blocks;
  int32_t op;
  Fault fault;
  int32_t* fault_word;
};

}  // namespace lacuna
#endif
