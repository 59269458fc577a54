#include "parity.h"

namespace lacuna::test {
namespace {

struct Sizes {
  int64_t n, d, o, gap;  // gap: elements between the rows of every matrix

  friend std::ostream& operator<<(std::ostream& out, const Sizes& s) {
    return out << "n " << s.n << ", d " << s.d << ", o " << s.o << ", gap " << s.gap;
  }
};

// [rows, cols] with NaN between the rows; of random values, or of NaN where they are about to be overwritten.
std::vector<float> matrix(int64_t rows, int64_t cols, int64_t gap, uint32_t seed, bool overwritten = false) {
  std::vector<float> values = random_values(rows * (cols + gap), seed);
  for (int64_t i = 0; i < rows * (cols + gap); ++i) {
    if (overwritten || i % (cols + gap) >= cols) values[static_cast<size_t>(i)] = kNaN;
  }
  return values;
}

class CudaLinear : public testing::TestWithParam<Sizes> {
 protected:
  void expect_forward(const Sizes& s, bool bias) {
    std::vector<float> x = matrix(s.n, s.d, s.gap, 1), w = matrix(s.o, s.d, s.gap, 2), b = random_values(s.o, 3),
                       y = matrix(s.n, s.o, s.gap, 4, true);
    lacuna_linear_fwd_args args{};
    args.n = s.n, args.d = s.d, args.o = s.o;
    args.ld_x = args.ld_w = s.d + s.gap, args.ld_y = s.o + s.gap;
    args.x = x.data(), args.w = w.data(), args.b = bias ? b.data() : nullptr, args.y = y.data();
    expect_parity(ctx_, LACUNA_OP_linear_fwd, args);
  }

  void expect_backward(const Sizes& s, bool dx_wanted, bool dw_wanted, bool db_wanted, bool accumulate) {
    std::vector<float> x = matrix(s.n, s.d, s.gap, 1), w = matrix(s.o, s.d, s.gap, 2), dy = matrix(s.n, s.o, s.gap, 3);
    std::vector<float> dx = matrix(s.n, s.d, s.gap, 4, !accumulate), dw = matrix(s.o, s.d, s.gap, 5, !accumulate);
    std::vector<float> db = matrix(1, s.o, 0, 6, !accumulate);
    lacuna_linear_bwd_args args{};
    args.n = s.n, args.d = s.d, args.o = s.o;
    args.ld_x = args.ld_w = args.ld_dx = args.ld_dw = s.d + s.gap, args.ld_dy = s.o + s.gap;
    args.acc_dx = args.acc_dw = args.acc_db = accumulate;
    args.x = x.data(), args.w = w.data(), args.dy = dy.data();
    args.dx = dx_wanted ? dx.data() : nullptr;
    args.dw = dw_wanted ? dw.data() : nullptr;
    args.db = db_wanted ? db.data() : nullptr;
    expect_parity(ctx_, LACUNA_OP_linear_bwd, args);
  }

  DeviceContext ctx_;
};

std::vector<Sizes> edge_sizes() {
  std::vector<Sizes> sizes{{0, 4, 3, 0}, {4, 0, 3, 0}, {4, 3, 0, 0}, {0, 0, 0, 0}, {1, 1, 1, 0}, {3, 3, 3, 2}};
  for (int64_t size : {31, 32, 33, 63, 64, 65, 127, 128, 129}) {
    sizes.push_back({size, 19, 5, 1});
    sizes.push_back({7, size, 3, 4});
    sizes.push_back({6, 21, size, 3});
    sizes.push_back({size, size, size, 0});
  }
  return sizes;
}
INSTANTIATE_TEST_SUITE_P(Edges, CudaLinear, testing::ValuesIn(edge_sizes()));

// Enough results for every size of tile without a cut of the depth (128 x 128, 128 x 64, 64 x 128, 64 x 64), in each of
// the three products; few results with deep sums, where it is cut; both in more than one stretch of 4096 terms.
INSTANTIATE_TEST_SUITE_P(Large, CudaLinear,
                         testing::Values(Sizes{1401, 17, 1537, 0}, Sizes{8201, 16, 64, 3}, Sizes{60, 5, 16300, 0},
                                         Sizes{16300, 60, 5, 1}, Sizes{5, 16300, 60, 0}, Sizes{520, 33, 1030, 0},
                                         Sizes{257, 1500, 301, 3}, Sizes{9, 17011, 11, 1}, Sizes{5, 130, 9001, 0},
                                         Sizes{9003, 33, 48, 1}, Sizes{128, 16500, 128, 0}));

TEST_P(CudaLinear, forward_equals_the_cpus) {
  expect_forward(GetParam(), true);
  expect_forward(GetParam(), false);
}

TEST_P(CudaLinear, gradients_equal_the_cpus) {
  expect_backward(GetParam(), true, true, true, false);
  expect_backward(GetParam(), true, true, true, true);
}

TEST_F(CudaLinear, computes_only_the_gradients_that_are_wanted) {
  for (int wanted = 0; wanted < 8; ++wanted) {
    expect_backward({70, 45, 37, 0}, wanted & 1, wanted & 2, wanted & 4, wanted & 1);
  }
}

// Enough tiles for no cut of the depth, which takes two launches: the second adds to what the first has written.
TEST_F(CudaLinear, a_long_depth_takes_several_launches) { expect_forward({704, 4100, 705, 0}, true); }

// Terms of one sign: a sum in one go, as the CPU's, may be off by many times the last digit.
TEST_F(CudaLinear, long_sums_keep_their_accuracy) {
  constexpr int64_t kDepth = 200'003;
  std::vector<float> x = random_values(kDepth, 1), w(kDepth, 1.0f);
  double sum = 0;
  for (float& value : x) sum += value += 1.5f;
  float y = kNaN;
  lacuna_linear_fwd_args args{};
  args.n = args.o = 1, args.d = kDepth, args.ld_x = args.ld_w = kDepth, args.ld_y = 1;
  args.x = x.data(), args.w = w.data(), args.y = &y;
  const Outcome outcome = run_on_device(ctx_, LACUNA_OP_linear_fwd, args);
  ASSERT_EQ(LACUNA_OK, outcome.status) << outcome.text;
  EXPECT_NEAR(sum, y, 4e-7 * sum);
}

TEST_F(CudaLinear, equal_input_gives_equal_bits) {
  const Sizes s{70, 3001, 65, 0};
  const std::vector<float> x = random_values(s.n * s.d, 1), w = random_values(s.o * s.d, 2);
  std::vector<float> first(s.n * s.o), second(s.n * s.o);
  for (std::vector<float>* y : {&first, &second}) {
    lacuna_linear_fwd_args args{};
    args.n = s.n, args.d = s.d, args.o = s.o, args.ld_x = args.ld_w = s.d, args.ld_y = s.o;
    args.x = const_cast<float*>(x.data()), args.w = const_cast<float*>(w.data()), args.y = y->data();
    ASSERT_EQ(LACUNA_OK, run_on_device(ctx_, LACUNA_OP_linear_fwd, args).status);
  }
  EXPECT_TRUE(same_bits(first, second));
}

TEST_F(CudaLinear, names_what_does_not_fit) {
  std::vector<float> x(12), w(12), dy(9), dx(12);
  lacuna_linear_bwd_args args{};
  args.n = args.o = 3, args.d = 4, args.ld_x = args.ld_w = args.ld_dx = 4, args.ld_dy = 3;
  args.x = x.data(), args.w = w.data(), args.dy = dy.data(), args.dx = dx.data();
  args.acc_dx = 2;
  expect_refused(ctx_, LACUNA_OP_linear_bwd, args, "linear_bwd: acc_dx is 2, want 0 or 1");
  args.acc_dx = 1, args.acc_dw = -1;
  expect_refused(ctx_, LACUNA_OP_linear_bwd, args, "linear_bwd: acc_dw is -1, want 0 or 1");
  args.acc_dw = 0, args.acc_db = 3;
  expect_refused(ctx_, LACUNA_OP_linear_bwd, args, "linear_bwd: acc_db is 3, want 0 or 1");
  args.acc_db = 0, args.ld_x = 3;
  expect_refused(ctx_, LACUNA_OP_linear_bwd, args, "linear_bwd: ld_x is 3, want >= 4 (= d)");
}

}  // namespace
}  // namespace lacuna::test
