// S = zc^T zc or zc zc^T of vicreg, tile by tile of its lower triangle, for the tier being compiled.
#if defined(LACUNA_SRC_OPS_VICREG_PRODUCT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_VICREG_PRODUCT_INL_H
#undef LACUNA_SRC_OPS_VICREG_PRODUCT_INL_H
#else
#define LACUNA_SRC_OPS_VICREG_PRODUCT_INL_H
#endif

#include <algorithm>
#include <cstdint>

#include "ops/sums-inl.h"
#include "ops/vicreg_side-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

// The sum of the squares of x[0, count), in double.
HWY_INLINE double sum_of_squares(const float* x, int64_t count) {
  return sum_row(0, 0, count, [&](int64_t, int64_t j, auto lanes) {
    const auto v = load(Doubles(), x + j, lanes);
    return hn::Mul(v, v);
  });
}

HWY_INLINE double take_square(const Side& side, const Panels& s, int64_t row_panel, int64_t col_panel) {
  const Floats f;
  const int64_t row = row_panel * kPanel, col = col_panel * kPanel, width = s.width(col_panel);
  const int64_t rows = std::min(kPanel, side.cut.order - row);
  double squares = 0;
  for (int64_t r = 0; r < rows; ++r) {
    float* const v = s.at(row + r, col_panel);
    squares += sum_of_squares(v, width);
    if (side.gradient) {
      for (int64_t j = 0; j < width; j += kLanes)
        hn::Store(hn::Mul(hn::Load(f, v + j), hn::Set(f, side.weights.product)), f, v + j);
    }
  }
  if (side.gradient)
    transpose(s.at(row, col_panel), width, rows, width, nullptr, s.at(col, row_panel), s.width(row_panel));
  return 2 * squares;
}

HWY_INLINE double take_diagonal(const Side& side, const Panels& s, int64_t panel) {
  const int64_t first = panel * kPanel, count = std::min(kPanel, side.cut.order - first), width = s.width(panel);
  float* const v = s.at(first, panel);
  double off = 0, on = 0;
  for (int64_t r = 0; r < count; ++r) {
    off += sum_of_squares(v + r * width, r);
    const float diagonal = v[r * width + r];
    on += static_cast<double>(diagonal) * diagonal;
    if (!side.gradient) continue;
    for (int64_t c = 0; c < r; ++c) v[c * width + r] = v[r * width + c] *= side.weights.product;
    v[r * width + r] = side.cut.gram ? diagonal * side.weights.product : side.factor()[first + r];
  }
  return 2 * off + (side.cut.gram ? on : 0.0);
}

// What `rows` rows of the packed slab add to a tile of S. After the last slab its share of the sum of squares, and
// where gradients are wanted a S, on both sides of the diagonal.
inline void take_tile(const Side& side, int64_t tile, int64_t rows, bool add, bool last) {
  int64_t row_block = 0, col_block = tile;
  for (; col_block > row_block; ++row_block) col_block -= row_block + 1;
  const int64_t row_begin = row_block * side.cut.edge, row_end = std::min(side.cut.order, row_begin + side.cut.edge);
  const int64_t col_begin = col_block * side.cut.edge, col_end = std::min(side.cut.order, col_begin + side.cut.edge);
  const Panels s = side.product(), p = side.packed(rows);
  const Tile cells{row_begin, row_end, col_begin / kPanel, (col_end + kPanel - 1) / kPanel};
  multiply_lower(p, p, rows, cells, s, add);
  if (!last) return;
  double squares = 0;
  for (int64_t col_panel = cells.b_begin; col_panel < cells.b_end; ++col_panel) {
    for (int64_t row_panel = std::max(row_begin / kPanel, col_panel); row_panel * kPanel < row_end; ++row_panel) {
      squares +=
          row_panel == col_panel ? take_diagonal(side, s, col_panel) : take_square(side, s, row_panel, col_panel);
    }
  }
  side.part<double>(side.cut.covariance[side.index])[tile] = squares;
}

}  // namespace
}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
