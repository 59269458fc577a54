// Sum, difference, product and functions of one operand, of x[n, d], element by element; y[y_n, y_d] is repeated along
// rows, columns or both.
//
//   fwd   out = x + y | x - y | x y | max(x, 0) | alpha x + beta | x Phi(x) | tanh x | e^x | log x | sqrt(max(x,
//   alpha)) bwd   dx = dout | dout | dout y | dout [x > 0] | alpha dout | dout (Phi(x) + x phi(x)) | dout / cosh(x)^2 |
//   dout e^x
//              | dout / x | dout [x > alpha] / (2 sqrt x)
//         dy = dout | -dout | dout x, where y is not repeated; where it is, the sums of reduce.cu over those axes
//
//   kernel           grid   threads  block's work
//   elementwise_fwd  tiles  256      a tile (tiling.h): 1,024 columns x 4 rows, or 4 w columns x 1,024/w rows
//   elementwise_bwd  tiles  256      the same, dx and dy together
//
// The launcher makes one long row of tensors without gaps. Four columns lie in one 16-byte access where rows are
// aligned to it.
//
// Each element is read once and written once: fwd 12 n d bytes with y of x's size (8 n d with a repeated y or none),
// bwd MUL 20 n d; at most 2 flops an element, in GELU some 50 and in the codes behind it less: bound by memory. 4096 x
// 1024, x + y: 50 MB, 25 us at 2.04 TB/s. GELU's Phi is CUDA's normcdf, which keeps its digits in the lower tail; tanh,
// exponential and logarithm are CUDA's too.
#include "lacuna/elementwise_codes.h"
#include "lacuna/tiling.cuh"

using namespace lacuna;
using namespace lacuna::elementwise;

namespace {

// exp(-x^2 / 2) / sqrt(2 pi)
LACUNA_DEVICE float normal_density(float x) { return 0.3989422804f * expf(-0.5f * x * x); }

// 1 / cosh(x)^2 = 4 e / (1 + e)^2 with e = exp(-2 |x|): no difference of numbers near 1.
LACUNA_DEVICE float tanh_slope(float x) {
  const float e = expf(-2.0f * fabsf(x)), inverse = 2.0f / (1.0f + e);
  return e * inverse * inverse;
}

}  // namespace

// one_column: y has one number a row; ld_y is 0 where it has one row.
LACUNA_KERNEL(elementwise_fwd, kTilingThreads)
(Tiling tiling, const float* x, int64_t ld_x, const float* y, int64_t ld_y, int32_t one_column, float* out,
 int64_t ld_out, int32_t code, float alpha, float beta) {
  const Matrix<const float> x_matrix(x, tiling.rows, tiling.cols, ld_x);
  const Broadcast y_matrix(y, tiling.rows, tiling.cols, ld_y, one_column != 0);
  const Matrix<float> to(out, tiling.rows, tiling.cols, ld_out);
  const auto map = [&](auto f) {
    for_places(tiling, [&](int64_t row, int64_t col) {
      const float4 a = x_matrix.load(row, col);
      to.store(row, col, each(f, a, takes_y(code) ? y_matrix.load(row, col) : a));
    });
  };
  switch (code) {
    case kAdd:
      return map([](float p, float q) { return p + q; });
    case kSub:
      return map([](float p, float q) { return p - q; });
    case kMul:
      return map([](float p, float q) { return p * q; });
    case kRelu:
      return map([](float p, float) { return p <= 0.0f ? 0.0f : p; });  // NaN stays
    case kAffine:
      return map([=](float p, float) { return fmaf(alpha, p, beta); });
    case kGelu:
      return map([](float p, float) { return p * normcdff(p); });
    case kTanh:
      return map([](float p, float) { return tanhf(p); });
    case kExp:
      return map([](float p, float) { return expf(p); });
    case kLog:
      return map([](float p, float) { return logf(p); });
    case kSqrt:
      return map([=](float p, float) { return sqrtf(p <= alpha ? alpha : p); });
  }
}

// dx, dy: NULL where not wanted.
LACUNA_KERNEL(elementwise_bwd, kTilingThreads)
(Tiling tiling, const float* dout, int64_t ld_dout, const float* x, int64_t ld_x, const float* y, int64_t ld_y,
 int32_t one_column, float* dx, int64_t ld_dx, int32_t acc_dx, float* dy, int64_t ld_dy, int32_t acc_dy, int32_t code,
 float alpha) {
  const Matrix<const float> dout_matrix(dout, tiling.rows, tiling.cols, ld_dout);
  const Matrix<const float> x_matrix(x, tiling.rows, tiling.cols, ld_x);
  const Broadcast y_matrix(y, tiling.rows, tiling.cols, ld_y, one_column != 0);
  const Matrix<float> dx_matrix(dx, tiling.rows, tiling.cols, ld_dx), dy_matrix(dy, tiling.rows, tiling.cols, ld_dy);
  const auto product = [](float p, float q) { return p * q; };
  for_places(tiling, [&](int64_t row, int64_t col) {
    const float4 g = dout_matrix.load(row, col);
    if (dx) {
      float4 value = g;
      const auto by_x = [&](auto f) { value = each(f, g, x_matrix.load(row, col)); };
      if (code == kMul) value = each(product, g, y_matrix.load(row, col));
      if (code == kRelu) by_x([](float p, float q) { return q <= 0.0f ? 0.0f : p; });
      if (code == kAffine) value = scaled(alpha, g);
      if (code == kGelu) by_x([](float p, float q) { return p * fmaf(q, normal_density(q), normcdff(q)); });
      if (code == kTanh) by_x([](float p, float q) { return p * tanh_slope(q); });
      if (code == kExp) by_x([](float p, float q) { return p * expf(q); });
      if (code == kLog) by_x([](float p, float q) { return p / q; });
      if (code == kSqrt) by_x([=](float p, float q) { return q <= alpha ? 0.0f : p / (2.0f * sqrtf(q)); });
      write(dx_matrix, row, col, value, acc_dx != 0);
    }
    if (dy) {
      float4 value = g;
      if (code == kSub) value = scaled(-1.0f, g);
      if (code == kMul) value = each(product, g, x_matrix.load(row, col));
      write(dy_matrix, row, col, value, acc_dy != 0);
    }
  });
}
