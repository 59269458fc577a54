// RLS in Potter's square-root form: P = S S^T / c stays positive semi-definite whatever is rounded.
//
//   project   y = (x S) S^T / c
//   absorb    f = S^T r, a = alpha c, b = a + f.f, h = S f, g = 1 / (b + sqrt(a b)), S <- S - g h f^T
//   a block   F = R S, a I + F F^T = L L^T, Z = L^-1 F S^T, Y = (L + sqrt(a) I)^-1 F, S <- S - Z^T Y. It is the same
//             for one row, and S S^T <- S S^T - Z^T Z.
//   norm FRO  c <- ||S S^T||_F: ||.||^2 <- ||.||^2 - 2 ||Z S||^2 + ||Z Z^T||^2 in double. This downdate loses digits
//             with every step and more with every large one: at the first update, every 16th, and whenever more than a
//             tenth of ||.||^2 goes at once, the norm is computed from S itself. S is never divided by c; when c leaves
//             the middle of float's range, S is moved back by a power of two, which rounds nothing.
//
// Both at once: [x; r] S in one product gives x S and f, and h comes as one more row of the second; rows of S that this
// has passed are updated while they are in the cache. With S + z f^T for S, where z = -g h, absorbing first gives (x S)
// S^T + (x.z) h + ((x S).f + (x.z) f.f) z: no third product.
//
// Absorbing one row alone, or with norm FRO, is two walks over S: one for f (the product's, where there are rows to
// project); one that takes four rows at a time into the cache for h, adds h S to the sums for Z S, and updates them.
// Blocks of rows, cut by s alone, leave partial sums that are added in order. That is 6 s^2 flops (FRO 8 s^2) over 12
// s^2 bytes. An exact norm costs s^3 flops: tiles of the lower triangle of S S^T, one GEMM each, squared and dropped.
// Projecting is 4 m s^2 flops, a block 6 b s^2 (FRO 8 b s^2).
//
// Walking one row at a time instead of four: 0.075 instead of 0.050 ms at s = 512 on one thread. Project and absorb,
// two threads, Zen 4, ms, best of 15, s = 2,048 and 101 rows | s = 4,096 and 64 rows of h for 1,000 classes:
//   both products by oneDNN, then the walk                      10.5  | 33.3
//   the products of rls_product-inl.h                            9.8  | 29.9
//   columns prefetched as they are copied, shallower parts       9.6  | 28.4
//   S updated behind the second product                          9.3  | 27.4
//   both products through panels                                 8.7  | 27.0
// Twice the plain form's products with M in 2.1 and 2.0 times its time.
#include <cmath>
#include <numeric>

#include "cpu/cpu_context.h"
#include "cpu/gemm.h"
#include "ops/checks.h"
#include "ops/partition.h"
#include "ops/rls.h"

#ifndef LACUNA_SRC_OPS_RLS_POTTER_ONCE
#define LACUNA_SRC_OPS_RLS_POTTER_ONCE
namespace lacuna {

// How S [s, s] is cut, and where the parts of the workspace lie.
struct PotterCut {
  PotterCut(int threads, const RlsStep& step)
      : product(threads, step, room),
        rows(std::max<int64_t>(64, kGrain / std::max<int64_t>(step.s, 1) / 4 * 4)),
        blocks((step.s + rows - 1) / rows),
        side(step.s <= 1024 ? 128 : 256),
        tiles((step.s + side - 1) / side * ((step.s + side - 1) / side + 1) / 2),
        width((step.s + 15) / 16 * 16) {
    const int64_t s = step.s, b = step.b, m = step.m;
    const bool fro = b > 0 && step.norm == rls::kNormFrobenius;
    half = room.take<float>(Extent{m + b} * Extent{s});
    whole = room.take<float>(Extent{m + b} * Extent{s});
    if (b == 1) {
      f = room.take<float>(Extent{width});
      partial = room.take<float>(Extent{blocks} * Extent{width});
    }
    if (b > 0) {
      z = room.take<float>(Extent{b} * Extent{s});
      y = room.take<float>(Extent{b} * Extent{s});
      if (fro) zs = room.take<float>(Extent{b} * Extent{width});
      sums = room.take<double>(Extent{std::max(blocks, tiles)});
      coefficients = room.take<double>(Extent{b} * Extent{b});
    }
    if (b > 0 && m > 0) cross = room.take<float>(Extent{m} * Extent{b});
    if (fro) products = room.take<float>(Extent{threads} * Extent{side * side});
    if (b > 0) {
      gemm_space = room.take<char>(
          Extent{std::max({rls_gemm_bytes(m, b, s), rls_gemm_bytes(m, s, b), rls_gemm_bytes(s, s, b)})});
    }
    bytes = room.bytes();
  }

  Room room;
  RlsProductCut product;
  int64_t rows, blocks, side, tiles, width;
  int64_t half = 0, whole = 0, f = 0, partial = 0, z = 0, y = 0, zs = 0, sums = 0, coefficients = 0, cross = 0,
          products = 0, gemm_space = 0;
  int64_t bytes;
};

}  // namespace lacuna
#endif

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/rls_potter.cpp"
#include "cpu/tiers.h"

#include "ops/rls-inl.h"
#include "ops/rls_product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

constexpr int kRows = 4;  // rows of S handled together, so that f and the partial sums are fetched a quarter as often

// sum += r S over rows [row, row + R)
template <int R>
void add_rows(const RlsStep& step, int64_t row, float* sum) {
  const Floats d;
  for_vectors(d, 0, step.s, [&](int64_t j, auto lanes) {
    auto v = hn::Load(d, sum + j);
#pragma GCC unroll 4
    for (int i = 0; i < R; ++i) v = hn::MulAdd(hn::Set(d, step.r[row + i]), load(d, step.row(row + i) + j, lanes), v);
    hn::Store(v, d, sum + j);
  });
}

// h = S f for rows [row, row + R), sum += h S, then S -= g h f^T; z = -g h. Answers h.h. sum may be NULL.
template <int R>
double update_rows(const RlsStep& step, int64_t row, const float* f, double g, float* z, float* sum) {
  const Floats d;
  hn::Vec<Floats> dots[R];
#pragma GCC unroll 4
  for (int i = 0; i < R; ++i) dots[i] = hn::Zero(d);
  for_vectors(d, 0, step.s, [&](int64_t j, auto lanes) {
    const auto v = hn::Load(d, f + j);
#pragma GCC unroll 4
    for (int i = 0; i < R; ++i) dots[i] = hn::MulAdd(load(d, step.row(row + i) + j, lanes), v, dots[i]);
  });
  float h[R];
  double square = 0;
  for (int i = 0; i < R; ++i) {
    h[i] = sum_of_lanes(d, dots[i]);
    z[row + i] = -static_cast<float>(g * h[i]);
    square += static_cast<double>(h[i]) * h[i];
  }
  for_vectors(d, 0, step.s, [&](int64_t j, auto lanes) {
    const auto v = hn::Load(d, f + j);
    auto total = sum ? hn::Load(d, sum + j) : hn::Zero(d);
#pragma GCC unroll 4
    for (int i = 0; i < R; ++i) {
      float* const p = step.row(row + i) + j;
      const auto x = load(d, p, lanes);
      total = hn::MulAdd(hn::Set(d, h[i]), x, total);
      store(d, hn::MulAdd(hn::Set(d, z[row + i]), v, x), p, lanes);
    }
    if (sum) hn::Store(total, d, sum + j);
  });
  return square;
}

// to[s] = sum of the blocks' partial sums; answers to.to
double add_blocks(const PotterCut& cut, const float* partial, float* to) {
  const Doubles d;
  auto square = hn::Zero(d);
  for_vectors(d, 0, cut.width, [&](int64_t j, auto lanes) {
    auto sum = hn::Zero(d);
    for (int64_t block = 0; block < cut.blocks; ++block)
      sum = hn::Add(sum, load(d, partial + block * cut.width + j, lanes));
    store(HalfFloats(), hn::DemoteTo(HalfFloats(), sum), to + j, lanes);
    square = hn::MulAdd(sum, sum, square);
  });
  return sum_of_lanes(d, square);
}

// Calls body<R>(row, partial sums) for all rows of S, kRows of them at a time, and leaves its answers in sums.
template <class Body>
void walk(CpuContext& ctx, const RlsStep& step, const PotterCut& cut, float* partial, double* sums, Body&& body) {
  ctx.parallel_for(cut.blocks, [&](int64_t block, int) {
    float* const sum = partial + block * cut.width;
    std::fill_n(sum, cut.width, 0.0f);
    sums[block] = 0;
    const int64_t end = std::min(step.s, (block + 1) * cut.rows);
    int64_t row = block * cut.rows;
    for (; row + kRows <= end; row += kRows) sums[block] += body(std::integral_constant<int, kRows>(), row, sum);
    for (; row < end; ++row) sums[block] += body(std::integral_constant<int, 1>(), row, sum);
  });
}

// ||S S^T||_F^2
double squared_norm(CpuContext& ctx, const Dnnl& dnnl, const PotterCut& cut, const RlsStep& step, double* sums,
                    float* tiles) {
  const int64_t side = cut.side;
  ctx.parallel_for(cut.tiles, [&](int64_t tile, int worker) {
    int64_t i = 0, j = tile;
    while (j > i) j -= ++i;
    const int64_t rows = std::min(side, step.s - i * side), cols = std::min(side, step.s - j * side);
    float* const product = tiles + worker * side * side;
    gemm_chunk(dnnl, rows, cols, step.s, {step.row(i * side), step.ld_factor},
               {step.row(j * side), step.ld_factor, true}, false, product, cols);
    const Doubles d;
    auto square = hn::Zero(d);
    for_vectors(d, 0, rows * cols, [&](int64_t k, auto lanes) {
      const auto v = load(d, product + k, lanes);
      square = hn::MulAdd(v, v, square);
    });
    sums[tile] = (i == j ? 1 : 2) * sum_of_lanes(d, square);
  });
  double square = 0;
  for (int64_t tile = 0; tile < cut.tiles; ++tile) square += sums[tile];
  return square;
}

// S[begin to end) -= g h f^T when the product that gives h has passed; z = -g h.
struct UpdateBehind {
  const RlsStep& step;
  const float* h;
  const float* f;
  double gain;
  float* z;

  void operator()(int64_t begin, int64_t end) const {
    const Floats d;
    for (int64_t i = begin; i < end; ++i) {
      z[i] = -static_cast<float>(gain * h[i]);
      const auto scale = hn::Set(d, z[i]);
      for_vectors(d, 0, step.s, [&](int64_t j, auto lanes) {
        float* const p = step.row(i) + j;
        store(d, hn::MulAdd(scale, load(d, f + j, lanes), load(d, p, lanes)), p, lanes);
      });
    }
  }
};

// One call: the parts of its workspace, and what it is made of.
class Potter {
 public:
  Potter(CpuContext& ctx, const RlsStep& step)
      : ctx_(ctx),
        step_(step),
        cut_(ctx.threads(), step),
        m_(step.m),
        b_(step.b),
        s_(step.s),
        half_(part<float>(step.workspace, cut_.half)),
        whole_(part<float>(step.workspace, cut_.whole)),
        f_(part<float>(step.workspace, cut_.f)),
        partial_(part<float>(step.workspace, cut_.partial)),
        z_(part<float>(step.workspace, cut_.z)),
        y_(step.b == 1 ? f_ : part<float>(step.workspace, cut_.y)),
        zs_(part<float>(step.workspace, cut_.zs)),
        sums_(part<double>(step.workspace, cut_.sums)),
        lower_(part<double>(step.workspace, cut_.coefficients)) {}

  lacuna_status run() {
    const bool fro = b_ > 0 && step_.norm == rls::kNormFrobenius;
    const Dnnl* const dnnl = fro ? ctx_.dnnl() : nullptr;
    if (fro && !dnnl) return LACUNA_UNSUPPORTED;
    multiply_left();
    if (const lacuna_status status = decompose()) return status;
    const bool absorb_first = b_ > 0 && step_.order == rls::kAbsorbThenProject;
    if (m_ > 0 && b_ == 1 && !fro) {
      project_and_absorb(absorb_first);
    } else {
      if (m_ > 0 && !absorb_first) project();
      if (b_ == 0) return LACUNA_OK;
      const lacuna_status status = b_ == 1 ? absorb_row() : absorb_block();
      if (status) return status;
      if (m_ > 0 && absorb_first) {
        if (const lacuna_status failed = correct_left()) return failed;
      }
      if (fro) renew_norm(*dnnl);
      if (m_ > 0 && absorb_first) project();
      if (fro) rls_recentre(ctx_, step_, 2);
    }
    step_.state[1] += static_cast<double>(b_);
    return LACUNA_OK;
  }

 private:
  // to = rows S^T or rows S
  template <bool kTransposed>
  void times(const float* rows, int64_t count, float* to) {
    RlsStep product = step_;
    product.x = rows;
    product.ld_x = s_;
    product.m = count;
    product.b = 0;
    rls_product<kTransposed>(ctx_, product, cut_.product, step_.factor, step_.ld_factor, nullptr, to);
  }

  // half = [x; r] S, its last rows F; for one row f as well, padded by zeros, and f.f.
  void multiply_left() {
    if (m_ == 0 && b_ == 1) {
      walk(ctx_, step_, cut_, partial_, sums_, [&](auto rows, int64_t row, float* sum) {
        add_rows<rows>(step_, row, sum);
        return 0.0;
      });
      ff_ = add_blocks(cut_, partial_, f_);
      return;
    }
    rls_product<false>(ctx_, step_, cut_.product, step_.factor, step_.ld_factor, nullptr, half_);
    if (b_ != 1) return;
    std::fill_n(std::copy_n(half_ + m_ * s_, s_, f_), cut_.width - s_, 0.0f);
    ff_ = rls_dot(s_, f_, f_);
  }

  // lower = L of a I + F F^T, and for one row its square, total.
  lacuna_status decompose() {
    const float* const f = half_ + m_ * s_;
    a_ = step_.alpha * step_.state[0];
    if (b_ == 1) lower_[0] = a_ + ff_;
    if (b_ > 1) rls_gram(ctx_, b_, s_, {f, s_}, {f, s_}, a_, lower_);
    for (int64_t i = 0; i < b_; ++i) {
      const double size = lower_[i * (b_ + 1)];
      if (!std::isfinite(static_cast<float>(size))) {
        return ctx_.fail(LACUNA_NON_FINITE, "|S^T r[%" PRId64 "]|^2 is %g, beyond the range of float", i, size - a_);
      }
    }
    if (b_ == 1) {
      total_ = lower_[0];
      gain_ = 1 / (total_ + std::sqrt(a_ * total_));
    } else if (!rls_cholesky(b_, lower_)) {
      return ctx_.fail(LACUNA_NON_FINITE,
                       "alpha c I + r P r^T is not positive definite in double: rows of r are too large");
    }
    return LACUNA_OK;
  }

  void project() {
    times<true>(half_, m_, whole_);
    rls_scale(ctx_, m_, s_, {whole_, s_}, step_.scale / step_.state[0], step_.y, step_.ld_y);
  }

  // h comes as one more row of (x S) S^T, and S is updated behind that product.
  void project_and_absorb(bool absorb_first) {
    RlsStep product = step_;
    product.x = half_;
    product.r = half_ + m_ * s_;
    product.ld_x = product.ld_r = s_;
    const float* const h = whole_ + m_ * s_;
    rls_product<true>(ctx_, product, cut_.product, step_.factor, step_.ld_factor, nullptr, whole_,
                      UpdateBehind{step_, h, f_, gain_, z_});
    const Floats d;
    const auto scale = hn::Set(d, static_cast<float>(step_.scale / step_.state[0]));
    parallel_ranges(ctx_, m_, s_, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        // x (S + z f^T)(S + z f^T)^T = (x S) S^T + (x.z) h + ((x S).f + (x.z) f.f) z
        const double xz = absorb_first ? rls_dot(s_, step_.x + i * step_.ld_x, z_) : 0;
        const double xf = absorb_first ? rls_dot(s_, half_ + i * s_, f_) + xz * ff_ : 0;
        const auto of_h = hn::Set(d, static_cast<float>(xz)), of_z = hn::Set(d, static_cast<float>(xf));
        for_vectors(d, 0, s_, [&](int64_t j, auto lanes) {
          auto v = load(d, whole_ + i * s_ + j, lanes);
          v = hn::MulAdd(of_h, load(d, h + j, lanes), v);
          v = hn::MulAdd(of_z, load(d, z_ + j, lanes), v);
          store(d, hn::Mul(scale, v), step_.y + i * step_.ld_y + j, lanes);
        });
      }
    });
  }

  lacuna_status absorb_row() {
    const bool fro = step_.norm == rls::kNormFrobenius;
    walk(ctx_, step_, cut_, partial_, sums_, [&](auto rows, int64_t row, float* sum) {
      return update_rows<rows>(step_, row, f_, gain_, z_, fro ? sum : nullptr);
    });
    if (!fro) return LACUNA_OK;
    const double hh = std::accumulate(sums_, sums_ + cut_.blocks, 0.0);
    square_zz_ = hh * hh / (total_ * total_);
    square_zs_ = add_blocks(cut_, partial_, zs_) / total_;
    return LACUNA_OK;
  }

  // z becomes -Z.
  lacuna_status absorb_block() {
    const float* const f = half_ + m_ * s_;
    times<true>(f, b_, z_);
    rls_solve(ctx_, b_, s_, lower_, 0, {z_, s_}, -1, z_, s_);
    rls_solve(ctx_, b_, s_, lower_, std::sqrt(a_), {f, s_}, 1, y_, s_);
    if (step_.norm == rls::kNormFrobenius) {
      times<false>(z_, b_, zs_);
      for (int64_t i = 0; i < b_; ++i) square_zs_ += rls_dot(s_, zs_ + i * s_, zs_ + i * s_);
      rls_gram(ctx_, b_, s_, {z_, s_}, {z_, s_}, 0, lower_);
      square_zz_ = rls_squared(b_, lower_);
    }
    return gemm(ctx_, s_, s_, b_, {z_, s_, true}, {y_, s_}, true, step_.factor, step_.ld_factor, gemm_space());
  }

  // half = x S of the S after the update.
  lacuna_status correct_left() {
    float* const cross = part<float>(step_.workspace, cut_.cross);
    const lacuna_status status =
        gemm(ctx_, m_, b_, s_, {step_.x, step_.ld_x}, {z_, s_, true}, false, cross, b_, gemm_space());
    if (status) return status;
    return gemm(ctx_, m_, s_, b_, {cross, b_}, {y_, s_}, true, half_, s_, gemm_space());
  }

  void renew_norm(const Dnnl& dnnl) {
    double& c = step_.state[0];
    const double updates = step_.state[1], after = updates + static_cast<double>(b_);
    const double before = c * c, square = before - 2 * square_zs_ + square_zz_;
    if (square > 0) c = std::sqrt(square);  // holds even if the exact norm cannot be had
    const bool due = updates == 0 || std::floor(updates / 16) != std::floor(after / 16);
    if (due || !(square > 0.9 * before))
      c = std::sqrt(squared_norm(ctx_, dnnl, cut_, step_, sums_, part<float>(step_.workspace, cut_.products)));
  }

  float* gemm_space() const { return part<float>(step_.workspace, cut_.gemm_space); }

  CpuContext& ctx_;
  const RlsStep& step_;
  const PotterCut cut_;
  const int64_t m_, b_, s_;
  float* const half_;
  float* const whole_;
  float* const f_;
  float* const partial_;
  float* const z_;
  float* const y_;
  float* const zs_;
  double* const sums_;
  double* const lower_;
  double a_ = 0, ff_ = 0, total_ = 0, gain_ = 0;
  double square_zs_ = 0, square_zz_ = 0;  // ||Z S||^2 and ||Z Z^T||^2
};

}  // namespace

lacuna_status rls_potter(CpuContext& ctx, const RlsStep& step) { return Potter(ctx, step).run(); }

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t rls_potter_workspace(int threads, const RlsStep& step) { return PotterCut(threads, step).bytes; }

}  // namespace lacuna
#endif
