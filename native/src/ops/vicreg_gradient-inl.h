// The gradients of vicreg: S times zc in strips, finished in registers, for the tier being compiled.
#if defined(LACUNA_SRC_OPS_VICREG_GRADIENT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_VICREG_GRADIENT_INL_H
#undef LACUNA_SRC_OPS_VICREG_GRADIENT_INL_H
#else
#define LACUNA_SRC_OPS_VICREG_GRADIENT_INL_H
#endif

#include <algorithm>
#include <cstdint>

#include "ops/lanes-inl.h"
#include "ops/vicreg_side-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

// Centred columns [begin, end) of all rows, packed as [n, end - begin].
inline void pack_columns(const Side& side, const Panels& to, int64_t begin, int64_t end) {
  const Floats f;
  for (int64_t row = 0; row < side.args.n; ++row) {
    const float* const from = side.z + row * side.ld;
    fetch_to_read(from + (row + kAhead < side.args.n ? kAhead * side.ld : 0) + begin, end - begin);
    for (int64_t p = 0; p < to.count(); ++p) {
      const int64_t col = begin + p * kPanel, width = to.width(p);
      float* const out = to.at(row, p);
      const int64_t count = std::min(kPanel, end - col);
      for_vectors(f, 0, count, [&](int64_t j, auto lanes) {
        hn::Store(hn::Sub(load(f, from + col + j, lanes), load(f, side.mean() + col + j, lanes)), f, out + j);
      });
      for (int64_t j = count; kUnit > kLanes && j < width; ++j) out[j] = 0;
    }
  }
}

// Centred rows [begin, end), transposed into a packed [d, end - begin].
inline void pack_rows(const Side& side, const Panels& to, int64_t begin, int64_t end) {
  for (int64_t p = 0; p < to.count(); ++p) {
    const int64_t row = begin + p * kPanel;
    transpose(side.z + row * side.ld, side.ld, std::min(kPanel, end - row), side.args.d, side.mean(), to.panel(p),
              to.width(p));
  }
}

// Has what a panel's row of the gradient is made of fetched while its product is computed.
HWY_INLINE void announce(const Side& side, int64_t row, int64_t row_end, int64_t begin, int64_t end) {
  if (row >= row_end) return;
  const int64_t count = std::min(kPanel, end - begin);
  if (!side.cut.gram) fetch_to_read(side.z + row * side.ld + begin, count);
  fetch_to_read(side.other + row * side.other_ld + begin, count);
  fetch_to_write(side.gradient + row * side.gradient_ld + begin, count);
}

// body(lanes) for the vector at column j of a row that ends at `end`
template <class Body>
HWY_INLINE void with_lanes(int64_t j, int64_t end, Body&& body) {
  if (j + kLanes <= end) {
    body(AllLanes{});
  } else if (j < end) {
    body(FirstLanes{static_cast<size_t>(end - j)});
  }
}

// spread: what the variances and covariances contribute. apart: x - y.
template <class Lanes>
HWY_INLINE void write_gradient(const Side& side, int64_t row, int64_t j, Lanes lanes, hn::Vec<Floats> spread,
                               hn::Vec<Floats> apart) {
  const Floats f;
  write(f, hn::MulAdd(hn::Set(f, side.weights.invariance), apart, spread), side.gradient + row * side.gradient_ld + j,
        lanes, side.accumulate);
}

// Rows (COVARIANCE) or columns (GRAM) [strip cut.strip, ...) of the gradient.
inline void take_strip(const Side& side, int64_t strip, float* local) {
  float* const partial = local + side.cut.order * side.cut.strip;
  const int64_t begin = strip * side.cut.strip, end = std::min(side.cut.depth, begin + side.cut.strip);
  const Panels s = side.product();
  const Floats f;
  if (side.cut.gram) {
    const Panels columns{local, end - begin, side.args.n}, sums{partial, end - begin, VicregCut::kSide};
    pack_columns(side, columns, begin, end);
    for (int64_t row = 0; row < side.args.n; row += VicregCut::kSide) {
      const Tile tile{row, std::min(side.args.n, row + VicregCut::kSide), 0, columns.count()};
      multiply(
          s, columns, side.args.n, tile, sums,
          [&](int64_t r, int64_t p) LACUNA_FETCHES { announce(side, r, side.args.n, begin + p * kPanel, end); },
          [&](int64_t r, int64_t p, int v, hn::Vec<Floats> sum) {
            const int64_t j = begin + p * kPanel + v * kLanes;
            if (r >= side.args.n) return;
            with_lanes(j, end, [&](auto lanes) {
              const auto centred = hn::Load(f, columns.at(r, p) + v * kLanes);
              const auto apart = hn::Add(centred, hn::Sub(load(f, side.mean() + j, lanes),
                                                          load(f, side.other + r * side.other_ld + j, lanes)));
              write_gradient(side, r, j, lanes, hn::MulAdd(load(f, side.factor() + j, lanes), centred, sum), apart);
            });
          });
    }
  } else {
    const Panels rows{local, end - begin, side.args.d};
    pack_rows(side, rows, begin, end);
    for (int64_t p = 0; p < s.count(); p += VicregCut::kSide / kPanel) {
      const Tile tile{0, end - begin, p, std::min(s.count(), p + VicregCut::kSide / kPanel)};
      multiply(
          rows, s, side.args.d, tile, {partial, VicregCut::kSide, side.cut.strip},
          [&](int64_t r, int64_t q) LACUNA_FETCHES { announce(side, begin + r, end, q * kPanel, side.args.d); },
          [&](int64_t r, int64_t q, int v, hn::Vec<Floats> sum) {
            const int64_t j = q * kPanel + v * kLanes;
            if (begin + r >= end) return;
            with_lanes(j, side.args.d, [&](auto lanes) {
              const auto apart = hn::Sub(load(f, side.z + (begin + r) * side.ld + j, lanes),
                                         load(f, side.other + (begin + r) * side.other_ld + j, lanes));
              write_gradient(side, begin + r, j, lanes, sum, apart);
            });
          });
    }
  }
}

}  // namespace
}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
