#include "parity.h"

namespace {

using namespace lacuna::test;

lacuna_adamw_step_args step_args(int64_t n) {
  lacuna_adamw_step_args args{};
  args.n = n, args.lr = 0.1, args.beta1 = 0.9, args.beta2 = 0.999, args.epsilon = 1e-8, args.weight_decay = 0.01;
  args.decoupled = 1, args.step = 3;
  return args;
}

std::vector<float> squares(int64_t n, uint32_t seed) {
  std::vector<float> values = random_values(n, seed);
  for (float& value : values) value *= value;
  return values;
}

TEST(CudaAdamw, StepsAsTheCpuDoesInEveryMode) {
  const DeviceContext ctx;
  for (const int64_t n : {0, 1, 3, 31, 32, 33, 127, 1023, 1024, 1025, 5003}) {
    std::vector<float> w = random_values(n + 1, 1), g = random_values(n + 1, 2), m = random_values(n + 1, 3);
    std::vector<float> v = squares(n + 1, 4);
    for (const int64_t decoupled : {0, 1}) {
      for (const double decay : {0.0, 0.01}) {
        for (const int64_t step : {1, 2, 1000}) {
          SCOPED_TRACE(testing::Message() << n << " parameters, decoupled " << decoupled << ", weight decay " << decay
                                          << ", step " << step);
          lacuna_adamw_step_args args = step_args(n);
          args.w = w.data(), args.g = g.data(), args.m = m.data(), args.v = v.data();
          args.decoupled = decoupled, args.weight_decay = decay, args.step = step;
          expect_parity(ctx, LACUNA_OP_adamw_step, args, 4e-7);
        }
      }
    }
  }
}

// With zeros for moments, all of a first step is lr times the sign of the gradient.
TEST(CudaAdamw, MovesByTheLearningRateAtFirst) {
  const DeviceContext ctx;
  std::vector<float> w(5, 1), g = {3, -2, 1e-3f, -1e4f, 0}, m(5), v(5);
  lacuna_adamw_step_args args = step_args(5);
  args.w = w.data(), args.g = g.data(), args.m = m.data(), args.v = v.data();
  args.weight_decay = 0, args.step = 1;
  ASSERT_EQ(LACUNA_OK, run_on_device(ctx, LACUNA_OP_adamw_step, args).status);
  const float wanted[] = {0.9f, 1.1f, 0.9f, 1.1f, 1.0f};
  for (int i = 0; i < 5; ++i) EXPECT_NEAR(wanted[i], w[i], 2e-6) << i;
}

TEST(CudaAdamw, RefusesWhatTheCpuRefuses) {
  const DeviceContext ctx;
  std::vector<float> w = random_values(8, 1), g = random_values(8, 2), m = random_values(8, 3), v = squares(8, 4);
  const auto refused = [&](auto change, const char* text) {
    lacuna_adamw_step_args args = step_args(8);
    args.w = w.data(), args.g = g.data(), args.m = m.data(), args.v = v.data();
    change(args);
    expect_refused(ctx, LACUNA_OP_adamw_step, args, text);
  };
  refused([](auto& args) { args.decoupled = 2; }, "decoupled is 2, want 0 or 1");
  refused([](auto& args) { args.step = 0; }, "step is 0, want >= 1");
  refused([](auto& args) { args.step = -5; }, "step is -5, want >= 1");
}

}  // namespace
