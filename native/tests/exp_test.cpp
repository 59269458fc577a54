#include <bit>
#include <cmath>
#include <cstdint>

#include "cpu/cpu_features.h"
#include "lacuna/lacuna.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "../tests/exp_test.cpp"
#include "cpu/tiers.h"

#include "ops/exp-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

template <bool kFast>
float exp2_of_one(float x) {
  return hn::GetLane(exp2_of<kFast>(hn::Set(Floats(), x)));
}

float exact_exp2(float x) { return exp2_of_one<false>(x); }
float fast_exp2(float x) { return exp2_of_one<true>(x); }

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <gtest/gtest.h>

namespace lacuna {
namespace {

struct Exponential {
  float (*exact)(float);
  float (*fast)(float);
};

Exponential of_tier(int tier) {
  switch (tier) {
    case LACUNA_TIER_SCALAR:
      return {N_SCALAR::exact_exp2, N_SCALAR::fast_exp2};
    case LACUNA_TIER_AVX2:
      return {N_AVX2::exact_exp2, N_AVX2::fast_exp2};
    default:
      return {N_AVX3::exact_exp2, N_AVX3::fast_exp2};
  }
}

class ExpTest : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (const char* obstacle = tier_obstacle(GetParam())) GTEST_SKIP() << obstacle;
  }

  // Calls body(x) for numbers of either sign all over (-126, 127.5).
  template <class Body>
  static void for_all(Body&& body) {
    for (float limit : {-126.0f, 127.5f}) {
      const uint32_t end = std::bit_cast<uint32_t>(limit);
      for (uint32_t bits = std::bit_cast<uint32_t>(std::copysign(0.0f, limit)); bits < end; bits += 4099)
        body(std::bit_cast<float>(bits));
    }
  }
};

TEST_P(ExpTest, is_within_1_2_units_in_the_last_place) {
  const auto exp2_of = of_tier(GetParam()).exact;
  double worst = 0;
  for_all([&](float x) {
    const double wanted = std::exp2(static_cast<double>(x));
    const double ulp = std::ldexp(1.0, std::ilogb(wanted) - 23);
    const double error = std::abs(exp2_of(x) - wanted) / ulp;
    if (!(error <= worst)) worst = error;
  });
  EXPECT_LE(worst, 1.2);
}

TEST_P(ExpTest, of_a_fast_call_is_within_75_millionths) {
  const auto exp2_of = of_tier(GetParam()).fast;
  double worst = 0;
  for_all([&](float x) {
    const double wanted = std::exp2(static_cast<double>(x));
    const double error = std::abs(exp2_of(x) / wanted - 1);
    if (!(error <= worst)) worst = error;
  });
  EXPECT_LE(worst, 7.5e-5);
}

TEST_P(ExpTest, vanishes_far_below_and_keeps_nan) {
  const Exponential e = of_tier(GetParam());
  for (auto exp2_of : {e.exact, e.fast}) {
    for (float x : {-126.5f, -127.0f, -1e4f, -INFINITY}) {
      EXPECT_LE(exp2_of(x), 0x1p-126f) << x;
      EXPECT_GE(exp2_of(x), 0) << x;
    }
    EXPECT_TRUE(std::isnan(exp2_of(NAN)));
  }
}

INSTANTIATE_TEST_SUITE_P(Tiers, ExpTest, testing::Values(LACUNA_TIER_SCALAR, LACUNA_TIER_AVX2, LACUNA_TIER_AVX512));

}  // namespace
}  // namespace lacuna
#endif
