// vq_statistics, vq_ema and vq_reset on the device.
#include "lacuna/vq_shape.h"
#include "parity.h"

namespace lacuna::test {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Statistics {
  lacuna_vq_statistics_args args{};
  std::vector<float> z, sum, perplexity;
  std::vector<int32_t> index, count;

  // absent: the share of modalities that are not there, in percent; single: all positions have code k / 2.
  Statistics(int64_t m, int64_t n, int64_t d, int64_t k, bool own_groups, int64_t gap = 0, uint32_t absent = 20,
             bool single = false) {
    args.m = m;
    args.n = n;
    args.d = d;
    args.k = k;
    args.groups = own_groups ? m : 1;
    args.ld_z = d + gap;
    args.ld_sum = d + 2 * gap;
    args.decay = 0.9;
    z = random_values(m * n * args.ld_z + 1, 3);
    sum = random_values(args.groups * k * args.ld_sum + 1, 4);
    perplexity = random_values(m + 1, 5);
    count.assign(static_cast<size_t>(m * k + 1), -7);
    std::mt19937 random(6);
    index.resize(static_cast<size_t>(m * n + 1));
    for (int32_t& code : index)
      code = k == 0 || random() % 100 < absent ? -1 : static_cast<int32_t>(single ? k / 2 : random() % k);
    args.z = z.data();
    args.index = index.data();
    args.count = count.data();
    args.sum = sum.data();
    args.perplexity = perplexity.data();
  }
  Statistics(const Statistics&) = delete;
};

class VqStatisticsOnDevice : public ::testing::Test {
 protected:
  void expect(const Statistics& s) { expect_parity(ctx, LACUNA_OP_vq_statistics, s.args, 3e-7); }
  DeviceContext ctx;
};

TEST_F(VqStatisticsOnDevice, AgreesWithTheCpuAtEverySize) {
  for (const int64_t n : {0, 1, 3, 31, 32, 33, 63, 65, 127, 129, 513, 1500}) expect(Statistics(2, n, 5, 7, true));
  for (const int64_t d : {0, 1, 3, 4, 31, 33, 63, 65, 127, 128, 129, 300}) expect(Statistics(2, 40, d, 5, false));
  for (const int64_t k : {1, 2, 31, 33, 255, 256, 257, 600}) expect(Statistics(3, 200, 6, k, true));
}

TEST_F(VqStatisticsOnDevice, AgreesWithTheCpuForAnyModalitiesAndGroups) {
  for (const int64_t m : {0, 1, 2, 3, 5}) {
    for (const bool own_groups : {false, true}) {
      expect(Statistics(m, 150, 9, 11, own_groups, 1));
      expect(Statistics(m, 0, 9, 11, own_groups));
    }
  }
}

TEST_F(VqStatisticsOnDevice, TakesNoCodes) {
  for (const bool own_groups : {false, true}) {
    expect(Statistics(2, 20, 3, 0, own_groups));
    Statistics wrong(2, 20, 3, 0, own_groups);
    wrong.index[30] = 0;
    expect_refused(ctx, LACUNA_OP_vq_statistics, wrong.args, "vq_statistics: an index is out of range");
  }
}

TEST_F(VqStatisticsOnDevice, SharesOutACodeThatOwnsAllRows) {
  for (const int64_t n : {vq::kSlice - 1, vq::kSlice, vq::kSlice + 1, 3 * vq::kSlice, 2000})
    expect(Statistics(2, n, 33, 5, true, 0, 10, true));
}

TEST_F(VqStatisticsOnDevice, LeavesOutThePerplexityThatNobodyWants) {
  Statistics s(2, 50, 4, 6, true);
  s.args.perplexity = nullptr;
  expect(s);
}

TEST_F(VqStatisticsOnDevice, CountsWhatIsAbsentEverywhereAsOneCode) {
  Statistics s(2, 50, 4, 6, true);
  std::fill_n(s.index.begin(), 50, -1);
  expect(s);
  ASSERT_EQ(LACUNA_OK, run_on_device(ctx, LACUNA_OP_vq_statistics, s.args).status);
  EXPECT_EQ(1.0f, s.perplexity[0]);
  EXPECT_GT(s.perplexity[1], 2.0f);
}

TEST_F(VqStatisticsOnDevice, AddsUpInTheOrderOfPositions) {
  // In double, 1e30 - 1e30 + 1 is 1 in this order alone: a sort that were not stable would lose it.
  Statistics s(1, 3, 4, 2, true, 0, 0, true);
  for (int t = 0; t < 4; ++t) {
    s.z[t] = 1e30f;
    s.z[4 + t] = -1e30f;
    s.z[8 + t] = 1;
  }
  // One warp adds up a slice's rows 0, 8, 16 ...: the others are zero.
  Statistics apart(1, 24, 4, 2, true, 0, 0, true);
  std::fill(apart.z.begin(), apart.z.end(), 0.0f);
  for (int row = 0; row < 3; ++row) std::copy_n(s.z.begin() + 4 * row, 4, apart.z.begin() + 4 * 8 * row);
  ASSERT_EQ(LACUNA_OK, run_on_device(ctx, LACUNA_OP_vq_statistics, apart.args).status);
  EXPECT_EQ(std::vector<float>(4, 1.0f), std::vector<float>(apart.sum.begin() + 4, apart.sum.begin() + 8));
}

TEST_F(VqStatisticsOnDevice, RefusesIndicesOutOfRangeAndChangesNothing) {
  for (const int32_t bad : {-2, 7, INT32_MAX, INT32_MIN}) {
    for (const size_t at : {size_t{0}, size_t{777}, size_t{1199}}) {
      Statistics s(2, 600, 3, 7, true);
      s.index[at] = bad;
      expect_refused(ctx, LACUNA_OP_vq_statistics, s.args, "vq_statistics: an index is out of range");
    }
  }
}

TEST_F(VqStatisticsOnDevice, RefusesRowsThatAreNotFiniteAndChangesNothing) {
  for (const float bad : {kNaN, kInfinity, -kInfinity}) {
    for (const bool own_groups : {false, true}) {
      Statistics s(2, 90, 33, 7, own_groups, 1);
      s.index[120] = -1;
      for (int64_t t = 0; t < s.args.ld_z; ++t) s.z[120 * s.args.ld_z + t] = bad;  // is not read
      s.z[33] = bad;                                                               // between rows
      expect(s);
      s.index[179] = 6;
      s.z[179 * s.args.ld_z + 32] = bad;
      expect_refused(ctx, LACUNA_OP_vq_statistics, s.args, "vq_statistics: an input holds NaN or infinity");
    }
  }
}

TEST_F(VqStatisticsOnDevice, RefusesBadArguments) {
  Statistics groups(3, 5, 2, 4, true), decay(3, 5, 2, 4, true);
  groups.args.groups = 2;
  expect_refused(ctx, LACUNA_OP_vq_statistics, groups.args, "vq_statistics: groups is 2, want 1 or 3 (= m)");
  decay.args.decay = 1.5;
  expect_refused(ctx, LACUNA_OP_vq_statistics, decay.args, "vq_statistics: decay is 1.5, want [0, 1]");
}

struct Ema {
  lacuna_vq_ema_args args{};
  std::vector<int32_t> count;
  std::vector<float> sum, c, w, codebook;

  Ema(int64_t m, int64_t k, int64_t d, bool own_groups, int64_t smoothing, int64_t gap = 0) {
    args.m = m;
    args.k = k;
    args.d = d;
    args.groups = own_groups ? m : 1;
    args.ld_sum = d + gap;
    args.ld_w = d + 2 * gap;
    args.ld_codebook = d + 3 * gap;
    args.decay = 0.9;
    args.epsilon = 1e-5;
    args.smoothing = smoothing;
    std::mt19937 random(7);
    count.resize(static_cast<size_t>(m * k + 1));
    for (int32_t& x : count) x = static_cast<int32_t>(random() % 4);
    sum = random_values(args.groups * k * args.ld_sum + 1, 8);
    c = random_values(k + 1, 9);
    for (float& x : c) x = 1 + std::abs(x);
    w = random_values(k * args.ld_w + 1, 10);
    codebook = random_values(k * args.ld_codebook + 1, 11);
    args.count = count.data();
    args.sum = sum.data();
    args.c = c.data();
    args.w = w.data();
    args.codebook = codebook.data();
  }
  Ema(const Ema&) = delete;
};

class VqEmaOnDevice : public ::testing::Test {
 protected:
  void expect(const Ema& ema) { expect_parity(ctx, LACUNA_OP_vq_ema, ema.args, 3e-7); }
  DeviceContext ctx;
};

TEST_F(VqEmaOnDevice, AgreesWithTheCpu) {
  for (const int64_t m : {0, 1, 2, 3}) {
    for (const bool own_groups : {false, true}) {
      for (const int64_t smoothing : {0, 1, 2}) expect(Ema(m, 40, 9, own_groups, smoothing, 1));
    }
  }
  for (const int64_t k : {0, 1, 7, 8, 9, 255, 256, 257, 700}) expect(Ema(2, k, 5, true, 1));
  for (const int64_t d : {0, 1, 3, 4, 31, 33, 127, 128, 129, 300}) expect(Ema(2, 12, d, false, 2));
}

TEST_F(VqEmaOnDevice, KeepsCodesWithoutACount) {
  Ema ema(2, 12, 6, true, 0);
  ema.c[3] = 0;
  ema.count[3] = ema.count[12 + 3] = 0;
  expect(ema);
  const std::vector<float> before = ema.codebook;
  ASSERT_EQ(LACUNA_OK, run_on_device(ctx, LACUNA_OP_vq_ema, ema.args).status);
  EXPECT_TRUE(std::equal(before.begin() + 18, before.begin() + 24, ema.codebook.begin() + 18));
  EXPECT_FALSE(std::equal(before.begin(), before.begin() + 6, ema.codebook.begin()));
}

TEST_F(VqEmaOnDevice, RefusesBadArguments) {
  const auto refuse = [&](const std::string& text, auto&& spoil) {
    Ema ema(2, 12, 6, true, 0);
    spoil(ema.args);
    expect_refused(ctx, LACUNA_OP_vq_ema, ema.args, "vq_ema: " + text);
  };
  refuse("groups is 0, want 1 or 2 (= m)", [](auto& args) { args.groups = 0; });
  refuse("decay is nan, want [0, 1]", [](auto& args) { args.decay = kNaN; });
  refuse("epsilon is -1, want >= 0", [](auto& args) { args.epsilon = -1; });
  refuse("smoothing is 3, want 0 to 2", [](auto& args) { args.smoothing = 3; });
}

struct Reset {
  lacuna_vq_reset_args args{};
  std::vector<int32_t> count, age, replaced{-7};
  std::vector<float> c, w, codebook;

  Reset(int64_t m, int64_t k, int64_t d, int64_t gap = 0) {
    args.m = m;
    args.k = k;
    args.d = d;
    args.ld_w = d + gap;
    args.ld_codebook = d + 2 * gap;
    args.after = 5;
    args.recent = 2;
    args.seed = -12345678901234;
    args.stream = 3;
    args.step = -9;
    args.noise = 1e-3;
    args.c_reset = 1.5;
    std::mt19937 random(12);
    count.resize(static_cast<size_t>(m * k + 1));
    for (int32_t& x : count) x = random() % 4 == 0;
    age.resize(static_cast<size_t>(k + 1));
    for (int32_t& x : age) x = static_cast<int32_t>(random() % 9);
    if (k > 4) age[4] = INT32_MAX;
    c = random_values(k + 1, 13);
    w = random_values(k * args.ld_w + 1, 14);
    codebook = random_values(k * args.ld_codebook + 1, 15);
    args.count = count.data();
    args.age = age.data();
    args.c = c.data();
    args.w = w.data();
    args.codebook = codebook.data();
    args.replaced = replaced.data();
  }
  Reset(const Reset&) = delete;
};

class VqResetOnDevice : public ::testing::Test {
 protected:
  void expect(const Reset& reset) { expect_parity(ctx, LACUNA_OP_vq_reset, reset.args, 6e-8); }
  DeviceContext ctx;
};

TEST_F(VqResetOnDevice, DrawsAsTheCpuDoes) {
  for (const int64_t k : {0, 1, 7, 8, 9, 255, 256, 257, 700}) expect(Reset(2, k, 5));
  for (const int64_t d : {0, 1, 3, 31, 32, 33, 129}) expect(Reset(1, 30, d, 1));
  expect(Reset(0, 30, 4));
  Reset reset(2, 300, 5);
  ASSERT_EQ(LACUNA_OK, run_on_device(ctx, LACUNA_OP_vq_reset, reset.args).status);
  EXPECT_GT(reset.replaced[0], 20);
  EXPECT_LT(reset.replaced[0], 300);
}

TEST_F(VqResetOnDevice, ReplacesNothingWhereNoCodeIsRecent) {
  Reset reset(1, 30, 4);
  std::fill(reset.count.begin(), reset.count.end(), 0);
  std::fill(reset.age.begin(), reset.age.end(), 8);
  expect(reset);
  const std::vector<float> before = reset.codebook;
  ASSERT_EQ(LACUNA_OK, run_on_device(ctx, LACUNA_OP_vq_reset, reset.args).status);
  EXPECT_EQ(0, reset.replaced[0]);
  EXPECT_EQ(before, reset.codebook);
  EXPECT_EQ(9, reset.age[0]);
}

TEST_F(VqResetOnDevice, RefusesBadArguments) {
  const auto refuse = [&](const std::string& text, auto&& spoil) {
    Reset reset(2, 12, 6);
    spoil(reset.args);
    expect_refused(ctx, LACUNA_OP_vq_reset, reset.args, "vq_reset: " + text);
  };
  refuse("recent is 6 and after is 5, want 0 <= recent <= after < 2^31 - 1", [](auto& args) { args.recent = 6; });
  refuse("stream is 4294967296 and step is -9, want 32-bit numbers",
         [](auto& args) { args.stream = int64_t{1} << 32; });
  refuse("noise is -1, want >= 0", [](auto& args) { args.noise = -1; });
  refuse("c_reset is 0, want > 0", [](auto& args) { args.c_reset = 0; });
}

}  // namespace
}  // namespace lacuna::test
