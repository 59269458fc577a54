// How vicreg cuts its work, and where the parts of its workspace lie.
#ifndef LACUNA_SRC_OPS_VICREG_CUT_H
#define LACUNA_SRC_OPS_VICREG_CUT_H

#include <algorithm>
#include <cstdint>

#include "ops/vicreg.h"

namespace lacuna {

// By sizes alone. S [order, order] is summed over slabs of its depth, so that what is packed at a time is no larger
// than S, or than some megabytes.
struct VicregCut {
  // Multiples of the widest panel of any tier, and of the unit that its width is rounded to.
  static constexpr int64_t kPanel = 48, kUnit = 16, kSide = 4 * kPanel;

  VicregCut(int threads, const lacuna_vicreg_args& args)
      : gram(is_gram(args)),
        sides(args.target == kVicregInvarianceOnly ? 1 : 2),
        order(gram ? args.n : args.d),
        depth(gram ? args.d : args.n),
        product_rows(round_up(order, kUnit)),
        slab(even(depth, std::max({order / 2, int64_t{768}, (int64_t{1} << 18) / order}), 2 * kPanel)),
        groups(ceil_div(args.d, kPanel)),
        edge(order <= 384    ? kPanel
             : order <= 1152 ? 2 * kPanel
                             : kSide),
        tiles_side(ceil_div(order, edge)),
        tiles(tiles_side * (tiles_side + 1) / 2),
        strip(depth <= 384   ? kPanel
              : depth < 3072 ? 2 * kPanel
                             : kSide),
        strips(ceil_div(depth, strip)) {
    for (int side = 0; side < 2; ++side) {
      mean[side] = take(args.d * 4);
      factor[side] = take(args.d * 4);
      square[side] = take(args.d * 8);
      hinge[side] = take(groups * 8);
      variance[side] = take(groups * 8);
      covariance[side] = take(tiles * 8);
      packed[side] = take(product_rows * slab * 4);
      product[side] = side < sides ? take(product_rows * product_rows * 4) : 0;
    }
    difference = take(args.d * 8);
    local_bytes = round_up(std::max((order + kSide) * strip, gram ? 2 * args.n * kPanel : 0) * 4, 64);
    locals = take(threads * local_bytes);
  }

  bool gram;
  int64_t sides, order, depth, product_rows, slab;
  int64_t groups;                   // of kPanel columns whose statistics are taken at once
  int64_t edge, tiles_side, tiles;  // of S, lower triangle
  int64_t strip, strips;            // rows (COVARIANCE) or columns (GRAM) of a gradient
  int64_t mean[2], factor[2], square[2], hinge[2], variance[2], covariance[2], packed[2], product[2];
  int64_t difference, locals, local_bytes, bytes = 0;

 private:
  static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
  static int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

  // The length of equal parts of `total` that are about `wanted` long.
  static int64_t even(int64_t total, int64_t wanted, int64_t multiple) {
    return std::min(total, round_up(ceil_div(total, ceil_div(total, wanted)), multiple));
  }
  int64_t take(int64_t size) {
    const int64_t at = bytes;
    bytes += round_up(size, 64);
    return at;
  }
};

}  // namespace lacuna
#endif
