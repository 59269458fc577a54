// Launchers of kernels/rls.cu.
#include <cmath>

#include "cuda/kernel.h"
#include "extent.h"
#include "lacuna/rls_shape.h"

namespace lacuna::cuda {
namespace {

using namespace rls;

constexpr Kernel<int64_t, const float*, int64_t, const float*, float*, int64_t> kColumns{"rls", "rls_columns",
                                                                                         kThreads};
constexpr Kernel<int64_t, int64_t, const float*, int64_t, float*> kFold{"rls", "rls_fold", kThreads};
constexpr Kernel<int64_t, float*, int64_t, const float*, int64_t, int32_t, double, const double*, float*, float*>
    kUpdate{"rls", "rls_update", kThreads};
constexpr Kernel<int64_t, int32_t, double, const float*, const float*, const float*, double*, int32_t*, int32_t,
                 int32_t*>
    kAdvance{"rls", "rls_advance", kThreads};
constexpr Kernel<int64_t, const float*, int64_t, const int32_t*, double*> kGram{"rls", "rls_gram", kTileThreads};
constexpr Kernel<int64_t, const int32_t*, const double*, double*> kRenorm{"rls", "rls_renorm", kThreads};
constexpr Kernel<int64_t, int64_t, const float*, int64_t, const float*, int64_t, float*, int64_t> kProjectLeft{
    "rls", "rls_project_left", kTileThreads};
constexpr Kernel<int64_t, int64_t, const float*, int64_t, const float*, int64_t, const double*, float*, int64_t,
                 int32_t, int32_t*>
    kProjectRight{"rls", "rls_project_right", kTileThreads};

int64_t ceil_div(int64_t a, int64_t b) { return a / b + (a % b != 0); }
int64_t padded(int64_t columns) { return ceil_div(columns, 16) * 16; }  // floats, so that every row starts on 64 bytes

// The workspace of rls_absorb: f, v, w [ld each], partial [chunks, ld], tile sums [tiles, tiles] in double, the exact
// flag.
struct Workspace {
  int64_t ld, partial, tile_sums, exact, bytes;  // floats in a row; then offsets in bytes

  explicit Workspace(int64_t s) {
    const int64_t row = padded(s) * static_cast<int64_t>(sizeof(float)), tiles = ceil_div(s, kTile);
    ld = padded(s);
    partial = 3 * row;
    tile_sums = partial + ceil_div(s, kUpdateRows) * row;
    exact = tile_sums + tiles * tiles * static_cast<int64_t>(sizeof(double));
    bytes = exact + static_cast<int64_t>(sizeof(int32_t));
  }
};
static_assert(kUpdateRows <= kChunkRows, "partial is sized for the finer chunks");

constexpr double kMinAlpha = 1e-6;

lacuna_status check_form(CudaContext& ctx, int64_t form, int64_t rows, int64_t s) {
  if (form != 0) {
    return ctx.fail(LACUNA_UNSUPPORTED, "form is %lld: the CUDA kernels have 0 (POTTER) only",
                    static_cast<long long>(form));
  }
  if (rows == s) return LACUNA_OK;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "rows is %lld, want %lld (= s)", static_cast<long long>(rows),
                  static_cast<long long>(s));
}

}  // namespace

int64_t rls_absorb_workspace(int, const lacuna_rls_absorb_args& args) { return Workspace(args.s).bytes; }

int64_t rls_project_workspace(int, const lacuna_rls_project_args& args) {
  return (Extent{args.c} * Extent{padded(args.s)} * Extent{sizeof(float)}).saturated();
}

lacuna_status rls_absorb(CudaContext& ctx, const lacuna_rls_absorb_args& args) {
  if (args.norm != kNormNone && args.norm != kNormFrobenius) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "norm is %lld, want 0 (NONE) or 1 (FRO)",
                    static_cast<long long>(args.norm));
  }
  if (!(args.alpha >= kMinAlpha) || !std::isfinite(args.alpha)) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "alpha is %g, want >= %g and finite", args.alpha, kMinAlpha);
  }
  if (const lacuna_status status = check_form(ctx, args.form, args.rows, args.s)) return status;
  if (args.b != 1) {
    return ctx.fail(LACUNA_UNSUPPORTED, "b is %lld: the CUDA kernels absorb one row at a time",
                    static_cast<long long>(args.b));
  }
  const int64_t s = args.s, ld = args.ld_factor, tiles = ceil_div(s, kTile);
  const auto norm = static_cast<int32_t>(args.norm);
  const bool frobenius = norm == kNormFrobenius && s > 0;
  const Workspace layout(s);
  char* const base = static_cast<char*>(args.workspace);
  float* const f = reinterpret_cast<float*>(base);
  float* const v = f + layout.ld;
  float* const w = v + layout.ld;
  float* const partial = reinterpret_cast<float*>(base + layout.partial);
  double* const tile_sums = reinterpret_cast<double*>(base + layout.tile_sums);
  int32_t* const exact = reinterpret_cast<int32_t*>(base + layout.exact);

  const int64_t chunks = ceil_div(s, kChunkRows), updates = ceil_div(s, kUpdateRows), folds = ceil_div(s, kFoldCols);
  lacuna_status status =
      kColumns(ctx, chunks * ceil_div(s, kChunkCols), s, args.factor, ld, args.r, partial, layout.ld);
  if (!status) status = kFold(ctx, folds, s, chunks, partial, layout.ld, f);
  if (!status)
    status = kUpdate(ctx, updates, s, args.factor, ld, f, layout.ld, norm, args.alpha, args.state, v, partial);
  if (!status && frobenius) status = kFold(ctx, folds, s, updates, partial, layout.ld, w);
  if (!status) {
    status = kAdvance(ctx, 1, s, norm, args.alpha, f, v, w, args.state, exact, LACUNA_OP_rls_absorb, ctx.fault_word());
  }
  if (!status && frobenius) status = kGram(ctx, tiles * tiles, s, args.factor, ld, exact, tile_sums);
  if (!status && frobenius) status = kRenorm(ctx, 1, s, exact, tile_sums, args.state);
  return status;
}

lacuna_status rls_project(CudaContext& ctx, const lacuna_rls_project_args& args) {
  if (const lacuna_status status = check_form(ctx, args.form, args.rows, args.s)) return status;
  if (args.n != 0 || args.scale != 1) {
    return ctx.fail(LACUNA_UNSUPPORTED, "n is %lld, scale %g: the CUDA kernels take whole gradients, unscaled",
                    static_cast<long long>(args.n), args.scale);
  }
  if (!args.g && args.c != 0 && args.s != 0) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "g is NULL, want [c, s] as n is 0");
  }
  const int64_t c = args.c, s = args.s, ld_product = padded(s);
  const int64_t blocks = ceil_div(c, kTile) * ceil_div(s, kTile);
  float* const product = static_cast<float*>(args.workspace);
  const lacuna_status status =
      kProjectLeft(ctx, blocks, c, s, args.g, args.ld_g, args.factor, args.ld_factor, product, ld_product);
  if (status) return status;
  return kProjectRight(ctx, blocks, c, s, product, ld_product, args.factor, args.ld_factor, args.state, args.out,
                       args.ld_out, LACUNA_OP_rls_project, ctx.fault_word());
}

}  // namespace lacuna::cuda
