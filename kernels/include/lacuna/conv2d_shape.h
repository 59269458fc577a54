// What the kernels of conv2d.cu take, and how they cut their work: read by the kernels and by their launchers.
#ifndef LACUNA_CONV2D_SHAPE_H
#define LACUNA_CONV2D_SHAPE_H

#include "lacuna/divisor.h"
#include "lacuna/gemm_shape.h"

namespace lacuna::conv2d {

constexpr int32_t kMostPixels = 1 << 30, kNowhere = -kMostPixels;

// The input or the output, [n, channels, rows, cols].
struct Side {
  int64_t channels;
  int32_t rows, cols;
  Divisor<int64_t> plane;  // rows cols, or 1 where that is 0
  Divisor<int32_t> row;    // cols, or 1
};

// Places within a plane are int32_t: a padded one has at most kMostPixels, and kNowhere lies outside whatever is added
// to it. For dx, which is the convolution of dy with the weights turned around, in is the side of dy and out that of
// dx.
struct Shape {
  int64_t n;
  Side in, out;
  int32_t stride, pad_row, pad_col;
  Divisor<int64_t> window;      // kh kw
  Divisor<int32_t> window_row;  // kw
  Divisor<int32_t> step;        // stride, for the dx of strides beyond 1
};

// Where a product goes: to planes, or for the weights' gradient to a dense matrix.
struct Target {
  float* data;
  const float* bias;   // a number for each channel, or nullptr
  int32_t accumulate;  // adds to data; there is no bias then
};

// One of the three products. a and b are factors as they lie in memory, a the one along the channels.
struct Multiplication {
  GemmCut cut;
  Shape shape;
  const float* a;
  const float* b;
  Target out;
};

constexpr int kThreads = 256;     // of every kernel
constexpr int kSumPixels = 8192;  // of a channel, that a block of conv2d_dbias adds up

}  // namespace lacuna::conv2d
#endif
