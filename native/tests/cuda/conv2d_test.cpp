#include "lacuna/divisor.h"
#include "parity.h"

namespace lacuna::test {
namespace {

struct Sizes {
  int64_t n, c_in, h, w, c_out, kh, kw, stride, pad;
  int64_t h_out() const { return (h + 2 * pad - kh) / stride + 1; }
  int64_t w_out() const { return (w + 2 * pad - kw) / stride + 1; }

  friend std::ostream& operator<<(std::ostream& out, const Sizes& s) {
    return out << "x " << s.n << " x " << s.c_in << " x " << s.h << " x " << s.w << ", weight " << s.c_out << " x "
               << s.kh << " x " << s.kw << ", stride " << s.stride << ", pad " << s.pad;
  }
};

template <class Args>
Args with_sizes(const Sizes& s) {
  Args args{};
  args.n = s.n, args.c_in = s.c_in, args.h = s.h, args.w = s.w, args.c_out = s.c_out, args.kh = s.kh, args.kw = s.kw;
  args.h_out = s.h_out(), args.w_out = s.w_out(), args.stride = s.stride, args.pad = s.pad;
  return args;
}

class CudaConv2d : public testing::TestWithParam<Sizes> {
 protected:
  void expect_forward(const Sizes& s, bool bias_wanted) {
    std::vector<float> x = random_values(s.n * s.c_in * s.h * s.w, 1),
                       weight = random_values(s.c_out * s.c_in * s.kh * s.kw, 2), bias = random_values(s.c_out, 3),
                       y(s.n * s.c_out * s.h_out() * s.w_out(), kNaN);
    auto args = with_sizes<lacuna_conv2d_fwd_args>(s);
    args.x = x.data(), args.weight = weight.data(), args.bias = bias_wanted ? bias.data() : nullptr, args.y = y.data();
    expect_parity(ctx_, LACUNA_OP_conv2d_fwd, args);
  }

  void expect_backward(const Sizes& s, bool dx_wanted, bool dweight_wanted, bool dbias_wanted, bool accumulate) {
    std::vector<float> x = random_values(s.n * s.c_in * s.h * s.w, 1),
                       weight = random_values(s.c_out * s.c_in * s.kh * s.kw, 2),
                       dy = random_values(s.n * s.c_out * s.h_out() * s.w_out(), 3);
    const auto gradient = [=](int64_t size, uint32_t seed) {
      return accumulate ? random_values(size, seed) : std::vector<float>(static_cast<size_t>(size), kNaN);
    };
    std::vector<float> dx = gradient(static_cast<int64_t>(x.size()), 4),
                       dweight = gradient(static_cast<int64_t>(weight.size()), 5), dbias = gradient(s.c_out, 6);
    auto args = with_sizes<lacuna_conv2d_bwd_args>(s);
    args.acc_dx = args.acc_dweight = args.acc_dbias = accumulate;
    args.x = x.data(), args.weight = weight.data(), args.dy = dy.data();
    args.dx = dx_wanted ? dx.data() : nullptr;
    args.dweight = dweight_wanted ? dweight.data() : nullptr;
    args.dbias = dbias_wanted ? dbias.data() : nullptr;
    expect_parity(ctx_, LACUNA_OP_conv2d_bwd, args);
  }

  DeviceContext ctx_;
};

// The layers of a small network, then odd windows, strides and paddings; planes of 1, 2, 3 and 4 k pixels; padding
// wider than the window; a window as large as the image; empty ones.
INSTANTIATE_TEST_SUITE_P(Edges, CudaConv2d,
                         testing::Values(Sizes{2, 1, 28, 28, 16, 3, 3, 1, 1}, Sizes{5, 16, 14, 14, 32, 3, 3, 1, 1},
                                         Sizes{7, 32, 7, 7, 64, 3, 3, 1, 1}, Sizes{1, 1, 1, 1, 1, 1, 1, 1, 0},
                                         Sizes{3, 2, 5, 7, 3, 3, 2, 1, 0}, Sizes{2, 3, 9, 8, 4, 5, 3, 2, 2},
                                         Sizes{2, 2, 10, 11, 3, 2, 2, 2, 1}, Sizes{1, 3, 7, 33, 2, 1, 1, 1, 0},
                                         Sizes{2, 1, 6, 6, 5, 3, 3, 3, 4}, Sizes{1, 2, 3, 3, 2, 3, 3, 1, 3},
                                         Sizes{33, 1, 4, 17, 2, 4, 17, 1, 0}, Sizes{9, 3, 31, 1, 5, 3, 1, 1, 1},
                                         Sizes{5, 3, 1, 29, 4, 1, 4, 3, 0}, Sizes{6, 2, 5, 4, 3, 2, 2, 5, 0},
                                         Sizes{1, 200, 5, 5, 3, 3, 3, 1, 1}, Sizes{0, 2, 4, 4, 3, 3, 3, 1, 1},
                                         Sizes{2, 0, 4, 4, 3, 3, 3, 1, 1}, Sizes{2, 3, 4, 4, 0, 3, 3, 1, 1},
                                         Sizes{2, 3, 0, 4, 3, 2, 3, 1, 1}, Sizes{2, 3, 4, 0, 3, 3, 2, 1, 1}));

// Enough results for every size of tile without a cut of the depth, and sums deep enough to be cut.
INSTANTIATE_TEST_SUITE_P(Large, CudaConv2d,
                         testing::Values(Sizes{17, 128, 31, 31, 121, 1, 1, 1, 0}, Sizes{33, 3, 32, 32, 64, 3, 3, 1, 1},
                                         Sizes{1, 3, 96, 97, 65, 3, 3, 1, 1}, Sizes{1, 1401, 3, 3, 1530, 1, 1, 1, 0},
                                         Sizes{1, 120, 2, 2, 130, 11, 11, 1, 5}, Sizes{2, 40, 9, 9, 65, 11, 11, 1, 5},
                                         Sizes{66, 1, 70, 66, 3, 3, 3, 1, 1}));

TEST_P(CudaConv2d, forward_equals_the_cpus) {
  expect_forward(GetParam(), true);
  expect_forward(GetParam(), false);
}

TEST_P(CudaConv2d, gradients_equal_the_cpus) {
  expect_backward(GetParam(), true, true, true, false);
  expect_backward(GetParam(), true, true, true, true);
}

TEST_F(CudaConv2d, computes_only_the_gradients_that_are_wanted) {
  for (int wanted = 0; wanted < 8; ++wanted) {
    expect_backward({2, 3, 9, 8, 4, 5, 3, 2, 2}, wanted & 1, wanted & 2, wanted & 4, wanted & 1);
  }
}

TEST_F(CudaConv2d, names_what_does_not_fit) {
  std::vector<float> x(50), weight(9), y(50);
  const auto expect = [&](const char* text, auto&& spoil) {
    auto args = with_sizes<lacuna_conv2d_fwd_args>({1, 1, 5, 5, 1, 3, 3, 1, 1});
    args.x = x.data(), args.weight = weight.data(), args.y = y.data();
    spoil(args);
    expect_refused(ctx_, LACUNA_OP_conv2d_fwd, args, text);
  };
  using Args = lacuna_conv2d_fwd_args;
  expect("conv2d_fwd: stride is 0, want >= 1", [](Args& a) { a.stride = 0; });
  expect("conv2d_fwd: pad is -1, want >= 0", [](Args& a) { a.pad = -1; });
  expect("conv2d_fwd: h_out is 4, want 5 (= (h + 2 pad - kh) / stride + 1)", [](Args& a) { a.h_out = 4; });
  expect("conv2d_fwd: w_out is 6, want 5 (= (w + 2 pad - kw) / stride + 1)", [](Args& a) { a.w_out = 6; });
  expect("conv2d_fwd: kh is 9, want <= 7 (= h + 2 pad)", [](Args& a) { a.kh = 9, a.kw = 1; });
  expect("conv2d_fwd: kh is 0, want >= 1", [](Args& a) { a.kh = 0; });

  auto bwd = with_sizes<lacuna_conv2d_bwd_args>({1, 1, 5, 5, 1, 3, 3, 1, 1});
  bwd.x = x.data(), bwd.weight = weight.data(), bwd.dy = y.data();
  bwd.acc_dweight = 2;
  expect_refused(ctx_, LACUNA_OP_conv2d_bwd, bwd, "conv2d_bwd: acc_dweight is 2, want 0 or 1");
}

TEST_F(CudaConv2d, refuses_planes_whose_places_need_more_than_32_bits) {
  std::vector<float> weight(9);
  auto args = with_sizes<lacuna_conv2d_fwd_args>({0, 1, 5, 5, 1, 3, 3, 1, 1 << 20});
  args.weight = weight.data();
  const Outcome outcome = run_on_device(ctx_, LACUNA_OP_conv2d_fwd, args);
  EXPECT_EQ(LACUNA_UNSUPPORTED, outcome.status);
  EXPECT_EQ(
      "conv2d_fwd: (h + 2 pad) (w + 2 pad) is 4398067482649, want <= 1073741824: the CUDA kernels take no larger "
      "planes",
      outcome.text);
}

template <class Int>
void expect_exact_quotients() {
  constexpr Int kLargest = std::numeric_limits<Int>::max();
  std::vector<Int> numbers{0, 1, 2, 3, kLargest, kLargest - 1};
  for (int bit = 2; bit < 8 * static_cast<int>(sizeof(Int)) - 1; ++bit) {
    const Int power = Int{1} << bit;
    for (Int step : {-1, 0, 1}) numbers.push_back(power + step);
    numbers.push_back(power / 3 * 2), numbers.push_back(kLargest / power * power - 1);
  }
  std::mt19937_64 random(1);
  for (int i = 0; i < 200; ++i) {
    numbers.push_back(static_cast<Int>(random() & static_cast<uint64_t>(kLargest)) >> (i % (8 * sizeof(Int) - 1)));
  }
  for (Int divisor : numbers) {
    if (divisor == 0) continue;
    const Divisor<Int> by(divisor);
    for (Int x : numbers) {
      ASSERT_EQ(x / divisor, by.quotient(x)) << x << " / " << divisor;
      ASSERT_EQ(x % divisor, by.divide(x).remainder) << x << " / " << divisor;
      const Int edge = x / divisor * divisor;  // where the quotient steps
      ASSERT_EQ(x / divisor, by.quotient(edge)) << edge << " / " << divisor;
      const Int below = std::max<Int>(edge - 1, 0);
      ASSERT_EQ(below / divisor, by.quotient(below)) << below << " / " << divisor;
    }
  }
}
TEST(Divisor, is_exact_for_32_bits) { expect_exact_quotients<int32_t>(); }
TEST(Divisor, is_exact_for_64_bits) { expect_exact_quotients<int64_t>(); }

}  // namespace
}  // namespace lacuna::test
