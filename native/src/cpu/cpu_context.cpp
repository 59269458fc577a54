#include "cpu/cpu_context.h"

#include <sched.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include "cpu/cpu_features.h"
#include "cpu/dispatch.h"
#include "cpu/dnnl.h"
#include "cpu/thread_pool.h"

namespace lacuna {
namespace {

constexpr size_t kAlignment = 64;
constexpr int kMaxThreads = 1024;

int usable_cores() {
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) == 0) return std::max(1, CPU_COUNT(&cores));
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

lacuna_status open_context(const lacuna_open_args& args, std::unique_ptr<lacuna_context>& out, std::string& error) {
  const auto refuse = [&error](lacuna_status code, const std::string& reason) {
    error = "context_open: " + reason;
    return code;
  };
  if (args.tier < LACUNA_TIER_BEST || args.tier > LACUNA_TIER_AVX512) {
    return refuse(LACUNA_INVALID_ARGUMENT, "tier is " + std::to_string(args.tier) + ", want 0 to 3");
  }
  if (args.threads < 0 || args.threads > kMaxThreads) {
    return refuse(LACUNA_INVALID_ARGUMENT, "threads is " + std::to_string(args.threads) + ", want 0 to 1024");
  }
  int32_t tier = args.tier;
  if (tier == LACUNA_TIER_BEST) {
    tier = LACUNA_TIER_AVX512;
    while (tier_obstacle(tier)) --tier;
  } else if (const char* obstacle = tier_obstacle(tier)) {
    return refuse(LACUNA_UNSUPPORTED, std::string("tier ") + tier_name(tier) + ": " + obstacle);
  }
  out = std::make_unique<CpuContext>(tier, args.threads ? args.threads : usable_cores(),
                                     args.library_dir ? args.library_dir : "");
  return LACUNA_OK;
}

CpuContext::CpuContext(int32_t tier, int threads, std::string library_dir)
    : lacuna_context("CPU", tier_ops(tier), threads, MemorySpace::kHost),
      tier_(tier),
      bf16_(tier == LACUNA_TIER_AVX512 && has_avx512_bf16()),
      vnni_(tier == LACUNA_TIER_AVX512 && has_avx512_vnni()),
      library_dir_(std::move(library_dir)) {}

CpuContext::~CpuContext() {
  for (const auto& [address, block] : blocks_) {
    if (!block.adopted) std::free(reinterpret_cast<void*>(address));
  }
}

void CpuContext::run_chunks(int64_t chunks, void (*body)(void*, int64_t, int), void* self) {
  ThreadPool::instance().run(chunks, threads(), body, self);
}

const Dnnl* CpuContext::dnnl() {
  if (const Dnnl* loaded = Dnnl::loaded()) return loaded;
  std::string error;
  const Dnnl* table = Dnnl::load(library_dir_, error);
  if (!table) fail(LACUNA_UNSUPPORTED, "oneDNN cannot be loaded: %s", error.c_str());
  return table;
}

const char* CpuContext::describe() noexcept {
  char version[32] = "not loaded yet";
  if (const Dnnl* dnnl = Dnnl::loaded()) {
    const dnnl_version_t& loaded = *dnnl->dnnl_version();
    std::snprintf(version, sizeof version, "%d.%d.%d", loaded.major, loaded.minor, loaded.patch);
  }
  std::snprintf(description_, sizeof description_, "device=cpu;tier=%s;threads=%d;dnnl=%s;bf16=%s;vnni=%s",
                tier_name(tier_), threads(), version, bf16_ ? "yes" : "no", vnni_ ? "yes" : "no");
  return description_;
}

lacuna_status CpuContext::copy(void* target, const void* source, int64_t bytes) {
  std::memcpy(target, source, static_cast<size_t>(bytes));
  return LACUNA_OK;
}

lacuna_status CpuContext::timer_start() {
  timer_ = std::chrono::steady_clock::now();
  return LACUNA_OK;
}

lacuna_status CpuContext::timer_stop(double* milliseconds) {
  if (!timer_) return fail(LACUNA_INVALID_ARGUMENT, "no timer was started");
  *milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - *timer_).count();
  timer_.reset();
  return LACUNA_OK;
}

lacuna_status CpuContext::allocate(int64_t bytes, void** out) {
  if (posix_memalign(out, kAlignment, static_cast<size_t>(bytes)) == 0) return LACUNA_OK;
  return fail(LACUNA_OUT_OF_MEMORY, "no memory for %" PRId64 " bytes", bytes);
}

lacuna_status CpuContext::deallocate(void* block) {
  std::free(block);
  return LACUNA_OK;
}

}  // namespace lacuna
