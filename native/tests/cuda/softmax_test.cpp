// The row-wise softmax ops: probabilities, cross-entropy and entropy.
#include "parity.h"

namespace {

using namespace lacuna::test;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Size {
  int64_t n, c;
};
// The last has more rows than blocks.
constexpr Size kSizes[] = {{1, 1},   {3, 2},   {64, 10}, {257, 3}, {5, 31},   {33, 32},  {9, 33},   {65, 63},   {7, 64},
                           {31, 65}, {3, 127}, {4, 128}, {2, 129}, {3, 1000}, {2, 1025}, {1, 5003}, {1500, 700}};

// Some rows are ordinary, some confident, some hold a logit of -infinity.
std::vector<float> logits_of(Size size, int64_t ld) {
  std::vector<float> z = random_values(std::max<int64_t>(size.n * ld, 1), 1);
  for (int64_t i = 0; i < size.n; ++i) {
    float* const row = z.data() + i * ld;
    for (int64_t j = 0; j < size.c; ++j) row[j] *= i % 3 == 1 ? 80.0f : 3.0f;
    if (i % 3 == 2 && size.c > 1) row[i % size.c] = -kInfinity;
  }
  return z;
}

std::vector<int32_t> labels_of(Size size) {
  std::vector<int32_t> labels(static_cast<size_t>(std::max<int64_t>(size.n, 1)));
  for (size_t i = 0; i < labels.size(); ++i) {
    labels[i] = static_cast<int32_t>(static_cast<int64_t>(7 * i + (i % 3 == 2)) % size.c);
  }
  return labels;
}

TEST(CudaSoftmax, GivesTheProbabilitiesOfTheCpu) {
  const DeviceContext ctx;
  for (const Size size : kSizes) {
    for (const int64_t gap : {0, 1, 4}) {
      SCOPED_TRACE(testing::Message() << "[" << size.n << ", " << size.c << "], gaps of " << gap);
      std::vector<float> x = logits_of(size, size.c + gap), prob = random_values(size.n * (size.c + gap), 2);
      lacuna_softmax_fwd_args args{};
      args.n = size.n, args.c = size.c, args.ld_x = args.ld_prob = size.c + gap;
      args.x = x.data(), args.prob = prob.data();
      expect_parity(ctx, LACUNA_OP_softmax_fwd, args, 1e-6);
      x[0] = kNaN;
      expect_parity(ctx, LACUNA_OP_softmax_fwd, args, 1e-6);
      std::fill(x.begin(), x.begin() + size.c, -kInfinity);
      expect_parity(ctx, LACUNA_OP_softmax_fwd, args, 1e-6);
    }
  }
}

TEST(CudaSoftmax, PassesTheGradientOfTheCpu) {
  const DeviceContext ctx;
  for (const Size size : kSizes) {
    for (const int64_t gap : {0, 1, 4}) {
      SCOPED_TRACE(testing::Message() << "[" << size.n << ", " << size.c << "], gaps of " << gap);
      std::vector<float> prob = random_values(size.n * (size.c + gap), 1), dprob = random_values(size.n * size.c, 2);
      std::vector<float> dx = random_values(size.n * (size.c + gap), 3);
      for (float& p : prob) p = std::fabs(p) / static_cast<float>(size.c);
      lacuna_softmax_bwd_args args{};
      args.n = size.n, args.c = size.c, args.ld_prob = args.ld_dx = size.c + gap, args.ld_dprob = size.c;
      args.prob = prob.data(), args.dprob = dprob.data(), args.dx = dx.data();
      for (args.acc_dx = 0; args.acc_dx < 2; ++args.acc_dx) expect_parity(ctx, LACUNA_OP_softmax_bwd, args, 1e-6);
      args.acc_dx = 0, dprob[0] = kNaN;
      expect_parity(ctx, LACUNA_OP_softmax_bwd, args, 1e-6);
    }
  }
}

TEST(CudaSoftmax, OfNoRowsOrNoColumnsWritesNothing) {
  const DeviceContext ctx;
  for (const Size size : {Size{0, 3}, Size{3, 0}}) {
    std::vector<float> x = random_values(9, 1), prob = random_values(9, 2), dx = random_values(9, 3);
    lacuna_softmax_fwd_args forward{};
    forward.n = size.n, forward.c = forward.ld_x = forward.ld_prob = size.c;
    forward.x = x.data(), forward.prob = prob.data();
    expect_parity(ctx, LACUNA_OP_softmax_fwd, forward, 0);
    lacuna_softmax_bwd_args backward{};
    backward.n = size.n, backward.c = backward.ld_prob = backward.ld_dprob = backward.ld_dx = size.c;
    backward.prob = prob.data(), backward.dprob = x.data(), backward.dx = dx.data();
    expect_parity(ctx, LACUNA_OP_softmax_bwd, backward, 0);
    backward.acc_dx = 2;
    expect_refused(ctx, LACUNA_OP_softmax_bwd, backward, "acc_dx is 2, want 0 or 1");
  }
}

TEST(CudaSoftmaxXent, GivesTheProbabilitiesAndTheLossOfTheCpu) {
  const DeviceContext ctx;
  for (const Size size : kSizes) {
    for (const int64_t gap : {0, 1, 4}) {
      SCOPED_TRACE(testing::Message() << "[" << size.n << ", " << size.c << "], gaps of " << gap);
      std::vector<float> z = logits_of(size, size.c + gap), prob = random_values(size.n * (size.c + gap), 2);
      for (float& value : z) {
        if (value == -kInfinity) value = -50;  // as a label, it would make the loss infinite
      }
      std::vector<int32_t> labels = labels_of(size);
      float loss = 0;
      lacuna_softmax_xent_fwd_args args{};
      args.n = size.n, args.c = size.c, args.ld_logits = args.ld_prob = size.c + gap;
      args.logits = z.data(), args.label = labels.data(), args.prob = prob.data(), args.loss = &loss;
      expect_parity(ctx, LACUNA_OP_softmax_xent_fwd, args, 1e-6);
      z[0] = kNaN;
      expect_parity(ctx, LACUNA_OP_softmax_xent_fwd, args, 1e-6);
      z[0] = -kInfinity;
      expect_parity(ctx, LACUNA_OP_softmax_xent_fwd, args, 1e-6);
    }
  }
}

TEST(CudaSoftmaxXent, PassesTheGradientOfTheCpu) {
  const DeviceContext ctx;
  for (const Size size : kSizes) {
    for (const int64_t gap : {0, 1, 4}) {
      for (const int64_t accumulate : {0, 1}) {
        SCOPED_TRACE(testing::Message() << "[" << size.n << ", " << size.c << "], gaps of " << gap << ", accumulate "
                                        << accumulate);
        std::vector<float> prob = random_values(size.n * (size.c + gap), 1),
                           dlogits = random_values(size.n * size.c, 2);
        std::vector<int32_t> labels = labels_of(size);
        float dloss = 0.7f;
        lacuna_softmax_xent_bwd_args args{};
        args.n = size.n, args.c = size.c, args.ld_prob = size.c + gap, args.ld_dlogits = size.c;
        args.acc_dlogits = accumulate;
        args.prob = prob.data(), args.label = labels.data(), args.dloss = &dloss, args.dlogits = dlogits.data();
        expect_parity(ctx, LACUNA_OP_softmax_xent_bwd, args, 1e-6);
      }
    }
  }
}

TEST(CudaSoftmaxXent, LossOfAConfidentRowKeepsItsDigits) {
  const DeviceContext ctx;
  // log(1 + 2 e^-18) = 3.05e-8 would be 0 in single precision.
  std::vector<float> z = {18, 0, 0}, prob(3);
  int32_t label = 0;
  float loss = 0;
  lacuna_softmax_xent_fwd_args args{};
  args.n = 1, args.c = args.ld_logits = args.ld_prob = 3;
  args.logits = z.data(), args.label = &label, args.prob = prob.data(), args.loss = &loss;
  expect_parity(ctx, LACUNA_OP_softmax_xent_fwd, args, 1e-6);
  ASSERT_EQ(LACUNA_OK, run_on_device(ctx, LACUNA_OP_softmax_xent_fwd, args).status);
  EXPECT_NEAR(2 * std::exp(-18.0), loss, 1e-13);
}

TEST(CudaSoftmaxXent, ChangesNothingWhereALabelIsWrong) {
  const DeviceContext ctx;
  const Size size{9000, 3};  // three blocks check the labels
  std::vector<float> z = logits_of(size, size.c), prob = random_values(size.n * size.c, 2);
  std::vector<float> dlogits = random_values(size.n * size.c, 3);
  std::vector<int32_t> labels = labels_of(size);
  float loss = 5, dloss = 1;
  lacuna_softmax_xent_fwd_args forward{};
  forward.n = size.n, forward.c = forward.ld_logits = forward.ld_prob = size.c;
  forward.logits = z.data(), forward.label = labels.data(), forward.prob = prob.data(), forward.loss = &loss;
  lacuna_softmax_xent_bwd_args backward{};
  backward.n = size.n, backward.c = backward.ld_prob = backward.ld_dlogits = size.c;
  backward.prob = prob.data(), backward.label = labels.data(), backward.dloss = &dloss;
  backward.dlogits = dlogits.data();
  for (const size_t at : {size_t{0}, size_t{4500}, labels.size() - 1}) {
    for (const int32_t wrong : {-1, 3, INT32_MAX, INT32_MIN}) {
      const int32_t right = labels[at];
      labels[at] = wrong;
      expect_refused(ctx, LACUNA_OP_softmax_xent_fwd, forward, "softmax_xent_fwd: a label is outside [0, c)");
      expect_refused(ctx, LACUNA_OP_softmax_xent_bwd, backward, "softmax_xent_bwd: a label is outside [0, c)");
      labels[at] = right;
    }
  }
  // What was refused leaves no trace in the next call.
  expect_parity(ctx, LACUNA_OP_softmax_xent_fwd, forward);
  expect_parity(ctx, LACUNA_OP_softmax_xent_bwd, backward);
}

TEST(CudaSoftmaxXent, RefusesWhatTheCpuRefuses) {
  const DeviceContext ctx;
  std::vector<float> z(6), prob(6);
  std::vector<int32_t> labels(2);
  float loss = 0;
  lacuna_softmax_xent_fwd_args forward{};
  forward.n = 0, forward.c = forward.ld_logits = forward.ld_prob = 3;
  forward.logits = z.data(), forward.label = labels.data(), forward.prob = prob.data(), forward.loss = &loss;
  expect_refused(ctx, LACUNA_OP_softmax_xent_fwd, forward, "n is 0, want >= 1: the mean over no rows");
  forward.n = 2, forward.c = 0;
  expect_refused(ctx, LACUNA_OP_softmax_xent_fwd, forward, "a label is outside [0, c)");
  lacuna_softmax_xent_bwd_args backward{};
  backward.n = 2, backward.c = backward.ld_prob = backward.ld_dlogits = 3, backward.acc_dlogits = 2;
  backward.prob = prob.data(), backward.label = labels.data(), backward.dloss = &loss, backward.dlogits = z.data();
  expect_refused(ctx, LACUNA_OP_softmax_xent_bwd, backward, "acc_dlogits is 2, want 0 or 1");
  backward.acc_dlogits = 0, backward.n = 0;
  expect_parity(ctx, LACUNA_OP_softmax_xent_bwd, backward);
}

TEST(CudaEntropy, IsTheCpusAndSoIsItsGradient) {
  const DeviceContext ctx;
  for (const Size size : kSizes) {
    for (const int64_t gap : {0, 1, 4}) {
      SCOPED_TRACE(testing::Message() << "[" << size.n << ", " << size.c << "], gaps of " << gap);
      std::vector<float> z = logits_of(size, size.c + gap), e(static_cast<size_t>(size.n));
      std::vector<float> de = random_values(size.n, 2), dlogits = random_values(size.n * size.c, 3);
      lacuna_entropy_fwd_args forward{};
      forward.n = size.n, forward.c = size.c, forward.ld_logits = size.c + gap;
      forward.logits = z.data(), forward.e = e.data();
      expect_parity(ctx, LACUNA_OP_entropy_fwd, forward, 1e-6);
      static Context cpu(1);
      ASSERT_EQ(LACUNA_OK, call(cpu, LACUNA_OP_entropy_fwd, forward));
      lacuna_entropy_bwd_args backward{};
      backward.n = size.n, backward.c = size.c, backward.ld_logits = size.c + gap, backward.ld_dlogits = size.c;
      backward.logits = z.data(), backward.e = e.data(), backward.de = de.data(), backward.dlogits = dlogits.data();
      for (const int64_t accumulate : {0, 1}) {
        backward.acc_dlogits = accumulate;
        expect_parity(ctx, LACUNA_OP_entropy_bwd, backward, 2e-6);
      }
      z[0] = kNaN;
      expect_parity(ctx, LACUNA_OP_entropy_fwd, forward, 1e-6);
      expect_parity(ctx, LACUNA_OP_entropy_bwd, backward, 2e-6);
    }
  }
}

TEST(CudaEntropy, RefusesWhatTheCpuRefuses) {
  const DeviceContext ctx;
  std::vector<float> z(6), e(2), de(2), dlogits(6);
  lacuna_entropy_fwd_args forward{};
  forward.n = 2, forward.ld_logits = 3, forward.logits = z.data(), forward.e = e.data();
  expect_refused(ctx, LACUNA_OP_entropy_fwd, forward, "c is 0, want >= 1: the entropy of no classes");
  forward.n = 0;
  expect_parity(ctx, LACUNA_OP_entropy_fwd, forward);
  lacuna_entropy_bwd_args backward{};
  backward.n = 2, backward.c = backward.ld_logits = backward.ld_dlogits = 3, backward.acc_dlogits = -1;
  backward.logits = z.data(), backward.e = e.data(), backward.de = de.data(), backward.dlogits = dlogits.data();
  expect_refused(ctx, LACUNA_OP_entropy_bwd, backward, "acc_dlogits is -1, want 0 or 1");
  backward.acc_dlogits = 0, backward.c = 0;
  expect_refused(ctx, LACUNA_OP_entropy_bwd, backward, "c is 0, want >= 1: the entropy of no classes");
}

}  // namespace
