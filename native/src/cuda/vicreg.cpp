// Launchers of kernels/vicreg.cu.
#include <algorithm>

#include "cuda/kernel.h"
#include "cuda/sizes.h"
#include "lacuna/vicreg_shape.h"
#include "ops/vicreg.h"
#include "room.h"

namespace lacuna::cuda {
namespace {

using namespace vicreg;

constexpr Kernel<int64_t, int64_t, int64_t, const float*, int64_t, const float*, int64_t, float*, double*, int64_t>
    kMomentsOf{"vicreg", "vicreg_moments", kThreads};
constexpr Kernel<int64_t, int64_t, int64_t, const float*, const double*, int64_t, double, double, double, double,
                 float*, float*, double*>
    kStatistics{"vicreg", "vicreg_statistics", kThreads};
using ProductKernel = Kernel<int64_t, int64_t, int32_t, int64_t, int64_t, const float*, int64_t, const float*, int64_t,
                             const float*, int64_t, float*, int64_t>;
constexpr ProductKernel kSmallProduct{"vicreg", "vicreg_product_64", kThreads};
constexpr ProductKernel kLargeProduct{"vicreg", "vicreg_product_128", kThreads};
constexpr Kernel<int64_t, int64_t, int32_t, float, float*, int64_t, double*> kFold{"vicreg", "vicreg_fold", kThreads};
using GradientKernel =
    Kernel<int64_t, int64_t, int32_t, const float*, int64_t, const float*, int64_t, const float*, const float*, int64_t,
           const float*, int64_t, int64_t, float, float*, int64_t, int32_t, float*, int64_t, int32_t>;
constexpr GradientKernel kSmallGradient{"vicreg", "vicreg_gradient_64", kThreads};
constexpr GradientKernel kLargeGradient{"vicreg", "vicreg_gradient_128", kThreads};
constexpr Kernel<int64_t, int64_t, const float*, int64_t, const float*, int64_t, float, float*, int64_t, int32_t>
    kInvariance{"vicreg", "vicreg_invariance", kThreads};
constexpr Kernel<int64_t, int64_t, int32_t, int32_t, const double*, const double*, int64_t, double, double, double,
                 float*, float*>
    kLoss{"vicreg", "vicreg_loss", kThreads};

int64_t triangle(int64_t side) { return side * (side + 1) / 2; }

// How a call is cut, by sizes alone, and where the parts of its workspace lie.
struct Cut {
  static constexpr int64_t kMaxChunks = 128;
  static constexpr int64_t kBlocks = 512;        // that keep the multiprocessors of any card busy
  static constexpr int64_t kMinSliceDepth = 64;  // shorter slices would cost more to add up than to compute

  explicit Cut(const lacuna_vicreg_args& args)
      : gram(is_gram(args)),
        sides(args.target == kVicregInvarianceOnly ? 1 : 2),
        order(gram ? args.n : args.d),
        depth(gram ? args.d : args.n),
        ld(ceil_div(args.d, kFoldCols) * kFoldCols),
        ld_s(padded(order)),
        chunk_rows(ceil_div(args.n, kPieceRows * kMaxChunks) * kPieceRows),
        chunks(ceil_div(args.n, chunk_rows)),
        column_blocks(ceil_div(args.d, kFoldCols)),
        tiles_side(ceil_div(order, kTile)) {
    const Extent rows_of_s = Extent{sides} * Extent{order} * Extent{ld_s};
    if (!rows_of_s.overflow) {
      const int64_t large = sides * triangle(ceil_div(order, kLargeTile));
      tile = large >= kBlocks / 4 ? kLargeTile : kTile;
      const int64_t blocks = sides * triangle(ceil_div(order, tile));
      slices = std::clamp<int64_t>(kBlocks / blocks, 1, ceil_div(depth, kMinSliceDepth));
      slice_depth = padded(ceil_div(depth, slices));
      slices = ceil_div(depth, slice_depth);
    }
    centres = room.take<float>(Extent{2 * chunks} * Extent{ld});
    moments = room.take<double>(Extent{kMoments * chunks} * Extent{ld});
    mean = room.take<float>(Extent{2} * Extent{ld});
    factor = room.take<float>(Extent{2} * Extent{ld});
    block_sums = room.take<double>(Extent{2 * kColumnSums} * Extent{column_blocks});
    squares = room.take<double>(Extent{sides} * Extent{tiles_side} * Extent{tiles_side});
    stack = room.take<float>(rows_of_s * Extent{slices});
  }

  bool gram;
  int64_t sides, order, depth;  // of S
  int64_t ld, ld_s;             // elements in a row of what is kept of columns, and of S
  int64_t chunk_rows, chunks, column_blocks, tiles_side;
  int64_t tile = kTile, slices = 1, slice_depth = 0;
  int64_t centres, moments, mean, factor, block_sums, squares, stack;  // offsets
  Room room;
};

}  // namespace

int64_t vicreg_workspace(int, const lacuna_vicreg_args& args) {
  return args.n < 2 || args.d < 1 ? 0 : Cut(args).room.bytes();
}

lacuna_status vicreg(CudaContext& ctx, const lacuna_vicreg_args& args) {
  if (const lacuna_status status = check_vicreg(ctx, args)) return status;
  const Cut cut(args);
  const int64_t n = args.n, d = args.d;
  const int32_t gram = cut.gram;
  float* const centres = part<float>(args.workspace, cut.centres);
  double* const moments = part<double>(args.workspace, cut.moments);
  float* const mean = part<float>(args.workspace, cut.mean);
  float* const factor = part<float>(args.workspace, cut.factor);
  double* const block_sums = part<double>(args.workspace, cut.block_sums);
  double* const squares = part<double>(args.workspace, cut.squares);
  float* const stack = part<float>(args.workspace, cut.stack);

  // The weights of the loss as they appear in the gradient.
  const double degrees = static_cast<double>(n - 1), columns = static_cast<double>(d);
  const double mu = args.mu * (args.halving ? 0.5 : 1.0), scale = 4 * args.nu / (columns * degrees);
  const auto invariance = static_cast<float>(2 * args.lambda / (static_cast<double>(n) * columns));

  lacuna_status status = kMomentsOf(ctx, cut.chunks * ceil_div(d, kChunkCols), n, d, cut.chunk_rows, args.x, args.ld_x,
                                    args.y, args.ld_y, centres, moments, cut.ld);
  if (!status) {
    status = kStatistics(ctx, 2 * cut.column_blocks, n, d, cut.chunk_rows, centres, moments, cut.ld, args.gamma,
                         args.epsilon, -mu / (columns * degrees), cut.gram ? scale : 0.0, mean, factor, block_sums);
  }
  if (!status) {
    const ProductKernel& product = cut.tile == kTile ? kSmallProduct : kLargeProduct;
    status = product(ctx, cut.sides * cut.slices * triangle(ceil_div(cut.order, cut.tile)), n, d, gram, cut.slices,
                     cut.slice_depth, args.x, args.ld_x, args.y, args.ld_y, mean, cut.ld, stack, cut.ld_s);
  }
  if (!status) {
    status = kFold(ctx, cut.sides * triangle(cut.tiles_side), cut.order, cut.slices, !cut.gram,
                   static_cast<float>(scale / degrees), stack, cut.ld_s, squares);
  }
  if (!status) {
    float* const dy = cut.sides == 2 ? args.dy : nullptr;
    const int64_t gradients = (args.dx != nullptr) + (dy != nullptr);
    const bool large = gradients * ceil_div(n, kLargeTile) * ceil_div(d, kLargeTile) >= Cut::kBlocks / 4;
    const int64_t tile = large ? kLargeTile : kTile;
    const GradientKernel& gradient = large ? kLargeGradient : kSmallGradient;
    status = gradient(ctx, gradients * ceil_div(n, tile) * ceil_div(d, tile), n, d, gram, args.x, args.ld_x, args.y,
                      args.ld_y, mean, factor, cut.ld, stack, cut.ld_s, cut.slices * cut.order * cut.ld_s, invariance,
                      args.dx, args.ld_dx, static_cast<int32_t>(args.acc_dx), dy, args.ld_dy,
                      static_cast<int32_t>(args.acc_dy));
  }
  if (!status && cut.sides == 1 && args.dy) {
    status = kInvariance(ctx, ceil_div(n * ceil_div(d, 4), kThreads), n, d, args.x, args.ld_x, args.y, args.ld_y,
                         invariance, args.dy, args.ld_dy, static_cast<int32_t>(args.acc_dy));
  }
  if (status) return status;
  return kLoss(ctx, 1, n, d, gram, static_cast<int32_t>(cut.sides), block_sums, squares, triangle(cut.tiles_side),
               args.lambda, mu, args.nu, args.loss, args.terms);
}

}  // namespace lacuna::cuda
