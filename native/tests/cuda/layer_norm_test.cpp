#include "parity.h"

namespace {

using namespace lacuna::test;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Size {
  int64_t n, d;
};
constexpr Size kSizes[] = {{0, 3},   {3, 0},   {1, 1},    {5, 1},    {64, 10},  {257, 3},
                           {5, 31},  {33, 32}, {9, 33},   {65, 63},  {31, 65},  {3, 127},
                           {4, 128}, {2, 129}, {3, 1000}, {2, 1025}, {1, 5003}, {1500, 70}};

// Rows that are ordinary, far from 0, and all alike.
std::vector<float> rows_of(Size size, int64_t ld) {
  std::vector<float> x = random_values(std::max<int64_t>(size.n * ld, 1), 1);
  for (int64_t i = 0; i < size.n; ++i) {
    for (int64_t j = 0; j < size.d; ++j) {
      float& value = x[static_cast<size_t>(i * ld + j)];
      value = i % 3 == 0 ? value : i % 3 == 1 ? value + 500 : 0.25f;
    }
  }
  return x;
}

struct Forward {
  std::vector<float> x, gamma, beta, y, mean, rstd;
  lacuna_layer_norm_fwd_args args{};

  Forward(Size size, int64_t gap)
      : x(rows_of(size, size.d + gap)),
        gamma(random_values(size.d + 1, 2)),
        beta(random_values(size.d + 1, 3)),
        y(random_values(size.n * (size.d + 2 * gap) + 1, 4)),
        mean(static_cast<size_t>(size.n + 1)),
        rstd(static_cast<size_t>(size.n + 1)) {
    args.n = size.n, args.d = size.d, args.ld_x = size.d + gap, args.ld_y = size.d + 2 * gap, args.eps = 1e-5;
    args.x = x.data(), args.gamma = gamma.data(), args.beta = beta.data();
    args.y = y.data(), args.mean = mean.data(), args.rstd = rstd.data();
  }
};

TEST(CudaLayerNorm, NormalizesAsTheCpuDoes) {
  const DeviceContext ctx;
  for (const Size size : kSizes) {
    for (const int64_t gap : {0, 1, 4}) {
      SCOPED_TRACE(testing::Message() << "[" << size.n << ", " << size.d << "], gaps of " << gap);
      Forward forward(size, gap);
      expect_parity(ctx, LACUNA_OP_layer_norm_fwd, forward.args, 1e-6);
      forward.args.beta = nullptr;
      expect_parity(ctx, LACUNA_OP_layer_norm_fwd, forward.args, 1e-6);
      forward.args.gamma = nullptr;
      expect_parity(ctx, LACUNA_OP_layer_norm_fwd, forward.args, 1e-6);
      for (const float special : {kNaN, kInfinity}) {
        forward.x[0] = special;
        expect_parity(ctx, LACUNA_OP_layer_norm_fwd, forward.args, 1e-6);
      }
    }
  }
}

TEST(CudaLayerNorm, PassesTheGradientsOfTheCpu) {
  const DeviceContext ctx;
  static Context cpu(1);
  for (const Size size : kSizes) {
    for (const int64_t gap : {0, 1, 4}) {
      Forward forward(size, gap);
      ASSERT_EQ(LACUNA_OK, call(cpu, LACUNA_OP_layer_norm_fwd, forward.args));
      const int64_t ld_dy = size.d + 2 * gap, ld_dx = size.d + 3 * gap;
      std::vector<float> dy = random_values(size.n * ld_dy + 1, 5), dx = random_values(size.n * ld_dx + 1, 6);
      std::vector<float> dgamma = random_values(size.d + 1, 7), dbeta = random_values(size.d + 1, 8);
      lacuna_layer_norm_bwd_args args{};
      args.n = size.n, args.d = size.d, args.ld_dy = ld_dy, args.ld_x = size.d + gap, args.ld_dx = ld_dx;
      args.dy = dy.data(), args.x = forward.x.data(), args.gamma = forward.gamma.data();
      args.mean = forward.mean.data(), args.rstd = forward.rstd.data();
      for (int wanted = 1; wanted < 8; ++wanted) {
        for (const int64_t accumulate : {0, 1}) {
          SCOPED_TRACE(testing::Message() << "[" << size.n << ", " << size.d << "], gaps of " << gap << ", accumulate "
                                          << accumulate << ", gradients " << wanted);
          args.dx = wanted & 1 ? dx.data() : nullptr;
          args.dgamma = wanted & 2 ? dgamma.data() : nullptr;
          args.dbeta = wanted & 4 ? dbeta.data() : nullptr;
          args.acc_dx = args.acc_dgamma = args.acc_dbeta = accumulate;
          expect_parity(ctx, LACUNA_OP_layer_norm_bwd, args, 2e-6);
        }
      }
      args.gamma = nullptr;
      expect_parity(ctx, LACUNA_OP_layer_norm_bwd, args, 2e-6);
      dy[0] = kNaN;
      expect_parity(ctx, LACUNA_OP_layer_norm_bwd, args, 2e-6);
    }
  }
}

TEST(CudaLayerNorm, RefusesWhatTheCpuRefuses) {
  const DeviceContext ctx;
  Forward forward({3, 5}, 0);
  for (const double eps : {-1e-5, static_cast<double>(kNaN), static_cast<double>(kInfinity)}) {
    forward.args.eps = eps;
    expect_refused(ctx, LACUNA_OP_layer_norm_fwd, forward.args, "want a finite number >= 0");
  }
  std::vector<float> dy(15), dx(15), dgamma(5), dbeta(5);
  lacuna_layer_norm_bwd_args args{};
  args.n = 3, args.d = args.ld_dy = args.ld_x = args.ld_dx = 5;
  args.dy = dy.data(), args.x = forward.x.data(), args.mean = forward.mean.data(), args.rstd = forward.rstd.data();
  args.dx = dx.data(), args.dgamma = dgamma.data(), args.dbeta = dbeta.data();
  args.acc_dx = 2;
  expect_refused(ctx, LACUNA_OP_layer_norm_bwd, args, "acc_dx is 2, want 0 or 1");
  args.acc_dx = 0, args.acc_dgamma = -1;
  expect_refused(ctx, LACUNA_OP_layer_norm_bwd, args, "acc_dgamma is -1, want 0 or 1");
  args.acc_dgamma = 0, args.acc_dbeta = 2;
  expect_refused(ctx, LACUNA_OP_layer_norm_bwd, args, "acc_dbeta is 2, want 0 or 1");
}

}  // namespace
