// VICReg (Bardes, Ponce, LeCun, ICLR 2022), loss and gradients at once. With zc the centred x or y [n, d]:
//
//   COVARIANCE  S = zc^T zc [d, d]      dz = zc (a S with the slope of the hinge on its diagonal)   + invariance
//   GRAM        S = zc zc^T [n, n]      dz = (a S) zc + zc diag(slope - 4 nu / (d (n - 1)) var)       + invariance
//
// with a = 4 nu / (d (n - 1)^2) and slope = -mu h / (d (n - 1) sd) where sd < gamma, else 0. The sum of the squares of
// the covariances is that of S outside its diagonal; in Gram form |S|^2 less the squares of the column sums of zc^2.
//
// With m = min(n, d) and k = max(n, d) that is m^2 k flops for S, of which only the lower triangle is computed, and
// 2 m^2 k for dz, twice: 51.5 GFLOP at 2,048 x 2,048. Both products are those of panels-inl.h: S of the packed zc with
// itself in square tiles, slab by slab of its depth; dz in strips of rows (COVARIANCE) or columns (GRAM), finished in
// registers and written once. Means and squares are summed 32 rows in float, then in double. x and y are read three
// times (statistics, packing of the slab or strip, invariance), dx and dy written once. Workspace: 8 m^2 bytes for S, a
// slab of at most half of that or some megabytes, a strip a thread.
//
// Zen 4, AVX-512, FMA peak 117 GFLOP/s a thread; milliseconds of one thread, shares of the peak:
//                                                     2,048 x 2,048   512 x 768     256 x 8,192
//   statistics in three passes of double sums, whole
//   zc packed, products to memory, then an epilogue   513  86 %       12.9  80 %    41.5  68 %
//   sums of 256 deep instead of 128                   502  88 %       12.8  81 %    40.9  69 %
//   slabs, statistics from the transposed copy        495  89 %       13.1  80 %    40.5  69 %   small sizes slower
//   statistics by rows, both sides at once; epilogue
//   in registers, its rows fetched ahead              495  89 %       13.0  80 %    37.1  74 %   chosen
// Two threads: 257, 6.4 and 19.5 ms. The products alone run at 93 to 97 %; what is left is memory traffic that they do
// not cover: at 256 x 8,192 packing a strip takes 1.6 ms of 37, reading y and writing dx another 1.6.
// Strips of 48, 96, 192 columns: 192 is best where there are many (256 x 8,192 with two threads: 27.1, 25.5, 23.0 ms
// among other work).
#include <cmath>
#include <limits>
#include <numeric>

#include "cpu/cpu_context.h"
#include "ops/checks.h"
#include "ops/partition.h"
#include "ops/vicreg_cut.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/vicreg.cpp"
#include "cpu/tiers.h"

#include "ops/lanes-inl.h"
#include "ops/panels-inl.h"
#include "ops/sums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

static_assert(VicregCut::kPanel % kPanel == 0 && VicregCut::kUnit % kUnit == 0);

// The sum of the squares of x[0, count), in double.
HWY_INLINE double sum_of_squares(const float* x, int64_t count) {
  return sum_row(0, 0, count, [&](int64_t, int64_t j, auto lanes) {
    const auto v = load(Doubles(), x + j, lanes);
    return hn::Mul(v, v);
  });
}

// Numbers that are added up in float before their sum is added to one in double.
constexpr int64_t kFlush = 32;

// Rows that are fetched before they are read: a row is a page of its own where d is large, and no prefetcher follows.
constexpr int64_t kAhead = 16;

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

// The loss's weights as they appear in the gradient.
struct Weights {
  explicit Weights(const lacuna_vicreg_args& args)
      : degrees(static_cast<double>(args.n - 1)),
        elements(static_cast<double>(args.n) * static_cast<double>(args.d)),
        slope(-args.mu * (args.halving ? 0.5 : 1.0) / (static_cast<double>(args.d) * degrees)),
        scale(4 * args.nu / (static_cast<double>(args.d) * degrees)),
        product(static_cast<float>(scale / degrees)),
        invariance(static_cast<float>(2 * args.lambda / elements)) {}

  double degrees, elements;
  double slope;      // of the hinge, over sd
  double scale;      // of zc cov
  float product;     // of zc S
  float invariance;  // of x - y
};

// x or y: one of the two matrices, with what is known of it.
struct Side {
  const lacuna_vicreg_args& args;
  const VicregCut& cut;
  const Weights& weights;
  int index;
  const float* z;
  int64_t ld;
  const float* other;
  int64_t other_ld;
  float* gradient;  // NULL where it is not wanted
  int64_t gradient_ld;
  bool accumulate;

  template <class T>
  T* part(int64_t offset) const {
    return reinterpret_cast<T*>(static_cast<char*>(args.workspace) + offset);
  }
  float* mean() const { return part<float>(cut.mean[index]); }
  float* factor() const { return part<float>(cut.factor[index]); }
  double* square() const { return part<double>(cut.square[index]); }
  double* difference() const { return part<double>(cut.difference); }
  Panels packed(int64_t rows) const { return {part<float>(cut.packed[index]), cut.order, rows}; }
  Panels product() const { return {part<float>(cut.product[index]), cut.order, cut.product_rows}; }

  // Rows [first, last) of columns [begin, end), at most a panel of them, centred: from `from` to a panel `to`. Adds up
  // their squares.
  void centre(const float* from, int64_t from_ld, int64_t first, int64_t last, int64_t begin, int64_t end, float* to,
              int64_t width) const {
    for_columns(begin, end, [&](int64_t j, auto vectors, auto lanes) {
      const Floats f;
      constexpr int V = vectors();
      hn::Vec<Floats> mean_of[V], squares[V];
      for (int v = 0; v < V; ++v) mean_of[v] = load(f, mean() + j + v * kLanes, lanes);
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
        for (int v = 0; v < V; ++v) flush(squares[v], square() + j + v * kLanes, lanes);
      }
    });
    for (int64_t r = 0; kUnit > kLanes && r < last - first; ++r) {
      for (int64_t j = end - begin; j < width; ++j) to[r * width + j] = 0;
    }
  }

  // Variance and hinge of a group of columns from the sums of their squares.
  void take_group(int64_t group) const {
    double hinges = 0, variances = 0;
    for (int64_t j = group * VicregCut::kPanel; j < std::min(args.d, (group + 1) * VicregCut::kPanel); ++j) {
      const double variance = square()[j] / weights.degrees, sd = std::sqrt(variance + args.epsilon);
      const double hinge = args.gamma - sd;
      if (!(hinge <= 0)) hinges += hinge;
      variances += variance * variance;
      factor()[j] = static_cast<float>((sd < args.gamma ? weights.slope / sd : 0.0) -
                                       (cut.gram ? weights.scale * variance : 0.0));
    }
    part<double>(cut.hinge[index])[group] = hinges;
    part<double>(cut.variance[index])[group] = variances;
  }

  // Centred columns [begin, end) of all rows, packed as [n, end - begin].
  void pack_columns(const Panels& to, int64_t begin, int64_t end) const {
    const Floats f;
    for (int64_t row = 0; row < args.n; ++row) {
      const float* const from = z + row * ld;
      fetch(from + (row + kAhead < args.n ? kAhead * ld : 0), begin, end);
      for (int64_t p = 0; p < to.count(); ++p) {
        const int64_t col = begin + p * kPanel, width = to.width(p);
        float* const out = to.at(row, p);
        const int64_t count = std::min(kPanel, end - col);
        for_vectors(f, 0, count, [&](int64_t j, auto lanes) {
          hn::Store(hn::Sub(load(f, from + col + j, lanes), load(f, mean() + col + j, lanes)), f, out + j);
        });
        for (int64_t j = count; kUnit > kLanes && j < width; ++j) out[j] = 0;
      }
    }
  }

  // Fetches columns [begin, end) of a row.
  static HWY_INLINE void fetch(const float* row, int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end + 15; j += 16) __builtin_prefetch(row + std::min(j, end - 1), 0, 2);
  }
  static HWY_INLINE void fetch_to_write(const float* row, int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end + 15; j += 16) __builtin_prefetch(row + std::min(j, end - 1), 1, 2);
  }

  // Centred rows [begin, end), transposed into a packed [d, end - begin].
  void pack_rows(const Panels& to, int64_t begin, int64_t end) const {
    for (int64_t p = 0; p < to.count(); ++p) {
      const int64_t row = begin + p * kPanel;
      transpose(z + row * ld, ld, std::min(kPanel, end - row), args.d, mean(), to.panel(p), to.width(p));
    }
  }

  // What `rows` rows of the packed slab add to a tile of S. After the last slab its share of the sum of squares, and
  // where gradients are wanted a S, on both sides of the diagonal.
  void take_tile(int64_t tile, int64_t rows, bool add, bool last) const {
    int64_t row_block = 0, col_block = tile;
    for (; col_block > row_block; ++row_block) col_block -= row_block + 1;
    const int64_t row_begin = row_block * cut.edge, row_end = std::min(cut.order, row_begin + cut.edge);
    const int64_t col_begin = col_block * cut.edge, col_end = std::min(cut.order, col_begin + cut.edge);
    const Panels s = product(), p = packed(rows);
    const Tile cells{row_begin, row_end, col_begin / kPanel, (col_end + kPanel - 1) / kPanel};
    multiply_lower(p, p, rows, cells, s, add);
    if (!last) return;
    double squares = 0;
    for (int64_t col_panel = cells.b_begin; col_panel < cells.b_end; ++col_panel) {
      for (int64_t row_panel = std::max(row_begin / kPanel, col_panel); row_panel * kPanel < row_end; ++row_panel) {
        squares += row_panel == col_panel ? take_diagonal(s, col_panel) : take_square(s, row_panel, col_panel);
      }
    }
    part<double>(cut.covariance[index])[tile] = squares;
  }

  double take_square(const Panels& s, int64_t row_panel, int64_t col_panel) const {
    const Floats f;
    const int64_t row = row_panel * kPanel, col = col_panel * kPanel, width = s.width(col_panel);
    const int64_t rows = std::min(kPanel, cut.order - row);
    double squares = 0;
    for (int64_t r = 0; r < rows; ++r) {
      float* const v = s.at(row + r, col_panel);
      squares += sum_of_squares(v, width);
      if (gradient) {
        for (int64_t j = 0; j < width; j += kLanes)
          hn::Store(hn::Mul(hn::Load(f, v + j), hn::Set(f, weights.product)), f, v + j);
      }
    }
    if (gradient)
      transpose(s.at(row, col_panel), width, rows, width, nullptr, s.at(col, row_panel), s.width(row_panel));
    return 2 * squares;
  }

  double take_diagonal(const Panels& s, int64_t panel) const {
    const int64_t first = panel * kPanel, count = std::min(kPanel, cut.order - first), width = s.width(panel);
    float* const v = s.at(first, panel);
    double off = 0, on = 0;
    for (int64_t r = 0; r < count; ++r) {
      off += sum_of_squares(v + r * width, r);
      const float diagonal = v[r * width + r];
      on += static_cast<double>(diagonal) * diagonal;
      if (!gradient) continue;
      for (int64_t c = 0; c < r; ++c) v[c * width + r] = v[r * width + c] *= weights.product;
      v[r * width + r] = cut.gram ? diagonal * weights.product : factor()[first + r];
    }
    return 2 * off + (cut.gram ? on : 0.0);
  }

  // Rows (COVARIANCE) or columns (GRAM) [strip cut.strip, ...) of the gradient.
  void take_strip(int64_t strip, float* local) const {
    float* const partial = local + cut.order * cut.strip;
    const int64_t begin = strip * cut.strip, end = std::min(cut.depth, begin + cut.strip);
    const Panels s = product();
    const Floats f;
    if (cut.gram) {
      const Panels columns{local, end - begin, args.n}, sums{partial, end - begin, VicregCut::kSide};
      pack_columns(columns, begin, end);
      for (int64_t row = 0; row < args.n; row += VicregCut::kSide) {
        const Tile tile{row, std::min(args.n, row + VicregCut::kSide), 0, columns.count()};
        multiply(
            s, columns, args.n, tile, sums, [&](int64_t r, int64_t p) { announce(r, args.n, begin + p * kPanel, end); },
            [&](int64_t r, int64_t p, int v, hn::Vec<Floats> sum) {
              const int64_t j = begin + p * kPanel + v * kLanes;
              if (r >= args.n) return;
              with_lanes(j, end, [&](auto lanes) {
                const auto centred = hn::Load(f, columns.at(r, p) + v * kLanes);
                const auto apart =
                    hn::Add(centred, hn::Sub(load(f, mean() + j, lanes), load(f, other + r * other_ld + j, lanes)));
                write_gradient(r, j, lanes, hn::MulAdd(load(f, factor() + j, lanes), centred, sum), apart);
              });
            });
      }
    } else {
      const Panels rows{local, end - begin, args.d};
      pack_rows(rows, begin, end);
      for (int64_t p = 0; p < s.count(); p += VicregCut::kSide / kPanel) {
        const Tile tile{0, end - begin, p, std::min(s.count(), p + VicregCut::kSide / kPanel)};
        multiply(
            rows, s, args.d, tile, {partial, VicregCut::kSide, cut.strip},
            [&](int64_t r, int64_t q) { announce(begin + r, end, q * kPanel, args.d); },
            [&](int64_t r, int64_t q, int v, hn::Vec<Floats> sum) {
              const int64_t j = q * kPanel + v * kLanes;
              if (begin + r >= end) return;
              with_lanes(j, args.d, [&](auto lanes) {
                const auto apart = hn::Sub(load(f, z + (begin + r) * ld + j, lanes),
                                           load(f, other + (begin + r) * other_ld + j, lanes));
                write_gradient(begin + r, j, lanes, sum, apart);
              });
            });
      }
    }
  }

  // Has what a block of the gradient is made of fetched while its product is computed.
  HWY_INLINE void announce(int64_t row, int64_t row_end, int64_t begin, int64_t end) const {
    end = std::min(end, begin + kPanel);
    for (int64_t r = row; r < std::min(row_end, row + kRows); ++r) {
      if (!cut.gram) fetch(z + r * ld, begin, end);
      fetch(other + r * other_ld, begin, end);
      fetch_to_write(gradient + r * gradient_ld, begin, end);
    }
  }

  // body(lanes) for the vector at column j of a row that ends at `end`
  template <class Body>
  static HWY_INLINE void with_lanes(int64_t j, int64_t end, Body&& body) {
    if (j + kLanes <= end) {
      body(AllLanes{});
    } else if (j < end) {
      body(FirstLanes{static_cast<size_t>(end - j)});
    }
  }

  template <class Lanes>
  HWY_INLINE void write_gradient(int64_t row, int64_t j, Lanes lanes, hn::Vec<Floats> spread,
                                 hn::Vec<Floats> apart) const {
    const Floats f;
    write(f, hn::MulAdd(hn::Set(f, weights.invariance), apart, spread), gradient + row * gradient_ld + j, lanes,
          accumulate);
  }

  double variance_term() const { return total(cut.hinge[index], cut.groups) / static_cast<double>(args.d); }
  double covariance_term() const {
    const double squares = total(cut.covariance[index], cut.tiles) / (weights.degrees * weights.degrees);
    return (squares - (cut.gram ? total(cut.variance[index], cut.groups) : 0.0)) / static_cast<double>(args.d);
  }
  double invariance_term() const { return total(cut.difference, args.d) / weights.elements; }

  double total(int64_t numbers, int64_t count) const {
    return std::accumulate(part<double>(numbers), part<double>(numbers) + count, 0.0);
  }
};

// body(item, worker) for all items, so many to a chunk that a chunk is worth waking a worker.
template <class Body>
void parallel_items(CpuContext& ctx, int64_t items, double flops_each, Body&& body) {
  constexpr double kChunkFlops = 8e5;  // some 7 microseconds of one core
  const int64_t per_chunk = static_cast<int64_t>(std::clamp(kChunkFlops / flops_each, 1.0, static_cast<double>(items)));
  ctx.parallel_for((items + per_chunk - 1) / per_chunk, [&](int64_t chunk, int worker) {
    const int64_t end = std::min(items, (chunk + 1) * per_chunk);
    for (int64_t item = chunk * per_chunk; item < end; ++item) body(item, worker);
  });
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
void take_means(const Side& x, const Side& y, int64_t group, const Panels* copies) {
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
            Side::fetch(x.z + (r + kAhead) * x.ld, j, std::min(end, j + V * kLanes));
            Side::fetch(y.z + (r + kAhead) * y.ld, j, std::min(end, j + V * kLanes));
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
void prepare_group(const Side& x, const Side& y, int64_t group, int64_t first, int64_t rows, float* local) {
  const int64_t n = x.args.n;
  const Panels copies[] = {{local, VicregCut::kPanel, n}, {local + n * VicregCut::kPanel, VicregCut::kPanel, n}};
  take_means(x, y, group, copies);
  for (const Side* side : {&x, &y}) {
    if (side->index == x.cut.sides) break;
    const Panels& copy = copies[side->index];
    const Panels to = side->packed(rows);
    for_panels(group, x.args.d, [&](int64_t p, int64_t begin, int64_t end) {
      side->centre(copy.panel(p), kPanel, 0, n, begin, end, copy.panel(p), kPanel);
      for (int64_t q = 0; q < to.count(); ++q) {
        const int64_t count = std::min(kPanel, n - q * kPanel), width = to.width(q);
        float* const out = to.at(begin - first, q);
        transpose(copy.at(q * kPanel, p), kPanel, count, end - begin, nullptr, out, width);
        for (int64_t j = 0; count < width && j < end - begin; ++j) {
          std::fill(out + j * width + count, out + (j + 1) * width, 0.0f);
        }
      }
    });
    side->take_group(group);
  }
}

// COVARIANCE: rows [first, last) of a group of columns, centred and packed.
void pack_group(const Side& side, int64_t group, int64_t first, int64_t last) {
  const Panels to = side.packed(last - first);
  for_panels(group, side.args.d, [&](int64_t, int64_t begin, int64_t end) {
    const int64_t p = begin / kPanel;
    side.centre(side.z + first * side.ld + begin, side.ld, first, last, begin, end, to.panel(p), to.width(p));
  });
  if (last == side.args.n) side.take_group(group);
}

// Statistics of all columns, and S of x and, unless it is a mere target, of y.
void prepare_and_multiply(CpuContext& ctx, const VicregCut& cut, const Side& x, const Side& y) {
  constexpr double kElementFlops = 20;  // what multiply does in the time that an element takes here
  const auto cost = [&](int64_t rows) {
    return kElementFlops * static_cast<double>(rows * std::min(x.args.d, VicregCut::kPanel));
  };
  const auto side = [&](int64_t item) -> const Side& { return item % cut.sides == 0 ? x : y; };
  if (!cut.gram) {
    parallel_items(ctx, cut.groups, 2 * cost(x.args.n), [&](int64_t item, int) { take_means(x, y, item, nullptr); });
  }
  for (int64_t first = 0; first < cut.depth; first += cut.slab) {
    const int64_t last = std::min(cut.depth, first + cut.slab), rows = last - first;
    if (cut.gram) {
      const int64_t group = first / VicregCut::kPanel;
      const int64_t groups = (last + VicregCut::kPanel - 1) / VicregCut::kPanel - group;
      parallel_items(ctx, groups, 4 * cost(x.args.n), [&](int64_t item, int worker) {
        prepare_group(x, y, group + item, first, rows, x.part<float>(cut.locals + worker * cut.local_bytes));
      });
    } else {
      parallel_items(ctx, cut.groups * cut.sides, cost(rows),
                     [&](int64_t item, int) { pack_group(side(item), item / cut.sides, first, last); });
    }
    const double edge = static_cast<double>(std::min(cut.edge, cut.order));
    parallel_items(ctx, cut.sides * cut.tiles, 2 * edge * edge * static_cast<double>(rows), [&](int64_t item, int) {
      side(item).take_tile(item / cut.sides, rows, first > 0, last == cut.depth);
    });
  }
}

}  // namespace

lacuna_status vicreg(CpuContext& ctx, const lacuna_vicreg_args& args) {
  const auto invalid = [&](const char* name, int64_t value, const char* want) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "%s is %" PRId64 ", want %s", name, value, want);
  };
  if (args.n < 2) return invalid("n", args.n, ">= 2: a variance needs two rows");
  if (args.d < 1) return invalid("d", args.d, ">= 1");
  if (args.form < kVicregAuto || args.form > kVicregGram) return invalid("form", args.form, "0, 1 or 2");
  if (const lacuna_status status = check_flag(ctx, "halving", args.halving)) return status;
  if (const lacuna_status status = check_flag(ctx, "target", args.target)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_dx", args.acc_dx)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_dy", args.acc_dy)) return status;
  if (!(args.epsilon > 0)) return ctx.fail(LACUNA_INVALID_ARGUMENT, "epsilon is %g, want > 0", args.epsilon);

  const VicregCut cut(ctx.threads(), args);
  const Weights weights(args);
  const Side sides[] = {
      {args, cut, weights, 0, args.x, args.ld_x, args.y, args.ld_y, args.dx, args.ld_dx, args.acc_dx != 0},
      {args, cut, weights, 1, args.y, args.ld_y, args.x, args.ld_x, args.dy, args.ld_dy, args.acc_dy != 0}};
  prepare_and_multiply(ctx, cut, sides[0], sides[1]);
  double v[2] = {}, c[2] = {};
  for (int64_t i = 0; i < cut.sides; ++i) {
    v[i] = sides[i].variance_term();
    c[i] = sides[i].covariance_term();
  }
  const double s = sides[0].invariance_term(), order = static_cast<double>(cut.order);
  parallel_items(ctx, cut.sides * cut.strips, 2 * order * order * static_cast<double>(cut.strip),
                 [&](int64_t item, int worker) {
                   const Side& side = sides[item / cut.strips];
                   if (!side.gradient) return;
                   side.take_strip(item % cut.strips, side.part<float>(cut.locals + worker * cut.local_bytes));
                 });
  if (args.target == kVicregInvarianceOnly && args.dy) {
    const Floats f;
    const auto step = hn::Set(f, weights.invariance);
    const bool dense = args.ld_x == args.d && args.ld_y == args.d && args.ld_dy == args.d;
    parallel_rows(ctx, args.n, args.d, dense, [&](int64_t row, int64_t begin, int64_t end) {
      for_vectors(f, begin, end, [&](int64_t j, auto lanes) {
        const auto difference =
            hn::Sub(load(f, args.y + row * args.ld_y + j, lanes), load(f, args.x + row * args.ld_x + j, lanes));
        write(f, hn::Mul(step, difference), args.dy + row * args.ld_dy + j, lanes, args.acc_dy != 0);
      });
    });
  }
  const double h = args.halving ? 0.5 : 1.0;
  args.loss[0] = static_cast<float>(args.lambda * s + args.mu * h * (v[0] + v[1]) + args.nu * (c[0] + c[1]));
  if (args.terms) {
    const double terms[] = {s, v[0], v[1], c[0], c[1]};
    std::transform(terms, terms + 5, args.terms, [](double term) { return static_cast<float>(term); });
  }
  return LACUNA_OK;
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t vicreg_workspace(int threads, const lacuna_vicreg_args& args) {
  if (args.n < 2 || args.d < 1) return 0;
  // A form that was asked for where the other is meant: the square of this does not fit in 64 bits.
  constexpr int64_t kMaxOrder = int64_t{1} << 28;
  if (std::max(args.form == kVicregCovariance ? args.d : 0, args.form == kVicregGram ? args.n : 0) > kMaxOrder) {
    return std::numeric_limits<int64_t>::max();
  }
  return VicregCut(threads, args).bytes;
}

}  // namespace lacuna
#endif
