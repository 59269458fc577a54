// What the files of the RLS ops share: rls.cpp checks calls and hands them as an RlsStep to one of the forms.
#ifndef LACUNA_SRC_OPS_RLS_H
#define LACUNA_SRC_OPS_RLS_H

#include <algorithm>
#include <cstdint>

#include "cpu/cpu_context.h"
#include "cpu/gemm.h"
#include "lacuna/rls_codes.h"
#include "room.h"

namespace lacuna {

// y[m,s] = scale x P, and P absorbs r[b,s], in the given order. m or b is 0 where only the other is wanted. y may be x.
struct RlsStep {
  int64_t form, norm, order;
  int64_t s, rows;
  float* factor;  // [rows, s]; not written where b is 0
  int64_t ld_factor;
  double* state;
  int64_t b;
  const float* r;
  int64_t ld_r;
  double alpha;
  int64_t m;
  const float* x;
  int64_t ld_x;
  double scale;
  float* y;
  int64_t ld_y;
  void* workspace;

  float* row(int64_t i) const { return factor + i * ld_factor; }
};

// Workspace of a gemm whose sides no tensor of the call bounds together.
inline int64_t rls_gemm_bytes(int64_t m, int64_t n, int64_t k) {
  const Extent most = Extent{m} * Extent{n} * Extent{64};
  return most.overflow ? most.saturated() : gemm_workspace_up_to(m, n, k);
}

// How a product [x; r] M of rls_product-inl.h is cut, and where the parts of its workspace lie.
struct RlsProductCut {
  static constexpr int64_t kColumns = 64;     // columns of M that are worked on together
  static constexpr int64_t kDepth = 512;      // rows of them in the deepest panel; two stay in the second-level cache
  static constexpr int64_t kFirstDepth = 64;  // in the first one, which nothing hides

  RlsProductCut(int threads, const RlsStep& step, Room& room) {
    const Extent p = Extent{step.m} + Extent{step.b};
    chunks = (step.s + kColumns - 1) / kColumns;
    panel = std::min(kDepth, step.s) * kColumns;
    panels = room.take<float>(Extent{threads} * Extent{2 * panel});
    left = room.take<float>(p * Extent{step.s});
    sums = room.take<float>(Extent{threads} * p * Extent{kColumns});
  }

  int64_t chunks, panel;       // blocks of columns; floats of a panel, of which every worker has two
  int64_t panels, left, sums;  // A in groups of rows; a worker's sums of a block
};

// a[b,b] symmetric, its lower triangle given, becomes the L of a = L L^T. False where a is not positive definite.
bool rls_cholesky(int64_t b, double* a);

// Bytes of workspace of a step; of `step`, sizes and codes count.
int64_t rls_potter_workspace(int threads, const RlsStep& step);
int64_t rls_plain_workspace(int threads, const RlsStep& step);
int64_t rls_low_rank_workspace(int threads, const RlsStep& step);

}  // namespace lacuna
#endif
