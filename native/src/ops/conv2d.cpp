// Two-dimensional cross-correlation, its gradients.
//
// The output pixels of all images, flattened to [n h_out, w_out], are worked off in blocks of whole rows. A block
// unfolds its input into columns[k, pixels] with k = c_in kh kw, which stays in the second-level cache, and multiplies:
//   fwd   y = weight[c_out, k] columns[k, pixels] + bias
//   bwd   dweight += dy[c_out, pixels] columns^T,  columns = weight^T dy folded back into dx,  dbias += row sums of dy
//
// Partition: fwd by blocks; bwd by up to 16 parts of the images, each with gradients of weight and bias of its own that
// are added in order.
// Cost: 2 c_out k n h_out w_out flops fwd, twice that bwd, and an unfolded input that is written and read in the cache.
//
// What was tried, GFLOP/s fwd and bwd, one thread, Zen 4, 64 images, 3 x 3 windows, pad 1:
//                                              1 -> 16, 28 x 28   16 -> 32, 14 x 14   32 -> 64, 7 x 7
//   oneDNN on plain nchw: its reference code         0.2, 0.4            0.5, 0.5            0.6, 0.5
//   unfolded blocks and sgemm, chosen                 46, 47              85, 76              85, 81
//   oneDNN on its blocked formats                     57, 10             116, 110            125, 118
// The last counts reordering x, y and weight into these formats and back. It would be the faster one for many channels,
// at the price of a cache of primitives and formats that differ by shape and CPU, and of bits that differ with them.
#include <algorithm>

#include "cpu/cpu_context.h"
#include "cpu/dnnl.h"
#include "cpu/gemm.h"
#include "extent.h"
#include "ops/checks.h"
#include "ops/conv2d.h"
#include "ops/partition.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/conv2d.cpp"
#include "cpu/tiers.h"

#include "ops/lanes-inl.h"
#include "ops/sums-inl.h"

#ifndef LACUNA_SRC_OPS_CONV2D_SHAPE
#define LACUNA_SRC_OPS_CONV2D_SHAPE
namespace lacuna {

// How a convolution is cut, and where the buffers of a worker lie in the workspace.
struct ConvShape {
  static constexpr int64_t kBlockElements = 1 << 16;  // of the unfolded input: 256 KiB
  static constexpr int64_t kBlockPixels = 2048;
  static constexpr int64_t kMaxParts = 16;  // of the images in bwd, each with a weight gradient of its own
  static constexpr int64_t kWhole = 16;     // columns that sgemm sums alike, where there is no AVX-512

  // Pixels with columns of zeros behind them: sgemm sums its last columns, fewer than it takes at once, in another
  // order where there is no AVX-512, and what an image comes to must not hang on its place among others.
  static int64_t whole(int64_t pixels) { return (pixels + kWhole - 1) / kWhole * kWhole; }

  // How far apart rows of so many pixels lie: an odd number of cache lines, so that a column's values do not fall into
  // few sets of the first-level cache.
  static int64_t apart(int64_t pixels) { return whole(pixels) | kWhole; }

  template <class Args>
  explicit ConvShape(const Args& args)
      : k((Extent{args.c_in} * Extent{args.kh} * Extent{args.kw}).saturated()),
        rows((Extent{args.n} * Extent{args.h_out}).saturated()),
        block_rows(std::clamp<int64_t>(std::min(kBlockElements / std::max({k, args.c_out, int64_t{1}}), kBlockPixels) /
                                           std::max<int64_t>(args.w_out, 1),
                                       1, std::max<int64_t>(rows, 1))),
        pixels(apart(block_rows * args.w_out)),
        part_images(std::max<int64_t>((args.n + kMaxParts - 1) / kMaxParts, 1)),
        parts(std::max<int64_t>((args.n + part_images - 1) / part_images, 1)),
        worker_floats((Extent{k} + Extent{args.c_out}) * Extent{pixels}) {}

  int64_t k;                   // input values under a window
  int64_t rows;                // of output pixels, over all images
  int64_t block_rows;          // per block
  int64_t pixels;              // per block, with those behind them
  int64_t part_images, parts;  // bwd shares out images
  Extent worker_floats;        // columns[k, pixels], then y or dy[c_out, pixels]
};

}  // namespace lacuna
#endif

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

template <class Args>
lacuna_status check_conv(CpuContext& ctx, const Args& args) {
  if (const lacuna_status status = check_conv2d(ctx, args)) return status;
  return ctx.dnnl() ? LACUNA_OK : LACUNA_UNSUPPORTED;
}

// The rows of one image in a block, seen by one value of the window, k = (channel, ky, kx).
struct Patch {
  int64_t pixel;        // where the rows begin in columns[k]
  int64_t rows;         // how many there are
  int64_t top, bottom;  // of these, [top, bottom) see the image, the others see padding
  int64_t input;        // offset in x that row `top` sees at its pixel 0, which may be padding
  int64_t left, right;  // pixels [left, right) of a row see the image
};

// Calls body(k, patch) for all patches of output rows [begin, end).
template <class Args, class Body>
HWY_INLINE void for_patches(const Args& args, int64_t begin, int64_t end, Body&& body) {
  // The outputs, up to `limit`, whose input o stride - before lies in [0, size).
  const auto seeing = [&](int64_t before, int64_t size, int64_t limit, int64_t& first, int64_t& last) {
    first = std::clamp<int64_t>((before + args.stride - 1) / args.stride, 0, limit);
    last = std::clamp<int64_t>((before + size + args.stride - 1) / args.stride, first, limit);
  };
  int64_t k = 0;
  for (int64_t channel = 0; channel < args.c_in; ++channel) {
    for (int64_t ky = 0; ky < args.kh; ++ky) {
      int64_t first_row, last_row;
      seeing(args.pad - ky, args.h, args.h_out, first_row, last_row);
      for (int64_t kx = 0; kx < args.kw; ++kx, ++k) {
        Patch patch;
        seeing(args.pad - kx, args.w, args.w_out, patch.left, patch.right);
        for (int64_t row = begin; row < end; row += patch.rows) {
          const int64_t image = row / args.h_out, oy = row % args.h_out;
          patch.pixel = (row - begin) * args.w_out;
          patch.rows = std::min(args.h_out - oy, end - row);
          patch.top = std::clamp<int64_t>(first_row - oy, 0, patch.rows);
          patch.bottom = std::clamp<int64_t>(last_row - oy, patch.top, patch.rows);
          const int64_t iy = (oy + patch.top) * args.stride + ky - args.pad;
          patch.input = ((image * args.c_in + channel) * args.h + iy) * args.w + kx - args.pad;
          body(k, patch);
        }
      }
    }
  }
}

template <class D>
HWY_INLINE hn::Mask<D> first_lanes(D d, int64_t count) {
  return hn::FirstN(d, static_cast<size_t>(std::clamp<int64_t>(count, 0, static_cast<int64_t>(hn::Lanes(d)))));
}

// p where the mask is set, 0 elsewhere. Highway's scalar tier would read p in any case.
template <class D>
HWY_INLINE hn::Vec<D> load_masked(D d, hn::Mask<D> mask, const float* p) {
  if (hn::MaxLanes(D()) == 1 && hn::AllFalse(d, mask)) return hn::Zero(d);
  return hn::MaskedLoad(mask, d, p);
}

// columns[k, ld] = what the windows of output rows [begin, end) see
template <class Args>
void unfold(const Args& args, int64_t begin, int64_t end, float* columns, int64_t ld) {
  for_patches(args, begin, end, [&](int64_t k, const Patch& patch) {
    float* const out = columns + k * ld + patch.pixel;
    std::fill(out, out + patch.top * args.w_out, 0.0f);
    std::fill(out + patch.bottom * args.w_out, out + patch.rows * args.w_out, 0.0f);
    if (args.stride == 1) {
      const Floats d;
      for_vectors(d, 0, args.w_out, [&](int64_t ox, auto lanes) {
        const auto inside = hn::AndNot(first_lanes(d, patch.left - ox), first_lanes(d, patch.right - ox));
        const float* in = args.x + patch.input + ox;
        for (int64_t row = patch.top; row < patch.bottom; ++row, in += args.w) {
          store(d, load_masked(d, inside, in), out + row * args.w_out + ox, lanes);
        }
      });
      return;
    }
    const float* in = args.x + patch.input;
    for (int64_t row = patch.top; row < patch.bottom; ++row, in += args.stride * args.w) {
      float* const out_row = out + row * args.w_out;
      std::fill(out_row, out_row + args.w_out, 0.0f);
      for (int64_t ox = patch.left; ox < patch.right; ++ox) out_row[ox] = in[ox * args.stride];
    }
  });
}

// dx += columns, the transpose of unfold, where stride is 1: every vector of dx gathers from all windows that saw it,
// which spares the stores and reloads of spreading the windows one after another.
void fold_dense(const lacuna_conv2d_bwd_args& args, int64_t begin, int64_t end, const float* columns) {
  const Floats d;
  const int64_t pixels = (end - begin) * args.w_out;
  for (int64_t row = begin, rows; row < end; row += rows) {
    const int64_t image = row / args.h_out, oy = row % args.h_out;
    rows = std::min(args.h_out - oy, end - row);
    const int64_t top = std::max<int64_t>(oy - args.pad, 0),
                  bottom = std::min(oy + rows - 1 + args.kh - args.pad, args.h);
    for (int64_t channel = 0; channel < args.c_in; ++channel) {
      const float* const windows = columns + channel * args.kh * args.kw * pixels + (row - begin) * args.w_out;
      for (int64_t iy = top; iy < bottom; ++iy) {
        float* const out = args.dx + ((image * args.c_in + channel) * args.h + iy) * args.w;
        const int64_t first_ky = std::max<int64_t>(iy + args.pad - oy - rows + 1, 0),
                      last_ky = std::min(iy + args.pad - oy, args.kh - 1);
        for_vectors(d, 0, args.w, [&](int64_t ix, auto lanes) {
          auto sum = load(d, out + ix, lanes);
          for (int64_t kx = 0; kx < args.kw; ++kx) {
            const int64_t ox = ix + args.pad - kx;
            const auto seen = hn::AndNot(first_lanes(d, -ox), first_lanes(d, args.w_out - ox));
            const float* in =
                windows + (first_ky * args.kw + kx) * pixels + (iy + args.pad - first_ky - oy) * args.w_out + ox;
            for (int64_t ky = first_ky; ky <= last_ky; ++ky, in += args.kw * pixels - args.w_out) {
              sum = hn::Add(sum, load_masked(d, seen, in));
            }
          }
          store(d, sum, out + ix, lanes);
        });
      }
    }
  }
}

// dx += columns, the transpose of unfold, for any stride.
void fold(const lacuna_conv2d_bwd_args& args, int64_t begin, int64_t end, const float* columns) {
  if (args.stride == 1) return fold_dense(args, begin, end, columns);
  const int64_t pixels = (end - begin) * args.w_out;
  for_patches(args, begin, end, [&](int64_t k, const Patch& patch) {
    const float* const in = columns + k * pixels + patch.pixel;
    float* out = args.dx + patch.input;
    for (int64_t row = patch.top; row < patch.bottom; ++row, out += args.stride * args.w) {
      for (int64_t ox = patch.left; ox < patch.right; ++ox) out[ox * args.stride] += in[row * args.w_out + ox];
    }
  });
}

// Calls run(offset in y, offset in the block, length) for the stretches of channel that output rows [begin, end) cover
// in y[n, c_out, h_out, w_out].
template <class Args, class Run>
HWY_INLINE void for_output_runs(const Args& args, int64_t channel, int64_t begin, int64_t end, Run&& run) {
  for (int64_t row = begin; row < end;) {
    const int64_t image = row / args.h_out, oy = row % args.h_out, rows = std::min(args.h_out - oy, end - row);
    run(((image * args.c_out + channel) * args.h_out + oy) * args.w_out, (row - begin) * args.w_out, rows * args.w_out);
    row += rows;
  }
}

}  // namespace

lacuna_status conv2d_fwd(CpuContext& ctx, const lacuna_conv2d_fwd_args& args) {
  if (const lacuna_status status = check_conv(ctx, args)) return status;
  const Dnnl& dnnl = *ctx.dnnl();
  const ConvShape shape(args);
  float* const workspace = static_cast<float*>(args.workspace);
  ctx.parallel_for((shape.rows + shape.block_rows - 1) / shape.block_rows, [&](int64_t block, int worker) {
    float* const columns = workspace + worker * shape.worker_floats.value;
    float* const products = columns + shape.k * shape.pixels;
    const int64_t begin = block * shape.block_rows, end = std::min(shape.rows, begin + shape.block_rows);
    const int64_t seen = (end - begin) * args.w_out, whole = ConvShape::whole(seen), ld = ConvShape::apart(seen);
    unfold(args, begin, end, columns, ld);
    for (int64_t k = 0; k < shape.k; ++k) std::fill(columns + k * ld + seen, columns + k * ld + whole, 0.0f);
    gemm_chunk(dnnl, args.c_out, whole, shape.k, {args.weight, shape.k}, {columns, ld}, false, products, ld);
    for (int64_t channel = 0; channel < args.c_out; ++channel) {
      const float bias = args.bias ? args.bias[channel] : 0.0f;
      const float* const product = products + channel * ld;
      for_output_runs(args, channel, begin, end, [&](int64_t output, int64_t pixel, int64_t length) {
        for (int64_t i = 0; i < length; ++i) args.y[output + i] = product[pixel + i] + bias;
      });
    }
  });
  return LACUNA_OK;
}

lacuna_status conv2d_bwd(CpuContext& ctx, const lacuna_conv2d_bwd_args& args) {
  if (const lacuna_status status = check_flag(ctx, "acc_dx", args.acc_dx)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_dweight", args.acc_dweight)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_dbias", args.acc_dbias)) return status;
  if (const lacuna_status status = check_conv(ctx, args)) return status;
  const Dnnl& dnnl = *ctx.dnnl();
  const ConvShape shape(args);
  const int64_t weights = args.c_out * shape.k;
  // Weight gradients are summed as [c_out, k] or as [k, c_out], whichever has the longer rows: up to three times as
  // fast.
  const bool by_channel = shape.k >= args.c_out;
  const int64_t dweight_rows = std::min(shape.k, args.c_out), dweight_cols = std::max(shape.k, args.c_out);
  float* const part_dweight = static_cast<float*>(args.workspace);  // [parts, rows, cols]
  float* const part_dbias = part_dweight + shape.parts * weights;   // [parts, c_out]
  float* const buffers = part_dbias + shape.parts * args.c_out;     // per worker

  ctx.parallel_for(shape.parts, [&](int64_t part, int worker) {
    float* const columns = buffers + worker * shape.worker_floats.value;
    float* const dy = columns + shape.k * shape.pixels;
    float* const dweight = part_dweight + part * weights;
    float* const dbias = part_dbias + part * args.c_out;
    const int64_t first = part * shape.part_images, last = std::min(args.n, first + shape.part_images);
    const int64_t part_end = last * args.h_out;
    std::fill_n(dweight, weights, 0.0f);
    std::fill_n(dbias, args.c_out, 0.0f);
    if (args.dx && !args.acc_dx) {
      const int64_t image = args.c_in * args.h * args.w;
      std::fill(args.dx + first * image, args.dx + last * image, 0.0f);
    }
    for (int64_t begin = first * args.h_out; begin < part_end; begin += shape.block_rows) {
      const int64_t end = std::min(part_end, begin + shape.block_rows), pixels = (end - begin) * args.w_out;
      for (int64_t channel = 0; channel < args.c_out; ++channel) {
        float* const row = dy + channel * pixels;
        for_output_runs(args, channel, begin, end, [&](int64_t output, int64_t pixel, int64_t length) {
          std::copy_n(args.dy + output, length, row + pixel);
        });
        if (args.dbias) {
          dbias[channel] += static_cast<float>(
              sum_row(0, 0, pixels, [&](int64_t, int64_t i, auto lanes) { return load(Doubles(), row + i, lanes); }));
        }
      }
      if (args.dweight) {
        unfold(args, begin, end, columns, pixels);
        gemm_chunk(dnnl, dweight_rows, dweight_cols, pixels, {by_channel ? dy : columns, pixels},
                   {by_channel ? columns : dy, pixels, true}, true, dweight, dweight_cols);
      }
      if (args.dx) {
        gemm_chunk(dnnl, shape.k, pixels, args.c_out, {args.weight, shape.k, true}, {dy, pixels}, false, columns,
                   pixels);
        fold(args, begin, end, columns);
      }
    }
  });

  // The parts are added in their order, whoever computed them.
  const auto add_parts = [&](float* partial, int64_t size) {
    parallel_ranges(ctx, size, shape.parts, [&](int64_t begin, int64_t end) {
      for (int64_t part = 1; part < shape.parts; ++part) {
        for (int64_t i = begin; i < end; ++i) partial[i] += partial[part * size + i];
      }
    });
  };
  const auto assign = [](float& target, float value, bool accumulate) { target = accumulate ? target + value : value; };
  if (args.dweight) {
    add_parts(part_dweight, weights);
    parallel_ranges(ctx, args.c_out, shape.k, [&](int64_t begin, int64_t end) {
      for (int64_t channel = begin; channel < end; ++channel) {
        for (int64_t k = 0; k < shape.k; ++k) {
          const float sum = part_dweight[by_channel ? channel * shape.k + k : k * args.c_out + channel];
          assign(args.dweight[channel * shape.k + k], sum, args.acc_dweight);
        }
      }
    });
  }
  if (args.dbias) {
    add_parts(part_dbias, args.c_out);
    for (int64_t channel = 0; channel < args.c_out; ++channel)
      assign(args.dbias[channel], part_dbias[channel], args.acc_dbias);
  }
  return LACUNA_OK;
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t conv2d_fwd_workspace(int threads, const lacuna_conv2d_fwd_args& args) {
  return (Extent{threads} * ConvShape(args).worker_floats * Extent{sizeof(float)}).saturated();
}

int64_t conv2d_bwd_workspace(int threads, const lacuna_conv2d_bwd_args& args) {
  const ConvShape shape(args);
  const Extent partial = Extent{shape.parts} * (Extent{shape.k} + Extent{1}) * Extent{args.c_out};
  return ((partial + Extent{threads} * shape.worker_floats) * Extent{sizeof(float)}).saturated();
}

}  // namespace lacuna
#endif
