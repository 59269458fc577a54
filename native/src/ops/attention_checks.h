// The checks of attention's arguments that every back end makes before it starts.
#ifndef LACUNA_SRC_OPS_ATTENTION_CHECKS_H
#define LACUNA_SRC_OPS_ATTENTION_CHECKS_H

#include <initializer_list>
#include <utility>

#include "lacuna/lacuna_ops.h"
#include "ops/checks.h"

namespace lacuna {

constexpr int64_t kPromptsNone = 0, kPromptsSelf = 1, kPromptsFull = 2;
constexpr int64_t kEncoderStop = 0, kEncoderFlow = 1;

struct Named {
  const char* name;
  const void* address;
};

// What comes with a tensor, if that is given.
inline lacuna_status check_needs(lacuna_context& ctx, const char* name, const void* given,
                                 std::initializer_list<Named> needed) {
  for (const Named& other : needed) {
    if (given && !other.address)
      return ctx.fail(LACUNA_INVALID_ARGUMENT, "%s is NULL, want it with %s", other.name, name);
  }
  return LACUNA_OK;
}

template <class Args>
lacuna_status check_attention(lacuna_context& ctx, const Args& args) {
  const auto refuse = [&ctx](const char* text) { return ctx.fail(LACUNA_INVALID_ARGUMENT, "%s", text); };
  if (args.prompts < kPromptsNone || args.prompts > kPromptsFull) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "prompts is %" PRId64 ", want 0 NONE, 1 SELF or 2 FULL", args.prompts);
  }
  if (!(args.scale > 0) || !std::isfinite(args.scale)) {
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "scale is %g, want a number > 0", args.scale);
  }
  if (args.prompt_q && args.prompts != kPromptsNone && args.b * args.h * args.p > 0) {
    if (!args.prompt_k) return refuse("prompt_k is NULL, want it for prompts SELF and FULL");
    if (!args.prompt_v) return refuse("prompt_v is NULL, want it for prompts SELF and FULL");
  }
  return LACUNA_OK;
}

inline lacuna_status check_arguments(lacuna_context& ctx, const lacuna_attention_fwd_args& args) {
  if (const lacuna_status status = check_attention(ctx, args)) return status;
  const int64_t heads = args.b * args.h;
  if (args.n * heads > 0) {
    if (const lacuna_status status = check_needs(ctx, "q", args.q, {{"out", args.out}})) return status;
    if (const lacuna_status status = check_needs(ctx, "out", args.out, {{"q", args.q}})) return status;
    if (const lacuna_status status = check_needs(ctx, "lse", args.lse, {{"q", args.q}})) return status;
  }
  if (args.p * heads > 0) {
    if (const lacuna_status status = check_needs(ctx, "prompt_q", args.prompt_q, {{"prompt_out", args.prompt_out}}))
      return status;
    if (const lacuna_status status = check_needs(ctx, "prompt_out", args.prompt_out, {{"prompt_q", args.prompt_q}}))
      return status;
    if (const lacuna_status status = check_needs(ctx, "prompt_lse", args.prompt_lse, {{"prompt_q", args.prompt_q}}))
      return status;
  }
  return LACUNA_OK;
}

inline lacuna_status check_arguments(lacuna_context& ctx, const lacuna_attention_bwd_args& args) {
  if (const lacuna_status status = check_attention(ctx, args)) return status;
  if (args.encoder_grad != kEncoderStop && args.encoder_grad != kEncoderFlow)
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "encoder_grad is %" PRId64 ", want 0 STOP or 1 FLOW", args.encoder_grad);
  const std::pair<const char*, int64_t> flags[] = {
      {"acc_dq", args.acc_dq},
      {"acc_dk", args.acc_dk},
      {"acc_dv", args.acc_dv},
      {"acc_dprompt_q", args.acc_dprompt_q},
      {"acc_dprompt_k", args.acc_dprompt_k},
      {"acc_dprompt_v", args.acc_dprompt_v},
  };
  for (const auto& [name, value] : flags) {
    if (const lacuna_status status = check_flag(ctx, name, value)) return status;
  }
  const int64_t heads = args.b * args.h;
  if (args.n * heads > 0) {
    if (const lacuna_status status =
            check_needs(ctx, "dout", args.dout, {{"q", args.q}, {"out", args.out}, {"lse", args.lse}}))
      return status;
  }
  if (args.p * heads > 0) {
    if (const lacuna_status status = check_needs(
            ctx, "prompt_dout", args.prompt_dout,
            {{"prompt_q", args.prompt_q}, {"prompt_out", args.prompt_out}, {"prompt_lse", args.prompt_lse}}))
      return status;
  }
  return LACUNA_OK;
}

}  // namespace lacuna
#endif
