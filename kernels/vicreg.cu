// VICReg (Bardes, Ponce, LeCun, ICLR 2022), loss and gradients at once, fp32 with sums of terms in double. With zc the
// centred x or y [n, d]:
//
//   COVARIANCE  S = zc^T zc [d, d], depth n    dz = zc (a S without its diagonal) + factor zc + step (x - y)
//   GRAM        S = zc zc^T [n, n], depth d    dz = (a S) zc + factor zc + step (x - y)
//
// with a = 4 nu / (d (n - 1)^2), step = 2 lambda / (n d) and, a column each, factor = slope / sd where sd < gamma, less
// 4 nu / (d (n - 1)) var in GRAM. The sum of the squares of the covariances is that of S outside its diagonal; in Gram
// form |S|^2 less the squares of the column sums of zc^2.
//
// With o the order of S, D its depth, T = ceil(o/64), t the side 64 or 128 of a tile, U = ceil(o/t):
//   kernel              grid                         threads  block's work
//   vicreg_moments      d/128 x chunks <= 128        256      sums of x, y, x - y and their squares over a chunk's rows
//                                                             of 128 columns, measured from the mean of its first 64
//   vicreg_statistics   d/32 x 2                     256      32 columns of a side: chunks joined; mean, factor, terms
//   vicreg_product_t    sides x U (U+1)/2 x slices   256      a t x t tile of S on or above the diagonal, over a slice
//                                                             of the depth; zc is centred on its way to the tile
//   vicreg_fold         sides x T (T+1)/2            256      a 64 x 64 tile: slices added up, squares, a S and mirror
//   vicreg_gradient_t   sides x n/t x d/t            256      a t x t tile of dz: the product, then all three terms
//   vicreg_invariance   n d / 1024                   256      dy of a mere target, 4 elements a thread
//   vicreg_loss         1                            256      terms and loss from the blocks' sums, in double
// Slices stand where the tiles alone would leave multiprocessors idle; their number depends on sizes only. So do all
// orders of summation: equal input gives equal bits.
//
// A chunk is measured from a centre near its own mean and the chunks are joined by the exact shift of their moments, so
// one reading gives variances as good as two; a constant column has exactly its own mean. Variances are those about the
// mean in float, which is what the products subtract.
//
// Bytes and operations of both sides: S 2 o^2 D flops (half the tiles), dz 4 o^2 D; x and y are read at least three
// times, dx and dy written once, a S written and read: 40 n d + 16 o^2 bytes.
//   2,048 x 8,192   206 GFLOP, 0.74 GB; n = 64, d = 768: 19 MFLOP, 2.0 MB.
#include "lacuna/matrix.cuh"
#include "lacuna/product.cuh"
#include "lacuna/symmetric.cuh"
#include "lacuna/vicreg_shape.h"

using lacuna::difference;
using lacuna::kWarp;
using lacuna::lane_of;
using lacuna::Matrix;
using lacuna::Product;
using lacuna::Quads;
using lacuna::Stored;
using lacuna::UpperTile;
using lacuna::warp_of;
using namespace lacuna::vicreg;

namespace {

constexpr int kWarps = kThreads / kWarp;
static_assert(kFoldCols == kWarp && kChunkCols == 4 * kWarp && kThreads == 2 * kChunkCols);

LACUNA_DEVICE float4 sum(float4 x, float4 y) { return {x.x + y.x, x.y + y.y, x.z + y.z, x.w + y.w}; }
LACUNA_DEVICE float4 add_square(float4 x, float4 y) {
  return {fmaf(x.x, x.x, y.x), fmaf(x.y, x.y, y.y), fmaf(x.z, x.z, y.z), fmaf(x.w, x.w, y.w)};
}

// zc of one side as an operand. A line is a row of z where quads lie along the depth, and a column where they lie
// across it. `mean` is padded with zeros to whole quads.
template <Quads quads>
struct Centred {
  static constexpr Quads kQuads = quads;
  Matrix<const float> z;
  const float* mean;

  LACUNA_DEVICE float4 load(int64_t line, int64_t depth) const {
    const int64_t row = quads == Quads::kAlongDepth ? line : depth;
    const int64_t col = quads == Quads::kAlongDepth ? depth : line;
    const float4 quad = z.load(row, col);
    return z.contains(row, col) ? difference(quad, lacuna::load_wide(mean + col)) : quad;
  }
};

// The mean of the first piece of a chunk that begins at row0, measured from its first row.
LACUNA_DEVICE float4 centre_of(const Matrix<const float>& z, int64_t row0, int64_t end, int64_t col, float4* scratch) {
  const int lane = lane_of(), warp = warp_of();
  const float4 origin = z.load(row0, col);
  float4 total = {0.0f, 0.0f, 0.0f, 0.0f};
#pragma unroll
  for (int k = 0; k < kPieceRows / kWarps; ++k) {
    const int64_t row = row0 + k * kWarps + warp;
    if (row < end) total = sum(total, difference(z.load(row, col), origin));
  }
  scratch[threadIdx.x] = total;
  lacuna::barrier();
  total = scratch[lane];
  for (int k = 1; k < kWarps; ++k) total = sum(total, scratch[k * kWarp + lane]);
  lacuna::barrier();
  const float rows = static_cast<float>(end - row0 < kPieceRows ? end - row0 : kPieceRows);
  return lacuna::multiply_add(1.0f / rows, total, origin);
}

// Every group of a warp's lanes holds a part of a column's sum; every thread receives the sum.
LACUNA_DEVICE double column_sum(double value, double* scratch) {
  scratch[threadIdx.x] = value;
  lacuna::barrier();
  double total = 0.0;
  for (int k = 0; k < kWarps; ++k) total += scratch[k * kWarp + lane_of()];
  lacuna::barrier();
  return total;
}

}  // namespace

// centres[chunk, side, :] and moments[chunk, kMoments, :] of chunk_rows rows.
LACUNA_KERNEL(vicreg_moments, kThreads)
(int64_t n, int64_t d, int64_t chunk_rows, const float* x, int64_t ld_x, const float* y, int64_t ld_y, float* centres,
 double* moments, int64_t ld) {
  LACUNA_SHARED(float4, quads, kThreads);
  LACUNA_SHARED(double, totals, kWarps* kChunkCols);
  const int lane = lane_of(), warp = warp_of();
  const int64_t col_tiles = (d + kChunkCols - 1) / kChunkCols;
  const int64_t chunk = blockIdx.x / col_tiles, col0 = blockIdx.x % col_tiles * kChunkCols, col = col0 + 4 * lane;
  const int64_t row0 = chunk * chunk_rows, end = row0 + chunk_rows < n ? row0 + chunk_rows : n;
  const Matrix<const float> x_matrix(x, n, d, ld_x), y_matrix(y, n, d, ld_y);
  const float4 x_centre = centre_of(x_matrix, row0, end, col, quads);
  const float4 y_centre = centre_of(y_matrix, row0, end, col, quads);
  if (warp == 0) {
    Matrix<float>(centres, 2 * chunk + 2, d, ld).store(2 * chunk, col, x_centre);
    Matrix<float>(centres, 2 * chunk + 2, d, ld).store(2 * chunk + 1, col, y_centre);
  }

  // A piece in float, the pieces in double.
  double sums[kMoments][4] = {};
  for (int64_t piece = row0; piece < end; piece += kPieceRows) {
    float4 part[kMoments] = {};
#pragma unroll
    for (int k = 0; k < kPieceRows / kWarps; ++k) {
      const int64_t row = piece + k * kWarps + warp;
      if (row >= end) continue;
      const float4 x_quad = x_matrix.load(row, col), y_quad = y_matrix.load(row, col);
      const float4 x_centred = difference(x_quad, x_centre), y_centred = difference(y_quad, y_centre);
      part[kSumX] = sum(part[kSumX], x_centred);
      part[kSquareX] = add_square(x_centred, part[kSquareX]);
      part[kSumY] = sum(part[kSumY], y_centred);
      part[kSquareY] = add_square(y_centred, part[kSquareY]);
      part[kDifference] = add_square(difference(x_quad, y_quad), part[kDifference]);
    }
#pragma unroll
    for (int q = 0; q < kMoments; ++q) {
      sums[q][0] += part[q].x;
      sums[q][1] += part[q].y;
      sums[q][2] += part[q].z;
      sums[q][3] += part[q].w;
    }
  }
#pragma unroll
  for (int q = 0; q < kMoments; ++q) {
#pragma unroll
    for (int i = 0; i < 4; ++i) totals[warp * kChunkCols + 4 * lane + i] = sums[q][i];
    lacuna::barrier();
    const int64_t to = col0 + threadIdx.x;
    if (threadIdx.x < kChunkCols && to < d) {
      double total = 0.0;
      for (int k = 0; k < kWarps; ++k) total += totals[k * kChunkCols + threadIdx.x];
      moments[(chunk * kMoments + q) * ld + to] = total;
    }
    lacuna::barrier();
  }
}

// mean[side, :] and factor[side, :], zero from d to the next multiple of 32, and block_sums[block, side, kColumnSums].
LACUNA_KERNEL(vicreg_statistics, kThreads)
(int64_t n, int64_t d, int64_t chunk_rows, const float* centres, const double* moments, int64_t ld, double gamma,
 double epsilon, double slope, double variance_scale, float* mean, float* factor, double* block_sums) {
  LACUNA_SHARED(double, scratch, kThreads);
  const int lane = lane_of(), group = warp_of();
  const int side = static_cast<int>(blockIdx.x % 2);
  const int64_t block = blockIdx.x / 2, col = block * kFoldCols + lane;
  const int64_t chunks = (n + chunk_rows - 1) / chunk_rows;
  const bool inside = col < d;
  const auto rows_of = [&](int64_t chunk) {
    return static_cast<double>(chunk + 1 < chunks ? chunk_rows : n - chunk * chunk_rows);
  };
  const auto moment = [&](int64_t chunk, int which) { return moments[(chunk * kMoments + which) * ld + col]; };

  const double origin = inside ? centres[side * ld + col] : 0.0;
  double part = 0.0;
  for (int64_t chunk = group; inside && chunk < chunks; chunk += kWarps) {
    part += rows_of(chunk) * (centres[(2 * chunk + side) * ld + col] - origin) + moment(chunk, kSumX + 2 * side);
  }
  const float column_mean = static_cast<float>(origin + column_sum(part, scratch) / static_cast<double>(n));
  double squares = 0.0, apart = 0.0;
  for (int64_t chunk = group; inside && chunk < chunks; chunk += kWarps) {
    const double shift = static_cast<double>(centres[(2 * chunk + side) * ld + col]) - column_mean;
    squares += moment(chunk, kSquareX + 2 * side) + 2.0 * shift * moment(chunk, kSumX + 2 * side) +
               rows_of(chunk) * shift * shift;
    apart += moment(chunk, kDifference);
  }
  squares = column_sum(squares, scratch);
  apart = column_sum(apart, scratch);
  if (group != 0) return;

  const double variance = squares / static_cast<double>(n - 1), sd = sqrt(variance + epsilon);
  const double hinge = gamma - sd;
  mean[side * ld + col] = inside ? column_mean : 0.0f;
  factor[side * ld + col] =
      inside ? static_cast<float>((sd < gamma ? slope / sd : 0.0) - variance_scale * variance) : 0.0f;
  // A NaN is no number that a hinge could cut off.
  const double hinges = lacuna::warp_sum(inside && !(hinge <= 0.0) ? hinge : 0.0);
  const double variances = lacuna::warp_sum(inside ? variance * variance : 0.0);
  apart = lacuna::warp_sum(inside ? apart : 0.0);
  if (lane != 0) return;
  double* const to = block_sums + (2 * block + side) * kColumnSums;
  to[kHinge] = hinges;
  to[kVariance] = variances;
  to[kApart] = apart;
}

namespace {

// stack[side, slice][o, o] = a tile of S over the slice's part of the depth.
template <int tile>
LACUNA_DEVICE void product_tile(int64_t n, int64_t d, bool gram, int64_t slices, int64_t slice_depth, const float* x,
                                int64_t ld_x, const float* y, int64_t ld_y, const float* mean, int64_t ld, float* stack,
                                int64_t ld_s, float* shared) {
  using Tile = Product<tile, tile>;
  const int64_t order = gram ? n : d, depth = gram ? d : n, side_tiles = (order + tile - 1) / tile;
  const int64_t tiles = side_tiles * (side_tiles + 1) / 2, slice = blockIdx.x / tiles % slices;
  const bool is_y = blockIdx.x >= tiles * slices;
  const UpperTile at(blockIdx.x % tiles);
  const int64_t row0 = at.row * tile, col0 = at.col * tile;
  const int64_t begin = slice * slice_depth, end = begin + slice_depth < depth ? begin + slice_depth : depth;
  const Matrix<const float> z(is_y ? y : x, n, d, is_y ? ld_y : ld_x);
  if (is_y) mean += ld;

  float sums[Tile::kRowsPerThread][Tile::kColsPerThread] = {};
  if (gram) {
    const Centred<Quads::kAlongDepth> rows{z, mean};
    Tile::add(rows, rows, row0, col0, begin, end, shared, sums);
  } else {
    const Centred<Quads::kAcrossDepth> columns{z, mean};
    Tile::add(columns, columns, row0, col0, begin, end, shared, sums);
  }
  const Matrix<float> to(stack + (blockIdx.x / tiles) * order * ld_s, order, order, ld_s);
#pragma unroll
  for (int i = 0; i < Tile::kRowsPerThread; ++i) {
#pragma unroll
    for (int j = 0; j < Tile::kColsPerThread; j += 4) {
      to.store(row0 + Tile::row(i), col0 + Tile::col(j), {sums[i][j], sums[i][j + 1], sums[i][j + 2], sums[i][j + 3]});
    }
  }
}

}  // namespace

LACUNA_KERNEL(vicreg_product_64, kThreads, 2)
(int64_t n, int64_t d, int32_t gram, int64_t slices, int64_t slice_depth, const float* x, int64_t ld_x, const float* y,
 int64_t ld_y, const float* mean, int64_t ld, float* stack, int64_t ld_s) {
  LACUNA_SHARED(float, shared, (Product<kTile, kTile>::kShared));
  product_tile<kTile>(n, d, gram != 0, slices, slice_depth, x, ld_x, y, ld_y, mean, ld, stack, ld_s, shared);
}

LACUNA_KERNEL(vicreg_product_128, kThreads, 1)
(int64_t n, int64_t d, int32_t gram, int64_t slices, int64_t slice_depth, const float* x, int64_t ld_x, const float* y,
 int64_t ld_y, const float* mean, int64_t ld, float* stack, int64_t ld_s) {
  LACUNA_SHARED(float, shared, (Product<kLargeTile, kLargeTile>::kShared));
  product_tile<kLargeTile>(n, d, gram != 0, slices, slice_depth, x, ld_x, y, ld_y, mean, ld, stack, ld_s, shared);
}

// The first slice of each side becomes the whole of scale S, without its diagonal where off_diagonal is set;
// squares[side, tile] is the sum of the squares of what counts of S.
LACUNA_KERNEL(vicreg_fold, kThreads)
(int64_t order, int64_t slices, int32_t off_diagonal, float scale, float* stack, int64_t ld_s, double* squares) {
  constexpr int kStride = kTile + 1;  // a column and a row then lie on as many banks
  LACUNA_SHARED(float, transposed, kTile* kStride);
  LACUNA_SHARED(double, scratch, kWarps);
  const int64_t side_tiles = (order + kTile - 1) / kTile, tiles = side_tiles * (side_tiles + 1) / 2;
  const int64_t side = blockIdx.x / tiles;
  const UpperTile at(blockIdx.x % tiles);
  float* const first = stack + side * slices * order * ld_s;
  const Matrix<float> to(first, order, order, ld_s);
  const int col = threadIdx.x % (kTile / 4) * 4;
  double square = 0.0;
#pragma unroll
  for (int k = 0; k < kTile * kTile / 4 / kThreads; ++k) {
    const int row = threadIdx.x / (kTile / 4) + k * (4 * kThreads / kTile);
    const int64_t i = at.row * kTile + row, j = at.col * kTile + col;
    float4 quad = to.load(i, j);
    for (int64_t slice = 1; slice < slices; ++slice) {
      quad = sum(quad, Matrix<const float>(first + slice * order * ld_s, order, order, ld_s).load(i, j));
    }
    if (off_diagonal != 0) {
      if (i == j) quad.x = 0.0f;
      if (i == j + 1) quad.y = 0.0f;
      if (i == j + 2) quad.z = 0.0f;
      if (i == j + 3) quad.w = 0.0f;
    }
    const double a = quad.x, b = quad.y, c = quad.z, e = quad.w;
    square += a * a + b * b + c * c + e * e;
    quad = lacuna::scaled(scale, quad);
    to.store(i, j, quad);
    transposed[col * kStride + row] = quad.x;
    transposed[(col + 1) * kStride + row] = quad.y;
    transposed[(col + 2) * kStride + row] = quad.z;
    transposed[(col + 3) * kStride + row] = quad.w;
  }
  square = lacuna::block_sum<kThreads>(square, scratch);
  if (threadIdx.x == 0) squares[blockIdx.x] = at.row == at.col ? square : 2.0 * square;
  if (at.row == at.col) return;
#pragma unroll
  for (int k = 0; k < kTile * kTile / 4 / kThreads; ++k) {
    const int row = threadIdx.x / (kTile / 4) + k * (4 * kThreads / kTile);
    const float* const from = transposed + row * kStride + col;
    to.store(at.col * kTile + row, at.row * kTile + col, {from[0], from[1], from[2], from[3]});
  }
}

namespace {

// Of x and of y.
template <class T>
struct Both {
  T x, y;
  LACUNA_DEVICE T operator[](bool is_y) const { return is_y ? y : x; }
};

struct GradientTask {
  int64_t n, d;
  bool gram;
  Both<const float*> z;
  Both<int64_t> ld_z;
  const float *mean, *factor;
  int64_t ld;
  const float* s;
  int64_t ld_s, side_stride;
  float invariance;
  Both<float*> gradient;
  Both<int64_t> ld_gradient;
  Both<int32_t> accumulate;
};

template <int tile>
LACUNA_DEVICE void gradient_tile(const GradientTask& task, float* shared) {
  using Tile = Product<tile, tile>;
  const int64_t col_tiles = (task.d + tile - 1) / tile, tiles = (task.n + tile - 1) / tile * col_tiles;
  const bool is_y = !task.gradient.x || blockIdx.x >= tiles;
  const int64_t position = blockIdx.x % tiles;
  const int64_t row0 = position / col_tiles * tile, col0 = position % col_tiles * tile;
  const int64_t order = task.gram ? task.n : task.d;
  const Matrix<const float> z(task.z[is_y], task.n, task.d, task.ld_z[is_y]);
  const Matrix<const float> other(task.z[!is_y], task.n, task.d, task.ld_z[!is_y]);
  const float* const mean = task.mean + (is_y ? task.ld : 0);
  const float* const factor = task.factor + (is_y ? task.ld : 0);
  const Stored<Quads::kAcrossDepth> s{
      Matrix<const float>(task.s + (is_y ? task.side_stride : 0), order, order, task.ld_s)};

  float sums[Tile::kRowsPerThread][Tile::kColsPerThread] = {};
  if (task.gram) {
    // S is its own transpose: read across the depth it needs no transposing on its way to shared memory.
    Tile::add(s, Centred<Quads::kAcrossDepth>{z, mean}, row0, col0, 0, order, shared, sums);
  } else {
    Tile::add(Centred<Quads::kAlongDepth>{z, mean}, s, row0, col0, 0, order, shared, sums);
  }
  const Matrix<float> to(task.gradient[is_y], task.n, task.d, task.ld_gradient[is_y]);
#pragma unroll
  for (int j = 0; j < Tile::kColsPerThread; j += 4) {
    const int64_t col = col0 + Tile::col(j);
    if (col >= task.d) continue;
    const float4 mean_quad = lacuna::load_wide(mean + col), factor_quad = lacuna::load_wide(factor + col);
#pragma unroll
    for (int i = 0; i < Tile::kRowsPerThread; ++i) {
      const int64_t row = row0 + Tile::row(i);
      const float4 here = z.load(row, col), centred = difference(here, mean_quad);
      float4 quad = {fmaf(factor_quad.x, centred.x, sums[i][j]), fmaf(factor_quad.y, centred.y, sums[i][j + 1]),
                     fmaf(factor_quad.z, centred.z, sums[i][j + 2]), fmaf(factor_quad.w, centred.w, sums[i][j + 3])};
      quad = lacuna::multiply_add(task.invariance, difference(here, other.load(row, col)), quad);
      to.store(row, col, task.accumulate[is_y] != 0 ? sum(to.load(row, col), quad) : quad);
    }
  }
}

}  // namespace

// dx from s, dy from s + side_stride; a gradient that is NULL gets no blocks.
LACUNA_KERNEL(vicreg_gradient_64, kThreads, 2)
(int64_t n, int64_t d, int32_t gram, const float* x, int64_t ld_x, const float* y, int64_t ld_y, const float* mean,
 const float* factor, int64_t ld, const float* s, int64_t ld_s, int64_t side_stride, float invariance, float* dx,
 int64_t ld_dx, int32_t acc_dx, float* dy, int64_t ld_dy, int32_t acc_dy) {
  LACUNA_SHARED(float, shared, (Product<kTile, kTile>::kShared));
  gradient_tile<kTile>({n,
                        d,
                        gram != 0,
                        {x, y},
                        {ld_x, ld_y},
                        mean,
                        factor,
                        ld,
                        s,
                        ld_s,
                        side_stride,
                        invariance,
                        {dx, dy},
                        {ld_dx, ld_dy},
                        {acc_dx, acc_dy}},
                       shared);
}

LACUNA_KERNEL(vicreg_gradient_128, kThreads, 1)
(int64_t n, int64_t d, int32_t gram, const float* x, int64_t ld_x, const float* y, int64_t ld_y, const float* mean,
 const float* factor, int64_t ld, const float* s, int64_t ld_s, int64_t side_stride, float invariance, float* dx,
 int64_t ld_dx, int32_t acc_dx, float* dy, int64_t ld_dy, int32_t acc_dy) {
  LACUNA_SHARED(float, shared, (Product<kLargeTile, kLargeTile>::kShared));
  gradient_tile<kLargeTile>({n,
                             d,
                             gram != 0,
                             {x, y},
                             {ld_x, ld_y},
                             mean,
                             factor,
                             ld,
                             s,
                             ld_s,
                             side_stride,
                             invariance,
                             {dx, dy},
                             {ld_dx, ld_dy},
                             {acc_dx, acc_dy}},
                            shared);
}

// dy of a mere target: invariance (y - x).
LACUNA_KERNEL(vicreg_invariance, kThreads)
(int64_t n, int64_t d, const float* x, int64_t ld_x, const float* y, int64_t ld_y, float invariance, float* dy,
 int64_t ld_dy, int32_t acc_dy) {
  const int64_t quads = (d + 3) / 4, at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const int64_t row = at / quads, col = at % quads * 4;
  const Matrix<const float> x_matrix(x, n, d, ld_x), y_matrix(y, n, d, ld_y);
  const Matrix<float> to(dy, n, d, ld_dy);
  const float4 quad = lacuna::scaled(invariance, difference(y_matrix.load(row, col), x_matrix.load(row, col)));
  to.store(row, col, acc_dy != 0 ? sum(to.load(row, col), quad) : quad);
}

// block_sums as vicreg_statistics, squares as vicreg_fold leaves them, square_count a side. terms may be NULL.
LACUNA_KERNEL(vicreg_loss, kThreads)
(int64_t n, int64_t d, int32_t gram, int32_t sides, const double* block_sums, const double* squares,
 int64_t square_count, double lambda, double mu, double nu, float* loss, float* terms) {
  LACUNA_SHARED(double, scratch, kWarps);
  const auto total = [&](const double* from, int64_t count, int64_t stride) {
    double part = 0.0;
    for (int64_t i = threadIdx.x; i < count; i += kThreads) part += from[i * stride];
    return lacuna::block_sum<kThreads>(part, scratch);
  };
  const int64_t blocks = (d + kFoldCols - 1) / kFoldCols;
  const double columns = static_cast<double>(d), degrees = static_cast<double>(n - 1);
  const double s = total(block_sums + kApart, blocks, 2 * kColumnSums) / (static_cast<double>(n) * columns);
  double v[2] = {}, c[2] = {};
#pragma unroll
  for (int side = 0; side < 2; ++side) {
    if (side == sides) break;
    const double* const of_side = block_sums + side * kColumnSums;
    v[side] = total(of_side + kHinge, blocks, 2 * kColumnSums) / columns;
    c[side] = total(squares + side * square_count, square_count, 1) / (degrees * degrees);
    if (gram != 0) c[side] -= total(of_side + kVariance, blocks, 2 * kColumnSums);
    c[side] /= columns;
  }
  if (threadIdx.x != 0) return;
  loss[0] = static_cast<float>(lambda * s + mu * (v[0] + v[1]) + nu * (c[0] + c[1]));
  if (!terms) return;
  terms[0] = static_cast<float>(s);
  terms[1] = static_cast<float>(v[0]);
  terms[2] = static_cast<float>(v[1]);
  terms[3] = static_cast<float>(c[0]);
  terms[4] = static_cast<float>(c[1]);
}
