// A matrix product as its kernels and launchers know it.
#ifndef LACUNA_GEMM_SHAPE_H
#define LACUNA_GEMM_SHAPE_H

#include <cstdint>

namespace lacuna {

constexpr int kGemmThreads = 256;
constexpr int kFoldQuads = 32;  // quads of the result that a block of fold() adds up

// One launch: results [m, n], sums over the depth in [begin, end). Blocks share out the tiles, and where these are few
// also the depth, part_depth terms (a multiple of 16) each. The results of part p are written p part_stride floats
// behind the first's, a multiple of four.
struct GemmCut {
  int64_t m, n, begin, end, part_depth, part_stride;
};

}  // namespace lacuna
#endif
