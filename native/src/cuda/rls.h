// What the launchers of the RLS ops share: rls.cpp checks calls and hands them as an RlsStep to one of the forms.
#ifndef LACUNA_SRC_CUDA_RLS_H
#define LACUNA_SRC_CUDA_RLS_H

#include "cuda/kernel.h"
#include "cuda/sizes.h"
#include "lacuna/rls_shape.h"
#include "room.h"

namespace lacuna::cuda {

// Rows of floats, ld apart; or the sums of so many of them, `stride` apart.
struct RlsRows {
  const float* data = nullptr;
  int64_t count = 0, ld = 0;
  int64_t slices = 1, stride = 0;
};

// y[m, s] = scale x P, and P absorbs the b rows of r, in the given order. m or b is 0 where only the other is wanted.
// y may be x.
struct RlsStep {
  int32_t op;
  int64_t form, norm, order;
  int64_t s, rows;
  float* factor;  // [rows, s]; not written where b is 0
  int64_t ld_factor;
  double* state;
  bool absorbs;  // the op has an r, of no rows perhaps
  RlsRows r;
  double alpha;
  RlsRows x;
  double scale;
  float* y;
  int64_t ld_y;
  void* workspace;
  rls::Call* call;  // NULL where the op has no r

  int64_t b() const { return r.count; }
  int64_t m() const { return x.count; }
  bool frobenius() const { return norm == rls::kNormFrobenius; }
  bool absorbs_first() const { return absorbs && b() > 0 && order == rls::kAbsorbThenProject; }
  int64_t capacity() const {
    return form == rls::kLowRank ? rows / 2 : -1;
  }  // updates there is room for; -1: any number

  template <class T>
  T* part(int64_t offset) const {
    return lacuna::part<T>(workspace, offset);
  }
};

// Launchers of the kernels in kernels/rls.cu, which says what they compute. decided: step.call, so that a call that was
// stopped is left alone, or NULL before rls_decompose.
enum class RlsSide { kAsStored, kTransposed };
// The slices of [x; r] M or of [x; r] M^T, into room for rls_slices matrices.
lacuna_status rls_multiply(CudaContext& ctx, const RlsStep& step, RlsSide side, const rls::Call* decided, RlsRows x,
                           RlsRows r, float* partial);
// The same rows as rls_correct reads them.
RlsRows rls_product(const RlsStep& step, int64_t rows, const float* partial);
int64_t rls_slices(int64_t rows, int64_t s);
enum class RlsDots { kDouble, kFloat };
// in_use: `y` is U, whose rows in use alone count.
lacuna_status rls_dots(CudaContext& ctx, RlsDots kind, const RlsStep& step, const rls::Call* decided, RlsRows x,
                       RlsRows r, RlsRows y, bool in_use, double* to);
// rows: of the product with P that a I + rows r^T is made of; gram is formed from r where there is more than one.
lacuna_status rls_decompose(CudaContext& ctx, const RlsStep& step, RlsRows rows, RlsRows r, int32_t power, bool counts,
                            double* gram);
lacuna_status rls_solve(CudaContext& ctx, const RlsStep& step, const double* lower, bool root, RlsRows x, float* to,
                        int64_t ld_to);
// to = [x; r] - cross v; x alone may have slices.
lacuna_status rls_correct(CudaContext& ctx, const RlsStep& step, const rls::Call* decided, RlsRows x, RlsRows r,
                          RlsRows v, bool in_use, const double* cross, float* to, int64_t ld_to);
// y = scale (x - cross v) / c
lacuna_status rls_correct_into_y(CudaContext& ctx, const RlsStep& step, RlsRows x, RlsRows v, bool in_use,
                                 const double* cross);
// squares: one a tile, or NULL
lacuna_status rls_downdate(CudaContext& ctx, const RlsStep& step, RlsRows z, RlsRows y, double* squares);
int64_t rls_tiles(int64_t rows, int64_t cols);

// The forms. Codes and sizes are in range, s > 0, and m or b is not 0.
lacuna_status rls_potter(CudaContext& ctx, const RlsStep& step);
lacuna_status rls_plain(CudaContext& ctx, const RlsStep& step);
lacuna_status rls_low_rank(CudaContext& ctx, const RlsStep& step);

// Bytes of workspace of a step; of `step`, sizes and codes count.
int64_t rls_potter_workspace(const RlsStep& step);
int64_t rls_plain_workspace(const RlsStep& step);
int64_t rls_low_rank_workspace(const RlsStep& step);

}  // namespace lacuna::cuda
#endif
