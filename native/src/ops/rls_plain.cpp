// RLS in plain form: P = (M - u^T u) / c, M [s, s] symmetric, u an update that waits.
//
//   project   y = (x M - (x u^T) u) / c
//   absorb    K = r M, V = L^-1 K as in rls_direct-inl.h, M <- M - V^T V
//   norm FRO  c <- ||M||_F, summed in double as M is updated; M itself is moved by powers of two only
//
// One row with norm NONE is not taken out of M at once: u = V is carried out by the next call's product, which reads M
// anyway. An absorption so reads and writes M once (8 s^2 bytes, 4 s^2 flops) instead of reading it twice, and one
// fused with a projection adds only the writing. Absorbing first, y is corrected by -(x V^T) V. FRO needs the norm
// before the next call, and a block more than one u: those update M at once. 2 m s^2 flops to project.
//
// Two threads, Zen 4, ms, best of 15, s = 2,048 and 101 rows | s = 4,096 and 64 rows of h for 1,000 classes:
//   oneDNN for [x; r] M, then a pass for the update             5.1  | 17.0 (the sum of its parts)
//   a product of our own, then a pass                            4.9  | 17.2
//   the update waits for the next product                        4.4  | 14.2
//   ... and hides behind it in panels (rls_product-inl.h)        4.1  | 13.5
// Of these 2.7 ms at s = 4,096 are e^T (h P) in oneDNN. The machine's 233 GFLOP/s bound them at 3.7 and 11.5 ms. Only
// the lower triangle of M could be kept: that saves bytes, which hide behind arithmetic as it is, and every tile would
// be used twice, once transposed.
#include <cmath>
#include <numeric>

#include "cpu/cpu_context.h"
#include "cpu/gemm.h"
#include "ops/checks.h"
#include "ops/partition.h"
#include "ops/rls.h"

#ifndef LACUNA_SRC_OPS_RLS_PLAIN_ONCE
#define LACUNA_SRC_OPS_RLS_PLAIN_ONCE
namespace lacuna {

// Where the parts of the workspace lie.
struct PlainCut {
  PlainCut(int threads, const RlsStep& step) : product_cut(threads, step, room) {
    const int64_t s = step.s, b = step.b, m = step.m;
    product = room.take<float>(Extent{m + b} * Extent{s});
    if (b > 0) coefficients = room.take<double>(Extent{b} * Extent{b});
    sums = room.take<double>(Extent{s});
    if (b > 1) {
      cross = room.take<float>(Extent{m} * Extent{b});
      gemm_space = room.take<char>(Extent{std::max(rls_gemm_bytes(m, b, s), rls_gemm_bytes(m, s, b))});
    }
    bytes = room.bytes();
  }

  Room room;
  RlsProductCut product_cut;
  int64_t product, coefficients = 0, sums, cross = 0, gemm_space = 0, bytes;
};

}  // namespace lacuna
#endif

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/rls_plain.cpp"
#include "cpu/tiers.h"

#include "ops/rls-inl.h"
#include "ops/rls_direct-inl.h"
#include "ops/rls_product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

// M[R rows from i] -= V^T V, sums first, so that M is rounded once.
template <int R>
HWY_INLINE void update_rows(const RlsStep& step, const float* v, int64_t i) {
  const Floats d;
  const int64_t s = step.s;
  for_vectors(d, 0, s, [&](int64_t j, auto lanes) {
    hn::Vec<Floats> acc[R];
#pragma GCC unroll 8
    for (int n = 0; n < R; ++n) acc[n] = hn::Zero(d);
    for (int64_t k = 0; k < step.b; ++k) {
      const auto x = load(d, v + k * s + j, lanes);
#pragma GCC unroll 8
      for (int n = 0; n < R; ++n) acc[n] = hn::MulAdd(hn::Set(d, v[k * s + i + n]), x, acc[n]);
    }
#pragma GCC unroll 8
    for (int n = 0; n < R; ++n) {
      float* const p = step.row(i + n) + j;
      store(d, hn::Sub(load(d, p, lanes), acc[n]), p, lanes);
    }
  });
}

// M -= V^T V. With norm FRO, answers ||M||_F^2; sums: s doubles.
double update(CpuContext& ctx, const RlsStep& step, const float* v, double* sums) {
  const bool fro = step.norm == rls::kNormFrobenius;
  parallel_ranges(ctx, step.s, step.s * step.b, [&](int64_t begin, int64_t end) {
    const auto update = [&](auto rows, int64_t i) {
      update_rows<rows>(step, v, i);
      for (int64_t n = i; fro && n < i + rows; ++n) sums[n] = rls_dot(step.s, step.row(n), step.row(n));
    };
    int64_t i = begin;
    for (; i + 8 <= end; i += 8) update(std::integral_constant<int, 8>(), i);
    for (; i < end; ++i) update(std::integral_constant<int, 1>(), i);
  });
  return fro ? std::accumulate(sums, sums + step.s, 0.0) : 0;
}

// y = scale (product - (x v^T) v); v may be NULL.
void finish(CpuContext& ctx, const RlsStep& step, const float* product, const float* v, double scale) {
  const Floats d;
  const int64_t s = step.s;
  const auto factor = hn::Set(d, static_cast<float>(scale));
  parallel_ranges(ctx, step.m, s, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto xv = hn::Set(d, v ? static_cast<float>(rls_dot(s, step.x + i * step.ld_x, v)) : 0.0f);
      for_vectors(d, 0, s, [&](int64_t j, auto lanes) {
        auto y = load(d, product + i * s + j, lanes);
        if (v) y = hn::NegMulAdd(xv, load(d, v + j, lanes), y);
        store(d, hn::Mul(factor, y), step.y + i * step.ld_y + j, lanes);
      });
    }
  });
}

}  // namespace

lacuna_status rls_plain(CpuContext& ctx, const RlsStep& step) {
  const int64_t m = step.m, b = step.b, s = step.s;
  const PlainCut cut(ctx.threads(), step);
  float* const product = part<float>(step.workspace, cut.product);
  // What absorbs may write M: the update that waits is carried out while M is read.
  float* const u = step.row(s);
  const bool waits = std::any_of(u, u + s, [](float value) { return value != 0; });
  float* const settled = waits && b > 0 ? u : nullptr;
  if (m + b <= kRlsNarrow) {
    rls_narrow_product(ctx, step, cut.product_cut, step.factor, step.ld_factor, settled, product);
  } else {
    rls_product<false>(ctx, step, cut.product_cut, step.factor, step.ld_factor, settled, product);
  }
  double& c = step.state[0];
  if (b == 0) {
    finish(ctx, step, product, waits ? u : nullptr, step.scale / c);
    return LACUNA_OK;
  }
  std::fill_n(u, s, 0.0f);
  float* const v = product + m * s;
  if (const lacuna_status status = rls_innovation(ctx, step, v, part<double>(step.workspace, cut.coefficients)))
    return status;
  const bool absorb_first = step.order == rls::kAbsorbThenProject;
  if (m > 0 && b > 1 && absorb_first) {
    const lacuna_status status =
        rls_correct(ctx, m, s, {step.x, step.ld_x}, b, {v, s}, -1, part<float>(step.workspace, cut.cross), product,
                    part<float>(step.workspace, cut.gemm_space));
    if (status) return status;
  }
  step.state[1] += static_cast<double>(b);
  double scale = step.scale / c;
  if (b == 1 && step.norm == rls::kNormNone) {
    std::copy_n(v, s, u);
  } else {
    const double square = update(ctx, step, v, part<double>(step.workspace, cut.sums));
    if (step.norm == rls::kNormFrobenius) {
      c = std::sqrt(square);
      if (absorb_first) scale = step.scale / c;
      rls_recentre(ctx, step, 1);
    }
  }
  finish(ctx, step, product, b == 1 && absorb_first ? v : nullptr, scale);
  return LACUNA_OK;
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t rls_plain_workspace(int threads, const RlsStep& step) { return PlainCut(threads, step).bytes; }

}  // namespace lacuna
#endif
