#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "cpu/cpu_features.h"
#include "lacuna/lacuna.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "../tests/functions_test.cpp"
#include "cpu/tiers.h"

#include "ops/functions-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

float exp_at(float x) { return hn::GetLane(exp_of(hn::Set(Floats(), x))); }
float log_at(float x) { return hn::GetLane(log_of(hn::Set(Floats(), x))); }
float tanh_at(float x) { return hn::GetLane(hn::Tanh(Floats(), hn::Set(Floats(), x))); }
float tanh_slope_at(float x) { return hn::GetLane(tanh_slope(hn::Set(Floats(), x))); }

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <gtest/gtest.h>

namespace lacuna {
namespace {

using Function = float (*)(float);

struct Functions {
  Function exp, log, tanh, tanh_slope;
};

Functions of_tier(int tier) {
  switch (tier) {
    case LACUNA_TIER_SCALAR:
      return {N_SCALAR::exp_at, N_SCALAR::log_at, N_SCALAR::tanh_at, N_SCALAR::tanh_slope_at};
    case LACUNA_TIER_AVX2:
      return {N_AVX2::exp_at, N_AVX2::log_at, N_AVX2::tanh_at, N_AVX2::tanh_slope_at};
    default:
      return {N_AVX3::exp_at, N_AVX3::log_at, N_AVX3::tanh_at, N_AVX3::tanh_slope_at};
  }
}

double exact_tanh_slope(double x) { return 1 / (std::cosh(x) * std::cosh(x)); }

// The largest error over finite numbers of one sign all over float's range, in units in the last place of the exact
// value; infinity where that is beyond float's range and the result is not.
double worst(Function got, double (*exact)(double), float sign) {
  double worst = 0;
  const uint32_t first = std::bit_cast<uint32_t>(std::copysign(0.0f, sign)) + 1;
  for (uint32_t bits = first; std::isfinite(std::bit_cast<float>(bits)); bits += 1021) {
    const float x = std::bit_cast<float>(bits);
    const double wanted = exact(x);
    const float rounded = static_cast<float>(wanted);
    double error;
    if (std::isinf(rounded)) {
      error = got(x) == rounded ? 0 : std::numeric_limits<double>::infinity();
    } else {
      const int exponent = wanted == 0 ? std::numeric_limits<float>::min_exponent - 1
                                       : std::max(std::ilogb(wanted), std::numeric_limits<float>::min_exponent - 1);
      error = std::abs(got(x) - wanted) / std::ldexp(1.0, exponent - 23);
    }
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

class FunctionsTest : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (const char* obstacle = tier_obstacle(GetParam())) GTEST_SKIP() << obstacle;
    functions = of_tier(GetParam());
  }

  Functions functions{};
};

TEST_P(FunctionsTest, exponential_is_within_1_5_units_in_the_last_place) {
  EXPECT_LE(worst(functions.exp, std::exp, 1), 1.5);
  EXPECT_LE(worst(functions.exp, std::exp, -1), 1.5);
}

TEST_P(FunctionsTest, logarithm_is_within_1_5_units_in_the_last_place) {
  EXPECT_LE(worst(functions.log, std::log, 1), 1.5);
}

TEST_P(FunctionsTest, hyperbolic_tangent_is_within_4_units_in_the_last_place) {
  EXPECT_LE(worst(functions.tanh, std::tanh, 1), 4);
  EXPECT_LE(worst(functions.tanh, std::tanh, -1), 4);
}

TEST_P(FunctionsTest, slope_of_the_hyperbolic_tangent_is_within_5_units_in_the_last_place) {
  EXPECT_LE(worst(functions.tanh_slope, exact_tanh_slope, 1), 5);
  EXPECT_LE(worst(functions.tanh_slope, exact_tanh_slope, -1), 5);
}

TEST_P(FunctionsTest, have_their_limits_at_the_ends) {
  EXPECT_EQ(1, functions.exp(0));
  EXPECT_EQ(INFINITY, functions.exp(INFINITY));
  EXPECT_EQ(0, functions.exp(-INFINITY));
  EXPECT_EQ(-INFINITY, functions.log(0));
  EXPECT_EQ(-INFINITY, functions.log(-0.0f));
  EXPECT_EQ(INFINITY, functions.log(INFINITY));
  EXPECT_TRUE(std::isnan(functions.log(-1e-45f)));
  EXPECT_TRUE(std::isnan(functions.log(-INFINITY)));
  for (const float sign : {1.0f, -1.0f}) {
    EXPECT_EQ(sign, functions.tanh(sign * INFINITY));
    EXPECT_EQ(0, functions.tanh_slope(sign * INFINITY));
  }
  EXPECT_EQ(0, functions.tanh(0));
  EXPECT_EQ(1, functions.tanh_slope(0));
  for (Function f : {functions.exp, functions.log, functions.tanh, functions.tanh_slope}) {
    EXPECT_TRUE(std::isnan(f(NAN)));
  }
}

INSTANTIATE_TEST_SUITE_P(Tiers, FunctionsTest,
                         testing::Values(LACUNA_TIER_SCALAR, LACUNA_TIER_AVX2, LACUNA_TIER_AVX512));

}  // namespace
}  // namespace lacuna
#endif
