#include "cpu/thread_pool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

namespace lacuna::test {
namespace {

template <class Body>
void run(int64_t chunks, int threads, Body&& body) {
  ThreadPool::instance().run(
      chunks, threads, [](void* self, int64_t chunk, int worker) { (*static_cast<Body*>(self))(chunk, worker); },
      &body);
}

class ThreadPoolOf : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolOf, testing::Values(1, 2, 3, 8));

TEST_P(ThreadPoolOf, runs_every_chunk_once_and_publishes_its_writes) {
  for (int64_t chunks : {0, 1, 2, 3, 7, 64, 1000}) {
    std::vector<int> count(static_cast<size_t>(chunks));  // plain ints: the thread sanitizer proves the hand-over
    for (int round = 0; round < 50; ++round)
      run(chunks, GetParam(), [&](int64_t chunk, int) { ++count[static_cast<size_t>(chunk)]; });
    for (int c : count) EXPECT_EQ(50, c);
  }
}

TEST_P(ThreadPoolOf, gives_every_thread_a_worker_number_of_its_own) {
  for (int round = 0; round < 200; ++round) {
    std::vector<int64_t> scratch(static_cast<size_t>(GetParam()));  // unguarded on purpose
    std::atomic<int64_t> outside{0};
    run(300, GetParam(), [&](int64_t, int worker) {
      if (worker < 0 || worker >= GetParam()) {
        ++outside;
      } else {
        ++scratch[static_cast<size_t>(worker)];
      }
    });
    int64_t total = 0;
    for (int64_t s : scratch) total += s;
    EXPECT_EQ(300, total);
    EXPECT_EQ(0, outside);
  }
}

TEST_P(ThreadPoolOf, serves_many_callers_at_once) {
  std::vector<std::thread> callers;
  std::atomic<int64_t> sum{0};
  for (int caller = 0; caller < 6; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 300; ++round) {
        int64_t own[37] = {};
        run(37, GetParam(), [&](int64_t chunk, int) { own[chunk] = chunk; });
        for (int64_t value : own) sum += value;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(6 * 300 * (36 * 37 / 2), sum);
}

TEST_P(ThreadPoolOf, may_be_called_from_inside_a_body) {
  std::atomic<int> count{0};
  run(8, GetParam(), [&](int64_t, int) {
    run(8, GetParam(), [&](int64_t, int) { run(3, GetParam(), [&](int64_t, int) { ++count; }); });
  });
  EXPECT_EQ(8 * 8 * 3, count);
}

TEST_P(ThreadPoolOf, hands_an_exception_to_the_caller_and_goes_on) {
  for (int round = 0; round < 50; ++round) {
    std::atomic<int64_t> begun{0};
    EXPECT_THROW(run(10000, GetParam(),
                     [&](int64_t, int) {
                       ++begun;
                       throw std::runtime_error("chunk");
                     }),
                 std::runtime_error);
    EXPECT_LE(begun, GetParam());
    int count = 0;
    run(1, GetParam(), [&](int64_t, int) { ++count; });
    EXPECT_EQ(1, count);
  }
}

TEST(ThreadPool, lets_idle_threads_help) {
  // The caller's chunk waits for another thread to take the other one: this hangs where nobody helps.
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> inside{0};
    run(2, 2, [&](int64_t, int) {
      ++inside;
      while (inside < 2) std::this_thread::yield();
    });
    if (round % 5 == 4)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));  // long enough for workers to fall asleep
    EXPECT_EQ(2, inside);
  }
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // their shadow memory needs the address space
[[noreturn]] void run_without_room_for_a_stack() {
  const rlimit none{1 << 20, 1 << 20};
  setrlimit(RLIMIT_AS, &none);
  bool refused = false;
  try {
    std::thread([] {}).join();
  } catch (const std::system_error&) {
    refused = true;
  }
  int count = 0;
  for (int round = 0; round < 3; ++round) run(100, 4, [&](int64_t, int worker) { count += worker == 0; });
  _exit(refused && count == 300 ? 0 : 1);
}

TEST(ThreadPool, does_without_threads_that_cannot_be_made) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process of its own, whose pool is still empty
  EXPECT_EXIT(run_without_room_for_a_stack(), testing::ExitedWithCode(0), "");
}
#endif

}  // namespace
}  // namespace lacuna::test
