// Two-dimensional cross-correlation in fp32, x [n, c_in, h, w], weight [c_out, c_in, kh, kw], and its gradients, as
// matrix products whose unfolded factor is never stored: its elements are found in x or dy as the tiles are loaded.
// With pixels p = (image, oy, ox) of the output, q = (image, iy, ix) of the input, taps t = (ky, kx):
//   y[o, p]            = sum over (c, t) of weight[o, (c, t)] x[c, p stride + t - pad]  + bias[o]
//   dx[c, q]           = sum over (o, t) of weight[o, (c, t)] dy[o, (q + pad - t) / stride], where that is a pixel
//   dweight[o, (c, t)] = sum over p of dy[o, p] x[c, p stride + t - pad]
//   dbias[o]           = sum over p of dy[o, p]
// With windows turned around, t' = (kh, kw) - 1 - t, dx for stride 1 is the convolution of dy by pad' = (kh, kw) - 1 -
// pad, and runs through the same kernels as y.
//
//   kernel                        grid                              threads  block's work
//   conv2d_fwd_<rows>x<cols>      parts x c_out/rows x p/cols       256      a tile of y, the bias in it; or of dx
//   conv2d_turn                   c_in c_out kh kw / 256            256      weight as [c_in, (c_out, t')]
//   conv2d_dx_<rows>x<cols>       parts x c_in/rows x q/cols        256      a tile of dx for strides beyond 1
//   conv2d_dweight_<rows>x<cols>  parts x c_out/rows x (c_in kh kw)/cols  256  a tile of dweight
//   conv2d_fold                   results / 128                     256      32 quads of y or dx, parts added up
//   conv2d_dweight_fold           results / 128                     256      32 quads of dweight, parts added up
//   conv2d_dbias                  c_out x p/8192                    256      8192 pixels of a channel, in double
//   conv2d_dbias_fold             c_out                             256      a channel, the blocks above added up
// Every grid follows from the sizes, every sum has one order: equal input gives equal bits.
//
// Operations: 2 c_out c_in kh kw p for each product, but for dx with strides beyond 1: 2 c_out c_in kh kw q, stride^2
// times as many, since it multiplies the zeros that lie between the pixels too. Bytes from memory, where the
// second-level cache holds what windows and tiles share: 4 (n c_in h w + c_out p + c_in c_out kh kw) each.
#include "lacuna/conv2d_shape.h"
#include "lacuna/gemm.cuh"
#include "lacuna/planes.cuh"

using lacuna::ceil_div;
using lacuna::GemmCut;
using lacuna::Matrix;
using lacuna::Planes;
using lacuna::Quads;
using lacuna::Stored;
using namespace lacuna::conv2d;

namespace {

// Four neighbours of the unfolded `data`, a tensor of side shape.in: what tap k = (channel, row, col) sees from the
// pixels [pixel, pixel + 4) of side shape.out, which may lie in several rows and images. find(start, offset) is where a
// pixel whose window starts at `start` finds the tap that lies `offset` on, in rows or columns; beyond the side, or
// negative, is nothing, and reads as zero.
//
// Nothing but the loads hangs on a condition, so that all that one of k and pixel decides alone is computed before the
// loop over the other.
template <class Find>
LACUNA_DEVICE float4 unfold(const float* data, const Shape& shape, int32_t stride, int64_t k, int64_t pixel,
                            const Find& find) {
  const Side &in = shape.in, &out = shape.out;
  const auto [channel, tap] = shape.window.divide(k);
  const auto [tap_row, tap_col] = shape.window_row.divide(static_cast<int32_t>(tap));
  const int32_t row_offset = k < in.channels * shape.window.divisor() ? tap_row - shape.pad_row : kNowhere;
  const int32_t col_offset = tap_col - shape.pad_col;
  const auto [image, position] = out.plane.divide(pixel);
  auto [row, col] = out.row.divide(static_cast<int32_t>(position));
  const int64_t plane = static_cast<int64_t>(in.rows) * in.cols, pixels = shape.n * out.plane.divisor();
  int64_t image_start = image * in.channels * plane;
  float quad[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int32_t in_row = find(row * stride, row_offset);
    const int32_t in_col = find(pixel + i < pixels ? col * stride : kNowhere, col_offset);
    const bool found = static_cast<uint32_t>(in_row) < static_cast<uint32_t>(in.rows) &&
                       static_cast<uint32_t>(in_col) < static_cast<uint32_t>(in.cols);
    quad[i] = found ? data[image_start + channel * plane + (in_row * in.cols + in_col)] : 0.0f;
    const bool row_ends = ++col == out.cols;
    col = row_ends ? 0 : col;
    row += row_ends;
    const bool image_ends = row == out.rows;
    row = image_ends ? 0 : row;
    image_start += image_ends ? in.channels * plane : 0;
  }
  return {quad[0], quad[1], quad[2], quad[3]};
}

// Pixels see a window each, `stride` apart. Lines are pixels and depth is (channel, tap), or the other way round.
template <Quads quads>
struct Windows {
  static constexpr Quads kQuads = quads;
  const float* data;
  const Shape& shape;

  LACUNA_DEVICE float4 load(int64_t line, int64_t depth) const {
    constexpr bool across = quads == Quads::kAcrossDepth;
    return unfold(data, shape, shape.stride, across ? depth : line, across ? line : depth,
                  [](int32_t start, int32_t offset) { return start + offset; });
  }
};

// The windows of dy that see a pixel: as Windows with stride 1 if dy had stride - 1 zeros between its pixels.
struct Spread {
  static constexpr Quads kQuads = Quads::kAcrossDepth;
  const float* data;
  const Shape& shape;

  LACUNA_DEVICE float4 load(int64_t line, int64_t depth) const {
    return unfold(data, shape, 1, depth, line, [this](int32_t start, int32_t offset) {
      const auto [place, rest] = shape.step.divide(start + offset);
      return start + offset >= 0 && rest == 0 ? place : -1;
    });
  }
};

// dy with lines for channels and the output's pixels for depth.
struct Gradient {
  static constexpr Quads kQuads = Quads::kAlongDepth;
  Planes<const float> dy;

  LACUNA_DEVICE float4 load(int64_t line, int64_t depth) const { return dy.load(line, depth); }
};

struct PlaneResults : Planes<float> {
  const float* bias;
  bool accumulate;

  LACUNA_DEVICE PlaneResults(const Shape& shape, const Target& to)
      : Planes<float>(to.data, shape.n, shape.out.channels, shape.out.plane),
        bias(to.bias),
        accumulate(to.accumulate != 0) {}

  LACUNA_DEVICE float4 start(int64_t channel, int64_t pixel) const {
    if (accumulate) return load(channel, pixel);
    const float value = bias != nullptr && channel < channels ? bias[channel] : 0.0f;
    return {value, value, value, value};
  }
};

struct WeightResults : Matrix<float> {
  bool accumulate;

  LACUNA_DEVICE WeightResults(const GemmCut& cut, int64_t ld, const Target& to)
      : Matrix<float>(to.data, cut.m, cut.n, ld), accumulate(to.accumulate != 0) {}

  LACUNA_DEVICE float4 start(int64_t row, int64_t col) const {
    return accumulate ? load(row, col) : float4{0.0f, 0.0f, 0.0f, 0.0f};
  }
};

template <class Unfolded, int rows, int cols>
LACUNA_DEVICE void to_planes(const Multiplication& p) {
  const int64_t depth = p.shape.in.channels * p.shape.window.divisor();
  lacuna::multiply<rows, cols>(p.cut, Stored<Quads::kAlongDepth>{Matrix<const float>(p.a, p.cut.m, depth, depth)},
                               Unfolded{p.b, p.shape}, PlaneResults(p.shape, p.out));
}
template <int rows, int cols>
LACUNA_DEVICE void forward(const Multiplication& p) {
  to_planes<Windows<Quads::kAcrossDepth>, rows, cols>(p);
}
template <int rows, int cols>
LACUNA_DEVICE void input_gradient(const Multiplication& p) {
  to_planes<Spread, rows, cols>(p);
}

template <int rows, int cols>
LACUNA_DEVICE void weight_gradient(const Multiplication& p) {
  lacuna::multiply<rows, cols>(p.cut, Gradient{Planes<const float>(p.a, p.shape.n, p.cut.m, p.shape.out.plane)},
                               Windows<Quads::kAlongDepth>{p.b, p.shape}, WeightResults(p.cut, p.cut.n, p.out));
}

}  // namespace

// At least 1 block a multiprocessor: ptxas spills where it takes 2 for the aim.
LACUNA_KERNEL(conv2d_fwd_128x128, kThreads, 1)(Multiplication p) { forward<128, 128>(p); }
LACUNA_KERNEL(conv2d_fwd_128x64, kThreads, 1)(Multiplication p) { forward<128, 64>(p); }
LACUNA_KERNEL(conv2d_fwd_64x128, kThreads, 1)(Multiplication p) { forward<64, 128>(p); }
LACUNA_KERNEL(conv2d_fwd_64x64, kThreads, 1)(Multiplication p) { forward<64, 64>(p); }

LACUNA_KERNEL(conv2d_dx_128x128, kThreads, 1)(Multiplication p) { input_gradient<128, 128>(p); }
LACUNA_KERNEL(conv2d_dx_128x64, kThreads, 1)(Multiplication p) { input_gradient<128, 64>(p); }
LACUNA_KERNEL(conv2d_dx_64x128, kThreads, 1)(Multiplication p) { input_gradient<64, 128>(p); }
LACUNA_KERNEL(conv2d_dx_64x64, kThreads, 1)(Multiplication p) { input_gradient<64, 64>(p); }

LACUNA_KERNEL(conv2d_dweight_128x128, kThreads, 1)(Multiplication p) { weight_gradient<128, 128>(p); }
LACUNA_KERNEL(conv2d_dweight_128x64, kThreads, 1)(Multiplication p) { weight_gradient<128, 64>(p); }
LACUNA_KERNEL(conv2d_dweight_64x128, kThreads, 1)(Multiplication p) { weight_gradient<64, 128>(p); }
LACUNA_KERNEL(conv2d_dweight_64x64, kThreads, 1)(Multiplication p) { weight_gradient<64, 64>(p); }

LACUNA_KERNEL(conv2d_fold, kThreads)
(GemmCut cut, int64_t parts, Shape shape, Target partial, Target out) {
  lacuna::fold(cut, parts, PlaneResults(shape, partial), PlaneResults(shape, out));
}

LACUNA_KERNEL(conv2d_dweight_fold, kThreads)
(GemmCut cut, int64_t parts, Target partial, Target out) {
  lacuna::fold(cut, parts, WeightResults(cut, cut.n, partial), WeightResults(cut, cut.n, out));
}

// turned[c, (o, t)] = weight[o, (c, kh kw - 1 - t)]: channels swapped and windows turned around. shape is that of dx.
LACUNA_KERNEL(conv2d_turn, kThreads)(Shape shape, const float* weight, float* turned) {
  const int64_t index = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x, taps = shape.window.divisor();
  const int64_t c = index / (shape.in.channels * taps);
  if (c >= shape.out.channels) return;
  const auto [o, tap] = shape.window.divide(index % (shape.in.channels * taps));
  turned[index] = weight[(o * shape.out.channels + c) * taps + taps - 1 - tap];
}

// partial[o, chunk] = sum of dy[o, p] over the pixels of a chunk.
LACUNA_KERNEL(conv2d_dbias, kThreads)(Shape shape, const float* dy, double* partial) {
  LACUNA_SHARED(double, scratch, kThreads / lacuna::kWarp);
  const Planes<const float> planes(dy, shape.n, shape.out.channels, shape.out.plane);
  const int64_t chunks = ceil_div(planes.pixels, kSumPixels), chunk = blockIdx.x % chunks;
  double sum = 0.0;
#pragma unroll 4
  for (int pixel = 4 * static_cast<int>(threadIdx.x); pixel < kSumPixels; pixel += 4 * kThreads) {
    const float4 quad = planes.load(blockIdx.x / chunks, chunk * kSumPixels + pixel);
    sum += static_cast<double>(quad.x) + quad.y + quad.z + quad.w;
  }
  sum = lacuna::block_sum<kThreads>(sum, scratch);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

// dbias[o] = (accumulate ? dbias[o] : 0) + sum of partial[o, chunk] over all chunks.
LACUNA_KERNEL(conv2d_dbias_fold, kThreads)
(int64_t chunks, const double* partial, float* dbias, int32_t accumulate) {
  LACUNA_SHARED(double, scratch, kThreads / lacuna::kWarp);
  double sum = 0.0;
  for (int64_t chunk = threadIdx.x; chunk < chunks; chunk += kThreads) sum += partial[blockIdx.x * chunks + chunk];
  sum = lacuna::block_sum<kThreads>(sum, scratch);
  if (threadIdx.x == 0) dbias[blockIdx.x] = static_cast<float>(accumulate != 0 ? dbias[blockIdx.x] + sum : sum);
}
