// How blocks lie over a matrix in ops that work row by row: read by the kernels and by their launchers.
#ifndef LACUNA_ROW_GROUPS_H
#define LACUNA_ROW_GROUPS_H

#include <cstdint>

#include "lacuna/tiling.h"

namespace lacuna {

constexpr int kRowThreads = 256;

// Rows of d columns: 2^shift threads share a row.
struct RowGroups {
  int32_t shift;
  int64_t block_rows, tiles;  // rows a block takes at once; how often that is

  LACUNA_BOTH RowGroups(int64_t n, int64_t d)
      : shift(threads_side_by_side(d, 4, 8)),
        block_rows(kRowThreads >> shift),
        tiles((n + block_rows - 1) / block_rows) {}
};

}  // namespace lacuna
#endif
