// How the emulator runs a grid: orders, barriers, collectives, shared memory, refused launches.
#include <numeric>
#include <set>

#include "cuda/emulated.h"

namespace lacuna::test {
namespace {

std::vector<int32_t> arrivals(int64_t blocks, int threads, const Options& options) {
  DeviceArray<int32_t> count(std::vector<int32_t>{0});
  DeviceArray<int32_t> out(blocks * threads);
  EXPECT_EQ("", launch("arrival", blocks, threads, options, count.get(), out.get()).error);
  return out.values();
}

TEST(Emulator, RunsForward) {
  std::vector<int32_t> want(3 * 70);
  std::iota(want.begin(), want.end(), 0);
  EXPECT_EQ(want, arrivals(3, 70, {}));
}

TEST(Emulator, RunsInReverse) {
  std::vector<int32_t> want(3 * 70);
  std::iota(want.rbegin(), want.rend(), 0);
  EXPECT_EQ(want, arrivals(3, 70, {.order = Order::kReverse}));
}

TEST(Emulator, RunsAtRandomBySeed) {
  const std::vector<int32_t> forward = arrivals(5, 70, {});
  const std::vector<int32_t> one = arrivals(5, 70, {.order = Order::kRandom, .seed = 1});
  EXPECT_EQ(one, arrivals(5, 70, {.order = Order::kRandom, .seed = 1}));
  EXPECT_NE(one, arrivals(5, 70, {.order = Order::kRandom, .seed = 2}));
  EXPECT_NE(one, forward);
  EXPECT_EQ(std::multiset<int32_t>(forward.begin(), forward.end()), std::multiset<int32_t>(one.begin(), one.end()));
  // Blocks stay whole: they run one after another, in an order of their own.
  std::vector<int32_t> firsts;
  for (int block = 0; block < 5; ++block) {
    const auto [low, high] = std::minmax_element(one.begin() + block * 70, one.begin() + (block + 1) * 70);
    EXPECT_EQ(69, *high - *low);
    firsts.push_back(*low);
  }
  EXPECT_FALSE(std::is_sorted(firsts.begin(), firsts.end()));
}

TEST(Emulator, RunsPartOfAGrid) {
  DeviceArray<int32_t> count(std::vector<int32_t>{0});
  DeviceArray<int32_t> out(std::vector<int32_t>(5 * 2, -1));
  EXPECT_EQ("", launch("arrival", 5, 2, {.first_block = 1, .last_block = 3}, count.get(), out.get()).error);
  EXPECT_EQ((std::vector<int32_t>{-1, -1, 0, 1, 2, 3, -1, -1, -1, -1}), out.values());
}

TEST(Emulator, HoldsEveryThreadAtABarrier) {
  for (const Order order : {Order::kForward, Order::kReverse, Order::kRandom}) {
    DeviceArray<int32_t> count(std::vector<int32_t>{0});
    DeviceArray<int32_t> out(2 * 100);
    EXPECT_EQ("", launch("arrival_after_barriers", 1, 100, {.order = order}, count.get(), out.get()).error);
    const std::vector<int32_t> values = out.values();
    EXPECT_LT(*std::max_element(values.begin(), values.begin() + 100), 100);
    EXPECT_GE(*std::min_element(values.begin() + 100, values.end()), 100);
  }
}

TEST(Emulator, CountsNoExitedThreadsAtABarrier) {
  for (const Order order : {Order::kForward, Order::kReverse, Order::kRandom}) {
    for (const int threads : {1, 33, 1024}) {
      DeviceArray<int32_t> out(threads);
      EXPECT_EQ("", launch("barriers_of_the_rest", 1, threads, {.order = order}, out.get()).error);
      std::vector<int32_t> want(threads);
      std::iota(want.begin(), want.end(), 0);
      EXPECT_EQ(want, out.values());
    }
  }
}

TEST(Emulator, GivesEachBlockFreshSharedMemory) {
  DeviceArray<uint32_t> out(3);
  EXPECT_EQ("", launch("fresh_shared_memory", 3, 32, {.check = false}, out.get()).error);
  EXPECT_EQ(std::vector<uint32_t>(3, 0xffffffffu), out.values());
}

TEST(Emulator, KeepsASharedArrayOfAFunction) {
  DeviceArray<int32_t> out(64);
  EXPECT_EQ("", launch("shared_array_of_a_function", 2, 64, {.check = false}, out.get()).error);
  EXPECT_EQ(std::vector<int32_t>(64, 1), out.values());
}

TEST(Emulator, ExchangesValuesInAWarp) {
  for (const Order order : {Order::kForward, Order::kReverse, Order::kRandom}) {
    DeviceArray<int32_t> from_lane(64);
    DeviceArray<double> from_partner(64);
    DeviceArray<int64_t> wide(64);
    DeviceArray<uint32_t> votes(64);
    EXPECT_EQ("", launch("collectives", 1, 64, {.order = order, .seed = 3}, from_lane.get(), from_partner.get(),
                         wide.get(), votes.get())
                      .error);
    for (int i = 0; i < 64; ++i) {
      const int warp = i / 32 * 32;
      EXPECT_EQ(1000 + warp + (i + 5) % 32, from_lane.get()[i]);
      EXPECT_EQ(1.0 / (1 + (i ^ 19)), from_partner.get()[i]);
      EXPECT_EQ((int64_t{warp + 3} << 40) - 1, wide.get()[i]);
      EXPECT_EQ(i < 32 ? 0x49249249u : 0x92492492u, votes.get()[i]);
    }
  }
}

TEST(Emulator, FillsThePartOfACopyThatIsNotRead) {
  for (const bool late : {false, true}) {
    std::vector<float> in(256), want(256);
    std::iota(in.begin(), in.end(), 1.0f);
    for (int i = 0; i < 256; ++i) want[i] = i % 4 == 3 ? 0.0f : in[i];
    DeviceArray<float> device_in(in), out(256);
    const float* from = device_in.get();
    EXPECT_EQ("", launch("partial_copy", 1, 64, {.late_copies = late}, from, out.get()).error);
    EXPECT_EQ(want, out.values());
  }
}

// Of what check mode names, late copies show this much by numbers alone.
TEST(Emulator, ShowsAMissingWaitByLateCopies) {
  const std::vector<float> in(256, 2.0f);
  for (const bool late : {false, true}) {
    for (const int32_t sound : {0, 1}) {
      DeviceArray<float> device_in(in), out(64);
      const float* from = device_in.get();
      EXPECT_EQ(
          "",
          launch("reads_before_the_wait", 1, 64, {.late_copies = late, .check = false}, sound, from, out.get()).error);
      const bool right = out.values() == std::vector<float>(64, 2.0f);
      EXPECT_EQ(!late || sound == 1, right);
    }
  }
}

TEST(Emulator, RefusesAWrongLaunch) {
  DeviceArray<uint32_t> out(1);
  EXPECT_EQ("fresh_shared_memory: 33 threads a block, want 1 .. 32",
            launch("fresh_shared_memory", 1, 33, {}, out.get()).error);
  EXPECT_EQ("fresh_shared_memory: 0 threads a block, want 1 .. 32",
            launch("fresh_shared_memory", 1, 0, {}, out.get()).error);
  EXPECT_EQ("fresh_shared_memory: 0 blocks, want 1 .. 2147483647",
            launch("fresh_shared_memory", 0, 32, {}, out.get()).error);
  EXPECT_EQ("fresh_shared_memory: 2147483648 blocks, want 1 .. 2147483647",
            launch("fresh_shared_memory", int64_t{1} << 31, 32, {}, out.get()).error);
}

}  // namespace
}  // namespace lacuna::test
