// Masked read-only attention, per head: inputs read inputs, prompts read inputs and, by mode, prompts.
//
//   fwd   x = scale q.k over the keys that a row may read, lse = log sum exp x, out = sum exp(x - lse) v
//   bwd   p = exp(x - lse), s = p (dout.v - dout.out): dv = sum p dout, dk = scale sum s q, dq = scale sum s k
//         (Dao et al. 2022)
//
// Keys that a row may not read are skipped, not multiplied: prompts' keys never meet inputs, and of a block of keys
// with padding in between the others are gathered. A row that may read nothing gets 0, lse -infinity and no gradient.
//
// Mapping. Queries lie in lanes, a strip of two vectors of them at a time, so that maximum, exponential and sum of a
// row need nothing across lanes. All products are one register block, kRows by two vectors (products-inl.h):
//   x^T = k q^T             k as it lies, q transposed          dv += p^T dout, dk += s^T q     from the same tile
//   out += p v, dq = s k    p and s read down their columns     dout.v as x^T is
// so that only q and dout are ever transposed, and keys, values and gradients are used where they lie. x^T of a strip
// and a block of up to 240 keys is the largest thing kept: 30 KiB forward; backward twice 60 KiB for 64 queries, which
// then give to dk and dv together. Forward, the maximum is taken while x is in registers and the sums of earlier blocks
// are scaled down when it grows; backward, exp and s are computed in registers. A prompt is a query like any other.
//
// Partition. Forward: units of up to 8 strips of a head. Backward: heads; with fewer than 16 of them also ranges of
// keys, each with a dq of its own, added up in order in the end, so that dk and dv are each one worker's. A row's
// result depends on it and on the keys alone: inputs are bit-equal with and without prompts.
//
// FAST, where there is AVX512-BF16: forward, q, k, v and p are rounded to bf16 (2^-9 of themselves at most) and
// multiplied with sums in float, and exp errs by 7.5e-5; a logit is off by up to 2^-8 scale sum |q_j k_j|, a result by
// that and 2^-8 of sum p |v|. Backward and elsewhere FAST changes nothing.
//
// Cost: 4 d flops a pair of query and key forward, 10 d backward (6 d for prompts without a gradient for the keys).
// 8 entries, 12 heads, 197 inputs, 16 prompts, width 64, NONE, Zen 4 (one 512-bit FMA a cycle, 233 GFLOP/s on two
// cores), two threads:
// tensors [b, h, n, d] (a head's rows together) and [b, n, h, d] (rows 3 KiB apart):
//   forward    5.4 and 6.1 ms, 81 and 72 % of that peak in all; FAST 3.9 ms apart
//   backward  13.5 and 14.1 ms, 79 and 76 %
//   prompts alone, forward and dq  1.0 ms
// Where the forward pass's 5.4 ms go, by leaving parts out: q k^T 2.4 and p v 2.3 (2.2 each at the peak; 213 queries
// fill 224 lanes), exponentials and the tile's way there and back 0.4, transposing and results 0.2, first touches 0.1.
// Keys in thousands are no cliff: one head of 4,096 costs 1.25 ns a pair forward and 3.6 backward (197: 1.34 and 3.4),
// and two threads are worth 2.0 and 1.8 there. What was tried, forward, one thread:
//   first version: blocks by 12 x 2, transposing by scalar stores      13.8 ms
//   operands held in registers, where GCC loaded or spilled them anew  and
//   transposing by vectors, 4 x 4 within 128 bits                      12.4 ms
//   maximum in registers instead of a pass through memory              within 1 %
//   division by the sum made a product                                 within 1 %
//   rows asked for a strip ahead, 8 strips a unit and 2^n by one instruction, together  3 % of two threads' time
//   the same rows, and the next head's keys and values, asked for between blocks of products, and not at once:
//   7 % of two threads' time forward and backward, 2 to 3 % where rows lie apart; more than 4 rows a block, or rows of
//   results too: no better, and prompts alone 6 to 13 % slower
//   scale times log2 e put on q: within 1 %, and an error beyond the contract's bound at large logits
//   keys and values that lie apart copied together: 4 % slower
//   2^x with vreduceps: slower, it takes the slots of two instructions on Zen 4
#include "ops/attention.h"

#include "cpu/cpu_context.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/attention.cpp"
#include "cpu/tiers.h"
#include "ops/attention_bwd-inl.h"
#include "ops/attention_fwd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

lacuna_status attention_fwd(CpuContext& ctx, const lacuna_attention_fwd_args& args) {
  if (const lacuna_status status = check_arguments(ctx, args)) return status;
  if (const lacuna_status status = check_key_mask(ctx, args)) return status;
#if HWY_TARGET == HWY_AVX3
  if ((args.flags & LACUNA_FLAG_FAST) && ctx.bf16()) {
    Forward<Bf16Operands>(ctx, args).run();
    return LACUNA_OK;
  }
#endif
  Forward<ExactOperands>(ctx, args).run();
  return LACUNA_OK;
}

lacuna_status attention_bwd(CpuContext& ctx, const lacuna_attention_bwd_args& args) {
  if (const lacuna_status status = check_arguments(ctx, args)) return status;
  if (const lacuna_status status = check_key_mask(ctx, args)) return status;
  Backward(ctx, args).run();
  return LACUNA_OK;
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t attention_fwd_workspace(int threads, const lacuna_attention_fwd_args& args) {
  return threads * space_of<ForwardSpace>(args.d) * static_cast<int64_t>(sizeof(float));
}

int64_t attention_bwd_workspace(int threads, const lacuna_attention_bwd_args& args) {
  const KeyRanges ranges(args.b * args.h, args.n);
  const int64_t partial = ranges.parted() ? args.b * args.h * ranges.count * (args.n + args.p) * args.d : 0;
  return (threads * space_of<BackwardSpace>(args.d) + partial) * static_cast<int64_t>(sizeof(float));
}

}  // namespace lacuna
#endif
