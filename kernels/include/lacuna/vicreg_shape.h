// How the VICReg kernels cut their work: read by the kernels and by their launchers.
#ifndef LACUNA_VICREG_SHAPE_H
#define LACUNA_VICREG_SHAPE_H

#include <cstdint>

namespace lacuna::vicreg {

constexpr int kThreads = 256;    // of every kernel
constexpr int kChunkCols = 128;  // columns a block of vicreg_moments takes: a quad for each lane
constexpr int kPieceRows = 64;   // and rows at a time; a chunk is whole pieces
constexpr int kFoldCols = 32;    // columns a block of vicreg_statistics takes
constexpr int kTile = 64;        // rows and columns of S that vicreg_fold takes, and of a small tile of a product
constexpr int kLargeTile = 128;  // of a large one

// What vicreg_moments leaves of a column: sums of x - centre and of its square, the same of y, sum of (x - y)^2.
enum Moment { kSumX, kSquareX, kSumY, kSquareY, kDifference, kMoments };

// What vicreg_statistics leaves of its columns of a side: sums of hinge, of variance squared, of (x - y)^2.
enum ColumnSum { kHinge, kVariance, kApart, kColumnSums };

}  // namespace lacuna::vicreg
#endif
