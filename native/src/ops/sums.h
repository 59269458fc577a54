// How sums over the rows of a matrix are cut, and the workspace that they take.
#ifndef LACUNA_SRC_OPS_SUMS_H
#define LACUNA_SRC_OPS_SUMS_H

#include <algorithm>
#include <cstdint>

#include "ops/partition.h"

namespace lacuna {

// [n, d] in row_blocks x column_blocks; a block of columns keeps its partial sums in the first-level cache.
struct ColumnSums {
  static constexpr int64_t kColumns = 2048;

  ColumnSums(int64_t n, int64_t d)
      : column_blocks((d + kColumns - 1) / kColumns),
        row_blocks(std::clamp<int64_t>(n * std::min(d, kColumns) / kGrain, 1, 16)),
        rows((n + row_blocks - 1) / row_blocks) {}

  int64_t column_blocks, row_blocks, rows;
};

inline int64_t sums_workspace(int64_t n, int64_t d, int64_t out_n, int64_t out_d) {
  const bool by_column = out_n == 1 && out_d != 1;
  return by_column ? ColumnSums(n, d).row_blocks * d * static_cast<int64_t>(sizeof(double)) : 0;
}

}  // namespace lacuna
#endif
