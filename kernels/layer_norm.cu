// Layer normalisation of the rows of x[n, d] and its gradients.
//
//   fwd   xhat = (x - mean) rstd, rstd = 1 / sqrt(var + eps), y = gamma xhat + beta
//   bwd   g = dy gamma, dx = rstd (g - avg(g) - xhat avg(g xhat)), averages over the row
//         dgamma = column sums of dy xhat, dbeta = column sums of dy
//
//   kernel             grid                        threads  block's work
//   layer_norm_fwd     n/(256/w)                   256      256/w rows, w threads each
//   layer_norm_bwd     n/(256/w)                   256      the same, dx
//   layer_norm_dgamma  d/(4 w) x chunks, <= 1,024  256      4 w columns, w <= 32 threads wide, a chunk of rows
//
// The variance is that of the centred row; a row is walked three times forward and twice backward, all but the first in
// the caches. The chunks of dgamma are cut by sizes alone (reduce_shape.h); their sums wait in the workspace for
// reduce_fold. dbeta is a column sum as reduce.cu takes it. Sums are accumulated in double and in a fixed order.
//
// fwd 8 n d bytes, 4 n d operations in double; bwd 12 n d bytes (16 with acc), 4 n d in double; dgamma 8 n d bytes, 2 n
// d in double. 2048 x 384: fwd 6.3 MB, 3.1 us, dx 9.4 MB, 4.6 us at 2.04 TB/s.
#include "lacuna/reduce_shape.h"
#include "lacuna/row_groups.cuh"
#include "lacuna/tiling.cuh"

using namespace lacuna;

namespace {

LACUNA_DEVICE float4 product(float4 a, float4 b) {
  return each([](float p, float q) { return p * q; }, a, b);
}

// A row of d numbers over all rows, or 1 where there is none.
struct Scale {
  Matrix<const float> row;

  LACUNA_DEVICE Scale(const float* gamma, int64_t d) : row(gamma, 1, d, 0) {}
  LACUNA_DEVICE float4 of(int64_t col, float4 value) const {
    return row.data ? product(row.load(0, col), value) : value;
  }
};

// (x - mean) rstd. mean is the sum of two floats: one alone would move a row whose mean is large by as much as it
// rounds.
struct Normalized {
  float mean, rest, rstd;

  LACUNA_DEVICE float4 operator()(float4 x) const {
    const auto one = [this](float value, float) { return (value - mean - rest) * rstd; };
    return each(one, x, x);
  }
};

}  // namespace

// gamma, beta: NULL for 1 and 0.
LACUNA_KERNEL(layer_norm_fwd, kRowThreads)
(int64_t n, int64_t d, const float* x, int64_t ld_x, const float* gamma, const float* beta, double eps, float* y,
 int64_t ld_y, float* means, float* rstds) {
  LACUNA_SHARED(double, sums, kRowThreads / kWarp);
  const Row row(x, ld_x, n, d, RowGroups(n, d), blockIdx.x);
  const Scale scale(gamma, d);
  const Matrix<const float> shift(beta, 1, d, 0);
  const Matrix<float> to(y, n, d, ld_y);
  const double columns = static_cast<double>(d);
  const double mean = row.sum(sums, [](float value) { return static_cast<double>(value); }) / columns;
  const double variance = row.sum(sums, [mean](float value) {
    const double centred = value - mean;
    return centred * centred;
  }) / columns;
  if (!row.exists()) return;
  const float head = static_cast<float>(mean);
  const Normalized normalized{head, static_cast<float>(mean - head), static_cast<float>(1.0 / sqrt(variance + eps))};
  row.for_quads([&](int64_t col, float4 quad) {
    const float4 value = scale.of(col, normalized(quad));
    to.store(row.row, col, beta ? multiply_add(1.0f, value, shift.load(0, col)) : value);
  });
  if (row.lane == 0) {
    means[row.row] = normalized.mean;
    rstds[row.row] = normalized.rstd;
  }
}

LACUNA_KERNEL(layer_norm_bwd, kRowThreads)
(int64_t n, int64_t d, const float* dy, int64_t ld_dy, const float* x, int64_t ld_x, const float* gamma,
 const float* means, const float* rstds, float* dx, int64_t ld_dx, int32_t accumulate) {
  LACUNA_SHARED(double, scratch, kRowThreads / kWarp);
  const Row row(dy, ld_dy, n, d, RowGroups(n, d), blockIdx.x);
  const Matrix<const float> x_matrix(x, n, d, ld_x);
  const Scale scale(gamma, d);
  const Matrix<float> to(dx, n, d, ld_dx);
  Normalized normalized{0.0f, 0.0f, 0.0f};
  if (row.exists()) normalized = {means[row.row], 0.0f, rstds[row.row]};
  double sum = 0.0, along = 0.0;
  row.for_quads([&](int64_t col, float4 quad) {
    const float4 g = scale.of(col, quad), xhat = normalized(x_matrix.load(row.row, col));
    sum += (static_cast<double>(g.x) + g.y) + (static_cast<double>(g.z) + g.w);
    along += static_cast<double>(g.x) * xhat.x + static_cast<double>(g.y) * xhat.y;
    along += static_cast<double>(g.z) * xhat.z + static_cast<double>(g.w) * xhat.w;
  });
  const float average = static_cast<float>(group_sum(sum, row.width, scratch) / static_cast<double>(d));
  const float slope = static_cast<float>(group_sum(along, row.width, scratch) / static_cast<double>(d));
  row.for_quads([&](int64_t col, float4 quad) {
    const auto gradient = [=](float g, float xhat) { return normalized.rstd * (g - average - xhat * slope); };
    const float4 value = each(gradient, scale.of(col, quad), normalized(x_matrix.load(row.row, col)));
    write(to, row.row, col, value, accumulate != 0);
  });
}

// partial[chunk, j] = sum over the chunk's rows of dy xhat in column j.
LACUNA_KERNEL(layer_norm_dgamma, reduce::kThreads)
(int64_t n, int64_t d, const float* dy, int64_t ld_dy, const float* x, int64_t ld_x, const float* means,
 const float* rstds, double* partial) {
  LACUNA_SHARED(double, scratch, reduce::kThreads);
  const reduce::ColumnCut cut(n, d);
  const Matrix<const float> dy_matrix(dy, n, d, ld_dy), x_matrix(x, n, d, ld_x);
  const int width = 1 << cut.shift, thread = static_cast<int>(threadIdx.x), groups = reduce::kThreads >> cut.shift;
  const int64_t chunk = blockIdx.x / cut.col_blocks;
  const int64_t col = blockIdx.x % cut.col_blocks * cut.block_cols + 4 * (thread & (width - 1));
  const int64_t begin = chunk * cut.chunk_rows;
  const int64_t end = begin + cut.chunk_rows < n ? begin + cut.chunk_rows : n;
  double sums[4] = {};
#pragma unroll 2
  for (int64_t row = begin + (thread >> cut.shift); row < end; row += groups) {
    const float4 g = dy_matrix.load(row, col);
    const float4 xhat = Normalized{means[row], 0.0f, rstds[row]}(x_matrix.load(row, col));
    sums[0] += static_cast<double>(g.x) * xhat.x;
    sums[1] += static_cast<double>(g.y) * xhat.y;
    sums[2] += static_cast<double>(g.z) * xhat.z;
    sums[3] += static_cast<double>(g.w) * xhat.w;
  }
#pragma unroll
  for (int k = 0; k < 4; ++k) {
    const double total = sum_over_groups<reduce::kThreads>(sums[k], width, scratch);
    if (thread < width && col + k < d) partial[chunk * d + col + k] = total;
  }
}
