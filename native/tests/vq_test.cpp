// Vector quantisation: the search finds the nearest code in double whatever its products are rounded to, and needs no
// more than a little memory. Values are held against the reference by the contract tests in Java.
#include <vector>

#include "test_util.h"

namespace lacuna::test {
namespace {

struct Data {
  int64_t n, d, k;
  std::vector<float> z, codebook;

  Data(int64_t rows, int64_t width, int64_t codes, uint32_t seed)
      : n(rows), d(width), k(codes), z(random_values(n * d, seed)), codebook(random_values(k * d, seed + 1)) {}

  lacuna_vq_nearest_args args(int32_t* index, float* distance) {
    lacuna_vq_nearest_args args{};
    args.n = n;
    args.d = args.ld_z = args.ld_codebook = d;
    args.k = k;
    args.z = z.data();
    args.codebook = codebook.data();
    args.index = index;
    args.distance = distance;
    return args;
  }

  // The first minimum of direct distances in double.
  std::vector<int32_t> nearest() const {
    std::vector<int32_t> index(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) {
      double least = std::numeric_limits<double>::infinity();
      for (int64_t j = 0; j < k; ++j) {
        double sum = 0;
        for (int64_t t = 0; t < d; ++t) {
          const double difference = static_cast<double>(z[i * d + t]) - codebook[j * d + t];
          sum += difference * difference;
        }
        if (sum < least) {
          least = sum;
          index[i] = static_cast<int32_t>(j);
        }
      }
    }
    return index;
  }
};

void expect_nearest(Data data) {
  const std::vector<int32_t> wanted = data.nearest();
  for (const int tier : usable_tiers()) {
    for (const uint32_t flags : {0u, LACUNA_FLAG_FAST}) {
      Context ctx(2, tier);
      std::vector<int32_t> index(wanted.size());
      std::vector<float> distance(wanted.size());
      ASSERT_EQ(LACUNA_OK, call(ctx, LACUNA_OP_vq_nearest, data.args(index.data(), distance.data()), flags))
          << ctx.error();
      EXPECT_EQ(wanted, index) << "tier " << tier << " flags " << flags;
      index.assign(index.size(), -1);
      ASSERT_EQ(LACUNA_OK, call(ctx, LACUNA_OP_vq_nearest, data.args(index.data(), nullptr), flags));
      EXPECT_EQ(wanted, index) << "without distances, tier " << tier << " flags " << flags;
    }
  }
}

// Codes [first, k) become copies of codes [0, sources) plus noise.
void copy_codes(Data& data, int64_t first, int64_t sources, float noise) {
  const std::vector<float> random = random_values(data.k * data.d, 99);
  for (int64_t j = first; j < data.k; ++j) {
    for (int64_t t = 0; t < data.d; ++t)
      data.codebook[j * data.d + t] = data.codebook[j % sources * data.d + t] + noise * random[j * data.d + t];
  }
}

TEST(VqNearest, FindsTheNearestCodeOfRandomRows) {
  for (const int64_t d : {1, 2, 31, 32, 33, 64, 100}) expect_nearest(Data(130, d, 300, 1));
  for (const int64_t k : {1, 2, 31, 32, 33, 257}) expect_nearest(Data(60, 24, k, 3));
}

TEST(VqNearest, FindsTheNearestOfFortyNoisyCopies) {
  Data data(300, 64, 200, 5);
  copy_codes(data, 160, 160, 1.0f / 1024);
  expect_nearest(data);
}

TEST(VqNearest, FindsTheNearestWhereRoundedCodesAreOne) {
  Data data(200, 64, 500, 7);
  copy_codes(data, 2, 2, 1.0f / 1024);  // far more than rounding may leave open
  expect_nearest(data);
}

// Products whose 8-bit roundings all have one sign, as large as they can be: the nearest code seems farther than
// another. Codes come with their negatives, so that centring changes nothing.
TEST(VqNearest, FindsTheNearestWhereEveryRoundingPullsTheSameWay) {
  for (const bool rows_are_rounded : {true, false}) {
    Data data(60, 64, 4, 1);
    for (int64_t t = 0; t < 64; ++t) {
      // Of 127 and 63 times 0.49 the latter become 0. Rounded rows: scores 6.4 and 5.1 of codes 0 and 1 become -2.8 and
      // 5.1. Rounded codes: 22,798 and 18,897 become -8,072 and 18,897.
      const float wide = t == 0 ? 127 : 0.49f;
      const float code = rows_are_rounded ? (t == 0 ? 0 : 0.3f) : wide;
      const float other = rows_are_rounded ? (t == 0 ? 0.04f : 0) : t == 0 ? 0 : 0.3f;
      data.codebook[t] = code;
      data.codebook[64 + t] = other;
      data.codebook[128 + t] = -code;
      data.codebook[192 + t] = -other;
      for (int64_t i = 0; i < data.n; ++i) data.z[i * 64 + t] = rows_are_rounded ? wide : t == 0 ? 0 : 1000.0f;
    }
    ASSERT_EQ(std::vector<int32_t>(60, 0), data.nearest());
    expect_nearest(data);
  }
}

TEST(VqNearest, FindsTheNearestAtEveryWidth) {
  for (int64_t d = 1; d <= 130; ++d) expect_nearest(Data(30, d, 70, 21));
}

TEST(VqNearest, FindsTheNearestWhereScalesDiffer) {
  for (const bool codes_too : {false, true}) {
    Data data(200, 48, 150, 23);
    std::mt19937 random(24);
    std::uniform_real_distribution<float> decades(-10, 10);
    const auto scale = [&](std::vector<float>& x) {
      for (size_t i = 0; i < x.size(); i += 48) {
        const float factor = std::pow(10.0f, decades(random));
        for (size_t t = i; t < i + 48; ++t) x[t] *= factor;
      }
    };
    scale(data.z);
    if (codes_too) scale(data.codebook);
    expect_nearest(data);
  }
}

TEST(VqNearest, FindsTheNearestWhereOneDimensionIsAnOutlier) {
  for (const bool codes_too : {false, true}) {
    for (const float factor : {30.0f, 3e3f, 3e9f}) {
      Data data(150, 60, 200, 27);
      for (int64_t i = 0; i < data.n; i += codes_too ? 1 : 3) data.z[i * 60 + 7] *= factor;
      for (int64_t j = 0; codes_too && j < data.k; ++j) data.codebook[j * 60 + 7] *= factor;
      expect_nearest(data);
    }
  }
}

TEST(VqNearest, FindsTheNearestOfTiesAndZeros) {
  std::mt19937 random(29);
  Data data(200, 20, 120, 1);  // of few values, so that many codes are equally far
  for (float& x : data.z) x = static_cast<float>(random() % 3) - 1;
  for (float& x : data.codebook) x = static_cast<float>(random() % 3) - 1;
  expect_nearest(data);
  std::fill(data.z.begin(), data.z.begin() + 20 * 50, 0.0f);
  std::fill(data.codebook.begin() + 20 * 60, data.codebook.begin() + 20 * 70, 0.0f);
  std::fill(data.z.begin() + 20 * 60, data.z.end(), 0.25f);  // equal rows, each of one value
  expect_nearest(data);
  std::fill(data.codebook.begin(), data.codebook.end(), 0.25f);
  expect_nearest(data);
}

// Sums of integers as large as they get, at the widest rows that integers multiply, and beyond.
TEST(VqNearest, FindsTheNearestOfVeryWideRows) {
  for (const int64_t d : {65'535, 65'536, 65'537, 100'000}) {
    Data data(14, d, 6, 31);
    for (int64_t i = 0; i < data.n * d; ++i) data.z[i] = i / d % 2 ? 1 : -1;
    for (int64_t j = 0; j < data.k; ++j) {
      for (int64_t t = 0; t < d; ++t) data.codebook[j * d + t] = (j % 2 ? 1.0f : -1.0f) * static_cast<float>(1 + j / 2);
    }
    data.z[3 * d + 5] = -1;
    expect_nearest(data);
  }
}

TEST(VqNearest, NamesTheFirstRowThatIsNotFinite) {
  for (const float bad : {kNaN, std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()}) {
    for (const int64_t first : {0, 61, 299}) {
      Data data(300, 33, 100, 33);
      for (int64_t row = first; row < data.n; row += 90) data.z[row * 33 + 32] = bad;
      for (const int tier : usable_tiers()) {
        Context ctx(2, tier);
        std::vector<int32_t> index(300, 7);
        EXPECT_EQ(LACUNA_NON_FINITE, call(ctx, LACUNA_OP_vq_nearest, data.args(index.data(), nullptr)));
        EXPECT_NE(std::string::npos, ctx.error().find("z[" + std::to_string(first) + ", ")) << ctx.error();
        EXPECT_EQ(std::vector<int32_t>(300, 7), index);
      }
    }
  }
}

TEST(VqNearest, FindsTheFirstOfEqualCodes) {
  Data data(100, 40, 333, 9);
  copy_codes(data, 7, 7, 0);
  expect_nearest(data);
}

TEST(VqNearest, FindsTheNearestWhereCodesExploded) {
  for (const float factor : {1e5f, 1e17f, 1e19f, 1e30f, -1e30f}) {
    Data data(100, 40, 333, 11);
    for (int64_t j = 0; j < data.k; j += 50) {
      for (int64_t t = 0; t < data.d; ++t) data.codebook[j * data.d + t] *= factor;
    }
    // One row among the exploded codes; the longest would be as far from all others, even in double.
    for (int64_t t = 0; t < data.d; ++t) data.z[5 * data.d + t] = 0.9f * data.codebook[50 * data.d + t];
    expect_nearest(data);
  }
}

TEST(VqNearest, FindsTheNearestAtEveryScale) {
  for (const float scale : {1e-38f, 1e-30f, 1e-20f, 1e-10f, 1e10f, 1e30f}) {
    Data data(60, 20, 100, 13);
    for (float& x : data.z) x *= scale;
    for (float& x : data.codebook) x *= scale;
    expect_nearest(data);
  }
}

lacuna_vq_statistics_args statistics_args(int64_t n, int64_t d, int64_t k, std::vector<float>& z,
                                          std::vector<int32_t>& index, std::vector<int32_t>& count,
                                          std::vector<float>& sum) {
  lacuna_vq_statistics_args args{};
  args.m = args.groups = 1;
  args.n = n;
  args.d = args.ld_z = args.ld_sum = d;
  args.k = k;
  args.z = z.data();
  args.index = index.data();
  args.count = count.data();
  args.sum = sum.data();
  return args;
}

TEST(VqStatistics, RefusesRowsThatAreNotFiniteAndWritesNothing) {
  for (const float bad : {kNaN, std::numeric_limits<float>::infinity()}) {
    std::vector<float> z = random_values(100 * 30, 1), sum(5 * 30, 3);
    std::vector<int32_t> index(100), count(5, 4);
    for (int32_t i = 0; i < 100; ++i) index[i] = i % 5;
    index[20] = -1;
    z[20 * 30] = bad;  // is not read
    for (const int tier : usable_tiers()) {
      Context ctx(2, tier);
      auto args = statistics_args(100, 30, 5, z, index, count, sum);
      EXPECT_EQ(LACUNA_OK, call(ctx, LACUNA_OP_vq_statistics, args)) << ctx.error();
      std::vector<float> spoilt = z;
      spoilt[70 * 30 + 29] = spoilt[90 * 30] = bad;
      std::fill(sum.begin(), sum.end(), 3.0f);
      std::fill(count.begin(), count.end(), 4);
      args = statistics_args(100, 30, 5, spoilt, index, count, sum);
      EXPECT_EQ(LACUNA_NON_FINITE, call(ctx, LACUNA_OP_vq_statistics, args));
      EXPECT_NE(std::string::npos, ctx.error().find("z[70, ")) << ctx.error();
      EXPECT_EQ(std::vector<float>(5 * 30, 3), sum);
      EXPECT_EQ(std::vector<int32_t>(5, 4), count);
    }
  }
}

TEST(VqStatistics, AddsUpACodeThatOwnsAllRowsAlikeForAnyThreads) {
  const int64_t n = 5000, d = 300;
  std::vector<float> z = random_values(n * d, 2);
  std::vector<int32_t> index(n, 1);
  std::vector<std::vector<float>> sums;
  for (const int threads : {1, 2, 5}) {
    Context ctx(threads);
    std::vector<float> sum(3 * d);
    std::vector<int32_t> count(3);
    ASSERT_EQ(LACUNA_OK, call(ctx, LACUNA_OP_vq_statistics, statistics_args(n, d, 3, z, index, count, sum)));
    EXPECT_EQ((std::vector<int32_t>{0, 5000, 0}), count);
    sums.push_back(sum);
  }
  for (int64_t t = 0; t < d; ++t) {
    double wanted = 0;
    for (int64_t i = 0; i < n; ++i) wanted += z[i * d + t];
    EXPECT_NEAR(wanted, sums[0][d + t], 1e-4);
  }
  EXPECT_EQ(sums[0], sums[1]);
  EXPECT_EQ(sums[0], sums[2]);
}

int64_t workspace(lacuna_context* ctx, int32_t op, const void* args) {
  int64_t bytes = -1;
  EXPECT_EQ(LACUNA_OK, lacuna_workspace(ctx, op, args, &bytes));
  return bytes;
}

TEST(Vq, AMillionRowsTakeLessThan64MebibytesOfWorkspace) {
  constexpr int64_t kRows = 1'000'000, kLimit = int64_t{64} << 20;
  for (const int threads : {1, 2, 64}) {
    Context ctx(threads);
    for (const uint32_t flags : {0u, LACUNA_FLAG_FAST}) {
      lacuna_vq_nearest_args search{};
      search.struct_size = sizeof search;
      search.flags = flags;
      search.n = kRows;
      search.d = search.ld_z = search.ld_codebook = 64;
      search.k = 1024;
      EXPECT_GT(workspace(ctx, LACUNA_OP_vq_nearest, &search), 0);
      EXPECT_LT(workspace(ctx, LACUNA_OP_vq_nearest, &search), kLimit);
    }
    lacuna_vq_statistics_args statistics{};
    statistics.struct_size = sizeof statistics;
    statistics.m = 3;
    statistics.groups = 1;
    statistics.n = kRows;
    statistics.d = statistics.ld_z = statistics.ld_sum = 64;
    statistics.k = 1024;
    EXPECT_GT(workspace(ctx, LACUNA_OP_vq_statistics, &statistics), 0);
    EXPECT_LT(workspace(ctx, LACUNA_OP_vq_statistics, &statistics), kLimit);
  }
}

}  // namespace
}  // namespace lacuna::test
