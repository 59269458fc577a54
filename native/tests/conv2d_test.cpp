#include "test_util.h"

namespace lacuna::test {
namespace {

struct Sizes {
  int64_t n, c_in, h, w, c_out, kh, kw, stride, pad;
  int64_t h_out() const { return (h + 2 * pad - kh) / stride + 1; }
  int64_t w_out() const { return (w + 2 * pad - kw) / stride + 1; }
};

template <class Real>
struct Naive {
  std::vector<Real> y, dx, dweight, dbias;

  Naive(const Sizes& s, const std::vector<float>& x, const std::vector<float>& weight, const std::vector<float>& bias,
        const std::vector<float>& dy, Real before)
      : y(dy.size()), dx(x.size(), before), dweight(weight.size(), before), dbias(bias.size(), before) {
    size_t out = 0;
    for (int64_t n = 0; n < s.n; ++n) {
      for (int64_t o = 0; o < s.c_out; ++o) {
        for (int64_t oy = 0; oy < s.h_out(); ++oy) {
          for (int64_t ox = 0; ox < s.w_out(); ++ox, ++out) {
            const Real g = dy[out];
            Real sum = bias[o];
            for_window(s, n, o, oy, ox, [&](int64_t at, int64_t k) {
              sum += static_cast<Real>(x[at]) * static_cast<Real>(weight[k]);
              dx[at] += g * static_cast<Real>(weight[k]);
              dweight[k] += g * static_cast<Real>(x[at]);
            });
            dbias[o] += g;
            y[out] = sum;
          }
        }
      }
    }
  }

  template <class Body>
  static void for_window(const Sizes& s, int64_t n, int64_t o, int64_t oy, int64_t ox, Body&& body) {
    for (int64_t c = 0; c < s.c_in; ++c) {
      for (int64_t ky = 0; ky < s.kh; ++ky) {
        for (int64_t kx = 0; kx < s.kw; ++kx) {
          const int64_t iy = oy * s.stride + ky - s.pad, ix = ox * s.stride + kx - s.pad;
          if (iy < 0 || iy >= s.h || ix < 0 || ix >= s.w) continue;
          body(((n * s.c_in + c) * s.h + iy) * s.w + ix, ((o * s.c_in + c) * s.kh + ky) * s.kw + kx);
        }
      }
    }
  }
};

template <class Args>
Args with_sizes(const Sizes& s) {
  Args args{};
  args.n = s.n, args.c_in = s.c_in, args.h = s.h, args.w = s.w, args.c_out = s.c_out, args.kh = s.kh, args.kw = s.kw;
  args.h_out = s.h_out(), args.w_out = s.w_out(), args.stride = s.stride, args.pad = s.pad;
  return args;
}

struct Results {
  std::vector<float> y, dx, dweight, dbias;
};

class Conv2d : public testing::TestWithParam<Sizes> {
 protected:
  const Sizes s = GetParam();
  const std::vector<float> x = random_values(s.n * s.c_in * s.h * s.w, 1),
                           weight = random_values(s.c_out * s.c_in * s.kh * s.kw, 2), bias = random_values(s.c_out, 3),
                           dy = random_values(s.n * s.c_out * s.h_out() * s.w_out(), 4);

  Results run(lacuna_context* ctx, float before, Edge edge) {
    Guarded<float> gx(x, edge), gweight(weight, edge), gbias(bias, edge), gdy(dy, edge);
    Guarded<float> y(static_cast<int64_t>(dy.size()), edge);
    Guarded<float> dx(std::vector<float>(x.size(), before), edge),
        dweight(std::vector<float>(weight.size(), before), edge);
    Guarded<float> dbias(std::vector<float>(bias.size(), before), edge);
    auto fwd = with_sizes<lacuna_conv2d_fwd_args>(s);
    fwd.x = gx.data(), fwd.weight = gweight.data(), fwd.bias = gbias.data(), fwd.y = y.data();
    EXPECT_EQ(LACUNA_OK, call(ctx, LACUNA_OP_conv2d_fwd, fwd)) << lacuna_last_error(ctx);
    auto bwd = with_sizes<lacuna_conv2d_bwd_args>(s);
    bwd.x = gx.data(), bwd.weight = gweight.data(), bwd.dy = gdy.data();
    bwd.dx = dx.data(), bwd.dweight = dweight.data(), bwd.dbias = dbias.data();
    bwd.acc_dx = bwd.acc_dweight = bwd.acc_dbias = !std::isnan(before);
    EXPECT_EQ(LACUNA_OK, call(ctx, LACUNA_OP_conv2d_bwd, bwd)) << lacuna_last_error(ctx);
    return {y.values(), dx.values(), dweight.values(), dbias.values()};
  }
};
INSTANTIATE_TEST_SUITE_P(Sizes, Conv2d,
                         testing::Values(Sizes{2, 1, 28, 28, 16, 3, 3, 1, 1}, Sizes{5, 16, 14, 14, 32, 3, 3, 1, 1},
                                         Sizes{19, 32, 7, 7, 64, 3, 3, 1, 1}, Sizes{1, 1, 1, 1, 1, 1, 1, 1, 0},
                                         Sizes{3, 2, 5, 7, 3, 3, 2, 1, 0}, Sizes{2, 3, 9, 8, 4, 5, 3, 2, 2},
                                         Sizes{2, 2, 10, 11, 3, 2, 2, 2, 1}, Sizes{1, 3, 7, 33, 2, 1, 1, 1, 0},
                                         Sizes{2, 1, 6, 6, 5, 3, 3, 3, 4}, Sizes{1, 2, 3, 3, 2, 3, 3, 1, 3},
                                         Sizes{33, 1, 4, 17, 2, 4, 17, 1, 0}, Sizes{1, 2, 70, 66, 3, 3, 3, 1, 1},
                                         Sizes{0, 2, 4, 4, 3, 3, 3, 1, 1}, Sizes{2, 0, 4, 4, 3, 3, 3, 1, 1},
                                         Sizes{2, 3, 4, 4, 0, 3, 3, 1, 1}, Sizes{1, 200, 5, 5, 3, 3, 3, 1, 1}));

TEST_P(Conv2d, matches_double_on_every_tier) {
  for (int tier : usable_tiers()) {
    Context ctx(2, tier);
    for (float before : {kNaN, 0.5f}) {
      const float start = std::isnan(before) ? 0.0f : before;
      const Naive<double> exact(s, x, weight, bias, dy, start);
      const Naive<float> naive(s, x, weight, bias, dy, start);
      for (Edge edge : {Edge::kBefore, Edge::kAfter}) {
        const Results got = run(ctx, before, edge);
        expect_close(got.y, exact.y, naive.y, 2);
        expect_close(got.dx, exact.dx, naive.dx, 3);
        expect_close(got.dweight, exact.dweight, naive.dweight, 3);
        expect_close(got.dbias, exact.dbias, naive.dbias, 3);
      }
    }
  }
}

TEST_P(Conv2d, has_the_same_bits_for_any_thread_count) {
  Context one(1), two(2), three(3);
  const Results want = run(one, kNaN, Edge::kAfter);
  for (lacuna_context* ctx : {static_cast<lacuna_context*>(two), static_cast<lacuna_context*>(three)}) {
    for (int round = 0; round < 3; ++round) {
      const Results got = run(ctx, kNaN, Edge::kAfter);
      EXPECT_TRUE(same_bits(want.y, got.y));
      EXPECT_TRUE(same_bits(want.dx, got.dx));
      EXPECT_TRUE(same_bits(want.dweight, got.dweight));
      EXPECT_TRUE(same_bits(want.dbias, got.dbias));
    }
  }
}

TEST(Conv2dCheck, names_what_does_not_fit) {
  Context ctx;
  std::vector<float> x(50), weight(9), y(50);
  const auto expect = [&](const char* text, auto&& spoil) {
    auto args = with_sizes<lacuna_conv2d_fwd_args>({1, 1, 5, 5, 1, 3, 3, 1, 1});
    args.x = x.data(), args.weight = weight.data(), args.y = y.data();
    spoil(args);
    EXPECT_EQ(LACUNA_INVALID_ARGUMENT, call(ctx, LACUNA_OP_conv2d_fwd, args));
    EXPECT_EQ(text, ctx.error());
  };
  using Args = lacuna_conv2d_fwd_args;
  expect("conv2d_fwd: stride is 0, want >= 1", [](Args& a) { a.stride = 0; });
  expect("conv2d_fwd: pad is -1, want >= 0", [](Args& a) { a.pad = -1; });
  expect("conv2d_fwd: h_out is 4, want 5 (= (h + 2 pad - kh) / stride + 1)", [](Args& a) { a.h_out = 4; });
  expect("conv2d_fwd: w_out is 6, want 5 (= (w + 2 pad - kw) / stride + 1)", [](Args& a) { a.w_out = 6; });
  expect("conv2d_fwd: kh is 9, want <= 7 (= h + 2 pad)", [](Args& a) { a.kh = 9, a.kw = 1; });
  expect("conv2d_fwd: kh is 0, want >= 1", [](Args& a) { a.kh = 0; });
}

TEST(Conv2dCheck, absurd_sizes_are_refused_not_multiplied) {
  Context ctx;
  auto args = with_sizes<lacuna_conv2d_fwd_args>({1, 1, 5, 5, 1, 3, 3, 1, 1});
  args.struct_size = sizeof args;
  args.c_out = 0;  // so that no tensor shows the size of the window
  args.n = 0;
  args.c_in = args.kh = args.kw = INT64_MAX / 4;
  int64_t bytes = 0;
  EXPECT_EQ(LACUNA_OK, lacuna_workspace(ctx, LACUNA_OP_conv2d_fwd, &args, &bytes));
  EXPECT_EQ(INT64_MAX, bytes);
}

}  // namespace
}  // namespace lacuna::test
