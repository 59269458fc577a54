// A linear layer in fp32, x [n, d], w [o, d]:
//   y = x w^T + b   dx = dy w   dw = dy^T x   db = column sums of dy
//
// Three products of gemm.cuh, one for each way in which the factors lie, each for four sizes of tile; the launcher
// takes the largest tile that gives the card enough blocks, and cuts the depth where none does.
//   kernel                      grid                        threads  block's work
//   linear_fwd_<rows>x<cols>    parts x n/rows x o/cols     256      a tile of y, the bias in it
//   linear_dx_<rows>x<cols>     parts x n/rows x d/cols     256      a tile of dx
//   linear_dw_<rows>x<cols>     parts x o/rows x d/cols     256      a tile of dw
//   linear_fold                 results / 128               256      32 quads of a result, its parts added up
// db comes from reduce.cu. Every grid follows from the sizes, every sum has one order: equal input gives equal bits.
//
// Operations: 2 n d o for each product. Bytes from memory, where the second-level cache holds what tiles share:
// 4 (n d + d o + n o); without it 4 n d o (1/rows + 1/cols) + 4 n o. Cutting the depth adds 8 bytes a part and result.
#include "lacuna/gemm.cuh"
#include "lacuna/linear_shape.h"

using lacuna::GemmCut;
using lacuna::Matrix;
using lacuna::Quads;
using lacuna::Stored;
using namespace lacuna::linear;

namespace {

// [lines, depth], or [depth, lines] where quads lie across the depth.
template <Quads quads>
LACUNA_DEVICE Stored<quads> stored(const float* data, int64_t lines, int64_t depth, int64_t ld) {
  const bool along = quads == Quads::kAlongDepth;
  return {Matrix<const float>(data, along ? lines : depth, along ? depth : lines, ld)};
}

struct Results : Matrix<float> {
  const float* bias;
  bool accumulate;

  LACUNA_DEVICE Results(const GemmCut& cut, const Target& to)
      : Matrix<float>(to.data, cut.m, cut.n, to.ld), bias(to.bias), accumulate(to.accumulate != 0) {}

  LACUNA_DEVICE float4 start(int64_t row, int64_t col) const {
    if (accumulate) return load(row, col);
    return Matrix<const float>(bias, bias != nullptr ? 1 : 0, cols, cols).load(0, col);
  }
};

template <Quads a, Quads b, int rows, int cols>
LACUNA_DEVICE void product(const Multiplication& p) {
  lacuna::multiply<rows, cols>(p.cut, stored<a>(p.a, p.cut.m, p.k, p.ld_a), stored<b>(p.b, p.cut.n, p.k, p.ld_b),
                               Results(p.cut, p.out));
}

template <int rows, int cols>
LACUNA_DEVICE void forward(const Multiplication& p) {
  product<Quads::kAlongDepth, Quads::kAlongDepth, rows, cols>(p);
}

template <int rows, int cols>
LACUNA_DEVICE void input_gradient(const Multiplication& p) {
  product<Quads::kAlongDepth, Quads::kAcrossDepth, rows, cols>(p);
}

template <int rows, int cols>
LACUNA_DEVICE void weight_gradient(const Multiplication& p) {
  product<Quads::kAcrossDepth, Quads::kAcrossDepth, rows, cols>(p);
}

}  // namespace

LACUNA_KERNEL(linear_fwd_128x128, kThreads)(Multiplication p) { forward<128, 128>(p); }
LACUNA_KERNEL(linear_fwd_128x64, kThreads)(Multiplication p) { forward<128, 64>(p); }
LACUNA_KERNEL(linear_fwd_64x128, kThreads)(Multiplication p) { forward<64, 128>(p); }
LACUNA_KERNEL(linear_fwd_64x64, kThreads)(Multiplication p) { forward<64, 64>(p); }

LACUNA_KERNEL(linear_dx_128x128, kThreads)(Multiplication p) { input_gradient<128, 128>(p); }
LACUNA_KERNEL(linear_dx_128x64, kThreads)(Multiplication p) { input_gradient<128, 64>(p); }
LACUNA_KERNEL(linear_dx_64x128, kThreads)(Multiplication p) { input_gradient<64, 128>(p); }
LACUNA_KERNEL(linear_dx_64x64, kThreads)(Multiplication p) { input_gradient<64, 64>(p); }

LACUNA_KERNEL(linear_dw_128x128, kThreads)(Multiplication p) { weight_gradient<128, 128>(p); }
LACUNA_KERNEL(linear_dw_128x64, kThreads)(Multiplication p) { weight_gradient<128, 64>(p); }
LACUNA_KERNEL(linear_dw_64x128, kThreads)(Multiplication p) { weight_gradient<64, 128>(p); }
LACUNA_KERNEL(linear_dw_64x64, kThreads)(Multiplication p) { weight_gradient<64, 64>(p); }

LACUNA_KERNEL(linear_fold, kThreads)(GemmCut cut, int64_t parts, Target partial, Target out) {
  lacuna::fold(cut, parts, Results(cut, partial), Results(cut, out));
}
