// The codebook's update by exponential moving averages (lacuna_ops.h), for one modality or several in turn.
//
// The chain of counts runs over k numbers and all modalities, in double, on the caller; then every code updates its own
// row of w and of the codebook in one pass. Cost: 4 k d (groups + 3) bytes.
#include <algorithm>
#include <cmath>

#include "cpu/cpu_context.h"
#include "ops/checks.h"
#include "ops/partition.h"
#include "ops/vq.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/vq_ema.cpp"
#include "cpu/tiers.h"

#include "ops/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

// What the sums are divided by, [k]; c is updated.
void update_counts(const lacuna_vq_ema_args& args, double* divisor) {
  const double a = args.decay, codes = static_cast<double>(args.k);
  for (int64_t j = 0; j < args.k; ++j) divisor[j] = args.c[j];
  double sum = 0;
  for (int64_t modality = 0; modality < args.m; ++modality) {
    sum = 0;
    for (int64_t j = 0; j < args.k; ++j) {
      divisor[j] = a * divisor[j] + (1 - a) * args.count[modality * args.k + j];
      sum += divisor[j];
    }
    for (int64_t j = 0; j < args.k && args.smoothing == vq::kStored; ++j)
      divisor[j] = (divisor[j] + args.epsilon) / (sum + codes * args.epsilon) * sum;
  }
  for (int64_t j = 0; j < args.k; ++j) args.c[j] = static_cast<float>(divisor[j]);
  for (int64_t j = 0; j < args.k && args.smoothing == vq::kApplied && args.m > 0; ++j)
    divisor[j] = (divisor[j] + args.epsilon) / (sum + codes * args.epsilon) * sum;
}

}  // namespace

lacuna_status vq_ema(CpuContext& ctx, const lacuna_vq_ema_args& args) {
  if (const lacuna_status status = vq::check(ctx, args)) return status;
  double* const divisor = static_cast<double*>(args.workspace);
  update_counts(args, divisor);
  const double a = args.decay, a_all = std::pow(a, static_cast<double>(args.m));
  parallel_ranges(ctx, args.k, args.d * (args.groups + 3), [&](int64_t begin, int64_t end) {
    const Doubles wide;
    const HalfFloats half;
    const auto take = hn::Set(wide, 1 - a), keep = hn::Set(wide, args.groups == args.m ? a : a_all);
    for (int64_t j = begin; j < end; ++j) {
      const auto inverse = hn::Set(wide, 1 / divisor[j]);
      for_vectors(wide, 0, args.d, [&](int64_t i, auto lanes) {
        auto w = load(wide, args.w + j * args.ld_w + i, lanes);
        for (int64_t group = 0; group < args.groups; ++group) {
          const auto sum = load(wide, args.sum + (group * args.k + j) * args.ld_sum + i, lanes);
          w = hn::MulAdd(keep, w, hn::Mul(take, sum));
        }
        store(half, hn::DemoteTo(half, w), args.w + j * args.ld_w + i, lanes);
        if (divisor[j] > 0)
          store(half, hn::DemoteTo(half, hn::Mul(w, inverse)), args.codebook + j * args.ld_codebook + i, lanes);
      });
    }
  });
  return LACUNA_OK;
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t vq_ema_workspace(int, const lacuna_vq_ema_args& args) { return args.k * static_cast<int64_t>(sizeof(double)); }

}  // namespace lacuna
#endif
