// Tensors of an element-wise op as its kernel walks them: [n, d], or one long row where none of them has gaps.
#ifndef LACUNA_SRC_CUDA_TILED_H
#define LACUNA_SRC_CUDA_TILED_H

#include <cstdint>

#include "lacuna/tiling.h"

namespace lacuna::cuda {

struct Tiled {
  bool one_row;
  Tiling tiling;

  // dense: every element of [n, d] lies n d places on from the first at most, in all tensors.
  Tiled(int64_t n, int64_t d, bool dense)
      : one_row(dense || n == 1), tiling(one_row ? Tiling(n > 0 ? 1 : 0, n * d) : Tiling(n, d)) {}

  // The stride between rows; that of a single row says nothing, not even of alignment.
  int64_t ld(int64_t stride) const { return one_row ? 0 : stride; }
};

// y [y_n, y_d] as such an op meets it, each extent kept or 1.
struct Repeated {
  int64_t ld;
  int32_t one_column;

  Repeated(const Tiled& tiled, int64_t y_n, int64_t y_d, int64_t stride)
      : ld(y_n == 1 ? 0 : tiled.ld(stride)), one_column(y_d == 1 && (y_n == 1 || !tiled.one_row)) {}
};

// Whether y is one row with the others where they are: it is a number or a whole dense tensor.
inline bool dense(int64_t n, int64_t d, int64_t y_n, int64_t y_d, int64_t stride) {
  return (y_n == 1 && y_d == 1) || (y_n == n && y_d == d && stride == d);
}

}  // namespace lacuna::cuda
#endif
