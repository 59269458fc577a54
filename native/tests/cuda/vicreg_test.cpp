// VICReg on the device against the CPU, in both forms.
#include <tuple>

#include "parity.h"

namespace lacuna::test {
namespace {

struct Call {
  Call(int64_t n, int64_t d, int64_t gap = 0)
      : ld(d + gap),
        x(random_values(n * (ld + (gap ? 3 : 0)), 1)),
        y(random_values(n * (ld + (gap ? 3 : 0)), 2)),
        dx(random_values(n * (ld + (gap ? 3 : 0)), 3)),
        dy(random_values(n * (ld + (gap ? 3 : 0)), 4)),
        loss(1),
        terms(5) {
    args.n = n, args.d = d;
    args.ld_x = args.ld_y = args.ld_dx = args.ld_dy = ld;
    if (ld > d) args.ld_y = ld + 1, args.ld_dx = ld + 2, args.ld_dy = ld + 3;  // rows of no tensor lie as another's
    args.lambda = 25, args.mu = 25, args.nu = 1, args.gamma = 1, args.epsilon = 1e-4;
    args.x = x.data(), args.y = y.data(), args.dx = dx.data(), args.dy = dy.data();
    args.loss = loss.data(), args.terms = terms.data();
  }

  int64_t ld;
  std::vector<float> x, y, dx, dy, loss, terms;
  lacuna_vicreg_args args{};
};

class CudaVicreg : public testing::Test {
 protected:
  void expect_same(const lacuna_vicreg_args& args, double tolerance = 1e-5) {
    SCOPED_TRACE("n " + std::to_string(args.n) + " d " + std::to_string(args.d) + " form " + std::to_string(args.form));
    expect_parity(ctx, LACUNA_OP_vicreg, args, tolerance);
  }
  void expect_refusal(const lacuna_vicreg_args& args, const std::string& text) {
    expect_refused(ctx, LACUNA_OP_vicreg, args, "vicreg: " + text);
  }

  DeviceContext ctx;
};

TEST_F(CudaVicreg, AgreesWithTheCpuAtEverySize) {
  for (const auto& [n, d] : {std::pair<int64_t, int64_t>{2, 1},
                             {2, 2},
                             {128, 200},
                             {3, 5},
                             {7, 5},
                             {31, 33},
                             {32, 32},
                             {33, 31},
                             {63, 65},
                             {64, 64},
                             {65, 63},
                             {127, 129},
                             {129, 127},
                             {20, 301},
                             {301, 20}}) {
    for (int64_t form : {0, 1, 2}) {
      Call call(n, d);
      call.args.form = form;
      expect_same(call.args);
    }
  }
}

// Several chunks of rows, slices of the depth, and large tiles of S and of the gradients.
TEST_F(CudaVicreg, AgreesWithTheCpuWhereTheWorkIsCut) {
  for (const auto& [n, d, form] : {std::tuple<int64_t, int64_t, int64_t>{64, 768, 0},
                                   {24, 1030, 0},
                                   {16500, 6, 0},
                                   {8230, 20, 1},
                                   {20, 8230, 2},
                                   {1310, 20, 2},
                                   {20, 1310, 1}}) {
    Call call(n, d, 2);
    call.args.form = form;
    expect_same(call.args);
  }
}

TEST_F(CudaVicreg, TakesEveryOption) {
  for (const auto& [n, d] : {std::pair<int64_t, int64_t>{40, 70}, {70, 40}}) {
    for (int bits = 0; bits < 128; ++bits) {
      Call call(n, d, bits % 4);
      SCOPED_TRACE("bits " + std::to_string(bits));
      call.args.halving = bits & 1;
      call.args.target = bits >> 1 & 1;
      call.args.acc_dx = bits >> 2 & 1;
      call.args.acc_dy = bits >> 3 & 1;
      if (bits >> 4 & 1) call.args.dx = nullptr;
      if (bits >> 5 & 1) call.args.dy = nullptr;
      if (bits >> 6 & 1) call.args.terms = nullptr;
      // So small a gamma that some columns are beyond the hinge.
      call.args.gamma = 0.58;
      expect_same(call.args);
    }
  }
}

TEST_F(CudaVicreg, ConstantColumnsHaveNoVariance) {
  for (int64_t n : {3, 64, 200}) {
    Call call(n, 6);
    for (int64_t i = 0; i < n * 6; ++i) call.x[i] = call.y[i] = 1.1f * static_cast<float>(1 + i % 6);
    const Outcome outcome = run_on_device(ctx, LACUNA_OP_vicreg, call.args);
    ASSERT_EQ(LACUNA_OK, outcome.status) << outcome.text;
    EXPECT_EQ((std::vector<float>{0, 0.99f, 0.99f, 0, 0}), call.terms);
    EXPECT_EQ(std::vector<float>(static_cast<size_t>(n * 6), 0.0f), call.dx);
    EXPECT_EQ(call.dx, call.dy);
  }
}

// The mean is a thousand standard deviations away from 0, and the first row as far from the mean.
TEST_F(CudaVicreg, FarFromZeroTheVariancesAreStillThere) {
  for (int64_t form : {1, 2}) {
    Call call(150, 40);
    call.args.form = form;
    for (float& value : call.x) value = 1000 + value;
    for (int64_t j = 0; j < 40; ++j) call.y[j] = -1000;
    expect_same(call.args, 1e-4);
  }
}

TEST_F(CudaVicreg, NaNGoesIntoTheLoss) {
  for (int64_t form : {1, 2}) {
    for (bool in_x : {true, false}) {
      Call call(70, 40);
      call.args.form = form;
      (in_x ? call.x : call.y)[69 * 40 + 7] = kNaN;
      const Outcome outcome = run_on_device(ctx, LACUNA_OP_vicreg, call.args);
      ASSERT_EQ(LACUNA_OK, outcome.status) << outcome.text;
      EXPECT_TRUE(std::isnan(call.loss[0]));
      EXPECT_TRUE(std::isnan(call.terms[in_x ? 1 : 2]));
      EXPECT_FALSE(std::isnan(call.terms[in_x ? 2 : 1]));
    }
  }
}

TEST_F(CudaVicreg, EqualInputGivesEqualBits) {
  Call first(90, 200), second(90, 200);
  run_on_device(ctx, LACUNA_OP_vicreg, first.args);
  run_on_device(ctx, LACUNA_OP_vicreg, second.args);
  EXPECT_TRUE(same_bits(first.dx, second.dx));
  EXPECT_TRUE(same_bits(first.dy, second.dy));
  EXPECT_TRUE(same_bits(first.terms, second.terms));
}

TEST_F(CudaVicreg, RefusesWhatTheCpuRefuses) {
  const auto with = [](auto change) {
    auto call = std::make_unique<Call>(4, 3);
    change(call->args);
    return call;
  };
  const auto expect = [&](const std::string& text, auto change) { expect_refusal(with(change)->args, text); };
  using Args = lacuna_vicreg_args;
  expect("n is 1, want >= 2: a variance needs two rows", [](Args& a) { a.n = 1; });
  expect("d is 0, want >= 1", [](Args& a) { a.d = 0; });
  expect("form is 3, want 0, 1 or 2", [](Args& a) { a.form = 3; });
  expect("form is -1, want 0, 1 or 2", [](Args& a) { a.form = -1; });
  expect("halving is 2, want 0 or 1", [](Args& a) { a.halving = 2; });
  expect("target is 2, want 0 or 1", [](Args& a) { a.target = 2; });
  expect("acc_dx is -1, want 0 or 1", [](Args& a) { a.acc_dx = -1; });
  expect("acc_dy is 7, want 0 or 1", [](Args& a) { a.acc_dy = 7; });
  expect("epsilon is 0, want > 0 in float", [](Args& a) { a.epsilon = 0; });
  expect("epsilon is 1e-60, want > 0 in float", [](Args& a) { a.epsilon = 1e-60; });
}

TEST_F(CudaVicreg, TheWorkspaceHoldsNoSquareOfTheLongerSide) {
  const auto workspace = [&](int64_t n, int64_t d, int64_t form) {
    lacuna_vicreg_args args{};
    args.struct_size = sizeof args;
    args.n = n, args.d = d, args.form = form;
    args.ld_x = args.ld_y = args.ld_dx = args.ld_dy = d;
    int64_t bytes = -1;
    EXPECT_EQ(LACUNA_OK, ctx.cuda.lacuna_workspace(ctx, LACUNA_OP_vicreg, &args, &bytes)) << ctx.error();
    return bytes;
  };
  EXPECT_LT(workspace(64, 100'000, 0), int64_t{32} << 20);
  EXPECT_LT(workspace(1'000'000, 64, 0), int64_t{32} << 20);
  EXPECT_EQ(std::numeric_limits<int64_t>::max(), workspace(2, int64_t{1} << 50, 1));
}

}  // namespace
}  // namespace lacuna::test
