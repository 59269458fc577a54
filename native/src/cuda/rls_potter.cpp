// Launchers of kernels/rls_potter.cu.
#include <algorithm>

#include "cuda/rls.h"

namespace lacuna::cuda {
namespace {

using namespace rls;

constexpr Kernel<int64_t, const float*, int64_t, const float*, float*, int64_t> kColumns{"rls_potter", "rls_columns",
                                                                                         kThreads};
constexpr Kernel<int64_t, int64_t, const float*, int64_t, const Call*, float*> kFold{"rls_potter", "rls_fold",
                                                                                     kThreads};
constexpr Kernel<int64_t, float*, int64_t, const float*, const Call*, float*, float*, int64_t> kUpdate{
    "rls_potter", "rls_update", kThreads};
constexpr Kernel<int64_t, int64_t, const float*, const double*, const float*, int64_t, double*, Call*> kAdvance{
    "rls_potter", "rls_advance", kThreads};
constexpr Kernel<int64_t, const float*, int64_t, const Call*, double*> kGram{"rls_potter", "rls_gram", kThreads};
constexpr Kernel<int64_t, const double*, const Call*, double*> kRenorm{"rls_potter", "rls_renorm", kThreads};

// Where the parts of the workspace lie.
struct Cut {
  explicit Cut(const RlsStep& step)
      : ld(padded(step.s)), row_tiles(ceil_div(step.s, kTile)), tiles(row_tiles * (row_tiles + 1) / 2) {
    const Extent row{ld}, b{step.b()};
    const Extent rows = Extent{step.m()} + b;
    half = room.take<float>(rows * row);
    // Of all products of a call, the first has the most rows; fewer rows may have more slices.
    const int64_t slices =
        std::max({rls_slices(rows.value, step.s), rls_slices(step.m(), step.s), rls_slices(step.b(), step.s)});
    product = room.take<float>(Extent{slices} * rows * row);
    if (step.b() == 0) return;
    lower = room.take<double>(b * b);
    z = room.take<float>(b * row);
    zs = room.take<float>(b * row);
    cross = room.take<double>(Extent{step.m()} * b);
    tile_sums = room.take<double>(Extent{tiles});
    if (step.b() == 1) {
      static_assert(kUpdateRows <= kChunkRows, "partial is sized for the finer chunks");
      partial = room.take<float>(Extent{ceil_div(step.s, kUpdateRows)} * row);
    } else {
      y = room.take<float>(b * row);
      dots = room.take<double>(b * b);
    }
  }

  int64_t ld;                // floats in a row of half, z, zs, y, partial
  int64_t row_tiles, tiles;  // of S S^T, on and above the diagonal
  int64_t half = 0, product = 0, lower = 0, z = 0, zs = 0, cross = 0, tile_sums = 0, partial = 0, y = 0, dots = 0;
  Room room;
};

// One call: the parts of its workspace, and what it is made of.
class Potter {
 public:
  Potter(CudaContext& ctx, const RlsStep& step)
      : ctx_(ctx),
        step_(step),
        cut_(step),
        half_{step.part<float>(cut_.half), step.m(), cut_.ld},
        f_{half_.data + step.m() * cut_.ld, step.b(), cut_.ld},
        z_{step.part<float>(cut_.z), step.b(), cut_.ld},
        // S <- S - Z^T Y; of one row Y is f, and Z holds g v.
        y_{step.b() == 1 ? f_.data : step.part<float>(cut_.y), step.b(), cut_.ld},
        lower_(step.part<double>(cut_.lower)),
        partial_(step.part<float>(cut_.partial)),
        product_(step.part<float>(cut_.product)) {}

  lacuna_status run() {
    const bool last = step_.absorbs_first();
    lacuna_status status = multiply_left();
    if (!status && step_.absorbs) status = rls_decompose(ctx_, step_, f_, f_, 2, !step_.frobenius(), lower_);
    if (!status && !last) status = project();
    if (step_.b() == 0) return status;
    if (!status) status = step_.b() == 1 ? absorb_row() : absorb_block();
    if (!status && step_.frobenius()) status = renew_norm();
    if (!status && last) status = correct_left();
    if (!status && last) status = project();
    return status;
  }

 private:
  float* data(RlsRows rows) const { return const_cast<float*>(rows.data); }

  // half = [x; r] S, its last rows F.
  lacuna_status multiply_left() {
    if (step_.m() > 0 || step_.b() != 1) {
      return multiply(RlsSide::kAsStored, nullptr, step_.x, step_.r, data(half_));
    }
    const int64_t chunks = ceil_div(step_.s, kChunkRows);
    const lacuna_status status = kColumns(ctx_, chunks * ceil_div(step_.s, kChunkCols), step_.s, step_.factor,
                                          step_.ld_factor, step_.r.data, partial_, cut_.ld);
    return status ? status : fold(chunks, nullptr, data(f_));
  }

  lacuna_status fold(int64_t chunks, const Call* decided, float* to) {
    return kFold(ctx_, ceil_div(step_.s, kFoldCols), step_.s, chunks, partial_, cut_.ld, decided, to);
  }

  // to = [x; r] S or [x; r] S^T
  lacuna_status multiply(RlsSide side, const Call* decided, RlsRows x, RlsRows r, float* to) {
    const lacuna_status status = rls_multiply(ctx_, step_, side, decided, x, r, product_);
    if (status) return status;
    const RlsRows product = rls_product(step_, x.count + r.count, product_);
    return rls_correct(ctx_, step_, decided, product, {}, {}, false, nullptr, to, cut_.ld);
  }

  lacuna_status project() {
    const lacuna_status status = rls_multiply(ctx_, step_, RlsSide::kTransposed, step_.call, half_, {}, product_);
    if (status) return status;
    return rls_correct_into_y(ctx_, step_, rls_product(step_, step_.m(), product_), {}, false, nullptr);
  }

  lacuna_status absorb_row() {
    const int64_t chunks = ceil_div(step_.s, kUpdateRows);
    const lacuna_status status = kUpdate(ctx_, chunks, step_.s, step_.factor, step_.ld_factor, f_.data, step_.call,
                                         data(z_), step_.frobenius() ? partial_ : nullptr, cut_.ld);
    return status || !step_.frobenius() ? status : fold(chunks, step_.call, zs());
  }

  lacuna_status absorb_block() {
    lacuna_status status = multiply(RlsSide::kTransposed, step_.call, f_, {}, data(z_));
    if (!status) status = rls_solve(ctx_, step_, lower_, false, z_, data(z_), cut_.ld);
    if (!status) status = rls_solve(ctx_, step_, lower_, true, f_, data(y_), cut_.ld);
    if (!status && step_.frobenius()) status = multiply(RlsSide::kAsStored, step_.call, z_, {}, zs());
    if (!status && step_.frobenius())
      status = rls_dots(ctx_, RlsDots::kDouble, step_, step_.call, z_, {}, z_, false, dots());
    return status ? status : rls_downdate(ctx_, step_, z_, y_, nullptr);
  }

  lacuna_status renew_norm() {
    double* const tile_sums = step_.part<double>(cut_.tile_sums);
    lacuna_status status =
        kAdvance(ctx_, 1, step_.b(), step_.s, z_.data, dots(), zs(), cut_.ld, step_.state, step_.call);
    if (!status) status = kGram(ctx_, cut_.tiles, step_.s, step_.factor, step_.ld_factor, step_.call, tile_sums);
    return status ? status : kRenorm(ctx_, 1, cut_.tiles, tile_sums, step_.call, step_.state);
  }

  // half = x S of the S after the update, but for the power of two by which that was moved.
  lacuna_status correct_left() {
    double* const cross = step_.part<double>(cut_.cross);
    const lacuna_status status = rls_dots(ctx_, RlsDots::kFloat, step_, step_.call, step_.x, {}, z_, false, cross);
    return status ? status : rls_correct(ctx_, step_, step_.call, half_, {}, y_, false, cross, data(half_), cut_.ld);
  }

  float* zs() const { return step_.part<float>(cut_.zs); }
  double* dots() const { return step_.part<double>(cut_.dots); }

  CudaContext& ctx_;
  const RlsStep& step_;
  const Cut cut_;
  const RlsRows half_, f_, z_, y_;
  double* const lower_;
  float* const partial_;
  float* const product_;
};

}  // namespace

lacuna_status rls_potter(CudaContext& ctx, const RlsStep& step) { return Potter(ctx, step).run(); }

int64_t rls_potter_workspace(const RlsStep& step) { return Cut(step).room.bytes(); }

}  // namespace lacuna::cuda
