// How scatter_rows shares out its work: read by the kernels and by their launchers.
#ifndef LACUNA_ROWS_SHAPE_H
#define LACUNA_ROWS_SHAPE_H

#include <cstdint>

#include "lacuna/both.h"

namespace lacuna::rows {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / 32;
constexpr int64_t kWarpCols = 128;    // a quad for each lane
constexpr int64_t kMostWarps = 4096;  // each walks the whole index; enough of them to keep every card busy

// Every warp owns range_rows rows of a tile of 128 columns.
struct ScatterCut {
  int64_t col_tiles, range_rows, ranges;

  LACUNA_BOTH ScatterCut(int64_t m, int64_t d) : col_tiles((d + kWarpCols - 1) / kWarpCols) {
    const int64_t most = col_tiles < kMostWarps ? kMostWarps / (col_tiles > 0 ? col_tiles : 1) : 1;
    range_rows = m > most ? (m + most - 1) / most : 1;
    ranges = (m + range_rows - 1) / range_rows;
  }
  LACUNA_BOTH int64_t blocks() const { return (col_tiles * ranges + kWarps - 1) / kWarps; }
};

}  // namespace lacuna::rows
#endif
