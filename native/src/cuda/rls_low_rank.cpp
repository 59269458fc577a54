// Launchers of kernels/rls_low_rank.cu.
#include "cuda/rls.h"

namespace lacuna::cuda {
namespace {

using namespace rls;

constexpr Kernel<int64_t, int64_t, int32_t, int64_t, const double*, const double*, Call*, double*, int32_t, int32_t*>
    kAdvance{"rls_low_rank", "rls_low_rank_advance", kThreads};
constexpr Kernel<int64_t, int64_t, int64_t, const float*, int64_t, const float*, int64_t, const Call*, float*, int64_t>
    kAppend{"rls_low_rank", "rls_low_rank_append", kThreads};

// Where the parts of the workspace lie.
struct Cut {
  explicit Cut(const RlsStep& step) : ld(padded(step.s)) {
    const Extent b{step.b()}, rows = Extent{step.m()} + b, q{step.capacity()};
    product = room.take<float>(rows * Extent{ld});
    cross = room.take<double>(rows * (q + b));
    if (step.b() == 0) return;
    lower = room.take<double>(b * b);
    dots = room.take<double>(b * b);
  }

  int64_t ld;  // floats in a row of product
  int64_t product = 0, cross = 0, lower = 0, dots = 0;
  Room room;
};

}  // namespace

lacuna_status rls_low_rank(CudaContext& ctx, const RlsStep& step) {
  const int64_t m = step.m(), b = step.b(), s = step.s;
  const Cut cut(step);
  float* const product = step.part<float>(cut.product);
  float* const v = product + m * cut.ld;
  double* const cross = step.part<double>(cut.cross);
  double* const dots = step.part<double>(cut.dots);
  double* const lower = step.part<double>(cut.lower);
  const RlsRows u{step.factor, step.capacity(), step.ld_factor}, xp{product, m, cut.ld}, v_rows{v, b, cut.ld};

  lacuna_status status = rls_dots(ctx, RlsDots::kFloat, step, nullptr, step.x, step.r, u, true, cross);
  if (b == 0) {
    if (!status && step.absorbs) status = rls_decompose(ctx, step, {}, {}, 0, true, lower);
    return status ? status : rls_correct_into_y(ctx, step, step.x, u, true, cross);
  }
  // [x; r] (I - U^T U)
  if (!status) status = rls_correct(ctx, step, nullptr, step.x, step.r, u, true, cross, product, cut.ld);
  if (!status) status = rls_decompose(ctx, step, v_rows, step.r, 0, false, lower);
  if (!status) status = rls_solve(ctx, step, lower, false, v_rows, v, cut.ld);
  if (!status && step.frobenius()) {
    status = rls_dots(ctx, RlsDots::kDouble, step, step.call, v_rows, {}, v_rows, false, dots);
    if (!status) status = rls_dots(ctx, RlsDots::kDouble, step, step.call, v_rows, {}, u, true, cross);
  }
  if (!status) {
    status = kAdvance(ctx, 1, b, s, static_cast<int32_t>(step.norm), step.capacity(), dots, cross, step.call,
                      step.state, step.op, ctx.fault_word());
  }
  if (!status) {
    status = kAppend(ctx, ceil_div(b * ceil_div(s, 4), kThreads), b, s, step.capacity(), v, cut.ld, step.r.data,
                     step.r.ld, step.call, step.factor, step.ld_factor);
  }
  const RlsRows taken = step.absorbs_first() ? v_rows : RlsRows{};
  if (!status) status = rls_dots(ctx, RlsDots::kFloat, step, step.call, step.x, {}, taken, false, cross);
  return status ? status : rls_correct_into_y(ctx, step, xp, taken, false, cross);
}

int64_t rls_low_rank_workspace(const RlsStep& step) { return Cut(step).room.bytes(); }

}  // namespace lacuna::cuda
