// Vector quantisation: FAST finds the codes that float finds, and neither needs more than a little memory. Values are
// held against the reference by the contract tests in Java.
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

TEST(VqNearest, FindsTheNearestWhereBf16SeesOneCode) {
  Data data(200, 64, 500, 7);
  copy_codes(data, 2, 2, 1.0f / 1024);  // far more than bf16 may leave open
  expect_nearest(data);
}

// Products whose bf16 roundings all have one sign, as large as they can be: the nearest code seems farther than
// another. Codes come with their negatives, so that centring changes nothing.
TEST(VqNearest, FindsTheNearestWhereEveryRoundingPullsTheSameWay) {
  constexpr float kOff = 0x1p-8f - 0x1p-16f;  // 1 + kOff is 1 in bf16
  for (const bool rows_are_rounded : {true, false}) {
    Data data(60, 64, 4, 1);
    for (int64_t t = 0; t < 64; ++t) {
      const bool first_half = t < 32;
      // Rounded rows: scores 32.125 and 32.0625 of codes 0 and 1 become 32 and 32.0625. Rounded codes: 48.125 and 48
      // become 47.875 and 48.
      const float code = first_half ? (rows_are_rounded ? 1 : 1 + kOff) : 0, other = first_half ? 0 : 1;
      data.codebook[t] = code;
      data.codebook[64 + t] = other;
      data.codebook[128 + t] = -code;
      data.codebook[192 + t] = -other;
      for (int64_t i = 0; i < data.n; ++i) {
        data.z[i * 64 + t] = !rows_are_rounded ? 2 : first_half ? 1 + kOff : t == 63 ? 1.0625f : 1;
      }
    }
    ASSERT_EQ(std::vector<int32_t>(60, 0), data.nearest());
    expect_nearest(data);
  }
}

TEST(VqNearest, FindsTheFirstOfEqualCodes) {
  Data data(100, 40, 333, 9);
  copy_codes(data, 7, 7, 0);
  expect_nearest(data);
}

TEST(VqNearest, FindsTheNearestWhereCodesExploded) {
  for (const float factor : {1e5f, 1e17f, 1e19f, 1e30f}) {
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
