// Launchers of kernels/rls_plain.cu.
#include <algorithm>

#include "cuda/rls.h"

namespace lacuna::cuda {
namespace {

using namespace rls;

constexpr Kernel<int64_t, float*, int64_t, const float*, const float*, int32_t, const double*, float*> kSettle{
    "rls_plain", "rls_settle", kThreads};
constexpr Kernel<int64_t, int64_t, int32_t, int32_t, const float*, int64_t, const double*, const Call*, float*, double*>
    kAdvance{"rls_plain", "rls_plain_advance", kThreads};

// Where the parts of the workspace lie.
struct Cut {
  explicit Cut(const RlsStep& step) : ld(padded(step.s)) {
    const Extent row{ld}, b{step.b()}, m{step.m()};
    const int64_t slices = std::max(rls_slices((m + b).value, step.s), rls_slices(step.m(), step.s));
    product = room.take<float>(Extent{slices} * (m + b) * row);
    v = room.take<float>(b * row);
    cross = room.take<double>(m * Extent{step.b() > 0 ? step.b() : 1});
    if (step.b() == 0) return;
    lower = room.take<double>(b * b);
    squares = room.take<double>(Extent{rls_tiles(step.s, step.s)});
  }

  int64_t ld;  // floats in a row of product
  int64_t product = 0, v = 0, cross = 0, lower = 0, squares = 0;
  Room room;
};

}  // namespace

lacuna_status rls_plain(CudaContext& ctx, const RlsStep& step) {
  const int64_t m = step.m(), b = step.b(), s = step.s;
  const Cut cut(step);
  float* const product = step.part<float>(cut.product);
  float* const v = step.part<float>(cut.v);
  float* const u = step.factor + s * step.ld_factor;
  double* const cross = step.part<double>(cut.cross);
  double* const lower = step.part<double>(cut.lower);
  double* const squares = step.part<double>(cut.squares);
  const RlsRows v_rows{v, b, cut.ld};
  lacuna_status status = LACUNA_OK;
  if (b == 0) {
    if (step.absorbs) status = rls_decompose(ctx, step, {}, {}, 1, true, lower);
    const RlsRows waiting{u, 1, s};
    if (!status) status = rls_multiply(ctx, step, RlsSide::kAsStored, nullptr, step.x, {}, product);
    if (!status) status = rls_dots(ctx, RlsDots::kFloat, step, step.call, step.x, {}, waiting, false, cross);
    return status ? status : rls_correct_into_y(ctx, step, rls_product(step, m, product), waiting, false, cross);
  }
  // One row is multiplied while what waits is carried out.
  const bool row = b == 1, waits = row && !step.frobenius();
  status = kSettle(ctx, ceil_div(s, kUpdateRows), s, step.factor, step.ld_factor, u, row ? step.r.data : nullptr,
                   static_cast<int32_t>(step.norm), step.state, v);
  // x M, and for a block K, the rows after it.
  const int64_t rows = row ? m : m + b;
  RlsRows xm = rls_product(step, rows, product), k = xm;
  xm.count = m;
  k.data += m * k.ld;
  k.count = b;
  if (!status && rows > 0) {
    status = rls_multiply(ctx, step, RlsSide::kAsStored, nullptr, step.x, row ? RlsRows{} : step.r, product);
  }
  if (!status && !row) status = rls_correct(ctx, step, nullptr, k, {}, {}, false, nullptr, v, cut.ld);
  if (!status) status = rls_decompose(ctx, step, v_rows, step.r, 1, false, lower);
  if (!status) status = rls_solve(ctx, step, lower, false, v_rows, v, cut.ld);
  if (!status && !waits) status = rls_downdate(ctx, step, v_rows, v_rows, step.frobenius() ? squares : nullptr);
  if (!status) {
    status = kAdvance(ctx, 1, b, s, static_cast<int32_t>(step.norm), waits, v, rls_tiles(s, s), squares, step.call, u,
                      step.state);
  }
  const RlsRows taken = step.absorbs_first() ? v_rows : RlsRows{};
  if (!status) status = rls_dots(ctx, RlsDots::kFloat, step, step.call, step.x, {}, taken, false, cross);
  return status ? status : rls_correct_into_y(ctx, step, xm, taken, false, cross);
}

int64_t rls_plain_workspace(const RlsStep& step) { return Cut(step).room.bytes(); }

}  // namespace lacuna::cuda
