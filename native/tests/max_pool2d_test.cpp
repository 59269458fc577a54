#include "test_util.h"

namespace lacuna::test {
namespace {

struct Sizes {
  int64_t n, c, h, w, k, stride;
  int64_t h_out() const { return (h - k) / stride + 1; }
  int64_t w_out() const { return (w - k) / stride + 1; }
};

template <class Args>
Args with_sizes(const Sizes& s) {
  Args args{};
  args.n = s.n, args.c = s.c, args.h = s.h, args.w = s.w, args.h_out = s.h_out(), args.w_out = s.w_out();
  return args;
}

struct Pooled {
  std::vector<float> y;
  std::vector<int32_t> index;
};

// As torch does it: scan the window in row order; a greater value or a NaN takes over, and a NaN is never replaced.
Pooled naive(const Sizes& s, const std::vector<float>& x) {
  Pooled out;
  for (int64_t plane = 0; plane < s.n * s.c; ++plane) {
    for (int64_t oy = 0; oy < s.h_out(); ++oy) {
      for (int64_t ox = 0; ox < s.w_out(); ++ox) {
        int64_t best = -1;
        for (int64_t ky = 0; ky < s.k; ++ky) {
          for (int64_t kx = 0; kx < s.k; ++kx) {
            const int64_t at = (oy * s.stride + ky) * s.w + ox * s.stride + kx;
            const auto value = [&](int64_t i) { return x[static_cast<size_t>(plane * s.h * s.w + i)]; };
            if (best < 0 || value(at) > value(best) || (std::isnan(value(at)) && !std::isnan(value(best)))) best = at;
          }
        }
        out.y.push_back(x[static_cast<size_t>(plane * s.h * s.w + best)]);
        out.index.push_back(static_cast<int32_t>(best));
      }
    }
  }
  return out;
}

Pooled run(lacuna_context* ctx, const Sizes& s, const std::vector<float>& x, Edge edge) {
  const int64_t results = s.n * s.c * s.h_out() * s.w_out();
  Guarded<float> gx(x, edge), y(results, edge);
  Guarded<int32_t> index(results, edge);
  auto args = with_sizes<lacuna_max_pool2d_fwd_args>(s);
  args.k = s.k, args.stride = s.stride, args.x = gx.data(), args.y = y.data(), args.index = index.data();
  EXPECT_EQ(LACUNA_OK, call(ctx, LACUNA_OP_max_pool2d_fwd, args)) << lacuna_last_error(ctx);
  return {y.values(), index.values()};
}

class MaxPool2d : public testing::TestWithParam<Sizes> {};
INSTANTIATE_TEST_SUITE_P(Sizes, MaxPool2d,
                         testing::Values(Sizes{2, 3, 28, 28, 2, 2}, Sizes{1, 2, 7, 7, 2, 2}, Sizes{1, 1, 2, 2, 2, 2},
                                         Sizes{2, 1, 5, 67, 2, 2}, Sizes{1, 2, 4, 128, 2, 2}, Sizes{1, 1, 3, 130, 2, 2},
                                         Sizes{2, 2, 9, 10, 3, 2}, Sizes{1, 3, 6, 5, 3, 1}, Sizes{1, 1, 8, 8, 2, 3},
                                         Sizes{0, 3, 4, 4, 2, 2}, Sizes{40, 64, 14, 14, 2, 2},
                                         Sizes{1, 2, 4, 4, 1, 1}));

// Few different values, so that ties abound, and every tenth a NaN.
std::vector<float> awkward_values(int64_t size) {
  std::mt19937 random(7);
  std::vector<float> values(static_cast<size_t>(size));
  for (float& value : values) {
    const auto draw = random() % 20;
    value = draw < 2 ? kNaN : draw == 2 ? -std::numeric_limits<float>::infinity() : static_cast<float>(draw % 4) - 1.5f;
  }
  return values;
}

TEST_P(MaxPool2d, takes_the_first_maximum_and_lets_nan_win) {
  const Sizes s = GetParam();
  for (const std::vector<float>& x : {awkward_values(s.n * s.c * s.h * s.w), random_values(s.n * s.c * s.h * s.w, 1)}) {
    const Pooled want = naive(s, x);
    for (int tier : usable_tiers()) {
      for (int threads : {1, 3}) {
        Context ctx(threads, tier);
        for (Edge edge : {Edge::kBefore, Edge::kAfter}) {
          const Pooled got = run(ctx, s, x, edge);
          EXPECT_EQ(want.index, got.index) << tier_name(tier);
          EXPECT_TRUE(same_bits(want.y, got.y)) << tier_name(tier);
        }
      }
    }
  }
}

TEST_P(MaxPool2d, sends_gradients_back_to_the_maxima) {
  const Sizes s = GetParam();
  const std::vector<float> x = random_values(s.n * s.c * s.h * s.w, 1);
  const Pooled pooled = naive(s, x);
  const std::vector<float> dy = random_values(static_cast<int64_t>(pooled.y.size()), 2);
  const int64_t out = s.h_out() * s.w_out();
  for (float before : {kNaN, 0.25f}) {
    std::vector<float> want(x.size(), std::isnan(before) ? 0.0f : before);
    for (size_t i = 0; i < dy.size(); ++i) {
      want[i / static_cast<size_t>(out) * static_cast<size_t>(s.h * s.w) + static_cast<size_t>(pooled.index[i])] +=
          dy[i];
    }
    for (int tier : usable_tiers()) {
      Context ctx(3, tier);
      Guarded<float> gdy(dy, Edge::kAfter), dx(std::vector<float>(x.size(), before), Edge::kAfter);
      Guarded<int32_t> index(pooled.index, Edge::kAfter);
      auto args = with_sizes<lacuna_max_pool2d_bwd_args>(s);
      args.acc_dx = !std::isnan(before);
      args.dy = gdy.data(), args.index = index.data(), args.dx = dx.data();
      EXPECT_EQ(LACUNA_OK, call(ctx, LACUNA_OP_max_pool2d_bwd, args)) << ctx.error();
      EXPECT_TRUE(same_bits(want, dx.values()));
    }
  }
}

TEST(MaxPool2dCheck, names_what_does_not_fit) {
  Context ctx;
  std::vector<float> x(16), y(4), dx(16, 9.0f);
  std::vector<int32_t> index(4);
  auto args = with_sizes<lacuna_max_pool2d_fwd_args>({1, 1, 4, 4, 2, 2});
  args.stride = 2, args.x = x.data(), args.y = y.data(), args.index = index.data();
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, call(ctx, LACUNA_OP_max_pool2d_fwd, args));
  EXPECT_EQ("max_pool2d_fwd: k is 0, want >= 1", ctx.error());
  args.k = 5;
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, call(ctx, LACUNA_OP_max_pool2d_fwd, args));
  args.k = 2, args.h_out = 1;
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, call(ctx, LACUNA_OP_max_pool2d_fwd, args));
  EXPECT_EQ("max_pool2d_fwd: h_out is 1, want 2 (= (h - k) / stride + 1)", ctx.error());

  index[3] = 16;
  auto bwd = with_sizes<lacuna_max_pool2d_bwd_args>({1, 1, 4, 4, 2, 2});
  bwd.dy = y.data(), bwd.index = index.data(), bwd.dx = dx.data();
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, call(ctx, LACUNA_OP_max_pool2d_bwd, bwd));
  EXPECT_EQ("max_pool2d_bwd: index[3] is 16, want one of [0, 16)", ctx.error());
  EXPECT_EQ(9.0f, dx[0]);
}

}  // namespace
}  // namespace lacuna::test
