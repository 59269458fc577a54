// Launchers of kernels/attention_*.cu.
#include <algorithm>
#include <array>

#include "cuda/kernel.h"
#include "cuda/sizes.h"
#include "lacuna/attention_shape.h"
#include "ops/attention_checks.h"
#include "room.h"

namespace lacuna::cuda {
namespace {

using namespace attention;

constexpr double kLog2e = 1.4426950408889634;

constexpr Kernel<int64_t, const uint8_t*, int64_t*, int64_t*> kMask{"attention_mask", "attention_mask", kMaskThreads};
constexpr Kernel<int64_t, const int64_t*, int32_t*, int32_t, int32_t*> kVerdict{"attention_mask", "attention_verdict",
                                                                                kMaskThreads};
constexpr Kernel<DeltaArgs> kDelta{"attention_bwd", "attention_bwd_delta", kDeltaThreads};
constexpr Kernel<OwnGradientArgs> kOwn{"attention_bwd", "attention_bwd_own", kThreads};

// By width: 32, 64, 96, 128 columns.
template <class Args>
using ByWidth = std::array<Kernel<Args>, kWidest / kWidthStep>;
constexpr ByWidth<ForwardArgs> kForward{{{"attention_fwd", "attention_fwd_32", kThreads},
                                         {"attention_fwd", "attention_fwd_64", kThreads},
                                         {"attention_fwd", "attention_fwd_96", kThreads},
                                         {"attention_fwd", "attention_fwd_128", kThreads}}};
constexpr ByWidth<ForwardArgs> kForwardFew{{{"attention_fwd", "attention_fwd_few_32", kThreads},
                                            {"attention_fwd", "attention_fwd_few_64", kThreads},
                                            {"attention_fwd", "attention_fwd_few_96", kThreads},
                                            {"attention_fwd", "attention_fwd_few_128", kThreads}}};
constexpr ByWidth<ForwardArgs> kForwardFast{{{"attention_fast", "attention_fast_32", kThreads},
                                             {"attention_fast", "attention_fast_64", kThreads},
                                             {"attention_fast", "attention_fast_96", kThreads},
                                             {"attention_fast", "attention_fast_128", kThreads}}};
constexpr ByWidth<QueryGradientArgs> kQueries{{{"attention_bwd", "attention_bwd_queries_32", kThreads},
                                               {"attention_bwd", "attention_bwd_queries_64", kThreads},
                                               {"attention_bwd", "attention_bwd_queries_96", kThreads},
                                               {"attention_bwd", "attention_bwd_queries_128", kThreads}}};
constexpr ByWidth<QueryGradientArgs> kFewQueries{{{"attention_bwd", "attention_bwd_few_queries_32", kThreads},
                                                  {"attention_bwd", "attention_bwd_few_queries_64", kThreads},
                                                  {"attention_bwd", "attention_bwd_few_queries_96", kThreads},
                                                  {"attention_bwd", "attention_bwd_few_queries_128", kThreads}}};
constexpr ByWidth<KeyGradientArgs> kKeys{{{"attention_bwd", "attention_bwd_keys_32", kThreads},
                                          {"attention_bwd", "attention_bwd_keys_64", kThreads},
                                          {"attention_bwd", "attention_bwd_keys_96", kThreads},
                                          {"attention_bwd", "attention_bwd_keys_128", kThreads}}};

// A head's columns in equal chunks of the narrowest kernel that does. No columns are one chunk: the log-sum-exp is
// still due.
struct Chunks {
  int64_t count;
  size_t kernel;

  explicit Chunks(int64_t d) : count(std::max<int64_t>(1, ceil_div(d, kWidest))) {
    kernel = static_cast<size_t>(std::max<int64_t>(1, ceil_div(ceil_div(d, count), kWidthStep)) - 1);
  }
};

// A launch on the rows of every head, `tile` of them a block.
template <class Args>
lacuna_status launch_rows(CudaContext& ctx, int64_t heads, int64_t tile, const ByWidth<Args>& kernels,
                          const Args& args) {
  const int64_t tiles = ceil_div(args.rows.last - args.rows.first, tile);
  return kernels[Chunks(args.sizes.d).kernel](ctx, heads * tiles * args.chunks, args);
}
// With few rows a block owns fewer.
template <class Args>
lacuna_status launch_rows(CudaContext& ctx, int64_t heads, const ByWidth<Args>& kernels, const ByWidth<Args>& few,
                          const Args& args) {
  if (args.rows.last - args.rows.first <= kFew) return launch_rows(ctx, heads, kFewRows, few, args);
  return launch_rows(ctx, heads, kTileRows, kernels, args);
}

// The rows of the streams that are there.
RowRange rows_of(bool inputs, bool prompts, int64_t n, int64_t p) { return {inputs ? 0 : n, prompts ? n + p : n}; }

// The parts of the workspace: the key mask's list, and dout . out of every row for the backward pass.
struct Layout {
  Room room;
  int64_t refused, count, index, delta;

  template <class Args>
  Layout(const Args& args, Extent rows)
      : refused(room.take<int32_t>({1})),
        count(room.take<int64_t>({args.b})),
        index(room.take<int64_t>(Extent{args.b} * Extent{args.n})),
        delta(room.take<float>(Extent{args.b} * Extent{args.h} * rows)) {}

  explicit Layout(const lacuna_attention_fwd_args& args) : Layout(args, {0}) {}
  explicit Layout(const lacuna_attention_bwd_args& args) : Layout(args, Extent{args.n} + Extent{args.p}) {}
};

// Makes the key mask a list.
template <class Args>
lacuna_status list_keys(CudaContext& ctx, int32_t op, const Args& args, const Layout& layout, Visible& visible) {
  visible = {};
  if (!args.key_mask || args.b * args.n == 0) return LACUNA_OK;
  int32_t* const refused = part<int32_t>(args.workspace, layout.refused);
  int64_t* const count = part<int64_t>(args.workspace, layout.count);
  int64_t* const index = part<int64_t>(args.workspace, layout.index);
  visible = {index, count, refused};
  if (const lacuna_status status = kMask(ctx, args.b, args.n, args.key_mask, index, count)) return status;
  return kVerdict(ctx, 1, args.b, count, refused, op, ctx.fault_word());
}

// The backward pass, step by step.
class Backward {
 public:
  Backward(CudaContext& ctx, const lacuna_attention_bwd_args& args, const Visible& visible, float* delta)
      : ctx_(ctx),
        args_(args),
        visible_(visible),
        sizes_{args.h, args.n, args.p, args.d},
        heads_(args.b * args.h),
        chunks_(args.d),
        scale_(static_cast<float>(args.scale)),
        delta_(delta),
        readers_{{args.q, args.ld_q},
                 {args.dout, args.ld_dout},
                 {args.prompt_q, args.ld_prompt_q},
                 {args.prompt_dout, args.ld_prompt_dout},
                 args.lse,
                 args.prompt_lse,
                 delta} {}

  lacuna_status run() const {
    lacuna_status status = delta();
    if (!status) status = query_gradients();
    if (!status) status = key_gradients();
    if (!status) status = prompt_key_gradients();
    return status;
  }

 private:
  bool inputs() const { return args_.dout; }
  bool prompts() const { return args_.prompt_dout; }

  lacuna_status delta() const {
    const RowRange rows = rows_of(inputs(), prompts(), args_.n, args_.p);
    return kDelta(ctx_, heads_ * ceil_div(rows.last - rows.first, kDeltaThreads),
                  {sizes_,
                   rows,
                   readers_.dout,
                   {args_.out, args_.ld_out},
                   readers_.prompt_dout,
                   {args_.prompt_out, args_.ld_prompt_out},
                   delta_,
                   visible_.refused});
  }

  // Streams with a gradient to pass back share the walk over the keys; where there is none the result is 0.
  lacuna_status query_gradients() const {
    const bool to_inputs = args_.dq && inputs(), to_prompts = args_.dprompt_q && prompts();
    lacuna_status status =
        query_gradients(rows_of(to_inputs, to_prompts, args_.n, args_.p), args_.n, static_cast<int32_t>(args_.prompts));
    if (!status && args_.dq && !inputs() && !args_.acc_dq)
      status = query_gradients(rows_of(true, false, args_.n, args_.p), 0, kNone);
    if (!status && args_.dprompt_q && !prompts() && !args_.acc_dprompt_q)
      status = query_gradients(rows_of(false, true, args_.n, args_.p), 0, kNone);
    return status;
  }

  lacuna_status query_gradients(RowRange rows, int64_t keys, int32_t prompt_keys) const {
    const QueryGradientArgs arguments{sizes_,
                                      rows,
                                      chunks_.count,
                                      keys,
                                      visible_,
                                      prompt_keys,
                                      scale_,
                                      readers_,
                                      {args_.k, args_.ld_k},
                                      {args_.v, args_.ld_v},
                                      {args_.prompt_k, args_.ld_prompt_k},
                                      {args_.prompt_v, args_.ld_prompt_v},
                                      {args_.dq, args_.ld_dq, args_.acc_dq != 0},
                                      {args_.dprompt_q, args_.ld_dprompt_q, args_.acc_dprompt_q != 0}};
    return launch_rows(ctx_, heads_, kQueries, kFewQueries, arguments);
  }

  lacuna_status key_gradients() const {
    const RowRange readers = rows_of(inputs(), prompts() && args_.encoder_grad == kEncoderFlow, args_.n, args_.p);
    return key_gradients(readers, args_.n, visible_, {args_.k, args_.ld_k}, {args_.v, args_.ld_v},
                         {args_.dk, args_.ld_dk, args_.acc_dk != 0}, {args_.dv, args_.ld_dv, args_.acc_dv != 0});
  }

  lacuna_status key_gradients(RowRange readers, int64_t keys, const Visible& visible, const Tokens& k, const Tokens& v,
                              Results dk, Results dv) const {
    // Nothing is added to what nobody reads.
    if (readers.first == readers.last && dk.add) dk.data = nullptr;
    if (readers.first == readers.last && dv.add) dv.data = nullptr;
    if (!dk.data && !dv.data) return LACUNA_OK;
    return kKeys[chunks_.kernel](ctx_, heads_ * ceil_div(keys, kTileRows) * chunks_.count,
                                 {sizes_, readers, chunks_.count, keys, visible, scale_, readers_, k, v, dk, dv});
  }

  lacuna_status prompt_key_gradients() const {
    const Tokens k{args_.prompt_k, args_.ld_prompt_k}, v{args_.prompt_v, args_.ld_prompt_v};
    const Results dk{args_.dprompt_k, args_.ld_dprompt_k, args_.acc_dprompt_k != 0};
    const Results dv{args_.dprompt_v, args_.ld_dprompt_v, args_.acc_dprompt_v != 0};
    if (prompts() && args_.prompts == kPromptsSelf) {
      if (!args_.dprompt_q && !dk.data && !dv.data) return LACUNA_OK;
      // dprompt_q already holds what came from the inputs.
      return kOwn(ctx_, heads_ * ceil_div(args_.p, kThreads),
                  {sizes_, visible_.refused, scale_, readers_, k, v, {args_.dprompt_q, args_.ld_dprompt_q, 1}, dk, dv});
    }
    const RowRange readers = rows_of(false, prompts() && args_.prompts == kPromptsFull, args_.n, args_.p);
    return key_gradients(readers, args_.p, {nullptr, nullptr, visible_.refused}, k, v, dk, dv);
  }

  CudaContext& ctx_;
  const lacuna_attention_bwd_args& args_;
  const Visible& visible_;
  const Sizes sizes_;
  const int64_t heads_;
  const Chunks chunks_;
  const float scale_;
  float* const delta_;
  const Readers readers_;
};

}  // namespace

int64_t attention_fwd_workspace(int, const lacuna_attention_fwd_args& args) { return Layout(args).room.bytes(); }

int64_t attention_bwd_workspace(int, const lacuna_attention_bwd_args& args) { return Layout(args).room.bytes(); }

lacuna_status attention_fwd(CudaContext& ctx, const lacuna_attention_fwd_args& args) {
  if (const lacuna_status status = check_arguments(ctx, args)) return status;
  Visible visible;
  if (const lacuna_status status = list_keys(ctx, LACUNA_OP_attention_fwd, args, Layout(args), visible)) return status;
  const ForwardArgs arguments{{args.h, args.n, args.p, args.d},
                              rows_of(args.q, args.prompt_q, args.n, args.p),
                              Chunks(args.d).count,
                              visible,
                              static_cast<int32_t>(args.prompts),
                              static_cast<float>(args.scale),
                              static_cast<float>(args.scale * kLog2e),
                              {args.q, args.ld_q},
                              {args.k, args.ld_k},
                              {args.v, args.ld_v},
                              {args.prompt_q, args.ld_prompt_q},
                              {args.prompt_k, args.ld_prompt_k},
                              {args.prompt_v, args.ld_prompt_v},
                              {args.out, args.ld_out, 0},
                              {args.prompt_out, args.ld_prompt_out, 0},
                              args.lse,
                              args.prompt_lse};
  const int64_t heads = args.b * args.h;
  if ((args.flags & LACUNA_FLAG_FAST) && args.d > 0 && args.d <= kWidest) {
    return launch_rows(ctx, heads, kTileRows, kForwardFast, arguments);
  }
  return launch_rows(ctx, heads, kForward, kForwardFew, arguments);
}

lacuna_status attention_bwd(CudaContext& ctx, const lacuna_attention_bwd_args& args) {
  if (const lacuna_status status = check_arguments(ctx, args)) return status;
  const Layout layout(args);
  Visible visible;
  if (const lacuna_status status = list_keys(ctx, LACUNA_OP_attention_bwd, args, layout, visible)) return status;
  if (args.b * args.h * args.d == 0) return LACUNA_OK;
  return Backward(ctx, args, visible, part<float>(args.workspace, layout.delta)).run();
}

}  // namespace lacuna::cuda
