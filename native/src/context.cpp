#include "context.h"

#include <cinttypes>
#include <cstdarg>
#include <cstdio>
#include <iterator>

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
  forget_adopted(reinterpret_cast<uintptr_t>(block), bytes);
  try {
    blocks_.emplace(reinterpret_cast<uintptr_t>(block), Block{bytes, false});
  } catch (...) {
    deallocate(block);
    throw;
  }
  *out = block;
  return LACUNA_OK;
}

void lacuna_context::forget_adopted(uintptr_t first, int64_t bytes) {
  const uintptr_t end = first + static_cast<uintptr_t>(bytes);
  auto block = blocks_.lower_bound(first);
  if (block != blocks_.begin()) {
    const auto before = std::prev(block);
    if (first - before->first < static_cast<uint64_t>(before->second.bytes)) block = before;
  }
  while (block != blocks_.end() && block->first < end) block = blocks_.erase(block);
}

lacuna_status lacuna_context::free(void* address) {
  if (!address) return LACUNA_OK;
  const auto block = blocks_.find(reinterpret_cast<uintptr_t>(address));
  if (block == blocks_.end() || block->second.adopted) {
    return fail(LACUNA_INVALID_ARGUMENT, "address %p was not lent by this context, or was freed before", address);
  }
  blocks_.erase(block);
  return deallocate(address);
}

lacuna_status lacuna_context::adopt(void* address, int64_t bytes) {
  if (bytes <= 0) return fail(LACUNA_INVALID_ARGUMENT, "bytes is %" PRId64 ", want > 0", bytes);
  if (!address) return fail(LACUNA_INVALID_ARGUMENT, "address is NULL");
  const auto first = reinterpret_cast<uintptr_t>(address);
  const auto next = blocks_.lower_bound(first);
  const bool meets_next = next != blocks_.end() && next->first - first < static_cast<uint64_t>(bytes);
  if (meets_next || knows(address, 1)) {
    return fail(LACUNA_INVALID_ARGUMENT, "address %p, %" PRId64 " bytes, overlaps memory lent or adopted before",
                address, bytes);
  }
  if (const lacuna_status status = check_foreign(address, bytes)) return status;
  blocks_.emplace(first, Block{bytes, true});
  return LACUNA_OK;
}

lacuna_status lacuna_context::release(void* address) {
  const auto block = blocks_.find(reinterpret_cast<uintptr_t>(address));
  if (block == blocks_.end() || !block->second.adopted) {
    return fail(LACUNA_INVALID_ARGUMENT, "address %p was not adopted by this context, or was released before", address);
  }
  blocks_.erase(block);
  return LACUNA_OK;
}

bool lacuna_context::knows(const void* address, int64_t bytes) const {
  const auto first = reinterpret_cast<uintptr_t>(address);
  auto block = blocks_.upper_bound(first);
  if (block == blocks_.begin()) return false;
  --block;
  const auto offset = static_cast<int64_t>(first - block->first);
  return offset < block->second.bytes && bytes <= block->second.bytes - offset;
}

lacuna_status lacuna_context::stream(void** out) {
  *out = nullptr;
  return fail(LACUNA_UNSUPPORTED, "the %s back end has no streams", back_end());
}

lacuna_status lacuna_context::use_stream(void*) {
  return fail(LACUNA_UNSUPPORTED, "the %s back end has no streams", back_end());
}
