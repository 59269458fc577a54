// Launchers of kernels/lstm.cu: the cells of a step, and between the steps the products of kernels/linear.cu.
#include "ops/lstm.h"

#include <algorithm>

#include "cuda/kernel.h"
#include "cuda/linear.h"
#include "cuda/sizes.h"
#include "extent.h"
#include "lacuna/lstm_shape.h"

namespace lacuna::cuda {
namespace {

using namespace lstm;

constexpr Kernel<int64_t, int64_t, const float*, int64_t, const float*, const float*, float*, int64_t, float*, float*>
    kForward{"lstm", "lstm_fwd", kThreads};
constexpr Kernel<int64_t, int64_t, const float*, int64_t, const float*, const float*, const float*, const float*,
                 const float*, const float*, float*, int64_t, float*, int64_t, float*, int32_t>
    kBackward{"lstm", "lstm_bwd", kThreads};

int64_t blocks(int64_t b, int64_t d) { return ceil_div((Extent{b} * Extent{quads(d)}).saturated(), kThreads); }

// Numbers of a tensor in the workspace; the next one starts on 64 bytes.
Extent room(int64_t rows, int64_t cols) { return Extent{padded((Extent{rows} * Extent{cols}).saturated())}; }

int64_t bytes(Extent numbers, int64_t product) {
  return (numbers * Extent{sizeof(float)} + Extent{product}).saturated();
}

// h_before w_hh^T
lacuna_linear_fwd_args recurrent_product(const lacuna_lstm_fwd_args& args) {
  lacuna_linear_fwd_args product{};
  product.n = args.b, product.d = args.d, product.o = kGates * args.d;
  product.w = args.w_hh, product.ld_w = args.ld_w_hh, product.ld_y = kGates * args.d;
  return product;
}

// dgates w_hh, to what a step is told by the one after it
lacuna_linear_bwd_args state_product(const lacuna_lstm_bwd_args& args) {
  lacuna_linear_bwd_args product{};
  product.n = args.b, product.d = args.d, product.o = kGates * args.d;
  product.w = args.w_hh, product.ld_w = args.ld_w_hh, product.ld_dx = args.d;
  return product;
}

// dgates^T h over so many rows
lacuna_linear_bwd_args weight_product(const lacuna_lstm_bwd_args& args, int64_t rows) {
  lacuna_linear_bwd_args product{};
  product.n = rows, product.d = args.d, product.o = kGates * args.d;
  product.dw = args.dw_hh, product.ld_dw = args.ld_dw_hh, product.acc_dw = args.acc_dw_hh;
  return product;
}

int64_t pairs(const lacuna_lstm_bwd_args& args) { return std::max<int64_t>(args.t - 1, 0) * args.b; }

// to [b, d] = 0, or as it was where it is added to: a product over no gates.
lacuna_status clear(CudaContext& ctx, const lacuna_lstm_bwd_args& args, float* to, int64_t accumulate) {
  if (!to) return LACUNA_OK;
  lacuna_linear_bwd_args nothing = state_product(args);
  nothing.o = 0, nothing.dx = to, nothing.acc_dx = accumulate;
  return linear_bwd(ctx, nothing);
}

}  // namespace

int64_t lstm_fwd_workspace(int threads, const lacuna_lstm_fwd_args& args) {
  return bytes(room(args.b, kGates * args.d), linear_fwd_workspace(threads, recurrent_product(args)));
}

int64_t lstm_bwd_workspace(int threads, const lacuna_lstm_bwd_args& args) {
  const Extent states = room(args.b, args.d), dgates = room(keeps_dgates(args) ? 0 : args.t * args.b, kGates * args.d);
  const int64_t product = std::max({linear_bwd_workspace(threads, state_product(args)),
                                    linear_bwd_workspace(threads, weight_product(args, pairs(args))),
                                    linear_bwd_workspace(threads, weight_product(args, args.b))});
  return bytes(states + states + dgates, product);
}

lacuna_status lstm_fwd(CudaContext& ctx, const lacuna_lstm_fwd_args& args) {
  if (const lacuna_status status = check(ctx, args)) return status;
  const int64_t d = args.d;
  float* const recurrent = static_cast<float*>(args.workspace);
  lacuna_linear_fwd_args product = recurrent_product(args);
  product.y = recurrent;
  product.workspace = recurrent + room(args.b, kGates * d).value;
  for (int64_t k = 0; k < args.t; ++k) {
    const int64_t row = first_row(args, k), before = k > 0 ? first_row(args, k - 1) : 0;
    product.x = k > 0 ? args.h + before * args.ld_h : args.h0;
    product.ld_x = k > 0 ? args.ld_h : d;
    lacuna_status status = product.x ? linear_fwd(ctx, product) : LACUNA_OK;
    if (!status) {
      status = kForward(ctx, blocks(args.b, d), args.b, d, args.gates_x + row * args.ld_gates_x, args.ld_gates_x,
                        product.x ? recurrent : nullptr, k > 0 ? args.c + before * d : args.c0,
                        args.h + row * args.ld_h, args.ld_h, args.c + row * d, args.gates + row * kGates * d);
    }
    if (status) return status;
  }
  return LACUNA_OK;
}

lacuna_status lstm_bwd(CudaContext& ctx, const lacuna_lstm_bwd_args& args) {
  if (const lacuna_status status = check(ctx, args)) return status;
  const int64_t d = args.d, width = kGates * d, states = room(args.b, d).value;
  const bool kept = keeps_dgates(args);
  float* const dh_after = static_cast<float*>(args.workspace);
  float* const dc_after = dh_after + states;
  float* const rest = dc_after + states;
  float* const dgates = kept ? args.dgates_x : rest;
  const int64_t ld = kept ? args.ld_dgates_x : width;
  float* const workspace = rest + room(kept ? 0 : args.t * args.b, width).value;
  lacuna_linear_bwd_args state = state_product(args);
  state.ld_dy = ld, state.workspace = workspace;
  for (int64_t k = args.t - 1; k >= 0; --k) {
    const bool first = k == 0, last = k == args.t - 1;
    const int64_t row = first_row(args, k), before = first ? 0 : first_row(args, k - 1);
    float* const sum = args.dgates_x && !kept ? args.dgates_x + row * args.ld_dgates_x : nullptr;
    float* const to_dc = first && args.dc0 ? args.dc0 : dc_after;
    lacuna_status status =
        kBackward(ctx, blocks(args.b, d), args.b, d, args.dh ? args.dh + row * args.ld_dh : nullptr, args.ld_dh,
                  args.dc ? args.dc + row * d : nullptr, last ? nullptr : dh_after, last ? nullptr : dc_after,
                  args.gates + row * width, args.c + row * d, first ? args.c0 : args.c + before * d, dgates + row * ld,
                  ld, sum, args.ld_dgates_x, to_dc, static_cast<int32_t>(to_dc == args.dc0 ? args.acc_dc0 : 0));
    state.dy = dgates + row * ld;
    state.dx = first ? args.dh0 : dh_after, state.acc_dx = first ? args.acc_dh0 : 0;
    if (!status && state.dx) status = linear_bwd(ctx, state);
    if (status) return status;
  }
  if (args.t == 0) {
    lacuna_status status = clear(ctx, args, args.dh0, args.acc_dh0);
    if (!status) status = clear(ctx, args, args.dc0, args.acc_dc0);
    if (status) return status;
  }
  if (!args.dw_hh) return LACUNA_OK;

  // Rows of dgates and of h one step before them lie side by side, whichever way the steps ran.
  lacuna_linear_bwd_args weight = weight_product(args, pairs(args));
  const int64_t next = weight.n > 0 ? args.b : 0;
  weight.dy = dgates + (args.reverse ? 0 : next * ld), weight.ld_dy = ld;
  weight.x = args.h + (args.reverse ? next * args.ld_h : 0), weight.ld_x = args.ld_h;
  weight.workspace = workspace;
  if (const lacuna_status status = linear_bwd(ctx, weight)) return status;
  if (!args.h0 || args.t == 0) return LACUNA_OK;
  weight.n = args.b, weight.acc_dw = 1;
  weight.dy = dgates + first_row(args, 0) * ld, weight.x = args.h0, weight.ld_x = d;
  return linear_bwd(ctx, weight);
}

}  // namespace lacuna::cuda
