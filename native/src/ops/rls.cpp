// Recursive least squares: checks of the three ops, and gradients that come as factors. How P is held, and what that
// costs, stands with the forms in rls_potter.cpp, rls_plain.cpp and rls_low_rank.cpp.
//
// A gradient e^T h of n < c rows is projected as e^T (h P): 2 n s^2 flops a product with P instead of 2 c s^2, and the
// same 2 n c s for e^T. One of n >= c is multiplied out first.
#include "ops/rls.h"

#include <cmath>

#include "cpu/cpu_context.h"
#include "cpu/gemm.h"
#include "ops/rls_checks.h"

#ifndef LACUNA_SRC_OPS_RLS_ONCE
#define LACUNA_SRC_OPS_RLS_ONCE
namespace lacuna {

// A step as an op's arguments have it. What they lack is 0: rls_absorb projects no rows, rls_project absorbs none.
template <class Args>
struct RlsPlan {
  RlsPlan(int threads, const Args& args) {
    step.form = args.form;
    step.s = args.s;
    step.rows = args.rows;
    step.factor = args.factor;
    step.ld_factor = args.ld_factor;
    step.state = args.state;
    if constexpr (requires { args.r; }) {
      step.norm = args.norm;
      step.b = args.b;
      step.r = args.r;
      step.ld_r = args.ld_r;
      step.alpha = args.alpha;
    }
    if constexpr (requires { args.order; }) step.order = args.order;
    if constexpr (requires { args.out; }) {
      step.scale = args.scale;
      step.m = args.c;
      step.x = args.g;
      step.ld_x = args.ld_g;
      step.y = args.out;
      step.ld_y = args.ld_out;
      if (args.n > 0) {
        factors_first = args.n >= args.c;
        product_last = !factors_first;
        step.m = std::min(args.n, args.c);
        product = room.template take<float>(Extent{step.m} * Extent{step.s});
        gemm_space = room.template take<char>(Extent{gemm_workspace(args.c, args.s, args.n)});
      }
    }
    rest = room.bytes();
    switch (step.form) {
      case rls::kPotter:
        room.template take<char>(Extent{rls_potter_workspace(threads, step)});
        break;
      case rls::kPlain:
        room.template take<char>(Extent{rls_plain_workspace(threads, step)});
        break;
      default:
        room.template take<char>(Extent{rls_low_rank_workspace(threads, step)});
    }
  }

  RlsStep step{};
  bool factors_first = false;  // x = e^T h
  bool product_last = false;   // x = h, out = e^T y
  int64_t product = 0, gemm_space = 0, rest = 0;
  Room room;
};

}  // namespace lacuna
#endif

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/rls.cpp"
#include "cpu/tiers.h"

#include "ops/rls-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

// The state in range, with room for the rows to absorb, and those finite.
lacuna_status check_numbers(CpuContext& ctx, const RlsStep& step, bool absorbs) {
  const double c = step.state[0];
  const bool one = absorbs && step.norm == rls::kNormNone;
  if (one ? c != 1 : !(c > 0) || std::isinf(c))
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "state[0] is %g, want %s", c, one ? "1, as norm is NONE" : "> 0");
  if (step.form == rls::kLowRank) {
    const double updates = step.state[1];
    const auto room = static_cast<double>(step.rows / 2);
    if (!(updates >= 0 && updates <= room && updates == std::floor(updates))) {
      return ctx.fail(LACUNA_INVALID_ARGUMENT, "state[1] is %g, want a whole number from 0 to rows / 2 = %g", updates,
                      room);
    }
    if (static_cast<double>(step.b) > room - updates) {
      return ctx.fail(LACUNA_INVALID_ARGUMENT, "rows is %" PRId64 ", want >= %g for %g updates and these %" PRId64,
                      step.rows, 2 * (updates + static_cast<double>(step.b)), updates, step.b);
    }
  }
  for (int64_t i = 0; i < step.b; ++i) {
    const float* const r = step.r + i * step.ld_r;
    const float* const bad = std::find_if(r, r + step.s, [](float value) { return !std::isfinite(value); });
    if (bad != r + step.s) return ctx.fail(LACUNA_NON_FINITE, "r[%" PRId64 ", %" PRId64 "] is %g", i, bad - r, *bad);
  }
  return LACUNA_OK;
}

lacuna_status run(CpuContext& ctx, RlsStep step) {
  if (step.s == 0 || (step.m == 0 && step.b == 0)) {
    if (step.b > 0) step.state[1] += static_cast<double>(step.b);
    return LACUNA_OK;
  }
  switch (step.form) {
    case rls::kPotter:
      return rls_potter(ctx, step);
    case rls::kPlain:
      return rls_plain(ctx, step);
    default:
      return rls_low_rank(ctx, step);
  }
}

template <class Args>
lacuna_status run(CpuContext& ctx, const Args& args) {
  if (const lacuna_status status = rls::check(ctx, args)) return status;
  RlsPlan<Args> plan(ctx.threads(), args);
  RlsStep& step = plan.step;
  char* const workspace = static_cast<char*>(args.workspace);
  step.workspace = workspace + plan.rest;
  if (const lacuna_status status = check_numbers(
          ctx, step, requires { args.r; }))
    return status;
  if constexpr (requires { args.out; }) {
    float* const product = reinterpret_cast<float*>(workspace + plan.product);
    float* const gemm_space = reinterpret_cast<float*>(workspace + plan.gemm_space);
    const GemmFactor e{args.e, args.ld_e, true};
    if (plan.factors_first) {
      const lacuna_status status =
          gemm(ctx, args.c, args.s, args.n, e, {args.h, args.ld_h}, false, product, args.s, gemm_space);
      if (status) return status;
      step.x = product;
      step.ld_x = args.s;
    } else if (plan.product_last) {
      step.x = args.h;
      step.ld_x = args.ld_h;
      step.y = product;
      step.ld_y = args.s;
    }
    if (const lacuna_status status = run(ctx, step)) return status;
    if (!plan.product_last) return LACUNA_OK;
    return gemm(ctx, args.c, args.s, args.n, e, {product, args.s}, false, args.out, args.ld_out, gemm_space);
  } else {
    return run(ctx, step);
  }
}

}  // namespace

lacuna_status rls_absorb(CpuContext& ctx, const lacuna_rls_absorb_args& args) { return run(ctx, args); }

lacuna_status rls_project(CpuContext& ctx, const lacuna_rls_project_args& args) { return run(ctx, args); }

lacuna_status rls_step(CpuContext& ctx, const lacuna_rls_step_args& args) { return run(ctx, args); }

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

bool rls_cholesky(int64_t b, double* a) {
  for (int64_t j = 0; j < b; ++j) {
    for (int64_t i = j; i < b; ++i) {
      double sum = a[i * b + j];
      for (int64_t k = 0; k < j; ++k) sum -= a[i * b + k] * a[j * b + k];
      if (i > j) {
        a[i * b + j] = sum / a[j * b + j];
      } else if (sum > 0) {
        a[j * b + j] = std::sqrt(sum);
      } else {
        return false;
      }
    }
  }
  return true;
}

namespace {

// An unknown form needs no workspace: the op is to refuse the form itself.
template <class Args>
int64_t rls_workspace(int threads, const Args& args) {
  return rls::is_form(args.form) ? RlsPlan(threads, args).room.bytes() : 0;
}

}  // namespace

int64_t rls_absorb_workspace(int threads, const lacuna_rls_absorb_args& args) { return rls_workspace(threads, args); }

int64_t rls_project_workspace(int threads, const lacuna_rls_project_args& args) { return rls_workspace(threads, args); }

int64_t rls_step_workspace(int threads, const lacuna_rls_step_args& args) { return rls_workspace(threads, args); }

}  // namespace lacuna
#endif
