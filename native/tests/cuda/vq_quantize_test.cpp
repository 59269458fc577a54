// vq_quantize_fwd and vq_quantize_bwd on the device.
#include "parity.h"

namespace lacuna::test {
namespace {

struct Quantise {
  lacuna_vq_quantize_fwd_args forward{};
  lacuna_vq_quantize_bwd_args backward{};
  std::vector<float> z, codebook, q, dq, dz, loss{-7}, dloss{0.7f};
  std::vector<int32_t> index;

  Quantise(int64_t m, int64_t n, int64_t d, int64_t k, int64_t gap = 0) {
    const int64_t ld_z = d + gap, ld_codebook = d + 2 * gap, ld_q = d + 3 * gap, ld_dq = d + gap, ld_dz = d + 2 * gap;
    z = random_values(n * ld_z + 1, 21);
    codebook = random_values(k * ld_codebook + 1, 22);
    q = random_values(n * ld_q + 1, 23);
    dq = random_values(n * ld_dq + 1, 24);
    dz = random_values(n * ld_dz + 1, 25);
    std::mt19937 random(26);
    index.resize(static_cast<size_t>(m * n + 1));
    for (int32_t& code : index) code = k == 0 || random() % 5 == 0 ? -1 : static_cast<int32_t>(random() % k);
    const auto fill = [&](auto& args) {
      args.m = m;
      args.n = n;
      args.d = d;
      args.k = k;
      args.ld_z = ld_z;
      args.ld_codebook = ld_codebook;
      args.own = 0.5;
      args.cross = 0.25;
      args.z = z.data();
      args.codebook = codebook.data();
      args.index = index.data();
    };
    fill(forward);
    fill(backward);
    forward.ld_q = ld_q;
    forward.q = q.data();
    forward.loss = loss.data();
    backward.ld_dq = ld_dq;
    backward.ld_dz = ld_dz;
    backward.dq = dq.data();
    backward.dloss = dloss.data();
    backward.dz = dz.data();
  }
  Quantise(const Quantise&) = delete;
};

class VqQuantizeOnDevice : public ::testing::Test {
 protected:
  void expect(Quantise& x) {
    expect_parity(ctx, LACUNA_OP_vq_quantize_fwd, x.forward, 2e-7);
    for (const int64_t estimator : {0, 1}) {
      for (const int64_t accumulate : {0, 1}) {
        x.backward.estimator = estimator;
        x.backward.acc_dz = accumulate;
        expect_parity(ctx, LACUNA_OP_vq_quantize_bwd, x.backward, 5e-7);
      }
    }
  }
  void expect_refusal(Quantise& x, const std::string& text) {
    expect_refused(ctx, LACUNA_OP_vq_quantize_fwd, x.forward, "vq_quantize_fwd: " + text);
    expect_refused(ctx, LACUNA_OP_vq_quantize_bwd, x.backward, "vq_quantize_bwd: " + text);
  }

  DeviceContext ctx;
};

TEST_F(VqQuantizeOnDevice, AgreesWithTheCpuAtEverySize) {
  const auto check = [&](int64_t m, int64_t n, int64_t d, int64_t k, int64_t gap) {
    Quantise x(m, n, d, k, gap);
    expect(x);
  };
  for (const int64_t n : {0, 1, 3, 31, 32, 33, 63, 65, 127, 129, 300}) check(2, n, 5, 7, 0);
  for (const int64_t d : {0, 1, 2, 3, 4, 31, 33, 63, 65, 127, 128, 129, 260}) check(2, 20, d, 7, 1);
  for (const int64_t m : {1, 2, 3, 5}) check(m, 40, 12, 9, 4);
  check(2, 10, 3, 0, 0);
}

TEST_F(VqQuantizeOnDevice, TakesWhatIsNotWantedAsNothing) {
  for (const bool with_dq : {false, true}) {
    for (const bool with_dloss : {false, true}) {
      Quantise x(3, 50, 21, 9, 1);
      x.forward.loss = nullptr;
      if (!with_dq) x.backward.dq = nullptr;
      if (!with_dloss) x.backward.dloss = nullptr;
      expect(x);
    }
  }
  Quantise alone(3, 50, 21, 9);
  for (const double cross : {0.0, 1.0}) {
    alone.forward.cross = alone.backward.cross = cross;
    expect(alone);
  }
}

// J = 1 where z = 0, J = 0 where q = 0, a reflection where z and q point apart, and next to nothing where they nearly
// do.
TEST_F(VqQuantizeOnDevice, RotatesAtTheEdges) {
  Quantise x(1, 6, 8, 6);
  for (int32_t i = 0; i < 6; ++i) x.index[i] = i;
  std::fill_n(x.z.begin(), 8, 0.0f);
  std::fill_n(x.codebook.begin() + 8, 8, 0.0f);
  for (int t = 0; t < 8; ++t) {
    x.codebook[16 + t] = -2 * x.z[16 + t];
    x.codebook[24 + t] = -x.z[24 + t] + (t == 0 ? 1e-3f : 0);
    x.codebook[32 + t] = 3 * x.z[32 + t];
  }
  x.backward.dloss = nullptr;
  expect(x);
  x.backward.acc_dz = 0;
  ASSERT_EQ(LACUNA_OK, run_on_device(ctx, LACUNA_OP_vq_quantize_bwd, x.backward).status);
  for (int t = 0; t < 8; ++t) {
    EXPECT_EQ(x.dq[t], x.dz[t]);
    EXPECT_EQ(0.0f, x.dz[8 + t]);
    EXPECT_NEAR(3 * x.dq[32 + t], x.dz[32 + t], 1e-6);
  }
}

TEST_F(VqQuantizeOnDevice, DoesNotReadRowsThatAreAbsent) {
  Quantise x(2, 30, 7, 5);
  for (int64_t i = 0; i < 30; ++i) {
    if (x.index[i] < 0) std::fill_n(x.z.begin() + i * 7, 7, kNaN);
  }
  expect(x);
}

TEST_F(VqQuantizeOnDevice, RefusesIndicesOutOfRangeAndChangesNothing) {
  for (const int32_t bad : {-2, 5, INT32_MAX}) {
    for (const size_t at : {size_t{0}, size_t{49}, size_t{99}}) {
      Quantise x(2, 50, 7, 5);
      x.index[at] = bad;
      expect_refusal(x, "an index is out of range");
      Quantise narrow(2, 50, 0, 5);  // nothing to write, and refused all the same
      narrow.index[at] = bad;
      expect_refusal(narrow, "an index is out of range");
    }
  }
}

TEST_F(VqQuantizeOnDevice, RefusesBadArguments) {
  Quantise none(0, 3, 2, 4), estimator(1, 3, 2, 4), flag(1, 3, 2, 4);
  expect_refusal(none, "m is 0, want >= 1");
  estimator.backward.estimator = 2;
  expect_refused(ctx, LACUNA_OP_vq_quantize_bwd, estimator.backward, "vq_quantize_bwd: estimator is 2, want 0 or 1");
  flag.backward.acc_dz = 2;
  expect_refused(ctx, LACUNA_OP_vq_quantize_bwd, flag.backward, "vq_quantize_bwd: acc_dz is 2, want 0 or 1");
}

}  // namespace
}  // namespace lacuna::test
