// Sum, difference, product and functions of one operand, element by element; y is broadcast over rows, columns or both.
//
//   code    fwd               bwd: dx                      dy
//   ADD     x + y             dout                         dout
//   SUB     x - y             dout                         -dout
//   MUL     x y               dout y                       dout x
//   RELU    max(x, 0)         dout [x > 0]
//   AFFINE  alpha x + beta    alpha dout
//   GELU    x Phi(x)          dout (Phi(x) + x phi(x))
//   TANH    tanh x            dout / cosh(x)^2
//   EXP     e^x               dout e^x
//   LOG     log x             dout / x
//   SQRT    sqrt(max(x, a))   dout [x > a] / (2 sqrt x)
//
// dy is summed over the axes along which y was broadcast.
//
// A tensor without gaps between its rows is one long row. Chunks hold kGrain elements or more; a broadcast dy is summed
// in double (sums-inl.h). dx and dy are separate passes, each reads its inputs once. All but GELU, TANH, EXP and LOG is
// bound by memory: one thread, Zen 4, x + y: 90 GB/s on tensors of 128 KiB, 47 GB/s on 8 MiB. GELU (normal-inl.h) takes
// 0.51 ns an element fwd and 0.56 bwd, 15 and 21 GB/s, at 2,048 x 384 as at 1,040 x 128. With AVX2 alone, Zen 3, 2,048
// x 384, fwd and bwd: GELU 1.35 and 1.47, TANH 1.18 and 1.15, EXP 0.83 and 0.93, LOG 0.79 and 0.31, SQRT 0.22 and 0.38.
#include "ops/elementwise.h"

#include "cpu/cpu_context.h"
#include "ops/partition.h"
#include "ops/sums.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/elementwise.cpp"
#include "cpu/tiers.h"

#include "ops/functions-inl.h"
#include "ops/lanes-inl.h"
#include "ops/normal-inl.h"
#include "ops/sums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

using namespace elementwise;

// How y [y_n, y_d] is met while walking over [n, d].
struct Broadcast {
  const float* y;
  int64_t ld;
  bool one_column, dense;

  template <class Args>
  explicit Broadcast(const Args& args)
      : y(args.y),
        ld(args.y_n == 1 ? 0 : args.ld_y),
        one_column(args.y_d == 1 && (args.y_n == 1 || args.d != 1)),
        dense(args.y_n * args.y_d == 1 || (args.y_n == args.n && args.y_d == args.d && args.ld_y == args.d)) {}

  template <class Lanes>
  HWY_INLINE Vector at(int64_t row, int64_t col, Lanes lanes) const {
    const float* const p = y + row * ld;
    return one_column ? hn::Set(Floats(), *p) : load(Floats(), p + col, lanes);
  }
};

// out (+)= f(row, col, lanes)
template <class F>
void map(CpuContext& ctx, int64_t n, int64_t d, bool dense, float* out, int64_t ld_out, bool accumulate, F f) {
  parallel_rows(ctx, n, d, dense && ld_out == d, [&](int64_t row, int64_t begin, int64_t end) {
    float* const to = out + row * ld_out;
    for_vectors(Floats(), begin, end,
                [&](int64_t col, auto lanes) { write(Floats(), f(row, col, lanes), to + col, lanes, accumulate); });
  });
}

}  // namespace

lacuna_status elementwise_fwd(CpuContext& ctx, const lacuna_elementwise_fwd_args& args) {
  if (const lacuna_status status = check(ctx, args)) return status;
  const Floats d;
  const Broadcast y(args);
  const bool dense_x = args.ld_x == args.d;
  const auto x = [&](int64_t row, int64_t col, auto lanes) { return load(d, args.x + row * args.ld_x + col, lanes); };
  const auto unary = [&](auto f) {
    map(ctx, args.n, args.d, dense_x, args.out, args.ld_out, false,
        [&](int64_t row, int64_t col, auto lanes) { return f(x(row, col, lanes)); });
  };
  const auto binary = [&](auto f) {
    map(ctx, args.n, args.d, dense_x && y.dense, args.out, args.ld_out, false,
        [&](int64_t row, int64_t col, auto lanes) { return f(x(row, col, lanes), y.at(row, col, lanes)); });
  };
  switch (args.code) {
    case kAdd:
      binary([](Vector a, Vector b) { return hn::Add(a, b); });
      break;
    case kSub:
      binary([](Vector a, Vector b) { return hn::Sub(a, b); });
      break;
    case kMul:
      binary([](Vector a, Vector b) { return hn::Mul(a, b); });
      break;
    case kRelu:
      unary([d](Vector a) { return hn::IfThenZeroElse(hn::Le(a, hn::Zero(d)), a); });
      break;  // NaN stays
    case kAffine: {
      const auto alpha = hn::Set(d, static_cast<float>(args.alpha)), beta = hn::Set(d, static_cast<float>(args.beta));
      unary([alpha, beta](Vector a) { return hn::MulAdd(alpha, a, beta); });
      break;
    }
    case kGelu:
      unary([](Vector a) { return hn::Mul(a, normal_at(a).cdf); });
      break;
    case kTanh:
      unary([d](Vector a) { return hn::Tanh(d, a); });
      break;
    case kExp:
      unary([](Vector a) { return exp_of(a); });
      break;
    case kLog:
      unary([](Vector a) { return log_of(a); });
      break;
    case kSqrt: {
      const auto floor = hn::Set(d, static_cast<float>(args.alpha));
      unary([floor](Vector a) { return hn::Sqrt(hn::IfThenElse(hn::Le(a, floor), floor, a)); });
    }
  }
  return LACUNA_OK;
}

lacuna_status elementwise_bwd(CpuContext& ctx, const lacuna_elementwise_bwd_args& args) {
  if (const lacuna_status status = check_gradient(ctx, args)) return status;
  // What a gradient reads is written once for floats and for the doubles of a sum.
  const auto dout = [&](auto d, int64_t row, int64_t col, auto lanes) {
    return load(d, args.dout + row * args.ld_dout + col, lanes);
  };
  const auto x = [&](auto d, int64_t row, int64_t col, auto lanes) {
    return load(d, args.x + row * args.ld_x + col, lanes);
  };
  const Broadcast y(args);
  const bool dense_dout = args.ld_dout == args.d, dense_x = args.ld_x == args.d;

  const auto write_dx = [&](bool dense, auto f) {
    if (!args.dx) return;
    map(ctx, args.n, args.d, dense_dout && dense, args.dx, args.ld_dx, args.acc_dx != 0,
        [&](int64_t row, int64_t col, auto lanes) { return f(dout(Floats(), row, col, lanes), row, col, lanes); });
  };
  const auto write_dy = [&](bool dense, auto f) {
    if (!args.dy) return;
    const bool accumulate = args.acc_dy != 0;
    if (args.y_n == args.n && args.y_d == args.d) {
      map(ctx, args.n, args.d, dense_dout && dense, args.dy, args.ld_dy, accumulate,
          [&](int64_t row, int64_t col, auto lanes) { return f(Floats(), row, col, lanes); });
      return;
    }
    sum_to(
        ctx, args.n, args.d, args.y_n, args.y_d, (dense_dout && dense) || args.n == 1, args.workspace,
        [&](int64_t row, int64_t col, auto lanes) { return f(Doubles(), row, col, lanes); },
        [&](int64_t row, int64_t col, double sum) {
          float& dy = args.dy[row * args.ld_dy + col];
          dy = static_cast<float>(accumulate ? dy + sum : sum);
        });
  };

  const auto times_slope = [&](auto slope) {
    write_dx(dense_x, [&](Vector g, int64_t row, int64_t col, auto lanes) {
      return hn::Mul(g, slope(x(Floats(), row, col, lanes)));
    });
  };

  switch (args.code) {
    case kAdd:
      write_dx(true, [](Vector g, int64_t, int64_t, auto) { return g; });
      write_dy(true, dout);
      break;
    case kSub:
      write_dx(true, [](Vector g, int64_t, int64_t, auto) { return g; });
      write_dy(true, [&](auto d, int64_t row, int64_t col, auto lanes) { return hn::Neg(dout(d, row, col, lanes)); });
      break;
    case kMul:
      write_dx(y.dense,
               [&](Vector g, int64_t row, int64_t col, auto lanes) { return hn::Mul(g, y.at(row, col, lanes)); });
      write_dy(dense_x, [&](auto d, int64_t row, int64_t col, auto lanes) {
        return hn::Mul(dout(d, row, col, lanes), x(d, row, col, lanes));
      });
      break;
    case kRelu:
      write_dx(dense_x, [&](Vector g, int64_t row, int64_t col, auto lanes) {
        return hn::IfThenZeroElse(hn::Le(x(Floats(), row, col, lanes), hn::Zero(Floats())), g);
      });
      break;
    case kAffine: {
      const auto alpha = hn::Set(Floats(), static_cast<float>(args.alpha));
      write_dx(true, [alpha](Vector g, int64_t, int64_t, auto) { return hn::Mul(alpha, g); });
      break;
    }
    case kGelu:
      times_slope([](Vector a) {
        const Normal normal = normal_at(a);
        return hn::MulAdd(a, normal.density, normal.cdf);
      });
      break;
    case kTanh:
      times_slope([](Vector a) { return tanh_slope(a); });
      break;
    case kExp:
      times_slope([](Vector a) { return exp_of(a); });
      break;
    case kLog:
      write_dx(dense_x, [&](Vector g, int64_t row, int64_t col, auto lanes) {
        return hn::Div(g, x(Floats(), row, col, lanes));
      });
      break;
    case kSqrt: {
      const auto floor = hn::Set(Floats(), static_cast<float>(args.alpha));
      write_dx(dense_x, [&](Vector g, int64_t row, int64_t col, auto lanes) {
        const Vector a = x(Floats(), row, col, lanes), root = hn::Sqrt(a);
        return hn::IfThenZeroElse(hn::Le(a, floor), hn::Div(g, hn::Add(root, root)));
      });
    }
  }
  return LACUNA_OK;
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t elementwise_fwd_workspace(int, const lacuna_elementwise_fwd_args&) { return 0; }

int64_t elementwise_bwd_workspace(int, const lacuna_elementwise_bwd_args& args) {
  const bool summed = args.dy && (args.y_n != args.n || args.y_d != args.d);
  return summed ? sums_workspace(args.n, args.d, args.y_n, args.y_d) : 0;
}

}  // namespace lacuna
#endif
