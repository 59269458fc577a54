// Launchers of kernels/conv2d.cu.
#include "ops/conv2d.h"

#include "cuda/gemm.h"
#include "cuda/kernel.h"
#include "lacuna/conv2d_shape.h"
#include "ops/checks.h"
#include "room.h"

namespace lacuna::cuda {
namespace {

using namespace conv2d;

using Product = Kernel<Multiplication>;
constexpr Product kForward[] = {{"conv2d", "conv2d_fwd_128x128", kThreads},
                                {"conv2d", "conv2d_fwd_128x64", kThreads},
                                {"conv2d", "conv2d_fwd_64x128", kThreads},
                                {"conv2d", "conv2d_fwd_64x64", kThreads}};
constexpr Product kDx[] = {{"conv2d", "conv2d_dx_128x128", kThreads},
                           {"conv2d", "conv2d_dx_128x64", kThreads},
                           {"conv2d", "conv2d_dx_64x128", kThreads},
                           {"conv2d", "conv2d_dx_64x64", kThreads}};
constexpr Product kDweight[] = {{"conv2d", "conv2d_dweight_128x128", kThreads},
                                {"conv2d", "conv2d_dweight_128x64", kThreads},
                                {"conv2d", "conv2d_dweight_64x128", kThreads},
                                {"conv2d", "conv2d_dweight_64x64", kThreads}};
constexpr Kernel<GemmCut, int64_t, Shape, Target, Target> kFold{"conv2d", "conv2d_fold", kThreads};
constexpr Kernel<GemmCut, int64_t, Target, Target> kDweightFold{"conv2d", "conv2d_dweight_fold", kThreads};
constexpr Kernel<Shape, const float*, float*> kTurn{"conv2d", "conv2d_turn", kThreads};
constexpr Kernel<Shape, const float*, double*> kDbias{"conv2d", "conv2d_dbias", kThreads};
constexpr Kernel<int64_t, const double*, float*, int32_t> kDbiasFold{"conv2d", "conv2d_dbias_fold", kThreads};

// Sizes that may exceed what a number holds are the largest number: no tensor is that large.
template <class Args>
int64_t in_taps(const Args& args) {
  return (Extent{args.c_in} * Extent{args.kh} * Extent{args.kw}).saturated();
}
template <class Args>
int64_t out_taps(const Args& args) {
  return (Extent{args.c_out} * Extent{args.kh} * Extent{args.kw}).saturated();
}
template <class Args>
int64_t in_pixels(const Args& args) {
  return (Extent{args.n} * Extent{args.h} * Extent{args.w}).saturated();
}
template <class Args>
int64_t out_pixels(const Args& args) {
  return (Extent{args.n} * Extent{args.h_out} * Extent{args.w_out}).saturated();
}

GemmPlan forward_plan(const lacuna_conv2d_fwd_args& args) { return {args.c_out, out_pixels(args), in_taps(args)}; }
GemmPlan dx_plan(const lacuna_conv2d_bwd_args& args) { return {args.c_in, in_pixels(args), out_taps(args)}; }
GemmPlan dweight_plan(const lacuna_conv2d_bwd_args& args) { return {args.c_out, in_taps(args), out_pixels(args)}; }

// The workspace of dx: the turned weights, then the partial results.
struct DxRoom {
  explicit DxRoom(const lacuna_conv2d_bwd_args& args)
      : turned(room.take<float>(Extent{args.c_in} * Extent{out_taps(args)})),
        partial(room.take<char>(Extent{dx_plan(args).workspace()})) {}

  Room room;
  int64_t turned, partial;
};

// What the kernels hold of places within a plane is 32 bits wide.
template <class Args>
lacuna_status check_plane(CudaContext& ctx, const Args& args) {
  const Extent pad{2 * args.pad}, pixels = (Extent{args.h} + pad) * (Extent{args.w} + pad);
  if (pixels.saturated() <= kMostPixels) return LACUNA_OK;
  return ctx.fail(LACUNA_UNSUPPORTED,
                  "(h + 2 pad) (w + 2 pad) is %" PRId64 ", want <= %d: the CUDA kernels take no larger planes",
                  pixels.saturated(), kMostPixels);
}

Side side_of(int64_t channels, int64_t rows, int64_t cols) {
  return {channels, static_cast<int32_t>(rows), static_cast<int32_t>(cols),
          Divisor<int64_t>(std::max<int64_t>(rows * cols, 1)),
          Divisor<int32_t>(static_cast<int32_t>(std::max<int64_t>(cols, 1)))};
}

template <class Args>
Shape shape_of(const Args& args) {
  const auto pad = static_cast<int32_t>(args.pad), stride = static_cast<int32_t>(args.stride);
  return {args.n,
          side_of(args.c_in, args.h, args.w),
          side_of(args.c_out, args.h_out, args.w_out),
          stride,
          pad,
          pad,
          Divisor<int64_t>(args.kh * args.kw),
          Divisor<int32_t>(static_cast<int32_t>(args.kw)),
          Divisor<int32_t>(stride)};
}

Shape dx_shape_of(const lacuna_conv2d_bwd_args& args) {
  Shape shape = shape_of(args);
  std::swap(shape.in, shape.out);
  shape.pad_row = static_cast<int32_t>(args.kh - 1 - args.pad);
  shape.pad_col = static_cast<int32_t>(args.kw - 1 - args.pad);
  return shape;
}

// out = a b in the way of `kernels`, one for each of kTiles; fold(partial) adds up the parts where there are any.
template <class Fold>
lacuna_status multiply(CudaContext& ctx, const Product (&kernels)[kTileCount], const GemmPlan& plan, const Shape& shape,
                       const float* a, const float* b, const Target& out, float* partial, Fold&& fold) {
  const Target parts{partial, nullptr, 0};
  const lacuna_status status =
      plan.for_stretches(plan.folds() ? parts : out, [&](const GemmCut& cut, const Target& to) {
        return kernels[plan.tile()](ctx, plan.blocks(), {cut, shape, a, b, to});
      });
  return status || !plan.folds() ? status : fold(parts);
}

// The same where out is a tensor of side shape.out.
lacuna_status multiply_to_planes(CudaContext& ctx, const Product (&kernels)[kTileCount], const GemmPlan& plan,
                                 const Shape& shape, const float* weight, const float* data, const Target& out,
                                 float* partial) {
  return multiply(ctx, kernels, plan, shape, weight, data, out, partial, [&](const Target& parts) {
    return kFold(ctx, plan.fold_blocks(), plan.cut(0), plan.parts(), shape, parts, out);
  });
}

lacuna_status input_gradient(CudaContext& ctx, const lacuna_conv2d_bwd_args& args) {
  const Shape shape = dx_shape_of(args);
  const DxRoom room(args);
  float* const turned = part<float>(args.workspace, room.turned);
  const int64_t blocks = ceil_div(args.c_in * out_taps(args), kThreads);
  if (const lacuna_status status = kTurn(ctx, blocks, shape, args.weight, turned)) return status;
  const Target dx{args.dx, nullptr, static_cast<int32_t>(args.acc_dx)};
  return multiply_to_planes(ctx, args.stride == 1 ? kForward : kDx, dx_plan(args), shape, turned, args.dy, dx,
                            part<float>(args.workspace, room.partial));
}

lacuna_status weight_gradient(CudaContext& ctx, const lacuna_conv2d_bwd_args& args) {
  const GemmPlan plan = dweight_plan(args);
  const Target dweight{args.dweight, nullptr, static_cast<int32_t>(args.acc_dweight)};
  return multiply(ctx, kDweight, plan, shape_of(args), args.dy, args.x, dweight, static_cast<float*>(args.workspace),
                  [&](const Target& parts) {
                    return kDweightFold(ctx, plan.fold_blocks(), plan.cut(0), plan.parts(), parts, dweight);
                  });
}

lacuna_status bias_gradient(CudaContext& ctx, const lacuna_conv2d_bwd_args& args) {
  const int64_t chunks = ceil_div(out_pixels(args), kSumPixels);
  double* const partial = static_cast<double*>(args.workspace);
  if (const lacuna_status status = kDbias(ctx, args.c_out * chunks, shape_of(args), args.dy, partial)) return status;
  return kDbiasFold(ctx, args.c_out, chunks, partial, args.dbias, static_cast<int32_t>(args.acc_dbias));
}

}  // namespace

int64_t conv2d_fwd_workspace(int, const lacuna_conv2d_fwd_args& args) { return forward_plan(args).workspace(); }

int64_t conv2d_bwd_workspace(int, const lacuna_conv2d_bwd_args& args) {
  const Extent sums = Extent{args.c_out} * Extent{ceil_div(out_pixels(args), kSumPixels)} * Extent{sizeof(double)};
  return std::max({DxRoom(args).room.bytes(), dweight_plan(args).workspace(), sums.saturated()});
}

lacuna_status conv2d_fwd(CudaContext& ctx, const lacuna_conv2d_fwd_args& args) {
  if (const lacuna_status status = check_conv2d(ctx, args)) return status;
  if (const lacuna_status status = check_plane(ctx, args)) return status;
  return multiply_to_planes(ctx, kForward, forward_plan(args), shape_of(args), args.weight, args.x,
                            {args.y, args.bias, 0}, static_cast<float*>(args.workspace));
}

lacuna_status conv2d_bwd(CudaContext& ctx, const lacuna_conv2d_bwd_args& args) {
  if (const lacuna_status status = check_flag(ctx, "acc_dx", args.acc_dx)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_dweight", args.acc_dweight)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_dbias", args.acc_dbias)) return status;
  if (const lacuna_status status = check_conv2d(ctx, args)) return status;
  if (const lacuna_status status = check_plane(ctx, args)) return status;
  lacuna_status status = LACUNA_OK;
  if (args.dx) status = input_gradient(ctx, args);
  if (!status && args.dweight) status = weight_gradient(ctx, args);
  if (!status && args.dbias) status = bias_gradient(ctx, args);
  return status;
}

}  // namespace lacuna::cuda
