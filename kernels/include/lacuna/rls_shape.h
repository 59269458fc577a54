// How the RLS kernels cut their work: read by the kernels and by their launchers.
#ifndef LACUNA_RLS_SHAPE_H
#define LACUNA_RLS_SHAPE_H

#include <cstdint>

namespace lacuna::rls {

constexpr int kThreads = 256;    // of every kernel but the tiled ones
constexpr int kChunkRows = 64;   // rows of S a block of rls_columns reads
constexpr int kChunkCols = 128;  // and columns: a quad for each lane
constexpr int kFoldCols = 32;    // columns a block of rls_fold adds up
constexpr int kUpdateRows = 8;   // rows a block of rls_update updates, one a warp
constexpr int kTile = 32;        // rows and columns of a tile of a product
constexpr int kTileThreads = 128;

constexpr int kNormNone = 0;
constexpr int kNormFrobenius = 1;

}  // namespace lacuna::rls
#endif
