// How products are cut, for sizes that no test could multiply.
#include "cuda/gemm.h"

#include "test_util.h"

namespace lacuna::test {
namespace {

using cuda::GemmPlan;

struct To {
  int32_t accumulate = 0;
};

void expect_sound(int64_t m, int64_t n, int64_t k) {
  SCOPED_TRACE(testing::Message() << "[" << m << ", " << n << "], depth " << k);
  const GemmPlan plan(m, n, k);
  const auto [rows, cols] = cuda::kTiles[plan.tile()];
  EXPECT_EQ((m + rows - 1) / rows * ((n + cols - 1) / cols) * plan.parts(), plan.blocks());
  EXPECT_LE((m + rows - 1) / rows * rows, std::max<int64_t>((m + 63) / 64 * 64 * 9 / 8, 64)) << "padded rows";
  EXPECT_LE((n + cols - 1) / cols * cols, std::max<int64_t>((n + 63) / 64 * 64 * 9 / 8, 64)) << "padded columns";
  EXPECT_EQ(plan.parts() > 1, plan.workspace() > 0);
  EXPECT_GE(std::max<int64_t>(k, GemmPlan::kMinDepth), plan.parts() * GemmPlan::kMinDepth) << "a part is too short";
  int64_t end = 0;
  EXPECT_EQ(LACUNA_OK, plan.for_stretches(To{}, [&](const GemmCut& cut, To to) {
    EXPECT_EQ(end, cut.begin) << "a gap";
    EXPECT_EQ(end > 0, to.accumulate == 1);
    EXPECT_EQ(0, cut.begin % 16);
    EXPECT_EQ(0, cut.part_depth % 16);
    EXPECT_LE(cut.part_depth, GemmPlan::kMaxDepth);
    EXPECT_LE(cut.end - cut.begin, plan.parts() * cut.part_depth);
    if (plan.parts() > 1) {
      EXPECT_EQ(0, cut.part_stride % 4);
      EXPECT_GE(cut.part_stride, m * n);
      EXPECT_EQ(plan.workspace(), 4 * plan.parts() * cut.part_stride);
    }
    end = cut.end;
    return LACUNA_OK;
  }));
  EXPECT_EQ(m == 0 || n == 0 ? 0 : k, end);
}

TEST(GemmPlan, covers_every_product_once) {
  const int64_t sizes[] = {0, 1, 63, 64, 65, 127, 128, 129, 192, 1000, 4096, 100'003, 3LL << 31};
  for (int64_t m : sizes) {
    for (int64_t n : sizes) {
      for (int64_t k : {0, 1, 16, 17, 255, 256, 4096, 4097, 70'000, 3'000'000}) expect_sound(m, n, k);
    }
  }
}

TEST(GemmPlan, takes_the_largest_tile_that_occupies_a_card) {
  const auto tile = [](int64_t m, int64_t n, int64_t k) {
    const auto [rows, cols] = cuda::kTiles[GemmPlan(m, n, k).tile()];
    return std::pair(rows, cols);
  };
  EXPECT_EQ(std::pair(128, 128), tile(2048, 2048, 64));
  EXPECT_EQ(std::pair(128, 64), tile(1024, 1024, 64));
  EXPECT_EQ(std::pair(64, 128), tile(64, 16384, 64));
  EXPECT_EQ(std::pair(64, 64), tile(704, 768, 64));
  EXPECT_EQ(std::pair(128, 128), tile(128, 128, 16384)) << "with the depth cut";
  EXPECT_EQ(std::pair(64, 64), tile(10, 10, 100));
}

TEST(GemmPlan, sizes_beyond_memory_overflow_nothing) {
  constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();
  for (int64_t m : {int64_t{0}, kLargest}) {
    for (int64_t n : {int64_t{0}, kLargest}) {
      for (int64_t k : {int64_t{0}, int64_t{1}, kLargest}) {
        EXPECT_EQ(0, GemmPlan(m, n, k).workspace());
        EXPECT_EQ(m == 0 || n == 0 ? 0 : kLargest, GemmPlan(m, n, k).blocks());
      }
    }
  }
}

}  // namespace
}  // namespace lacuna::test
