#include "cpu/cpu_features.h"
#include "lacuna/lacuna.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "../tests/philox_test.cpp"
#include "cpu/tiers.h"

#include "ops/philox-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

int64_t draw_some(const Philox& random, uint64_t block, uint32_t* bits) {
  draw(random, block, bits);
  return kDrawsAtOnce;
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <gtest/gtest.h>

#include <limits>

namespace lacuna {
namespace {

using Draw = int64_t (*)(const Philox&, uint64_t, uint32_t*);

Draw of_tier(int tier) {
  switch (tier) {
    case LACUNA_TIER_SCALAR:
      return N_SCALAR::draw_some;
    case LACUNA_TIER_AVX2:
      return N_AVX2::draw_some;
    default:
      return N_AVX3::draw_some;
  }
}

class PhiloxTest : public testing::TestWithParam<int> {};

TEST_P(PhiloxTest, draws_by_the_vector_are_those_of_one_after_the_other) {
  if (const char* obstacle = tier_obstacle(GetParam())) GTEST_SKIP() << obstacle;
  constexpr int32_t kMost = std::numeric_limits<int32_t>::max(), kLeast = std::numeric_limits<int32_t>::min();
  for (const Philox random : {Philox{0, 0, 0}, Philox{-1, -1, -1}, Philox{0x0123456789abcdef, kMost, kLeast},
                              Philox{-0x0123456789abcdef, kLeast, kMost}}) {
    // The last but one carries from the low into the high word.
    for (const uint64_t block : {uint64_t{0}, uint64_t{7}, uint64_t{0xFFFFFFFD}, uint64_t{0x1234567890}}) {
      uint32_t bits[4 * 64];
      const int64_t count = of_tier(GetParam())(random, block, bits);
      for (int64_t i = 0; i < count; ++i) {
        ASSERT_EQ(random.bits(static_cast<int64_t>(4 * block) + i), bits[i]) << "draw " << i << " from block " << block;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tiers, PhiloxTest, testing::Values(LACUNA_TIER_SCALAR, LACUNA_TIER_AVX2, LACUNA_TIER_AVX512));

// Known answers of Random123 for philox4x32-10 (kat_vectors).
TEST(Philox, gives_the_known_answers_of_its_authors) {
  const Philox zero{0, 0, 0}, ones{-1, -1, -1};
  const uint32_t of_zero[] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  const uint32_t of_ones[] = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(of_zero[i], zero.draws(0).c[i]);
    EXPECT_EQ(of_ones[i], ones.draws(~uint64_t{0}).c[i]);
  }
}

}  // namespace
}  // namespace lacuna
#endif
