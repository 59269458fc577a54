#include "parity.h"

namespace {

using namespace lacuna::test;

lacuna_sgd_step_args step_args(int64_t n) {
  lacuna_sgd_step_args args{};
  args.n = n, args.lr = 0.1, args.momentum = 0.9, args.dampening = 0.25, args.weight_decay = 0.01;
  return args;
}

TEST(CudaSgd, StepsAsTheCpuDoesInEveryMode) {
  const DeviceContext ctx;
  for (const int64_t n : {0, 1, 3, 31, 32, 33, 127, 1023, 1024, 1025, 5003}) {
    std::vector<float> w = random_values(n + 1, 1), g = random_values(n + 1, 2), velocity = random_values(n + 1, 3);
    for (int options = 0; options < 32; ++options) {
      SCOPED_TRACE(testing::Message() << n << " parameters, options " << options);
      lacuna_sgd_step_args args = step_args(n);
      args.w = w.data(), args.g = g.data(), args.velocity = velocity.data();
      args.nesterov = options & 1, args.decoupled = options >> 1 & 1, args.first = options >> 2 & 1;
      if (options & 8) args.momentum = 0;
      if (options & 16) args.weight_decay = 0;
      expect_parity(ctx, LACUNA_OP_sgd_step, args, 2e-7);
    }
  }
}

TEST(CudaSgd, NeedsNoVelocityWithoutMomentum) {
  const DeviceContext ctx;
  std::vector<float> w = random_values(77, 1), g = random_values(77, 2);
  lacuna_sgd_step_args args = step_args(77);
  args.momentum = 0, args.w = w.data(), args.g = g.data();
  expect_parity(ctx, LACUNA_OP_sgd_step, args, 2e-7);
}

TEST(CudaSgd, RefusesWhatTheCpuRefuses) {
  const DeviceContext ctx;
  std::vector<float> w = random_values(8, 1), g = random_values(8, 2), velocity = random_values(8, 3);
  const auto refused = [&](auto change, const char* text) {
    lacuna_sgd_step_args args = step_args(8);
    args.w = w.data(), args.g = g.data(), args.velocity = velocity.data();
    change(args);
    expect_refused(ctx, LACUNA_OP_sgd_step, args, text);
  };
  refused([](auto& args) { args.nesterov = 2; }, "nesterov is 2, want 0 or 1");
  refused([](auto& args) { args.decoupled = -1; }, "decoupled is -1, want 0 or 1");
  refused([](auto& args) { args.first = 3; }, "first is 3, want 0 or 1");
  refused([](auto& args) { args.velocity = nullptr; }, "velocity is NULL, want [8] as momentum is 0.9");
}

}  // namespace
