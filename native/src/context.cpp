#include "context.h"

#include <cinttypes>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "cpu_features.h"
#include "dnnl.h"
#include "thread_pool.h"

namespace {
constexpr size_t kAlignment = 64;
}

namespace lacuna {

lacuna_status OpContext::fail(lacuna_status code, const char* format, ...) {
  const int prefix = std::snprintf(error_, sizeof error_, "%s: ", op_);
  va_list values;
  va_start(values, format);
  std::vsnprintf(error_ + prefix, sizeof error_ - prefix, format, values);
  va_end(values);
  return code;
}

void OpContext::run_chunks(int64_t chunks, void (*body)(void*, int64_t, int), void* self) {
  ThreadPool::instance().run(chunks, threads_, body, self);
}

}  // namespace lacuna

lacuna_context::lacuna_context(int32_t tier, int threads, std::string library_dir)
    : tier_(tier), library_dir_(std::move(library_dir)) {
  threads_ = threads;
}

lacuna_context::~lacuna_context() {
  for (void* block : blocks_) std::free(block);
}

bool lacuna_context::claim() {
  bool idle = false;
  if (busy_.compare_exchange_strong(idle, true, std::memory_order_acquire, std::memory_order_relaxed)) return true;
  overlap_.store(true, std::memory_order_relaxed);
  return false;
}

const lacuna::Dnnl* lacuna_context::dnnl() {
  if (const lacuna::Dnnl* loaded = lacuna::Dnnl::loaded()) return loaded;
  std::string error;
  const lacuna::Dnnl* table = lacuna::Dnnl::load(library_dir_, error);
  if (!table) fail(LACUNA_UNSUPPORTED, "oneDNN cannot be loaded: %s", error.c_str());
  return table;
}

const char* lacuna_context::describe() {
  description_ =
      "device=cpu;tier=" + std::string(lacuna::tier_name(tier_)) + ";threads=" + std::to_string(threads_) + ";dnnl=";
  if (const lacuna::Dnnl* dnnl = lacuna::Dnnl::loaded()) {
    const dnnl_version_t& version = *dnnl->dnnl_version();
    description_ +=
        std::to_string(version.major) + "." + std::to_string(version.minor) + "." + std::to_string(version.patch);
  } else {
    description_ += "not loaded yet";
  }
  return description_.c_str();
}

lacuna_status lacuna_context::alloc(int64_t bytes, void** out) {
  *out = nullptr;
  if (bytes <= 0) return fail(LACUNA_INVALID_ARGUMENT, "bytes is %" PRId64 ", want > 0", bytes);
  void* block = nullptr;
  if (posix_memalign(&block, kAlignment, static_cast<size_t>(bytes)) != 0) {
    return fail(LACUNA_OUT_OF_MEMORY, "no memory for %" PRId64 " bytes", bytes);
  }
  try {
    blocks_.insert(block);
  } catch (...) {
    std::free(block);
    throw;
  }
  *out = block;
  return LACUNA_OK;
}

lacuna_status lacuna_context::free(void* address) {
  if (!address) return LACUNA_OK;
  if (blocks_.erase(address) == 0) {
    return fail(LACUNA_INVALID_ARGUMENT, "address %p was not lent by this context, or was freed before", address);
  }
  std::free(address);
  return LACUNA_OK;
}
