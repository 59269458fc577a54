// Dead codes replaced by noisy copies of recent ones (lacuna_ops.h), together with their counts and sums. Two passes
// over k ages on the caller; the few codes that are replaced cost 10 multiplications a random number.
#include "cpu/cpu_context.h"
#include "lacuna/philox.h"
#include "ops/vq.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/vq_reset.cpp"
#include "cpu/tiers.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

void grow_older(const lacuna_vq_reset_args& args) {
  for (int64_t j = 0; j < args.k; ++j) {
    bool used = false;
    for (int64_t a = 0; a < args.m; ++a) used |= args.count[a * args.k + j] > 0;
    args.age[j] = used ? 0 : args.age[j] + (args.age[j] < vq::kMaxInt);
  }
}

// Code j becomes a noisy copy of another: w first, and the codebook from it, as every update does.
void replace(const lacuna_vq_reset_args& args, const Philox& random, int64_t j, int64_t source) {
  const float* const from = args.codebook + source * args.ld_codebook;
  float* const to = args.codebook + j * args.ld_codebook;
  float* const w = args.w + j * args.ld_w;
  const float c = static_cast<float>(args.c_reset);
  for (int64_t i = 0; i < args.d; ++i) {
    const double noise = args.noise * (2 * random.uniform(j * (args.d + 1) + 1 + i) - 1);
    w[i] = static_cast<float>((from[i] + noise) * c);
    to[i] = w[i] / c;
  }
  args.c[j] = c;
  args.age[j] = 0;
}

}  // namespace

lacuna_status vq_reset(CpuContext& ctx, const lacuna_vq_reset_args& args) {
  if (const lacuna_status status = vq::check(ctx, args)) return status;
  grow_older(args);
  int32_t* const recent = static_cast<int32_t*>(args.workspace);
  int64_t recent_count = 0;
  for (int64_t j = 0; j < args.k; ++j) {
    if (args.age[j] < args.recent) recent[recent_count++] = static_cast<int32_t>(j);
  }
  const Philox random{args.seed, static_cast<int32_t>(args.stream), static_cast<int32_t>(args.step)};
  int32_t replaced = 0;
  for (int64_t j = 0; j < args.k && recent_count > 0; ++j) {
    if (args.age[j] <= args.after) continue;
    replace(args, random, j, recent[random.below(j * (args.d + 1), recent_count)]);
    ++replaced;
  }
  *args.replaced = replaced;
  return LACUNA_OK;
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t vq_reset_workspace(int, const lacuna_vq_reset_args& args) {
  return args.k * static_cast<int64_t>(sizeof(int32_t));
}

}  // namespace lacuna
#endif
