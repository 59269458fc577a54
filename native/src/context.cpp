#include "context.h"

#include <cinttypes>
#include <cstdarg>
#include <cstdio>

bool lacuna_context::claim() {
  bool idle = false;
  if (busy_.compare_exchange_strong(idle, true, std::memory_order_acquire, std::memory_order_relaxed)) return true;
  overlapped_.store(true, std::memory_order_relaxed);
  return false;
}

lacuna_status lacuna_context::enter(const char* call) {
  call_ = call;
  return LACUNA_OK;
}

lacuna_status lacuna_context::fail(lacuna_status code, const char* format, ...) {
  const int prefix = std::snprintf(error_, sizeof error_, "%s: ", call_);
  va_list values;
  va_start(values, format);
  std::vsnprintf(error_ + prefix, sizeof error_ - prefix, format, values);
  va_end(values);
  return code;
}

lacuna_status lacuna_context::alloc(int64_t bytes, void** out) {
  *out = nullptr;
  if (bytes <= 0) return fail(LACUNA_INVALID_ARGUMENT, "bytes is %" PRId64 ", want > 0", bytes);
  void* block = nullptr;
  if (const lacuna_status status = allocate(bytes, &block)) return status;
  try {
    blocks_.emplace(reinterpret_cast<uintptr_t>(block), bytes);
  } catch (...) {
    deallocate(block);
    throw;
  }
  *out = block;
  return LACUNA_OK;
}

lacuna_status lacuna_context::free(void* address) {
  if (!address) return LACUNA_OK;
  if (blocks_.erase(reinterpret_cast<uintptr_t>(address)) == 0) {
    return fail(LACUNA_INVALID_ARGUMENT, "address %p was not lent by this context, or was freed before", address);
  }
  return deallocate(address);
}
