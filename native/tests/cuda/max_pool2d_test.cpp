#include "parity.h"

namespace {

using namespace lacuna::test;

struct Planes {
  int64_t n, c, h, w, k, stride;

  int64_t h_out() const { return (h - k) / stride + 1; }
  int64_t w_out() const { return (w - k) / stride + 1; }
  int64_t in() const { return n * c * h * w; }
  int64_t out() const { return n * c * h_out() * w_out(); }
};
// The last but one has planes that are cut into bands, the last 2,049 planes.
constexpr Planes kPlanes[] = {{0, 3, 4, 4, 2, 2},   {1, 1, 1, 1, 1, 1},    {1, 2, 2, 2, 2, 2},    {2, 3, 5, 5, 2, 2},
                              {2, 1, 7, 9, 3, 2},   {1, 3, 8, 8, 3, 1},    {3, 2, 14, 14, 2, 2},  {1, 2, 28, 31, 2, 2},
                              {2, 2, 33, 17, 3, 3}, {1, 1, 12, 300, 5, 2}, {1, 1, 6, 2500, 1, 3}, {1, 2, 65, 66, 4, 4},
                              {1, 3, 9, 9, 9, 1},   {2, 2, 96, 130, 3, 2}, {683, 3, 4, 5, 2, 1}};

// Small whole numbers, so that windows hold equal maxima.
std::vector<float> values_with_ties(int64_t size, uint32_t seed) {
  std::vector<float> values = random_values(std::max<int64_t>(size, 1), seed);
  for (float& value : values) value = std::round(3 * value);
  return values;
}

lacuna_max_pool2d_fwd_args forward_args(const Planes& p) {
  lacuna_max_pool2d_fwd_args args{};
  args.n = p.n, args.c = p.c, args.h = p.h, args.w = p.w, args.h_out = p.h_out(), args.w_out = p.w_out();
  args.k = p.k, args.stride = p.stride;
  return args;
}

lacuna_max_pool2d_bwd_args backward_args(const Planes& p) {
  lacuna_max_pool2d_bwd_args args{};
  args.n = p.n, args.c = p.c, args.h = p.h, args.w = p.w, args.h_out = p.h_out(), args.w_out = p.w_out();
  return args;
}

TEST(CudaMaxPool2d, FindsTheFirstMaximumAndTheFirstNan) {
  const DeviceContext ctx;
  for (const Planes& planes : kPlanes) {
    SCOPED_TRACE(testing::Message() << planes.n << " x " << planes.c << " planes of " << planes.h << " x " << planes.w
                                    << ", k " << planes.k << ", stride " << planes.stride);
    std::vector<float> x = values_with_ties(planes.in(), 1), y(static_cast<size_t>(planes.out() + 1));
    std::vector<int32_t> index(y.size(), -7);
    lacuna_max_pool2d_fwd_args args = forward_args(planes);
    args.x = x.data(), args.y = y.data(), args.index = index.data();
    expect_parity(ctx, LACUNA_OP_max_pool2d_fwd, args, 0);
    for (size_t i = 0; i < x.size(); i += 7) x[i] = i % 2 ? kNaN : -std::numeric_limits<float>::infinity();
    expect_parity(ctx, LACUNA_OP_max_pool2d_fwd, args, 0);
  }
}

TEST(CudaMaxPool2d, AddsGradientsInTheOrderOfTheOutputs) {
  const DeviceContext ctx;
  for (const Planes& planes : kPlanes) {
    for (const int64_t accumulate : {0, 1}) {
      SCOPED_TRACE(testing::Message() << planes.n << " x " << planes.c << " planes of " << planes.h << " x " << planes.w
                                      << ", k " << planes.k << ", accumulate " << accumulate);
      std::vector<float> dy = random_values(planes.out() + 1, 1), dx = random_values(planes.in() + 1, 2);
      std::vector<int32_t> index(dy.size());
      const auto plane = static_cast<uint32_t>(planes.h * planes.w);
      lacuna_max_pool2d_bwd_args args = backward_args(planes);
      args.acc_dx = accumulate;
      args.dy = dy.data(), args.index = index.data(), args.dx = dx.data();
      // Anywhere in the plane; then many on few places, so that the order of the sums shows.
      std::mt19937 random(3);
      for (int32_t& i : index) i = static_cast<int32_t>(random() % plane);
      expect_parity(ctx, LACUNA_OP_max_pool2d_bwd, args, 0);
      for (int32_t& i : index) i = static_cast<int32_t>(plane - 1 - random() % std::min(plane, 3u));
      expect_parity(ctx, LACUNA_OP_max_pool2d_bwd, args, 0);
    }
  }
}

TEST(CudaMaxPool2d, RefusesWhatTheCpuRefuses) {
  const DeviceContext ctx;
  const Planes planes{2, 2, 6, 6, 2, 2};
  std::vector<float> x = random_values(planes.in(), 1), y = random_values(planes.out(), 2);
  std::vector<int32_t> index(y.size(), 3);
  const auto refused = [&](auto change, const char* text) {
    lacuna_max_pool2d_fwd_args args = forward_args(planes);
    args.x = x.data(), args.y = y.data(), args.index = index.data();
    change(args);
    expect_refused(ctx, LACUNA_OP_max_pool2d_fwd, args, text);
  };
  refused([](auto& args) { args.k = 0; }, "k is 0, want >= 1");
  refused([](auto& args) { args.stride = 0; }, "stride is 0, want >= 1");
  refused([](auto& args) { args.k = 7; }, "k is 7, want at most h = 6 and w = 6");
  refused([](auto& args) { args.h_out = 2; }, "h_out is 2, want 3 (= (h - k) / stride + 1)");
  refused([](auto& args) { args.w_out = 1; }, "w_out is 1, want 3 (= (w - k) / stride + 1)");

  const Planes large{0, 1, 65536, 65536, 2, 2};
  expect_refused(ctx, LACUNA_OP_max_pool2d_fwd, forward_args(large), "h w is more than a 32-bit index reaches");

  lacuna_max_pool2d_bwd_args gradient = backward_args(planes);
  gradient.dy = y.data(), gradient.index = index.data(), gradient.dx = x.data();
  gradient.acc_dx = 2;
  expect_refused(ctx, LACUNA_OP_max_pool2d_bwd, gradient, "acc_dx is 2, want 0 or 1");
  gradient.acc_dx = 0;
  for (const int32_t wrong : {-1, 36}) {
    index.back() = wrong;
    expect_refused(ctx, LACUNA_OP_max_pool2d_bwd, gradient, "an index is out of range");
  }
}

}  // namespace
