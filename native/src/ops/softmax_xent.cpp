// Softmax and cross-entropy in one.
//
//   fwd   m = max z, s = sum exp(z - m), prob = exp(z - m) / s, loss = mean over rows of log s - (z[label] - m)
//   bwd   dlogits = dloss (prob - onehot(label)) / n
//
// A row is walked three times in the first-level cache: maximum, exponentials and their sum, division. Rows are cut by
// sizes only; the losses of a chunk, and then the chunks, are added in order in double. NaN in a row makes its
// probabilities and the loss NaN. One thread, Zen 4: 0.8 ns a logit fwd and 0.1 bwd for 512 classes; 3.2 and 0.4 for
// 10, less than a vector.
#include <cmath>

#include "cpu/cpu_context.h"
#include "ops/checks.h"
#include "ops/partition.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/softmax_xent.cpp"
#include "cpu/tiers.h"

#include "ops/lanes-inl.h"
#include "ops/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

lacuna_status softmax_xent_fwd(CpuContext& ctx, const lacuna_softmax_xent_fwd_args& args) {
  if (args.n == 0) return ctx.fail(LACUNA_INVALID_ARGUMENT, "n is 0, want >= 1: the mean over no rows");
  if (const lacuna_status status = check_indices(ctx, "label", args.label, args.n, args.c)) return status;
  double partial[kMaxChunks] = {};
  const Partition parts = partition(args.n, kSoftmaxCost * args.c);
  ctx.parallel_for(parts.chunks, [&](int64_t chunk, int) {
    double loss = 0;
    for (int64_t i = parts.begin(chunk); i < parts.end(chunk); ++i) {
      const float* const z = args.logits + i * args.ld_logits;
      const auto [m, s] = softmax_row(z, args.c, args.prob + i * args.ld_prob);
      loss += std::log(s) - (static_cast<double>(z[args.label[i]]) - m);
    }
    partial[chunk] = loss;
  });
  double loss = 0;
  for (int64_t chunk = 0; chunk < parts.chunks; ++chunk) loss += partial[chunk];
  *args.loss = static_cast<float>(loss / static_cast<double>(args.n));
  return LACUNA_OK;
}

lacuna_status softmax_xent_bwd(CpuContext& ctx, const lacuna_softmax_xent_bwd_args& args) {
  if (const lacuna_status status = check_flag(ctx, "acc_dlogits", args.acc_dlogits)) return status;
  if (const lacuna_status status = check_indices(ctx, "label", args.label, args.n, args.c)) return status;
  const Floats d;
  const bool accumulate = args.acc_dlogits != 0;
  const float scale = static_cast<float>(static_cast<double>(*args.dloss) / static_cast<double>(args.n));
  parallel_ranges(ctx, args.n, args.c, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* const prob = args.prob + i * args.ld_prob;
      float* const dlogits = args.dlogits + i * args.ld_dlogits;
      float& hit = dlogits[args.label[i]];
      const float hit_value = scale * (prob[args.label[i]] - 1.0f) + (accumulate ? hit : 0.0f);
      for_vectors(d, 0, args.c, [&](int64_t j, auto lanes) {
        write(d, hn::Mul(hn::Set(d, scale), load(d, prob + j, lanes)), dlogits + j, lanes, accumulate);
      });
      hit = hit_value;
    }
  });
  return LACUNA_OK;
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t softmax_xent_fwd_workspace(int, const lacuna_softmax_xent_fwd_args&) { return 0; }

int64_t softmax_xent_bwd_workspace(int, const lacuna_softmax_xent_bwd_args&) { return 0; }

}  // namespace lacuna
#endif
