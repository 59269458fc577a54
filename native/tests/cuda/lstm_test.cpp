#include "parity.h"

namespace {

using namespace lacuna::test;

struct Size {
  int64_t t, b, d;
};
// Units beside whole quads, more of them than a block has, more sequences than a tile; one step, and none of anything.
constexpr Size kSizes[] = {{1, 1, 1},  {3, 2, 3},   {2, 5, 4},   {4, 3, 5}, {2, 33, 16}, {3, 2, 67},
                           {2, 9, 64}, {2, 70, 31}, {5, 1, 130}, {0, 2, 3}, {3, 0, 4},   {2, 3, 0}};

std::vector<float> shares(int64_t count, uint32_t seed) {
  std::vector<float> values = random_values(count, seed);
  for (float& value : values) value = 1.0f / (1.0f + std::exp(-value));
  return values;
}

std::vector<float> weights(Size size, int64_t ld) {
  std::vector<float> w = random_values(4 * size.d * ld + 1, 2);
  for (float& value : w) value /= std::sqrt(static_cast<float>(size.d + 1));
  return w;
}

struct Forward {
  std::vector<float> gates_x, w, h0, c0, h, c, gates;
  lacuna_lstm_fwd_args args{};

  explicit Forward(Size size, int64_t gap = 0)
      : gates_x(random_values(size.t * size.b * (4 * size.d + gap) + 1, 1)),
        w(weights(size, size.d + gap)),
        h0(random_values(size.b * size.d + 1, 3)),
        c0(random_values(size.b * size.d + 1, 4)),
        h(random_values(size.t * size.b * (size.d + 2 * gap) + 1, 5)),
        c(random_values(size.t * size.b * size.d + 1, 6)),
        gates(random_values(size.t * size.b * 4 * size.d + 1, 7)) {
    args.t = size.t, args.b = size.b, args.d = size.d;
    args.ld_gates_x = 4 * size.d + gap, args.ld_w_hh = size.d + gap, args.ld_h = size.d + 2 * gap;
    args.gates_x = gates_x.data(), args.w_hh = w.data(), args.h0 = h0.data(), args.c0 = c0.data();
    args.h = h.data(), args.c = c.data(), args.gates = gates.data();
  }
};

struct Backward {
  std::vector<float> dh, dc, w, h0, c0, h, c, gates, dgates_x, dw, dh0, dc0;
  lacuna_lstm_bwd_args args{};

  explicit Backward(Size size, int64_t gap = 0)
      : dh(random_values(size.t * size.b * (size.d + 3 * gap) + 1, 1)),
        dc(random_values(size.t * size.b * size.d + 1, 12)),
        w(weights(size, size.d + gap)),
        h0(random_values(size.b * size.d + 1, 3)),
        c0(random_values(size.b * size.d + 1, 4)),
        h(random_values(size.t * size.b * (size.d + 2 * gap) + 1, 5)),
        c(random_values(size.t * size.b * size.d + 1, 6)),
        gates(shares(size.t * size.b * 4 * size.d + 1, 7)),
        dgates_x(random_values(size.t * size.b * (4 * size.d + gap) + 1, 8)),
        dw(random_values(4 * size.d * (size.d + 4 * gap) + 1, 9)),
        dh0(random_values(size.b * size.d + 1, 10)),
        dc0(random_values(size.b * size.d + 1, 11)) {
    args.t = size.t, args.b = size.b, args.d = size.d;
    args.ld_w_hh = size.d + gap, args.ld_h = size.d + 2 * gap, args.ld_dh = size.d + 3 * gap;
    args.ld_dw_hh = size.d + 4 * gap, args.ld_dgates_x = 4 * size.d + gap;
    args.dh = dh.data(), args.dc = dc.data(), args.w_hh = w.data(), args.h0 = h0.data(), args.c0 = c0.data();
    args.h = h.data(), args.c = c.data(), args.gates = gates.data();
    args.dgates_x = dgates_x.data(), args.dw_hh = dw.data(), args.dh0 = dh0.data(), args.dc0 = dc0.data();
  }

  void accumulate(int64_t flag) { args.acc_dgates_x = args.acc_dw_hh = args.acc_dh0 = args.acc_dc0 = flag; }
};

TEST(CudaLstm, RunsAsTheCpuDoes) {
  const DeviceContext ctx;
  for (const Size size : kSizes) {
    for (const int64_t gap : {0, 1, 4}) {
      for (const int64_t reverse : {0, 1}) {
        SCOPED_TRACE(testing::Message() << size.t << " steps of " << size.b << " x " << size.d << ", gaps of " << gap
                                        << ", reverse " << reverse);
        Forward forward(size, gap);
        forward.args.reverse = reverse;
        expect_parity(ctx, LACUNA_OP_lstm_fwd, forward.args, 2e-6);
        forward.args.h0 = nullptr;
        expect_parity(ctx, LACUNA_OP_lstm_fwd, forward.args, 2e-6);
        forward.args.c0 = nullptr;
        expect_parity(ctx, LACUNA_OP_lstm_fwd, forward.args, 2e-6);
      }
    }
  }
}

TEST(CudaLstm, PassesTheGradientsOfTheCpu) {
  const DeviceContext ctx;
  for (const Size size : kSizes) {
    for (const int64_t gap : {0, 1, 4}) {
      for (const int64_t accumulate : {0, 1}) {
        for (const int64_t reverse : {0, 1}) {
          SCOPED_TRACE(testing::Message() << size.t << " steps of " << size.b << " x " << size.d << ", gaps of " << gap
                                          << ", accumulate " << accumulate << ", reverse " << reverse);
          Backward backward(size, gap);
          backward.accumulate(accumulate), backward.args.reverse = reverse;
          expect_parity(ctx, LACUNA_OP_lstm_bwd, backward.args, 3e-6);
        }
      }
    }
  }
}

TEST(CudaLstm, ComputesOnlyTheGradientsThatAreWanted) {
  const DeviceContext ctx;
  for (int wanted = 0; wanted < 256; ++wanted) {
    SCOPED_TRACE(testing::Message() << "wanted and given: " << wanted);
    Backward backward({3, 5, 6});
    const auto leave_out = [wanted](int bit, auto*& tensor) {
      if (wanted & bit) tensor = nullptr;
    };
    leave_out(1, backward.args.dh), leave_out(2, backward.args.dc);
    leave_out(4, backward.args.h0), leave_out(8, backward.args.c0);
    leave_out(16, backward.args.dgates_x), leave_out(32, backward.args.dw_hh);
    leave_out(64, backward.args.dh0), leave_out(128, backward.args.dc0);
    backward.accumulate(wanted % 2), backward.args.reverse = wanted / 2 % 2;
    expect_parity(ctx, LACUNA_OP_lstm_bwd, backward.args, 3e-6);
  }
}

TEST(CudaLstm, GatesThatAreWideOpenOrShutAreSo) {
  const DeviceContext ctx;
  for (const float size : {20.0f, 1e4f, std::numeric_limits<float>::infinity()}) {
    Forward forward({2, 3, 5});
    for (float& value : forward.gates_x) value = value > 0 ? size : -size;
    expect_parity(ctx, LACUNA_OP_lstm_fwd, forward.args, 2e-6);
  }
  Forward forward({2, 3, 5});
  forward.gates_x[7] = kNaN;
  expect_parity(ctx, LACUNA_OP_lstm_fwd, forward.args, 2e-6);
}

TEST(CudaLstm, RefusesWhatTheCpuRefuses) {
  const DeviceContext ctx;
  Forward forward({2, 3, 4});
  forward.args.reverse = 2;
  expect_refused(ctx, LACUNA_OP_lstm_fwd, forward.args, "reverse is 2, want 0 or 1");
  const auto refused = [&](int64_t lacuna_lstm_bwd_args::*flag, const char* text) {
    Backward backward({2, 3, 4});
    backward.args.*flag = -1;
    expect_refused(ctx, LACUNA_OP_lstm_bwd, backward.args, text);
  };
  refused(&lacuna_lstm_bwd_args::reverse, "reverse is -1, want 0 or 1");
  refused(&lacuna_lstm_bwd_args::acc_dgates_x, "acc_dgates_x is -1, want 0 or 1");
  refused(&lacuna_lstm_bwd_args::acc_dw_hh, "acc_dw_hh is -1, want 0 or 1");
  refused(&lacuna_lstm_bwd_args::acc_dh0, "acc_dh0 is -1, want 0 or 1");
  refused(&lacuna_lstm_bwd_args::acc_dc0, "acc_dc0 is -1, want 0 or 1");
}

}  // namespace
