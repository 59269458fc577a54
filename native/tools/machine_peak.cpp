// Prints as JSON what this machine can do at most, for the benchmarks to be held against: fused multiply-adds per
// second in fp32, dot products in bf16 and in 8-bit integers, bandwidth of reading, copying and updating memory. Names
// that end in _1 are of one thread.
//
//   machine_peak THREADS [avx2]
//
// Arithmetic: 12 independent accumulators, enough for two units of latency 4 to 6, and no memory access. Memory: 256
// MiB a thread, beyond any cache. Each figure is the best of several short runs.
#include <cpuid.h>
#include <immintrin.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

namespace {

constexpr int kRuns = 25;  // enough that one of them is left alone by the rest of the machine
constexpr int64_t kSteps = 1'000'000;
constexpr int kAccumulators = 12;
constexpr size_t kBytes = size_t{256} << 20;

// Results go here, so that no loop is dropped.
volatile float sink;

struct Features {
  bool avx2, avx512, bf16, vnni;
};

Features features() {
  Features found{};
  __builtin_cpu_init();
  found.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  found.avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
  found.vnni = found.avx512 && __builtin_cpu_supports("avx512vnni");
  uint32_t eax, ebx, ecx, edx;
  found.bf16 = found.avx512 && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax & bit_AVX512BF16);
  return found;
}

// Each of these runs kSteps x kAccumulators vector operations and returns how many flops one of them makes.

__attribute__((target("avx512f"))) double fma512() {
  __m512 sums[kAccumulators];
  for (int i = 0; i < kAccumulators; ++i) sums[i] = _mm512_set1_ps(static_cast<float>(i));
  const __m512 factor = _mm512_set1_ps(0.999f), term = _mm512_set1_ps(0.001f);
  for (int64_t step = 0; step < kSteps; ++step) {
#pragma GCC unroll 12
    for (int i = 0; i < kAccumulators; ++i) sums[i] = _mm512_fmadd_ps(sums[i], factor, term);
  }
  for (int i = 1; i < kAccumulators; ++i) sums[0] = _mm512_add_ps(sums[0], sums[i]);
  sink = _mm512_cvtss_f32(sums[0]);
  return 2 * 16;
}

__attribute__((target("avx2,fma"))) double fma256() {
  __m256 sums[kAccumulators];
  for (int i = 0; i < kAccumulators; ++i) sums[i] = _mm256_set1_ps(static_cast<float>(i));
  const __m256 factor = _mm256_set1_ps(0.999f), term = _mm256_set1_ps(0.001f);
  for (int64_t step = 0; step < kSteps; ++step) {
#pragma GCC unroll 12
    for (int i = 0; i < kAccumulators; ++i) sums[i] = _mm256_fmadd_ps(sums[i], factor, term);
  }
  for (int i = 1; i < kAccumulators; ++i) sums[0] = _mm256_add_ps(sums[0], sums[i]);
  sink = _mm256_cvtss_f32(sums[0]);
  return 2 * 8;
}

__attribute__((target("avx512f,avx512bf16"))) double dot_bf16() {
  __m512 sums[kAccumulators];
  for (int i = 0; i < kAccumulators; ++i) sums[i] = _mm512_set1_ps(static_cast<float>(i));
  const __m512bh factor = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5f), _mm512_set1_ps(0.5f));
  for (int64_t step = 0; step < kSteps; ++step) {
#pragma GCC unroll 12
    for (int i = 0; i < kAccumulators; ++i) sums[i] = _mm512_dpbf16_ps(sums[i], factor, factor);
  }
  for (int i = 1; i < kAccumulators; ++i) sums[0] = _mm512_add_ps(sums[0], sums[i]);
  sink = _mm512_cvtss_f32(sums[0]);
  return 2 * 32;
}

__attribute__((target("avx512f,avx512vnni"))) double dot_int8() {
  __m512i sums[kAccumulators];
  for (int i = 0; i < kAccumulators; ++i) sums[i] = _mm512_set1_epi32(i);
  // What the compiler must not know, or it would do without the loop.
  const __m512i factor = _mm512_set1_epi8(static_cast<char>(1 + static_cast<int>(sink) % 2));
  for (int64_t step = 0; step < kSteps; ++step) {
#pragma GCC unroll 12
    for (int i = 0; i < kAccumulators; ++i) sums[i] = _mm512_dpbusd_epi32(sums[i], factor, factor);
  }
  for (int i = 1; i < kAccumulators; ++i) sums[0] = _mm512_add_epi32(sums[0], sums[i]);
  sink = static_cast<float>(_mm512_cvtsi512_si32(sums[0]) % 1000);
  return 2 * 64;
}

// A machine without FMA: one multiplication and one addition on SSE registers.
double scalar() {
  __m128 sums[kAccumulators];
  for (int i = 0; i < kAccumulators; ++i) sums[i] = _mm_set1_ps(static_cast<float>(i));
  const __m128 factor = _mm_set1_ps(0.999f), term = _mm_set1_ps(0.001f);
  for (int64_t step = 0; step < kSteps; ++step) {
#pragma GCC unroll 12
    for (int i = 0; i < kAccumulators; ++i) sums[i] = _mm_add_ps(_mm_mul_ps(sums[i], factor), term);
  }
  for (int i = 1; i < kAccumulators; ++i) sums[0] = _mm_add_ps(sums[0], sums[i]);
  sink = _mm_cvtss_f32(sums[0]);
  return 2 * 4;
}

struct Buffer {
  explicit Buffer(size_t bytes) : data(static_cast<float*>(std::aligned_alloc(64, bytes))) {
    if (!data) std::abort();
    std::memset(data.get(), 1, bytes);
  }
  struct Free {
    void operator()(float* memory) const { std::free(memory); }
  };
  std::unique_ptr<float, Free> data;
};

// Four sums, or the additions would wait for each other.
double read_all(const Buffer& from) {
  __m128 sums[4] = {};
  const float* const data = from.data.get();
  for (size_t i = 0; i < kBytes / sizeof(float); i += 16) {
    for (int j = 0; j < 4; ++j) sums[j] = _mm_add_ps(sums[j], _mm_load_ps(data + i + 4 * j));
  }
  sink = _mm_cvtss_f32(_mm_add_ps(_mm_add_ps(sums[0], sums[1]), _mm_add_ps(sums[2], sums[3])));
  return kBytes;
}

// Counts what the program moves, read and written; non-temporal stores spare the read of the target.
double copy_all(const Buffer& from, Buffer& to) {
  std::memcpy(to.data.get(), from.data.get(), kBytes);
  return 2.0 * kBytes;
}

// Every number is read, changed and written where it was: a vector at a time, as the compiler makes it of a plain loop.
double update_all(Buffer& data) {
  const __m128 factor = _mm_set1_ps(0.999f);
  float* const values = data.data.get();
  for (size_t i = 0; i < kBytes / sizeof(float); i += 16) {
    for (int j = 0; j < 16; j += 4) _mm_store_ps(values + i + j, _mm_mul_ps(_mm_load_ps(values + i + j), factor));
  }
  return 2.0 * kBytes;
}

// Runs work(t) on all threads at once: what they return added up, by the time from the first start to the last end,
// best of kRuns.
template <typename Work>
double best_rate(int threads, Work work) {
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::barrier start(threads);
    std::vector<double> amounts(threads);
    std::vector<Clock::time_point> begins(threads), ends(threads);
    std::vector<std::thread> crew;
    for (int t = 0; t < threads; ++t) {
      crew.emplace_back([&, t] {
        start.arrive_and_wait();
        begins[t] = Clock::now();
        amounts[t] = work(t);
        ends[t] = Clock::now();
      });
    }
    for (std::thread& member : crew) member.join();
    const std::chrono::duration<double> seconds =
        *std::max_element(ends.begin(), ends.end()) - *std::min_element(begins.begin(), begins.end());
    best = std::max(best, std::accumulate(amounts.begin(), amounts.end(), 0.0) / seconds.count());
  }
  return best;
}

double gflops(int threads, double (*kernel)()) {
  return 1e-9 * best_rate(threads, [&](int) { return kernel() * kSteps * kAccumulators; });
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 0;
  if (threads < 1 || threads > 1024 || argc > 3 || (argc == 3 && std::strcmp(argv[2], "avx2") != 0)) {
    std::fprintf(stderr, "usage: machine_peak THREADS [avx2]\n");
    return 2;
  }
  const Features has = features();
  const bool capped = argc == 3;
  const bool wide = has.avx512 && !capped;
  double (*const fma)() = wide ? fma512 : has.avx2 ? fma256 : scalar;
  const double fp32_one = gflops(1, fma), fp32_all = gflops(threads, fma);
  const double bf16_all = wide && has.bf16 ? gflops(threads, dot_bf16) : 0;
  const double int8_all = wide && has.vnni ? gflops(threads, dot_int8) : 0;

  std::vector<Buffer> from, to;
  for (int t = 0; t < threads; ++t) {
    from.emplace_back(kBytes);
    to.emplace_back(kBytes);
  }
  const auto rate = [&](int count, auto work) { return 1e-9 * best_rate(count, work); };
  const auto read = [&](int t) { return read_all(from[t]); };
  const auto copy = [&](int t) { return copy_all(from[t], to[t]); };
  const auto update = [&](int t) { return update_all(to[t]); };
  std::printf(
      "{\"threads\": %d, \"simd\": \"%s\", \"fp32_gflops_1\": %.1f, \"fp32_gflops\": %.1f, \"bf16_gflops\": %.1f, "
      "\"int8_gops\": %.1f, "
      "\"read_gbs_1\": %.2f, \"read_gbs\": %.2f, \"copy_gbs_1\": %.2f, \"copy_gbs\": %.2f, \"update_gbs_1\": %.2f, "
      "\"update_gbs\": %.2f}\n",
      threads,
      wide       ? "avx512"
      : has.avx2 ? "avx2"
                 : "sse",
      fp32_one, fp32_all, bf16_all, int8_all, rate(1, read), rate(threads, read), rate(1, copy), rate(threads, copy),
      rate(1, update), rate(threads, update));
}
