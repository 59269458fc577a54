// What the tests share: contexts, memory that faults when it is overrun, calls, error bounds.
#ifndef LACUNA_TESTS_TEST_UTIL_H
#define LACUNA_TESTS_TEST_UTIL_H

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "cpu/cpu_features.h"
#include "lacuna/lacuna_ops.h"

namespace lacuna::test {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

class Context {
 public:
  explicit Context(int threads = 1, int tier = LACUNA_TIER_BEST, const char* library_dir = LACUNA_ONEDNN_DIR) {
    const lacuna_open_args args{sizeof(lacuna_open_args), tier, threads, 0, library_dir};
    char error[256] = "";
    EXPECT_EQ(LACUNA_OK, lacuna_context_open(&args, &ctx_, error, sizeof error)) << error;
  }
  ~Context() { lacuna_context_close(ctx_); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  operator lacuna_context*() const { return ctx_; }
  std::string error() const { return lacuna_last_error(ctx_); }

 private:
  lacuna_context* ctx_ = nullptr;
};

inline std::vector<int> usable_tiers() {
  std::vector<int> tiers;
  for (int tier : {LACUNA_TIER_SCALAR, LACUNA_TIER_AVX2, LACUNA_TIER_AVX512}) {
    if (!tier_obstacle(tier)) tiers.push_back(tier);
  }
  return tiers;
}

enum class Edge { kBefore, kAfter };

// Elements between unmapped pages: flush with the one after them, or with the one before. Filled with NaN or -1.
template <class T>
class Guarded {
 public:
  explicit Guarded(int64_t size, Edge edge = Edge::kAfter, int64_t alignment = sizeof(T)) : size_(size) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE)), bytes = static_cast<size_t>(size) * sizeof(T);
    const size_t middle = (bytes + page - 1) / page * page + page;
    mapped_ = middle + 2 * page;
    base_ = static_cast<char*>(mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base_ == MAP_FAILED || mprotect(base_ + page, middle, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
    const size_t gap =
        edge == Edge::kAfter ? (middle - bytes) / static_cast<size_t>(alignment) * static_cast<size_t>(alignment) : 0;
    data_ = reinterpret_cast<T*>(base_ + page + gap);
    std::fill_n(data_, size,
                std::numeric_limits<T>::has_quiet_NaN ? std::numeric_limits<T>::quiet_NaN() : static_cast<T>(-1));
  }
  Guarded(const std::vector<T>& values, Edge edge) : Guarded(static_cast<int64_t>(values.size()), edge) {
    std::copy(values.begin(), values.end(), data_);
  }
  ~Guarded() { munmap(base_, mapped_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  T* data() { return data_; }
  std::vector<T> values() const { return {data_, data_ + size_}; }

 private:
  int64_t size_;
  char* base_;
  size_t mapped_;
  T* data_;
};

// Calls op through the ABI with a workspace of exactly the size that it asks for.
template <class Args>
lacuna_status call(lacuna_context* ctx, int32_t op, Args args, uint32_t flags = 0) {
  args.struct_size = sizeof args;
  args.flags = flags;
  int64_t bytes = 0;
  if (const lacuna_status status = lacuna_workspace(ctx, op, &args, &bytes)) return status;
  Guarded<float> workspace((bytes + 3) / 4, Edge::kAfter, 64);
  args.workspace = workspace.data();
  args.workspace_bytes = bytes;
  lacuna_op_fn function = nullptr;
  if (const lacuna_status status = lacuna_op_lookup(ctx, op, &function)) return status;
  return function(ctx, &args);
}

inline std::vector<float> random_values(int64_t size, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  std::vector<float> values(static_cast<size_t>(size));
  for (float& value : values) value = uniform(random);
  return values;
}

// got against the same mathematics in double: at most `factor` times the error of doing it naively in float, plus 8 ulp
// of the largest reference value. A NaN on either side fails.
inline void expect_close(const std::vector<float>& got, const std::vector<double>& reference,
                         const std::vector<float>& naive, double factor) {
  ASSERT_EQ(reference.size(), got.size());
  ASSERT_EQ(reference.size(), naive.size());
  double naive_error = 0, largest = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    naive_error = std::max(naive_error, std::abs(naive[i] - reference[i]));
    largest = std::max(largest, std::abs(reference[i]));
  }
  const double bound = factor * naive_error + 8 * largest * std::numeric_limits<float>::epsilon();
  for (size_t i = 0; i < reference.size(); ++i) {
    ASSERT_TRUE(std::abs(got[i] - reference[i]) <= bound)
        << "at " << i << ": " << got[i] << ", want " << reference[i] << " within " << bound;
  }
}

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

}  // namespace lacuna::test
#endif
