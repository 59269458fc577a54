// Binary cross-entropy of logits z[n,c] and targets t[n,c], the mean over all of them.
//
//   fwd   loss = mean of max(z, 0) - z t + log(1 + exp(-|z|))
//   bwd   dlogits = dloss (sigmoid(z) - t) / (n c), sigmoid(z) = (z > 0 ? 1 : exp(-|z|)) / (1 + exp(-|z|))
//
// max(z, 0) - z t is taken as |z| (z > 0 ? 1 - t : t), which is no difference of large numbers. Targets are looked at
// first, so that a refused call writes nothing. Losses are added in double and cut by sizes only (sums-inl.h). NaN
// among the logits makes the loss and its own gradient NaN. One thread, Zen 4: 1.7 ns a logit fwd and 0.7 bwd.
#include "ops/bce_logits.h"

#include <atomic>

#include "cpu/cpu_context.h"
#include "ops/partition.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/bce_logits.cpp"
#include "cpu/tiers.h"

#include "ops/lanes-inl.h"
#include "ops/softmax-inl.h"
#include "ops/sums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

// Every target must lie in [0, 1].
template <class Args>
lacuna_status check_targets(CpuContext& ctx, const Args& args) {
  const Floats d;
  std::atomic<bool> wrong{false};
  parallel_rows(ctx, args.n, args.c, args.ld_target == args.c, [&](int64_t row, int64_t begin, int64_t end) {
    const float* const target = args.target + row * args.ld_target;
    auto right = hn::Eq(hn::Zero(d), hn::Zero(d));
    for_vectors(d, begin, end, [&](int64_t j, auto lanes) {
      const auto t = load(d, target + j, lanes);
      right = hn::And(right, hn::And(hn::Ge(t, hn::Zero(d)), hn::Le(t, hn::Set(d, 1.0f))));
    });
    if (!hn::AllTrue(d, right)) wrong.store(true, std::memory_order_relaxed);
  });
  if (!wrong) return LACUNA_OK;
  int64_t first = 0;
  const auto target_at = [&](int64_t i) { return args.target[i / args.c * args.ld_target + i % args.c]; };
  while (target_at(first) >= 0.0f && target_at(first) <= 1.0f) ++first;
  return ctx.fail(LACUNA_INVALID_ARGUMENT, "target[%" PRId64 ", %" PRId64 "] is %g, want 0 to 1", first / args.c,
                  first % args.c, target_at(first));
}

lacuna_status bce_logits_fwd(CpuContext& ctx, const lacuna_bce_logits_fwd_args& args) {
  if (const lacuna_status status = bce_logits::check(ctx, args)) return status;
  if (const lacuna_status status = check_targets(ctx, args)) return status;
  const HalfFloats half;
  const auto loss = [&](int64_t row, int64_t col, auto lanes) {
    // Beyond the row t = 0 and a logit whose exponential is 0: a loss of 0.
    const auto z = load_or(half, args.logits + row * args.ld_logits + col, lanes, -1000.0f);
    const auto t = load(half, args.target + row * args.ld_target + col, lanes);
    const auto size = hn::Abs(z);
    const auto off = hn::IfThenElse(hn::Gt(z, hn::Zero(half)), hn::Sub(hn::Set(half, 1.0f), t), t);
    const auto rest = hn::Log1p(half, exp_nonpositive(half, hn::Neg(size)));
    return hn::PromoteTo(Doubles(), hn::MulAdd(size, off, rest));
  };
  const bool dense = args.n == 1 || (args.ld_logits == args.c && args.ld_target == args.c);
  sum_to(ctx, args.n, args.c, 1, 1, dense, args.workspace, loss, [&](int64_t, int64_t, double sum) {
    *args.loss = static_cast<float>(sum / static_cast<double>(args.n) / static_cast<double>(args.c));
  });
  return LACUNA_OK;
}

lacuna_status bce_logits_bwd(CpuContext& ctx, const lacuna_bce_logits_bwd_args& args) {
  if (const lacuna_status status = bce_logits::check(ctx, args)) return status;
  if (const lacuna_status status = check_targets(ctx, args)) return status;
  const Floats d;
  const bool accumulate = args.acc_dlogits != 0;
  const float scale =
      static_cast<float>(static_cast<double>(*args.dloss) / static_cast<double>(args.n) / static_cast<double>(args.c));
  const bool dense = args.ld_logits == args.c && args.ld_target == args.c && args.ld_dlogits == args.c;
  parallel_rows(ctx, args.n, args.c, dense, [&](int64_t row, int64_t begin, int64_t end) {
    const float* const logits = args.logits + row * args.ld_logits;
    const float* const target = args.target + row * args.ld_target;
    float* const dlogits = args.dlogits + row * args.ld_dlogits;
    for_vectors(d, begin, end, [&](int64_t j, auto lanes) {
      const auto z = load(d, logits + j, lanes), one = hn::Set(d, 1.0f);
      const auto e = exp_nonpositive(d, hn::Neg(hn::Abs(z)));
      const auto p = hn::Div(hn::IfThenElse(hn::Gt(z, hn::Zero(d)), one, e), hn::Add(one, e));
      write(d, hn::Mul(hn::Set(d, scale), hn::Sub(p, load(d, target + j, lanes))), dlogits + j, lanes, accumulate);
    });
  });
  return LACUNA_OK;
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t bce_logits_fwd_workspace(int, const lacuna_bce_logits_fwd_args&) { return 0; }

int64_t bce_logits_bwd_workspace(int, const lacuna_bce_logits_bwd_args&) { return 0; }

}  // namespace lacuna
#endif
