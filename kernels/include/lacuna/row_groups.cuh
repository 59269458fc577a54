// The walk over rows that groups of neighbouring threads share.
#ifndef LACUNA_ROW_GROUPS_CUH
#define LACUNA_ROW_GROUPS_CUH

#include "lacuna/groups.cuh"
#include "lacuna/row_groups.h"

namespace lacuna {

// This thread's row of n x d numbers, and its part of it: quads of columns, `width` threads side by side.
struct Row {
  Matrix<const float> x;
  int64_t row;
  int width, lane;

  LACUNA_DEVICE Row(const float* data, int64_t ld, int64_t n, int64_t d, const RowGroups& groups, int64_t tile)
      : x(data, n, d, ld),
        row(tile * groups.block_rows + (static_cast<int>(threadIdx.x) >> groups.shift)),
        width(1 << groups.shift),
        lane(static_cast<int>(threadIdx.x) & (width - 1)) {}

  LACUNA_DEVICE bool exists() const { return row < x.rows; }

  // body(col, quad) for this thread's quads of the row.
  template <class Body>
  LACUNA_DEVICE void for_quads(Body body) const {
    if (!exists()) return;
    for (int64_t col = 4 * lane; col < x.cols; col += 4 * width) body(col, x.load(row, col));
  }

  // body(value) for this thread's numbers of the row.
  template <class Body>
  LACUNA_DEVICE void for_each(Body body) const {
    for_quads([&](int64_t col, float4 quad) {
      body(quad.x);
      if (col + 1 < x.cols) body(quad.y);
      if (col + 2 < x.cols) body(quad.z);
      if (col + 3 < x.cols) body(quad.w);
    });
  }

  // The maximum, -infinity of nothing. NaN may or may not come through. Every thread of the block enters, as for sum.
  LACUNA_DEVICE float max(float* scratch) const {
    float m = -INFINITY;
    for_each([&](float value) { m = fmaxf(m, value); });
    return group_max(m, width, scratch);
  }

  // The sum of f(x).
  template <class F>
  LACUNA_DEVICE double sum(double* scratch, F f) const {
    double s = 0.0;
    for_each([&](float value) { s += f(value); });
    return group_sum(s, width, scratch);
  }
};

}  // namespace lacuna
#endif
