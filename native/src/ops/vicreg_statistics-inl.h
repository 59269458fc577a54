// Means, variances and hinges of vicreg, group of columns by group, and the packing of what S is made of, for the tier
// being compiled.
#if defined(LACUNA_SRC_OPS_VICREG_STATISTICS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_VICREG_STATISTICS_INL_H
#undef LACUNA_SRC_OPS_VICREG_STATISTICS_INL_H
#else
#define LACUNA_SRC_OPS_VICREG_STATISTICS_INL_H
#endif

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "ops/lanes-inl.h"
#include "ops/vicreg_side-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

// Numbers that are added up in float before their sum is added to one in double.
constexpr int64_t kFlush = 32;

// to[0, kLanes) += v, as many as there are lanes
template <class Lanes>
HWY_INLINE void flush(hn::Vec<Floats> v, double* to, Lanes lanes) {
  alignas(64) float numbers[kLanes];
  hn::Store(v, Floats(), numbers);
  if constexpr (std::is_same_v<Lanes, AllLanes>) {
    const Doubles d;
    for (int64_t j = 0; j < kLanes; j += static_cast<int64_t>(hn::Lanes(d))) {
      hn::StoreU(hn::Add(hn::LoadU(d, to + j), load(d, numbers + j, lanes)), d, to + j);
    }
  } else {
    for (size_t j = 0; j < lanes.count; ++j) to[j] += static_cast<double>(numbers[j]);
  }
}

// body(j, V, lanes) for V vectors from column j on that cover [begin, end): a whole panel at once, or vector by vector.
template <class Body>
HWY_INLINE void for_columns(int64_t begin, int64_t end, Body&& body) {
  if (end - begin == kPanel) {
    body(begin, std::integral_constant<int, kVectors>(), AllLanes{});
  } else {
    for_vectors(Floats(), begin, end, [&](int64_t j, auto lanes) { body(j, std::integral_constant<int, 1>(), lanes); });
  }
}

// Rows [first, last) of columns [begin, end), at most a panel of them, centred: from `from` to a panel `to`. Adds up
// their squares.
inline void centre(const Side& side, const float* from, int64_t from_ld, int64_t first, int64_t last, int64_t begin,
                   int64_t end, float* to, int64_t width) {
  for_columns(begin, end, [&](int64_t j, auto vectors, auto lanes) {
    const Floats f;
    constexpr int V = vectors();
    hn::Vec<Floats> mean_of[V], squares[V];
    for (int v = 0; v < V; ++v) mean_of[v] = load(f, side.mean() + j + v * kLanes, lanes);
    for (int64_t row = first; row < last; row += kFlush) {
      for (int v = 0; v < V; ++v) squares[v] = hn::Zero(f);
      for (int64_t r = row; r < std::min(last, row + kFlush); ++r) {
        for (int v = 0; v < V; ++v) {
          const float* const x = from + (r - first) * from_ld + (j - begin) + v * kLanes;
          const auto centred = hn::Sub(load(f, x, lanes), mean_of[v]);
          hn::Store(centred, f, to + (r - first) * width + (j - begin) + v * kLanes);
          squares[v] = hn::MulAdd(centred, centred, squares[v]);
        }
      }
      for (int v = 0; v < V; ++v) flush(squares[v], side.square() + j + v * kLanes, lanes);
    }
  });
  for (int64_t r = 0; kUnit > kLanes && r < last - first; ++r) {
    for (int64_t j = end - begin; j < width; ++j) to[r * width + j] = 0;
  }
}

// Variance and hinge of a group of columns from the sums of their squares.
inline void take_group(const Side& side, int64_t group) {
  double hinges = 0, variances = 0;
  for (int64_t j = group * VicregCut::kPanel; j < std::min(side.args.d, (group + 1) * VicregCut::kPanel); ++j) {
    const double variance = side.square()[j] / side.weights.degrees, sd = std::sqrt(variance + side.args.epsilon);
    const double hinge = side.args.gamma - sd;
    if (!(hinge <= 0)) hinges += hinge;
    variances += variance * variance;
    side.factor()[j] = static_cast<float>((sd < side.args.gamma ? side.weights.slope / sd : 0.0) -
                                          (side.cut.gram ? side.weights.scale * variance : 0.0));
  }
  side.part<double>(side.cut.hinge[side.index])[group] = hinges;
  side.part<double>(side.cut.variance[side.index])[group] = variances;
}

// A group of columns as tier panels: body(p, begin, end) for panel p of it, columns [begin, end).
template <class Body>
HWY_INLINE void for_panels(int64_t group, int64_t d, Body&& body) {
  const int64_t first = group * VicregCut::kPanel, last = std::min(d, first + VicregCut::kPanel);
  for (int64_t p = 0; first + p * kPanel < last; ++p) {
    body(p, first + p * kPanel, std::min(last, first + (p + 1) * kPanel));
  }
}

// Means of a group of columns of x and y, measured from the first row, so that a constant column has exactly its own
// mean, and the sums of (x - y)^2. Where `copies` is given, x and y are packed into copies[0] and copies[1] as they
// are.
inline void take_means(const Side& x, const Side& y, int64_t group, const Panels* copies) {
  const Floats f;
  const int64_t n = x.args.n;
  for_panels(group, x.args.d, [&](int64_t p, int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; ++j) x.square()[j] = y.square()[j] = x.difference()[j] = 0;
    for_columns(begin, end, [&](int64_t j, auto vectors, auto lanes) {
      constexpr int V = vectors();
      hn::Vec<Floats> x_origin[V], y_origin[V], x_sum[V], y_sum[V], squares[V];
      for (int v = 0; v < V; ++v) {
        x_origin[v] = load(f, x.z + j + v * kLanes, lanes);
        y_origin[v] = load(f, y.z + j + v * kLanes, lanes);
      }
      for (int64_t row = 0; row < n; row += kFlush) {
        for (int v = 0; v < V; ++v) x_sum[v] = y_sum[v] = squares[v] = hn::Zero(f);
        for (int64_t r = row; r < std::min(n, row + kFlush); ++r) {
          if (r + kAhead < n) {
            fetch_to_read(x.z + (r + kAhead) * x.ld + j, std::min(end - j, V * kLanes));
            fetch_to_read(y.z + (r + kAhead) * y.ld + j, std::min(end - j, V * kLanes));
          }
          for (int v = 0; v < V; ++v) {
            const auto a = load(f, x.z + r * x.ld + j + v * kLanes, lanes);
            const auto b = load(f, y.z + r * y.ld + j + v * kLanes, lanes);
            const auto apart = hn::Sub(a, b);
            x_sum[v] = hn::Add(x_sum[v], hn::Sub(a, x_origin[v]));
            y_sum[v] = hn::Add(y_sum[v], hn::Sub(b, y_origin[v]));
            squares[v] = hn::MulAdd(apart, apart, squares[v]);
            if (copies) {
              hn::Store(a, f, copies[0].at(r, p) + (j - begin) + v * kLanes);
              hn::Store(b, f, copies[1].at(r, p) + (j - begin) + v * kLanes);
            }
          }
        }
        for (int v = 0; v < V; ++v) {
          flush(x_sum[v], x.square() + j + v * kLanes, lanes);
          flush(y_sum[v], y.square() + j + v * kLanes, lanes);
          flush(squares[v], x.difference() + j + v * kLanes, lanes);
        }
      }
    });
    for (const Side* side : {&x, &y}) {
      for (int64_t j = begin; j < end; ++j) {
        const double mean = side->square()[j] / static_cast<double>(n);
        side->mean()[j] = static_cast<float>(static_cast<double>(side->z[j]) + mean);
        side->square()[j] = 0;
      }
    }
  });
}

// GRAM: statistics of a group of columns, which are then transposed into the slab that starts at column `first`.
inline void prepare_group(const Side& x, const Side& y, int64_t group, int64_t first, int64_t rows, float* local) {
  const int64_t n = x.args.n;
  const Panels copies[] = {{local, VicregCut::kPanel, n}, {local + n * VicregCut::kPanel, VicregCut::kPanel, n}};
  take_means(x, y, group, copies);
  for (const Side* side : {&x, &y}) {
    if (side->index == x.cut.sides) break;
    const Panels& copy = copies[side->index];
    const Panels to = side->packed(rows);
    for_panels(group, x.args.d, [&](int64_t p, int64_t begin, int64_t end) {
      centre(*side, copy.panel(p), kPanel, 0, n, begin, end, copy.panel(p), kPanel);
      for (int64_t q = 0; q < to.count(); ++q) {
        const int64_t count = std::min(kPanel, n - q * kPanel), width = to.width(q);
        float* const out = to.at(begin - first, q);
        transpose(copy.at(q * kPanel, p), kPanel, count, end - begin, nullptr, out, width);
        for (int64_t j = 0; count < width && j < end - begin; ++j) {
          std::fill(out + j * width + count, out + (j + 1) * width, 0.0f);
        }
      }
    });
    take_group(*side, group);
  }
}

// COVARIANCE: rows [first, last) of a group of columns, centred and packed.
inline void pack_group(const Side& side, int64_t group, int64_t first, int64_t last) {
  const Panels to = side.packed(last - first);
  for_panels(group, side.args.d, [&](int64_t, int64_t begin, int64_t end) {
    const int64_t p = begin / kPanel;
    centre(side, side.z + first * side.ld + begin, side.ld, first, last, begin, end, to.panel(p), to.width(p));
  });
  if (last == side.args.n) take_group(side, group);
}

}  // namespace
}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
