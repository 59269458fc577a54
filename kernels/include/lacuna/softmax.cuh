// The parts of a row-wise softmax. Sums of exponentials are taken in double: of a confident row they are 1 + little,
// and the little is what its loss and its entropy consist of.
#ifndef LACUNA_SOFTMAX_CUH
#define LACUNA_SOFTMAX_CUH

#include "lacuna/groups.cuh"
#include "lacuna/softmax_shape.h"

namespace lacuna::softmax {

// This thread's row of n x c numbers, and its part of it: quads of columns, `width` threads side by side.
struct Row {
  Matrix<const float> z;
  int64_t row;
  int width, lane;

  LACUNA_DEVICE Row(const float* logits, int64_t ld, int64_t n, int64_t c, const RowGroups& groups, int64_t tile)
      : z(logits, n, c, ld),
        row(tile * groups.block_rows + (static_cast<int>(threadIdx.x) >> groups.shift)),
        width(1 << groups.shift),
        lane(static_cast<int>(threadIdx.x) & (width - 1)) {}

  LACUNA_DEVICE bool exists() const { return row < z.rows; }

  // body(col, quad) for this thread's quads of the row.
  template <class Body>
  LACUNA_DEVICE void for_quads(Body body) const {
    if (!exists()) return;
    for (int64_t col = 4 * lane; col < z.cols; col += 4 * width) body(col, z.load(row, col));
  }

  // body(value) for this thread's numbers of the row.
  template <class Body>
  LACUNA_DEVICE void for_each(Body body) const {
    for_quads([&](int64_t col, float4 quad) {
      body(quad.x);
      if (col + 1 < z.cols) body(quad.y);
      if (col + 2 < z.cols) body(quad.z);
      if (col + 3 < z.cols) body(quad.w);
    });
  }

  // The maximum, -infinity of nothing. NaN may or may not come through. Every thread of the block enters, as for sum.
  LACUNA_DEVICE float max(float* scratch) const {
    float m = -INFINITY;
    for_each([&](float value) { m = fmaxf(m, value); });
    return group_max(m, width, scratch);
  }

  // The sum of f(z).
  template <class F>
  LACUNA_DEVICE double sum(double* scratch, F f) const {
    double s = 0.0;
    for_each([&](float value) { s += f(value); });
    return group_sum(s, width, scratch);
  }
};

// log s of a sum s >= 1, to float's precision even where s is 1 + little.
LACUNA_DEVICE float log_of_sum(double s) { return log1pf(static_cast<float>(s - 1.0)); }

}  // namespace lacuna::softmax
#endif
