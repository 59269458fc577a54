// How the RLS kernels cut their work, and what they keep of a call: read by the kernels and by their launchers.
#ifndef LACUNA_RLS_SHAPE_H
#define LACUNA_RLS_SHAPE_H

#include <cstdint>

#include "lacuna/rls_codes.h"

namespace lacuna::rls {

constexpr int kThreads = 256;    // of every kernel
constexpr int kWarps = 8;        // in a block
constexpr int kTile = 64;        // rows and columns of a tile of a product
constexpr int kChunkRows = 64;   // rows of S a block of rls_columns reads
constexpr int kChunkCols = 128;  // and columns: a quad for each lane
constexpr int kFoldCols = 32;    // columns a block of rls_fold adds up
constexpr int kUpdateRows = 8;   // rows a block of rls_update or rls_settle works on, one a warp
constexpr int kCorrectRows = 4;  // rows a thread of rls_correct works on

// What rls_decompose finds out about a call that absorbs, for the kernels after it.
struct Call {
  double c, updates;  // the state before the call
  double a;           // alpha c
  double total;       // a + r P r^T of the last row, c not divided out; of b = 1 the one pivot
  double rescale;     // the power of two by which the update moves S or M
  int32_t stop;       // not 0, a Fault: the call is refused and what is not yet written stays as it is
  int32_t exact;      // POTTER, FRO: the norm shall be computed from S
};

}  // namespace lacuna::rls
#endif
