// How the row-wise softmax kernels cut their work: read by the kernels and by their launchers.
#ifndef LACUNA_SOFTMAX_SHAPE_H
#define LACUNA_SOFTMAX_SHAPE_H

#include <cstdint>

#include "lacuna/tiling.h"

namespace lacuna::softmax {

constexpr int kThreads = 256;
constexpr int64_t kMostBlocks = 1024;  // of softmax_xent_fwd, each with a partial sum of the loss

// Rows of c classes: 2^shift threads share a row.
struct RowGroups {
  int32_t shift;
  int64_t block_rows, tiles;  // rows a block takes at once; how often that is

  LACUNA_BOTH RowGroups(int64_t n, int64_t c)
      : shift(threads_side_by_side(c, 4, 8)), block_rows(kThreads >> shift), tiles((n + block_rows - 1) / block_rows) {}

  LACUNA_BOTH int64_t blocks() const { return tiles < kMostBlocks ? tiles : kMostBlocks; }
};

}  // namespace lacuna::softmax
#endif
