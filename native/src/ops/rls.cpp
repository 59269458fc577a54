// Recursive least squares in Potter's square-root form: P = S S^T / c stays positive semi-definite whatever is rounded.
//
//   absorb    f = S^T r, a = alpha c, b = a + f.f, h = S f, g = 1 / (b + sqrt(a b)), S <- S - g h f^T
//   project   out = (x S) S^T / c
//   norm FRO  c <- ||S S^T||_F. With k = h the update is S S^T <- S S^T - k k^T / b, so that
//             ||.||^2 <- ||.||^2 - 2 |S^T k|^2 / b + (k.k)^2 / b^2 in double. This downdate loses digits with every
//             step and more with every large one: at the first update, every 16th, and whenever more than a tenth of
//             ||.||^2 goes at once, the norm is computed from S itself. S is never divided by c; when c leaves the
//             middle of float's range, S is moved back by a power of two, which rounds nothing.
//
// Bound by memory, two walks over S: one for f; one that takes four rows at a time into the cache for h, adds h S to
// the sums for S^T k, and updates them. Blocks of rows, cut by s alone, leave partial sums that are added in order.
// That is 6 s^2 flops (FRO 8 s^2) over 12 s^2 bytes. An exact norm costs s^3 flops: tiles of the lower triangle of S
// S^T, one GEMM each, squared and dropped. project is 4 c s^2 flops in two GEMMs with c s floats between them.
// One thread, Zen 4: s = 512 in the second-level cache 0.050 ms (58 GB/s), s = 2,048 in the third 1.6 ms (31 GB/s), two
// threads 0.025 and 0.65; walking one row at a time instead of four takes 0.075 ms at s = 512 and no longer at 2,048.
#include <cmath>

#include "cpu/cpu_context.h"
#include "cpu/gemm.h"
#include "ops/checks.h"
#include "ops/partition.h"

#ifndef LACUNA_SRC_OPS_RLS_ONCE
#define LACUNA_SRC_OPS_RLS_ONCE
namespace lacuna {

enum RlsNorm : int64_t { kRlsNone = 0, kRlsFro = 1 };

// How S [s, s] is cut, and where the parts of absorb's workspace lie.
struct RlsCut {
  RlsCut(int threads, int64_t s, int64_t norm)
      : rows(std::max<int64_t>(64, kGrain / std::max<int64_t>(s, 1) / 4 * 4)),
        blocks((s + rows - 1) / rows),
        side(s <= 1024 ? 128 : 256),
        tiles((s + side - 1) / side * ((s + side - 1) / side + 1) / 2),
        width((s + 15) / 16 * 16) {
    f = 0;
    partial = f + width * 4;
    sums = partial + blocks * width * 4;
    products = sums + (std::max(blocks, tiles) * 8 + 63) / 64 * 64;
    bytes = products + (norm == kRlsFro ? threads * side * side * 4 : 0);
  }

  int64_t rows, blocks, side, tiles, width;
  int64_t f, partial, sums, products, bytes;
};

}  // namespace lacuna
#endif

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/rls.cpp"
#include "cpu/tiers.h"

#include "ops/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

constexpr int kRows = 4;  // rows of S handled together, so that f and the partial sums are fetched a quarter as often

struct Factor {
  float* data;
  int64_t s, ld;
  float* row(int64_t i) const { return data + i * ld; }
};

// sum += r S over rows [row, row + R)
template <int R>
void add_rows(const Factor& factor, int64_t row, const float* r, float* sum) {
  const Floats d;
  for_vectors(d, 0, factor.s, [&](int64_t j, auto lanes) {
    auto v = hn::Load(d, sum + j);
#pragma GCC unroll 4
    for (int i = 0; i < R; ++i) v = hn::MulAdd(hn::Set(d, r[row + i]), load(d, factor.row(row + i) + j, lanes), v);
    hn::Store(v, d, sum + j);
  });
}

// h = S f for rows [row, row + R), sum += h S, then S -= g h f^T. Answers h.h. sum may be NULL.
template <int R>
double update_rows(const Factor& factor, int64_t row, const float* f, double g, float* sum) {
  const Floats d;
  hn::Vec<Floats> dots[R];
#pragma GCC unroll 4
  for (int i = 0; i < R; ++i) dots[i] = hn::Zero(d);
  for_vectors(d, 0, factor.s, [&](int64_t j, auto lanes) {
    const auto v = hn::Load(d, f + j);
#pragma GCC unroll 4
    for (int i = 0; i < R; ++i) dots[i] = hn::MulAdd(load(d, factor.row(row + i) + j, lanes), v, dots[i]);
  });
  float h[R], step[R];
  double square = 0;
  for (int i = 0; i < R; ++i) {
    h[i] = sum_of_lanes(d, dots[i]);
    step[i] = static_cast<float>(g * h[i]);
    square += static_cast<double>(h[i]) * h[i];
  }
  for_vectors(d, 0, factor.s, [&](int64_t j, auto lanes) {
    const auto v = hn::Load(d, f + j);
    auto total = sum ? hn::Load(d, sum + j) : hn::Zero(d);
#pragma GCC unroll 4
    for (int i = 0; i < R; ++i) {
      float* const p = factor.row(row + i) + j;
      const auto x = load(d, p, lanes);
      total = hn::MulAdd(hn::Set(d, h[i]), x, total);
      store(d, hn::NegMulAdd(hn::Set(d, step[i]), v, x), p, lanes);
    }
    if (sum) hn::Store(total, d, sum + j);
  });
  return square;
}

// to[s] = sum of the blocks' partial sums; answers to.to
double add_blocks(const RlsCut& cut, const float* partial, float* to) {
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

// ||S S^T||_F^2
double squared_norm(CpuContext& ctx, const Dnnl& dnnl, const RlsCut& cut, const Factor& factor, double* sums,
                    float* tiles) {
  const int64_t side = cut.side;
  ctx.parallel_for(cut.tiles, [&](int64_t tile, int worker) {
    int64_t i = 0, j = tile;
    while (j > i) j -= ++i;
    const int64_t rows = std::min(side, factor.s - i * side), cols = std::min(side, factor.s - j * side);
    float* const product = tiles + worker * side * side;
    gemm_chunk(dnnl, rows, cols, factor.s, {factor.row(i * side), factor.ld}, {factor.row(j * side), factor.ld, true},
               false, product, cols);
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

// Multiplies S by a power of two and c by its square, so that c comes to lie in [1, 4).
void recentre(CpuContext& ctx, const Factor& factor, double& c) {
  const int exponent = -(std::ilogb(c) >> 1);
  c = std::ldexp(c, 2 * exponent);
  const Floats d;
  const auto scale = hn::Set(d, std::ldexp(1.0f, exponent));
  parallel_ranges(ctx, factor.s, factor.s, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float* const p = factor.row(i);
      for_vectors(d, 0, factor.s,
                  [&](int64_t j, auto lanes) { store(d, hn::Mul(scale, load(d, p + j, lanes)), p + j, lanes); });
    }
  });
}

}  // namespace

lacuna_status rls_absorb(CpuContext& ctx, const lacuna_rls_absorb_args& args) {
  const bool fro = args.norm == kRlsFro;
  if (!fro && args.norm != kRlsNone)
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "norm is %" PRId64 ", want 0 (NONE) or 1 (FRO)", args.norm);
  if (!(args.alpha > 0) || std::isinf(args.alpha))
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "alpha is %g, want > 0", args.alpha);
  double& c = args.state[0];
  double& updates = args.state[1];
  if (fro ? !(c > 0) || std::isinf(c) : c != 1) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "state[0] is %g, want %s", c, fro ? "> 0" : "1, as norm is NONE");
  }
  for (int64_t i = 0; i < args.s; ++i) {
    if (!std::isfinite(args.r[i])) return ctx.fail(LACUNA_NON_FINITE, "r[%" PRId64 "] is %g", i, args.r[i]);
  }
  const Dnnl* const dnnl = fro ? ctx.dnnl() : nullptr;
  if (fro && !dnnl) return LACUNA_UNSUPPORTED;

  const RlsCut cut(ctx.threads(), args.s, args.norm);
  char* const workspace = static_cast<char*>(args.workspace);
  float* const f = reinterpret_cast<float*>(workspace + cut.f);
  float* const partial = reinterpret_cast<float*>(workspace + cut.partial);
  double* const sums = reinterpret_cast<double*>(workspace + cut.sums);
  const Factor factor{args.factor, args.s, args.ld_factor};

  // Calls body<R>(row, partial sums) for all rows, kRows of them at a time.
  const auto walk = [&](auto body) {
    ctx.parallel_for(cut.blocks, [&](int64_t block, int) {
      float* const sum = partial + block * cut.width;
      std::fill_n(sum, cut.width, 0.0f);
      sums[block] = 0;
      const int64_t end = std::min(args.s, (block + 1) * cut.rows);
      int64_t row = block * cut.rows;
      for (; row + kRows <= end; row += kRows) sums[block] += body(std::integral_constant<int, kRows>(), row, sum);
      for (; row < end; ++row) sums[block] += body(std::integral_constant<int, 1>(), row, sum);
    });
  };
  walk([&](auto rows, int64_t row, float* sum) {
    add_rows<rows>(factor, row, args.r, sum);
    return 0.0;
  });
  const double ff = add_blocks(cut, partial, f);
  const double a = args.alpha * c, b = a + ff;
  if (!std::isfinite(static_cast<float>(b)))
    return ctx.fail(LACUNA_NON_FINITE, "|S^T r|^2 is %g, beyond the range of float", ff);
  const double g = 1 / (b + std::sqrt(a * b));
  walk([&](auto rows, int64_t row, float* sum) { return update_rows<rows>(factor, row, f, g, fro ? sum : nullptr); });
  updates += 1;
  if (!fro || args.s == 0) return LACUNA_OK;

  double kk = 0;
  for (int64_t block = 0; block < cut.blocks; ++block) kk += sums[block];
  const double kPk = add_blocks(cut, partial, f), before = c * c;
  const double square = before - 2 * kPk / b + kk * kk / (b * b);
  if (square > 0) c = std::sqrt(square);  // holds even if the exact norm cannot be had
  if (updates == 1 || std::fmod(updates, 16) == 0 || !(square > 0.9 * before)) {
    c = std::sqrt(squared_norm(ctx, *dnnl, cut, factor, sums, reinterpret_cast<float*>(workspace + cut.products)));
  }
  if (c < 0x1p-32 && c > 0) recentre(ctx, factor, c);
  return LACUNA_OK;
}

lacuna_status rls_project(CpuContext& ctx, const lacuna_rls_project_args& args) {
  const double norm = args.state[0];
  if (!(norm > 0) || std::isinf(norm)) return ctx.fail(LACUNA_INVALID_ARGUMENT, "state[0] is %g, want > 0", norm);
  float* const half = static_cast<float*>(args.workspace);
  float* const gemm_space = half + args.c * args.s;
  if (const lacuna_status status = gemm(ctx, args.c, args.s, args.s, {args.g, args.ld_g}, {args.factor, args.ld_factor},
                                        false, half, args.s, gemm_space)) {
    return status;
  }
  if (norm != 1) {
    const Floats d;
    const auto scale = hn::Set(d, static_cast<float>(1 / norm));
    for_vectors(d, 0, args.c * args.s,
                [&](int64_t i, auto lanes) { store(d, hn::Mul(scale, load(d, half + i, lanes)), half + i, lanes); });
  }
  return gemm(ctx, args.c, args.s, args.s, {half, args.s}, {args.factor, args.ld_factor, true}, false, args.out,
              args.ld_out, gemm_space);
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t rls_absorb_workspace(int threads, const lacuna_rls_absorb_args& args) {
  return RlsCut(threads, args.s, args.norm).bytes;
}

int64_t rls_project_workspace(int, const lacuna_rls_project_args& args) {
  return args.c * args.s * static_cast<int64_t>(sizeof(float)) + gemm_workspace(args.c, args.s, args.s);
}

}  // namespace lacuna
#endif
