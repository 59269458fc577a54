#include <cmath>
#include <limits>
#include <vector>

#include "cpu/cpu_features.h"
#include "lacuna/lacuna.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "../tests/normal_test.cpp"
#include "cpu/tiers.h"

#include "ops/normal-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

float cdf_at(float x) { return hn::GetLane(normal_at(hn::Set(Floats(), x)).cdf); }
float density_at(float x) { return hn::GetLane(normal_at(hn::Set(Floats(), x)).density); }

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "test_util.h"

namespace lacuna {
namespace {

struct Functions {
  float (*cdf)(float);
  float (*density)(float);
};

Functions of_tier(int tier) {
  switch (tier) {
    case LACUNA_TIER_SCALAR:
      return {N_SCALAR::cdf_at, N_SCALAR::density_at};
    case LACUNA_TIER_AVX2:
      return {N_AVX2::cdf_at, N_AVX2::density_at};
    default:
      return {N_AVX3::cdf_at, N_AVX3::density_at};
  }
}

double exact_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }
double exact_density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * std::acos(-1.0)); }

// The largest error over numbers in [-16, 16], in units in the last place of the exact value.
double worst(float (*got)(float), double (*exact)(double)) {
  double worst = 0;
  for (int i = -400'000; i <= 400'000; ++i) {
    const float x = static_cast<float>(i) * 4e-5f;
    const double wanted = exact(x);
    const int exponent = std::max(std::ilogb(wanted), std::numeric_limits<float>::min_exponent - 1);
    const double error = std::abs(got(x) - wanted) / std::ldexp(1.0, exponent - 23);
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

class NormalTest : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (const char* obstacle = tier_obstacle(GetParam())) GTEST_SKIP() << obstacle;
  }
};

TEST_P(NormalTest, distribution_is_within_5_units_in_the_last_place_in_its_tails_too) {
  EXPECT_LE(worst(of_tier(GetParam()).cdf, exact_cdf), 5);
}

TEST_P(NormalTest, density_is_within_3_units_in_the_last_place) {
  EXPECT_LE(worst(of_tier(GetParam()).density, exact_density), 3);
}

TEST_P(NormalTest, is_0_or_1_far_out) {
  const Functions normal = of_tier(GetParam());
  for (const float x : {15.0f, 1e4f, std::numeric_limits<float>::max(), INFINITY}) {
    EXPECT_EQ(0, normal.cdf(-x)) << x;
    EXPECT_EQ(1, normal.cdf(x)) << x;
    EXPECT_EQ(0, normal.density(-x)) << x;
    EXPECT_EQ(0, normal.density(x)) << x;
  }
}

INSTANTIATE_TEST_SUITE_P(Tiers, NormalTest, testing::Values(LACUNA_TIER_SCALAR, LACUNA_TIER_AVX2, LACUNA_TIER_AVX512));

}  // namespace
}  // namespace lacuna
#endif
