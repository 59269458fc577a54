// How the row-wise softmax kernels cut their work: read by the kernels and by their launchers.
#ifndef LACUNA_SOFTMAX_SHAPE_H
#define LACUNA_SOFTMAX_SHAPE_H

#include <cstdint>

#include "lacuna/row_groups.h"

namespace lacuna::softmax {

constexpr int kThreads = kRowThreads;
constexpr int64_t kMostBlocks = 1024;  // of softmax_xent_fwd, each with a partial sum of the loss

LACUNA_BOTH inline int64_t loss_blocks(const RowGroups& groups) {
  return groups.tiles < kMostBlocks ? groups.tiles : kMostBlocks;
}

}  // namespace lacuna::softmax
#endif
