// The three RLS ops: gradients that come as factors, and launchers of kernels/rls.cu.
#include "cuda/rls.h"

#include <algorithm>

#include "ops/rls_checks.h"

namespace lacuna::cuda {
namespace {

using namespace rls;

constexpr int64_t kBlocks = 256;        // that keep the multiprocessors of any card busy
constexpr int64_t kMinSliceDepth = 64;  // shorter slices would cost more to add up than to compute

using MultiplyKernel = Kernel<int64_t, int64_t, const float*, int64_t, int64_t, const float*, int64_t, const float*,
                              int64_t, int64_t, const Call*, float*, int64_t>;
constexpr MultiplyKernel kMultiply{"rls", "rls_multiply", kThreads};
constexpr MultiplyKernel kMultiplyTransposed{"rls", "rls_multiply_transposed", kThreads};
constexpr Kernel<int64_t, int64_t, int64_t, const float*, int64_t, const float*, int64_t, const Call*, const double*,
                 int64_t, int32_t, int32_t*, float*, int64_t>
    kCombine{"rls", "rls_combine", kThreads};
using DotsKernel = Kernel<int64_t, int64_t, const float*, int64_t, int64_t, const float*, int64_t, int64_t,
                          const double*, const float*, int64_t, const Call*, double*>;
constexpr DotsKernel kDots{"rls", "rls_dots", kThreads};
constexpr DotsKernel kCross{"rls", "rls_cross", kThreads};
constexpr Kernel<int64_t, int64_t, const float*, const float*, int32_t, double, int32_t, int64_t, int32_t, int64_t,
                 double*, double*, Call*, int32_t, int32_t*>
    kDecompose{"rls", "rls_decompose", kThreads};
constexpr Kernel<int64_t, int64_t, const double*, int32_t, const float*, int64_t, const Call*, float*, int64_t> kSolve{
    "rls", "rls_solve", kThreads};
constexpr Kernel<int64_t, int64_t, const float*, int64_t, int64_t, int64_t, int64_t, const float*, int64_t, int64_t,
                 const double*, const double*, int64_t, const float*, int64_t, int32_t, double, int32_t, const Call*,
                 const double*, int64_t, int32_t, int32_t*, float*, int64_t>
    kCorrect{"rls", "rls_correct", kThreads};
constexpr Kernel<int64_t, int64_t, const float*, int64_t, const float*, int64_t, const Call*, float*, int64_t, double*>
    kDowndate{"rls", "rls_downdate", kThreads};

int64_t correct_blocks(int64_t rows, int64_t s) {
  return ceil_div(ceil_div(rows, kCorrectRows) * ceil_div(s, 4), kThreads);
}

// A step as an op's arguments have it. What they lack is 0: rls_absorb projects no rows, rls_project absorbs none.
template <class Args>
struct RlsPlan {
  explicit RlsPlan(const Args& args) {
    step.form = args.form;
    step.s = args.s;
    step.rows = args.rows;
    step.factor = args.factor;
    step.ld_factor = args.ld_factor;
    step.state = args.state;
    if constexpr (requires { args.r; }) {
      step.absorbs = true;
      step.norm = args.norm;
      step.r = {args.r, args.b, args.ld_r};
      step.alpha = args.alpha;
      call = room.template take<Call>(Extent{1});
      gram = room.template take<double>(Extent{1});
    }
    if constexpr (requires { args.order; }) step.order = args.order;
    if constexpr (requires { args.out; }) {
      step.scale = args.scale;
      step.x = {args.g, args.c, args.ld_g};
      step.y = args.out;
      step.ld_y = args.ld_out;
      if (args.n > 0) {
        factors_first = args.n >= args.c;
        product_last = !factors_first;
        step.x = {args.h, std::min(args.n, args.c), args.ld_h};
        product = room.template take<float>(Extent{step.x.count} * Extent{padded(args.s)});
      }
    }
    rest = room.template take<char>(Extent{0});
    const int64_t form_bytes = step.form == kPotter    ? rls_potter_workspace(step)
                               : step.form == kPlain   ? rls_plain_workspace(step)
                               : step.form == kLowRank ? rls_low_rank_workspace(step)
                                                       : 0;  // no form: check refuses it
    room.template take<char>(Extent{form_bytes});
  }

  RlsStep step{};
  bool factors_first = false;  // x = e^T h
  bool product_last = false;   // x = h, out = e^T y
  int64_t call = 0, gram = 0, product = 0, rest = 0;
  Room room;
};

lacuna_status run_form(CudaContext& ctx, const RlsStep& step, double* gram) {
  if (step.s == 0 || (step.m() == 0 && step.b() == 0)) {
    if (!step.absorbs) return LACUNA_OK;
    // Nothing but the count.
    return kDecompose(ctx, 1, 0, 0, nullptr, nullptr, static_cast<int32_t>(step.norm), step.alpha, 0, step.capacity(),
                      1, step.b(), gram, step.state, step.call, step.op, ctx.fault_word());
  }
  switch (step.form) {
    case kPotter:
      return rls_potter(ctx, step);
    case kPlain:
      return rls_plain(ctx, step);
    default:
      return rls_low_rank(ctx, step);
  }
}

// to[c, s] = e^T h. gated: only if the call was not stopped, and its state is in range.
template <class Args>
lacuna_status combine(CudaContext& ctx, const Args& args, const RlsStep& step, bool gated, const float* h, int64_t ld_h,
                      float* to, int64_t ld_to) {
  return kCombine(ctx, rls_tiles(args.c, args.s), args.c, args.s, args.n, args.e, args.ld_e, h, ld_h, step.call,
                  gated ? step.state : nullptr, step.capacity(), step.op, ctx.fault_word(), to, ld_to);
}

template <class Args>
lacuna_status run(CudaContext& ctx, int32_t op, const Args& args) {
  // The state and r are in device memory: rls_decompose and the gates of the projections check those.
  if (const lacuna_status status = check(ctx, args)) return status;
  RlsPlan<Args> plan(args);
  RlsStep& step = plan.step;
  step.op = op;
  step.workspace = part<char>(args.workspace, plan.rest);
  if (step.absorbs) step.call = part<Call>(args.workspace, plan.call);
  double* const gram = part<double>(args.workspace, plan.gram);
  if constexpr (requires { args.out; }) {
    float* const product = part<float>(args.workspace, plan.product);
    const int64_t ld = padded(args.s);
    if (plan.factors_first) {
      if (const lacuna_status status = combine(ctx, args, step, false, args.h, args.ld_h, product, ld)) return status;
      step.x = {product, args.c, ld};
    } else if (plan.product_last) {
      step.y = product;
      step.ld_y = ld;
    }
    if (const lacuna_status status = run_form(ctx, step, gram)) return status;
    if (!plan.product_last) return LACUNA_OK;
    return combine(ctx, args, step, true, product, ld, args.out, args.ld_out);
  } else {
    return run_form(ctx, step, gram);
  }
}

// An unknown form needs no workspace: the op is to refuse the form itself.
template <class Args>
int64_t workspace(const Args& args) {
  return is_form(args.form) ? RlsPlan(args).room.bytes() : 0;
}

}  // namespace

int64_t rls_tiles(int64_t rows, int64_t cols) { return ceil_div(rows, kTile) * ceil_div(cols, kTile); }

namespace {

int64_t slice_depth(int64_t rows, int64_t s) {
  const int64_t slices = std::clamp<int64_t>(kBlocks / std::max<int64_t>(rls_tiles(rows, s), 1), 1,
                                             std::max<int64_t>(ceil_div(s, kMinSliceDepth), 1));
  return padded(ceil_div(s, slices));
}

}  // namespace

int64_t rls_slices(int64_t rows, int64_t s) { return s == 0 ? 1 : ceil_div(s, slice_depth(rows, s)); }

RlsRows rls_product(const RlsStep& step, int64_t rows, const float* partial) {
  const int64_t ld = padded(step.s);
  return {partial, rows, ld, rls_slices(rows, step.s), rows * ld};
}

lacuna_status rls_multiply(CudaContext& ctx, const RlsStep& step, RlsSide side, const Call* decided, RlsRows x,
                           RlsRows r, float* partial) {
  const int64_t rows = x.count + r.count, s = step.s;
  const MultiplyKernel& multiply = side == RlsSide::kAsStored ? kMultiply : kMultiplyTransposed;
  return multiply(ctx, rls_tiles(rows, s) * rls_slices(rows, s), s, x.count, x.data, x.ld, r.count, r.data, r.ld,
                  step.factor, step.ld_factor, slice_depth(rows, s), decided, partial, padded(s));
}

lacuna_status rls_dots(CudaContext& ctx, RlsDots kind, const RlsStep& step, const Call* decided, RlsRows x, RlsRows r,
                       RlsRows y, bool in_use, double* to) {
  const DotsKernel& dots = kind == RlsDots::kDouble ? kDots : kCross;
  return dots(ctx, ceil_div((x.count + r.count) * y.count, kWarps), step.s, x.count, x.data, x.ld, r.count, r.data,
              r.ld, y.count, in_use ? step.state : nullptr, y.data, y.ld, decided, to);
}

lacuna_status rls_decompose(CudaContext& ctx, const RlsStep& step, RlsRows rows, RlsRows r, int32_t power, bool counts,
                            double* gram) {
  if (step.b() > 1) {
    if (const lacuna_status status = rls_dots(ctx, RlsDots::kDouble, step, nullptr, rows, {}, r, false, gram))
      return status;
  }
  return kDecompose(ctx, 1, step.b(), step.s, rows.data, r.data, static_cast<int32_t>(step.norm), step.alpha, power,
                    step.capacity(), counts, step.b(), gram, step.state, step.call, step.op, ctx.fault_word());
}

lacuna_status rls_solve(CudaContext& ctx, const RlsStep& step, const double* lower, bool root, RlsRows x, float* to,
                        int64_t ld_to) {
  return kSolve(ctx, ceil_div(step.s, kThreads), step.b(), step.s, lower, root, x.data, x.ld, step.call, to, ld_to);
}

lacuna_status rls_correct(CudaContext& ctx, const RlsStep& step, const Call* decided, RlsRows x, RlsRows r, RlsRows v,
                          bool in_use, const double* cross, float* to, int64_t ld_to) {
  return kCorrect(ctx, correct_blocks(x.count + r.count, step.s), step.s, x.count, x.data, x.ld, x.slices, x.stride,
                  r.count, r.data, r.ld, v.count, in_use ? step.state : nullptr, cross, v.count, v.data, v.ld, 0, 1.0,
                  0, decided, step.state, step.capacity(), step.op, ctx.fault_word(), to, ld_to);
}

lacuna_status rls_correct_into_y(CudaContext& ctx, const RlsStep& step, RlsRows x, RlsRows v, bool in_use,
                                 const double* cross) {
  return kCorrect(ctx, correct_blocks(x.count, step.s), step.s, x.count, x.data, x.ld, x.slices, x.stride, 0, nullptr,
                  0, v.count, in_use ? step.state : nullptr, cross, v.count, v.data, v.ld, 1, step.scale,
                  step.absorbs_first(), step.call, step.state, step.capacity(), step.op, ctx.fault_word(), step.y,
                  step.ld_y);
}

lacuna_status rls_downdate(CudaContext& ctx, const RlsStep& step, RlsRows z, RlsRows y, double* squares) {
  return kDowndate(ctx, rls_tiles(step.s, step.s), step.s, step.b(), z.data, z.ld, y.data, y.ld, step.call, step.factor,
                   step.ld_factor, squares);
}

lacuna_status rls_absorb(CudaContext& ctx, const lacuna_rls_absorb_args& args) {
  return run(ctx, LACUNA_OP_rls_absorb, args);
}
lacuna_status rls_project(CudaContext& ctx, const lacuna_rls_project_args& args) {
  return run(ctx, LACUNA_OP_rls_project, args);
}
lacuna_status rls_step(CudaContext& ctx, const lacuna_rls_step_args& args) {
  return run(ctx, LACUNA_OP_rls_step, args);
}

int64_t rls_absorb_workspace(int, const lacuna_rls_absorb_args& args) { return workspace(args); }
int64_t rls_project_workspace(int, const lacuna_rls_project_args& args) { return workspace(args); }
int64_t rls_step_workspace(int, const lacuna_rls_step_args& args) { return workspace(args); }

}  // namespace lacuna::cuda
