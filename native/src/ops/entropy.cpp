// Entropy in nats of softmax(z), row by row.
//
//   fwd   m = max z, s = sum exp(z - m), e = log s - sum exp(z - m) (z - m) / s
//   bwd   p = exp(z - m) / s, dz = -p (log p + e) de with log p = z - m - log s
//
// This is logsumexp(z) - sum p z with m taken out of both terms, which are >= 0 then.
// Where p = 0 the summand and the gradient are 0, so a logit may be -infinity. Rows are cut by sizes only and stay in
// the first-level cache over the walks: maximum, sums and, backward, the exponentials once more instead of a buffer for
// them. One thread, Zen 4: 0.9 ns a logit fwd and 1.5 bwd for 512 classes, 3.6 and 4.8 for 10.
#include <cmath>

#include "cpu/cpu_context.h"
#include "ops/entropy.h"
#include "ops/partition.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/entropy.cpp"
#include "cpu/tiers.h"

#include "ops/lanes-inl.h"
#include "ops/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

// x y, and 0 where x is 0 even if y is infinite
template <class D>
HWY_INLINE hn::Vec<D> product_or_zero(D d, hn::Vec<D> x, hn::Vec<D> y) {
  return hn::IfThenZeroElse(hn::Eq(x, hn::Zero(d)), hn::Mul(x, y));
}

struct Sums {
  double exp;       // of exp(z - m)
  double weighted;  // of exp(z - m) (z - m)
};

Sums sums_of(const float* z, int64_t c, float m) {
  const HalfFloats d;
  const Doubles wide;
  auto sum = hn::Zero(wide), weighted = sum;
  for_vectors(d, 0, c, [&](int64_t j, auto lanes) {
    const auto x = shift(d, z + j, m, lanes);
    const auto p = hn::PromoteTo(wide, exp_nonpositive(d, x));
    sum = hn::Add(sum, p);
    weighted = hn::Add(weighted, product_or_zero(wide, p, hn::PromoteTo(wide, x)));
  });
  return {sum_of_lanes(wide, sum), sum_of_lanes(wide, weighted)};
}

}  // namespace

lacuna_status entropy_fwd(CpuContext& ctx, const lacuna_entropy_fwd_args& args) {
  if (const lacuna_status status = entropy::check(ctx, args)) return status;
  parallel_ranges(ctx, args.n, kSoftmaxCost * args.c, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* const z = args.logits + i * args.ld_logits;
      const Sums sums = sums_of(z, args.c, max_of(z, args.c));
      args.e[i] = static_cast<float>(std::log(sums.exp) - sums.weighted / sums.exp);
    }
  });
  return LACUNA_OK;
}

lacuna_status entropy_bwd(CpuContext& ctx, const lacuna_entropy_bwd_args& args) {
  if (const lacuna_status status = entropy::check(ctx, args)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_dlogits", args.acc_dlogits)) return status;
  const Floats d;
  const bool accumulate = args.acc_dlogits != 0;
  parallel_ranges(ctx, args.n, 2 * kSoftmaxCost * args.c, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* const z = args.logits + i * args.ld_logits;
      float* const dlogits = args.dlogits + i * args.ld_dlogits;
      const float m = max_of(z, args.c);
      const double s = sums_of(z, args.c, m).exp;
      // log p + e = (z - m) + (e - log s)
      const auto rest = hn::Set(d, static_cast<float>(args.e[i] - std::log(s)));
      const auto factor = hn::Set(d, static_cast<float>(-args.de[i] / s));
      for_vectors(d, 0, args.c, [&](int64_t j, auto lanes) {
        const auto x = shift(d, z + j, m, lanes);
        const auto gradient = product_or_zero(d, exp_nonpositive(d, x), hn::Add(x, rest));
        write(d, hn::Mul(factor, gradient), dlogits + j, lanes, accumulate);
      });
    }
  });
  return LACUNA_OK;
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t entropy_fwd_workspace(int, const lacuna_entropy_fwd_args&) { return 0; }

int64_t entropy_bwd_workspace(int, const lacuna_entropy_bwd_args&) { return 0; }

}  // namespace lacuna
#endif
