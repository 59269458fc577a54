#include "parity.h"

namespace {

using namespace lacuna::test;

struct Size {
  int64_t n, c;
};
// The last has more tiles than blocks check targets, as one long row and as rows with gaps, and more parts of the loss
// than threads add up.
constexpr Size kSizes[] = {{1, 1},  {3, 2},   {64, 10}, {257, 3},  {5, 31},   {33, 32}, {9, 33},    {65, 63},
                           {7, 64}, {3, 127}, {4, 128}, {2, 1025}, {1, 5003}, {64, 23}, {260, 1030}};
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> logits_of(int64_t count) {
  std::vector<float> z = random_values(count, 1);
  for (size_t i = 0; i < z.size(); ++i) z[i] *= i % 3 == 1 ? 80.0f : 3.0f;
  return z;
}

// 0, 1 and what lies between.
std::vector<float> targets_of(int64_t count) {
  std::vector<float> t(static_cast<size_t>(count));
  for (size_t i = 0; i < t.size(); ++i) t[i] = static_cast<float>(i * 7 % 5) / 4.0f;
  return t;
}

struct Forward {
  std::vector<float> z, t;
  float loss = 5;
  lacuna_bce_logits_fwd_args args{};

  explicit Forward(Size size, int64_t gap = 0)
      : z(logits_of(size.n * (size.c + gap))), t(targets_of(size.n * (size.c + gap))) {
    args.n = size.n, args.c = size.c, args.ld_logits = args.ld_target = size.c + gap;
    args.logits = z.data(), args.target = t.data(), args.loss = &loss;
  }
};

struct Backward {
  std::vector<float> z, t, dlogits;
  float dloss = 0.7f;
  lacuna_bce_logits_bwd_args args{};

  explicit Backward(Size size, int64_t gap = 0)
      : z(logits_of(size.n * (size.c + gap))),
        t(targets_of(size.n * (size.c + gap))),
        dlogits(random_values(size.n * (size.c + gap), 2)) {
    args.n = size.n, args.c = size.c, args.ld_logits = args.ld_target = args.ld_dlogits = size.c + gap;
    args.logits = z.data(), args.target = t.data(), args.dloss = &dloss, args.dlogits = dlogits.data();
  }
};

TEST(CudaBceLogits, GivesTheLossOfTheCpu) {
  const DeviceContext ctx;
  for (const Size size : kSizes) {
    for (const int64_t gap : {0, 1, 4}) {
      SCOPED_TRACE(testing::Message() << "[" << size.n << ", " << size.c << "], gaps of " << gap);
      Forward forward(size, gap);
      expect_parity(ctx, LACUNA_OP_bce_logits_fwd, forward.args, 1e-6);
      for (int64_t* const dense : {&forward.args.ld_logits, &forward.args.ld_target}) {
        forward.args.ld_logits = forward.args.ld_target = size.c + gap, *dense = size.c;
        expect_parity(ctx, LACUNA_OP_bce_logits_fwd, forward.args, 1e-6);
      }
      forward.z[0] = kNaN;
      expect_parity(ctx, LACUNA_OP_bce_logits_fwd, forward.args, 1e-6);
      forward.z[0] = -kInfinity, forward.t[0] = 0.5f;
      expect_parity(ctx, LACUNA_OP_bce_logits_fwd, forward.args, 1e-6);
    }
  }
}

TEST(CudaBceLogits, PassesTheGradientOfTheCpu) {
  const DeviceContext ctx;
  for (const Size size : kSizes) {
    for (const int64_t gap : {0, 1, 4}) {
      for (const int64_t accumulate : {0, 1}) {
        SCOPED_TRACE(testing::Message() << "[" << size.n << ", " << size.c << "], gaps of " << gap << ", accumulate "
                                        << accumulate);
        Backward backward(size, gap);
        backward.args.acc_dlogits = accumulate;
        expect_parity(ctx, LACUNA_OP_bce_logits_bwd, backward.args, 1e-6);
        for (int64_t* const gaps : {&backward.args.ld_logits, &backward.args.ld_target, &backward.args.ld_dlogits}) {
          backward.args.ld_logits = backward.args.ld_target = backward.args.ld_dlogits = size.c, *gaps = size.c + gap;
          expect_parity(ctx, LACUNA_OP_bce_logits_bwd, backward.args, 1e-6);
        }
        backward.z[0] = kNaN;
        expect_parity(ctx, LACUNA_OP_bce_logits_bwd, backward.args, 1e-6);
      }
    }
  }
}

TEST(CudaBceLogits, LossOfASureLogitKeepsItsDigits) {
  const DeviceContext ctx;
  // log(1 + e^-30) = 9.4e-14 would be 0 in single precision.
  Forward forward({1, 2});
  forward.z = {30, -30}, forward.t = {1, 0};
  expect_parity(ctx, LACUNA_OP_bce_logits_fwd, forward.args, 1e-6);
  ASSERT_EQ(LACUNA_OK, run_on_device(ctx, LACUNA_OP_bce_logits_fwd, forward.args).status);
  EXPECT_NEAR(std::exp(-30.0), forward.loss, 1e-18);
}

TEST(CudaBceLogits, ChangesNothingWhereATargetIsWrong) {
  const DeviceContext ctx;
  for (const Size size : {Size{5, 3}, Size{150, 1000}}) {
    for (const int64_t gap : {0, 1}) {
      Forward forward(size, gap);
      Backward backward(size, gap);
      const int64_t ld = size.c + gap;
      for (const int64_t at : {int64_t{0}, size.n / 2 * ld + 1, (size.n - 1) * ld + size.c - 1}) {
        for (const float wrong : {-1e-30f, 1.0000001f, kNaN, -kInfinity}) {
          SCOPED_TRACE(testing::Message() << "[" << size.n << ", " << size.c << "], gaps of " << gap << ", target "
                                          << at << " is " << wrong);
          const float right = forward.t[at];
          forward.t[at] = backward.t[at] = wrong;
          expect_refused(ctx, LACUNA_OP_bce_logits_fwd, forward.args, "bce_logits_fwd: a target is outside [0, 1]");
          expect_refused(ctx, LACUNA_OP_bce_logits_bwd, backward.args, "bce_logits_bwd: a target is outside [0, 1]");
          forward.t[at] = backward.t[at] = right;
        }
      }
      if (gap > 0) forward.t[size.c] = backward.t[size.c] = kNaN;  // between two rows nobody looks
      // What was refused leaves no trace in the next call.
      expect_parity(ctx, LACUNA_OP_bce_logits_fwd, forward.args, 1e-6);
      expect_parity(ctx, LACUNA_OP_bce_logits_bwd, backward.args, 1e-6);
    }
  }
}

TEST(CudaBceLogits, RefusesWhatTheCpuRefuses) {
  const DeviceContext ctx;
  Forward forward({2, 3});
  forward.args.n = 0;
  expect_refused(ctx, LACUNA_OP_bce_logits_fwd, forward.args, "logits are [0, 3], want at least [1, 1]");
  forward.args.n = 2, forward.args.c = 0;
  expect_refused(ctx, LACUNA_OP_bce_logits_fwd, forward.args, "logits are [2, 0], want at least [1, 1]");
  Backward backward({2, 3});
  backward.args.acc_dlogits = 2;
  expect_refused(ctx, LACUNA_OP_bce_logits_bwd, backward.args, "acc_dlogits is 2, want 0 or 1");
  backward.args.acc_dlogits = 0, backward.args.n = 0;
  expect_refused(ctx, LACUNA_OP_bce_logits_bwd, backward.args, "logits are [0, 3], want at least [1, 1]");
}

}  // namespace
