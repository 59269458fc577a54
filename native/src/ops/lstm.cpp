// One layer and direction of an LSTM over a whole sequence, and its gradients.
//
//   fwd   (i, f, g, o) = gates_x + h_before w_hh^T, then sigmoid, tanh of g; c = f c_before + i g; h = o tanh(c)
//   bwd   from the last step run to the first, with dh and dc what later steps and the caller ask for:
//         do = dh tanh(c), dc += dh o (1 - tanh(c)^2), di = dc g, df = dc c_before, dg = dc i, each times its
//         function's slope; dh_before = dgates w_hh, dc_before = dc f
//         dw_hh = dgates^T h_before, one product of oneDNN over all steps
//
// Sequences do not meet, so a chunk takes some of them through all steps, and no step waits for another chunk. w_hh is
// copied once a call into panels of one vector of units, the four gates side by side, so that all gates of a unit are
// there when its cell is due. Backward, w_hh is read where it lies.
//
// One thread, AVX2 on an EPYC that others used too, 10 steps of 80 sequences with 128 units, ms, the least of 60 runs:
// fwd 1.9 to 2.0, where the products alone take 1.3 in linear.cpp; bwd 3.0 to 3.3, half of it dw_hh. With four gates of
// 2 sequences at a time in registers, and Highway's exp and tanh, fwd took 2.3; with four gates of 3, and today's
// functions, 3.1.
#include "ops/lstm.h"

#include <algorithm>

#include "cpu/cpu_context.h"
#include "cpu/gemm.h"
#include "ops/partition.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/lstm.cpp"
#include "cpu/tiers.h"

#include "ops/exp-inl.h"
#include "ops/lanes-inl.h"
#include "ops/products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

// Sequences that a chunk takes: as many as share a panel of w_hh while it lies in the first-level cache.
constexpr int64_t kSequences = 12;

constexpr int kGates = 4;

// e^x for x <= 0, to 1.2 ulp; 0 below -87.3, and NaN stays NaN.
HWY_INLINE Vector exp_of_negative(Vector x) {
  const Floats f;
  constexpr double kFactor = 1.4426950408889634;  // log2(e), more than a float of it
  constexpr float kHead = static_cast<float>(kFactor), kRest = static_cast<float>(kFactor - kHead);
  const auto least = hn::Set(f, -87.3f), bounded = at_least(least, x);
  const auto n = hn::Round(hn::Mul(bounded, hn::Set(f, kHead)));
  const auto r = hn::MulAdd(bounded, hn::Set(f, kRest), hn::MulSub(bounded, hn::Set(f, kHead), n));
  return hn::IfThenElse(hn::Lt(x, least), hn::Zero(f), scale_by_power(exp2_near_zero<false>(r), n));
}

HWY_INLINE Vector sigmoid(Vector x) {
  const Floats f;
  const auto one = hn::Set(f, 1.0f), e = exp_of_negative(hn::Neg(hn::Abs(x)));
  return hn::Div(hn::IfThenElse(hn::Gt(x, hn::Zero(f)), one, e), hn::Add(one, e));
}

// (1 - e) / (1 + e) with e = exp(-2 |x|); near 0, where that would lose digits, Cephes' polynomial (tanhf).
HWY_INLINE Vector tanh_of(Vector x) {
  const Floats f;
  const auto size = hn::Abs(x), one = hn::Set(f, 1.0f), square = hn::Mul(x, x);
  auto p = hn::Set(f, -5.70498872745e-3f);
  for (const float c : {2.06390887954e-2f, -5.37397155531e-2f, 1.33314422036e-1f, -3.33332819422e-1f}) {
    p = hn::MulAdd(p, square, hn::Set(f, c));
  }
  const auto near = hn::MulAdd(hn::Mul(p, square), x, x);
  const auto e = exp_of_negative(hn::Mul(hn::Set(f, -2.0f), size));
  const auto far = hn::CopySign(hn::Div(hn::Sub(one, e), hn::Add(one, e)), x);
  return hn::IfThenElse(hn::Lt(size, hn::Set(f, 0.625f)), near, far);
}

// panels[u][k][gate][lane] = w_hh[gate d + u kLanes + lane, k], 0 beyond the last unit
void pack(CpuContext& ctx, const float* w, int64_t ld, int64_t d, float* panels) {
  const int64_t size = d * kGates * kLanes;
  parallel_ranges(ctx, (d + kLanes - 1) / kLanes, size, [&](int64_t begin, int64_t end) {
    for (int64_t u = begin; u < end; ++u) {
      float* const panel = panels + u * size;
      const int64_t units = std::min(kLanes, d - u * kLanes);
      if (units < kLanes) std::fill_n(panel, size, 0.0f);
      for (int gate = 0; gate < kGates; ++gate) {
        transpose(w + (gate * d + u * kLanes) * ld, ld, units, d, panel + gate * kLanes, kGates * kLanes);
      }
    }
  });
}

// sums[r][gate][lane] += h[r, :d] times a panel, for r < count <= kRows; two gates at a time fill the registers
void add_recurrent(const float* h, int64_t ld_h, int64_t count, const float* panel, int64_t d, float* sums) {
  const Floats f;
  for (int gate = 0; gate < kGates; gate += 2) {
    with_constant<kRows>(count, [&](auto rows) {
      Vector acc[rows()][2];
      clear(acc);
      multiply<Exact>(RowsOf<rows()>(h, ld_h), panel + gate * kLanes, kGates * kLanes, d, AllLanes{}, acc);
      for_block(acc, [&](int r, int v, Vector sum) {
        float* const at = sums + (r * kGates + gate + v) * kLanes;
        hn::Store(hn::Add(hn::Load(f, at), sum), f, at);
      });
    });
  }
}

// Sequences [begin, end) through all steps.
void run_forward(const lacuna_lstm_fwd_args& args, const float* panels, int64_t begin, int64_t end) {
  const Floats f;
  const int64_t d = args.d;
  for (int64_t k = 0; k < args.t; ++k) {
    const int64_t first = lstm::first_row(args, k), before = k > 0 ? lstm::first_row(args, k - 1) : 0;
    const float* const h_before = k > 0 ? args.h + before * args.ld_h : args.h0;
    const int64_t ld_before = k > 0 ? args.ld_h : d;
    const float* const c_before = k > 0 ? args.c + before * d : args.c0;
    for_vectors(f, 0, d, [&](int64_t j, auto lanes) {
      for (int64_t i = begin; i < end; i += kRows) {
        HWY_ALIGN float gates[kRows * kGates * kLanes];
        const int64_t count = std::min<int64_t>(kRows, end - i);
        for (int64_t r = 0; r < count; ++r) {
          for (int gate = 0; gate < kGates; ++gate) {
            const float* const from = args.gates_x + (first + i + r) * args.ld_gates_x + gate * d + j;
            hn::Store(load(f, from, lanes), f, gates + (r * kGates + gate) * kLanes);
          }
        }
        if (h_before) add_recurrent(h_before + i * ld_before, ld_before, count, panels + j * kGates * d, d, gates);
        for (int64_t r = 0; r < count; ++r) {
          const auto gate = [&](int number) { return hn::Load(f, gates + (r * kGates + number) * kLanes); };
          const int64_t row = first + i + r;
          const auto in = sigmoid(gate(0)), forget = sigmoid(gate(1)), candidate = tanh_of(gate(2));
          const auto out = sigmoid(gate(3));
          auto c = hn::Mul(in, candidate);
          if (c_before) c = hn::MulAdd(forget, load(f, c_before + (i + r) * d + j, lanes), c);
          float* const kept = args.gates + row * kGates * d + j;
          store(f, in, kept, lanes);
          store(f, forget, kept + d, lanes);
          store(f, candidate, kept + 2 * d, lanes);
          store(f, out, kept + 3 * d, lanes);
          store(f, c, args.c + row * d + j, lanes);
          store(f, hn::Mul(out, tanh_of(c)), args.h + row * args.ld_h + j, lanes);
        }
      }
    });
  }
}

// Gradients of what is kept between two steps, [b, d] each, and of the gates, [t b, 4 d].
struct Gradients {
  float *dh, *dc, *dgates;
  int64_t ld_dgates;
};

// The gates' gradients of a row of the step that begins at row `first`; dc becomes what the step before is asked for.
void cell_backward(const lacuna_lstm_bwd_args& args, const Gradients& to, int64_t first, const float* c_before,
                   bool last_run, int64_t i) {
  const Floats f;
  const int64_t d = args.d, row = first + i;
  const float* const kept = args.gates + row * kGates * d;
  float* const dgates = to.dgates + row * to.ld_dgates;
  for_vectors(f, 0, d, [&](int64_t j, auto lanes) {
    const auto one = hn::Set(f, 1.0f);
    auto dh = hn::Zero(f), dc = hn::Zero(f);
    if (args.dh) dh = load(f, args.dh + row * args.ld_dh + j, lanes);
    if (args.dc) dc = load(f, args.dc + row * d + j, lanes);
    if (!last_run) {
      dh = hn::Add(dh, load(f, to.dh + i * d + j, lanes));
      dc = hn::Add(dc, load(f, to.dc + i * d + j, lanes));
    }
    const auto in = load(f, kept + j, lanes), forget = load(f, kept + d + j, lanes);
    const auto candidate = load(f, kept + 2 * d + j, lanes), out = load(f, kept + 3 * d + j, lanes);
    const auto squashed = tanh_of(load(f, args.c + row * d + j, lanes));
    dc = hn::MulAdd(hn::Mul(dh, out), hn::NegMulAdd(squashed, squashed, one), dc);
    auto dforget = hn::Zero(f);
    if (c_before) dforget = hn::Mul(dc, load(f, c_before + i * d + j, lanes));
    const auto slope = [&](auto y) { return hn::Mul(y, hn::Sub(one, y)); };
    store(f, hn::Mul(hn::Mul(dc, candidate), slope(in)), dgates + j, lanes);
    store(f, hn::Mul(dforget, slope(forget)), dgates + d + j, lanes);
    store(f, hn::Mul(hn::Mul(dc, in), hn::NegMulAdd(candidate, candidate, one)), dgates + 2 * d + j, lanes);
    store(f, hn::Mul(hn::Mul(dh, squashed), slope(out)), dgates + 3 * d + j, lanes);
    store(f, hn::Mul(dc, forget), to.dc + i * d + j, lanes);
  });
}

// Sequences [begin, end) back through all steps.
void run_backward(const lacuna_lstm_bwd_args& args, const Gradients& to, int64_t begin, int64_t end) {
  const int64_t d = args.d;
  for (int64_t k = args.t - 1; k >= 0; --k) {
    const int64_t first = lstm::first_row(args, k);
    const float* const c_before = k > 0 ? args.c + lstm::first_row(args, k - 1) * d : args.c0;
    for (int64_t i = begin; i < end; ++i) cell_backward(args, to, first, c_before, k == args.t - 1, i);
    if (k == 0 && !args.dh0) return;
    for_pairs(d, [&](int64_t j, auto vectors, auto last) {
      for (int64_t i = begin; i < end; i += kRows) {
        with_constant<kRows>(std::min<int64_t>(kRows, end - i), [&](auto count) {
          Vector acc[count()][vectors()];
          clear(acc);
          const RowsOf<count()> left(to.dgates + (first + i) * to.ld_dgates, to.ld_dgates);
          multiply<Exact>(left, args.w_hh + j, args.ld_w_hh, kGates * d, last, acc);
          for_block(acc, [&](int r, int v, Vector sum) {
            float* const at = to.dh + (i + r) * d + j + v * kLanes;
            if (v + 1 < vectors()) {
              store(Floats(), sum, at, AllLanes{});
            } else {
              store(Floats(), sum, at, last);
            }
          });
        });
      }
    });
  }
}

// The sequences in chunks that take some of them through all steps; body(begin, end).
template <class Body>
void parallel_sequences(CpuContext& ctx, int64_t b, Body&& body) {
  ctx.parallel_for((b + kSequences - 1) / kSequences,
                   [&](int64_t chunk, int) { body(chunk * kSequences, std::min(b, (chunk + 1) * kSequences)); });
}

void add_rows(CpuContext& ctx, int64_t n, int64_t d, const float* from, int64_t ld_from, bool accumulate, float* to,
              int64_t ld_to) {
  const Floats f;
  parallel_rows(ctx, n, d, ld_from == d && ld_to == d, [&](int64_t row, int64_t begin, int64_t end) {
    for_vectors(f, begin, end, [&](int64_t j, auto lanes) {
      write(f, load(f, from + row * ld_from + j, lanes), to + row * ld_to + j, lanes, accumulate);
    });
  });
}

}  // namespace

lacuna_status lstm_fwd(CpuContext& ctx, const lacuna_lstm_fwd_args& args) {
  if (const lacuna_status status = lstm::check(ctx, args)) return status;
  if (args.t == 0 || args.b == 0 || args.d == 0) return LACUNA_OK;
  float* const panels = static_cast<float*>(args.workspace);
  pack(ctx, args.w_hh, args.ld_w_hh, args.d, panels);
  parallel_sequences(ctx, args.b, [&](int64_t begin, int64_t end) { run_forward(args, panels, begin, end); });
  return LACUNA_OK;
}

lacuna_status lstm_bwd(CpuContext& ctx, const lacuna_lstm_bwd_args& args) {
  if (const lacuna_status status = lstm::check(ctx, args)) return status;
  const int64_t rows = args.t * args.b, states = args.b * args.d;
  float* const dh = static_cast<float*>(args.workspace);
  float* const rest = dh + 2 * states;
  const bool kept = lstm::keeps_dgates(args);
  const Gradients to{dh, dh + states, kept ? args.dgates_x : rest, kept ? args.ld_dgates_x : kGates * args.d};
  if (args.t == 0) std::fill_n(dh, 2 * states, 0.0f);
  parallel_sequences(ctx, args.b, [&](int64_t begin, int64_t end) { run_backward(args, to, begin, end); });
  if (args.dgates_x && !kept) {
    add_rows(ctx, rows, kGates * args.d, to.dgates, to.ld_dgates, true, args.dgates_x, args.ld_dgates_x);
  }
  if (args.dh0) add_rows(ctx, args.b, args.d, to.dh, args.d, args.acc_dh0, args.dh0, args.d);
  if (args.dc0) add_rows(ctx, args.b, args.d, to.dc, args.d, args.acc_dc0, args.dc0, args.d);
  if (!args.dw_hh) return LACUNA_OK;

  // Rows of dgates and of h one step before them lie side by side, whichever way the steps ran.
  const int64_t pairs = std::max<int64_t>(rows - args.b, 0), next = pairs > 0 ? args.b : 0;
  const float* const dgates = to.dgates + (args.reverse ? 0 : next * to.ld_dgates);
  const float* const h = args.h + (args.reverse ? next * args.ld_h : 0);
  float* const workspace = kept ? rest : rest + rows * kGates * args.d;
  if (const lacuna_status status = gemm(ctx, kGates * args.d, args.d, pairs, {dgates, to.ld_dgates, true},
                                        {h, args.ld_h}, args.acc_dw_hh, args.dw_hh, args.ld_dw_hh, workspace)) {
    return status;
  }
  if (!args.h0 || args.t == 0) return LACUNA_OK;
  const float* const start = to.dgates + lstm::first_row(args, 0) * to.ld_dgates;
  return gemm(ctx, kGates * args.d, args.d, args.b, {start, to.ld_dgates, true}, {args.h0, args.d}, true, args.dw_hh,
              args.ld_dw_hh, workspace);
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t lstm_fwd_workspace(int, const lacuna_lstm_fwd_args& args) {
  constexpr int64_t kMostLanes = 16;
  const int64_t units = (args.d + kMostLanes - 1) / kMostLanes * kMostLanes;
  return 4 * units * args.d * static_cast<int64_t>(sizeof(float));
}

int64_t lstm_bwd_workspace(int, const lacuna_lstm_bwd_args& args) {
  const int64_t rows = args.t * args.b, width = 4 * args.d;
  const int64_t numbers = 2 * args.b * args.d + (lstm::keeps_dgates(args) ? 0 : rows * width);
  const int64_t product = std::max(gemm_workspace(width, args.d, std::max<int64_t>(rows - args.b, 0)),
                                   gemm_workspace(width, args.d, args.b));
  return numbers * static_cast<int64_t>(sizeof(float)) + (args.dw_hh ? product : 0);
}

}  // namespace lacuna
#endif
