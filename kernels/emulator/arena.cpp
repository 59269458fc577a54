#include "emulator/arena.h"

#include <sys/mman.h>

#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "emulator/emulator.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes)
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes)
#endif

namespace lacuna::standin {
namespace {

constexpr uintptr_t kAlignment = 256;
constexpr uintptr_t kBefore = 256, kAfter = 1024;    // red zones, the second one at least
constexpr int64_t kQuarantine = int64_t{256} << 20;  // bytes that stay out of use
constexpr int64_t kWholeFill = int64_t{256} << 20;   // larger blocks are filled at their ends only, to save memory
constexpr int64_t kEndFill = int64_t{1} << 20;
constexpr unsigned char kNew = 0xFF, kFreed = 0xDD;
// As a float or double it is NaN, as an integer negative.
constexpr unsigned char kRed[] = {0xA5, 0xA5, 0xA5, 0xFF};

unsigned char* bytes_at(uintptr_t address) { return reinterpret_cast<unsigned char*>(address); }
uintptr_t round_up(uintptr_t value, uintptr_t to) { return (value + to - 1) / to * to; }

void paint_red(uintptr_t from, uintptr_t to) {
  for (uintptr_t at = from; at < to; ++at) *bytes_at(at) = kRed[at % sizeof kRed];
}

void fill(uintptr_t address, int64_t bytes, unsigned char value) {
  if (bytes <= kWholeFill) {
    std::memset(bytes_at(address), value, static_cast<size_t>(bytes));
  } else {
    std::memset(bytes_at(address), value, kEndFill);
    std::memset(bytes_at(address + bytes - kEndFill), value, kEndFill);
  }
}

// The first address of [from, to) that is not as `expected` says; to if all are.
template <class Expected>
uintptr_t first_damage(uintptr_t from, uintptr_t to, Expected&& expected) {
  while (from < to && *bytes_at(from) == expected(from)) ++from;
  return from;
}

}  // namespace

uintptr_t Arena::place(uintptr_t bytes) {
  if (!base_) {
    void* range = mmap(nullptr, kSpan, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (range == MAP_FAILED) return 0;
    base_ = cursor_ = reinterpret_cast<uintptr_t>(range);
  }
  // Next fit: an address comes back as late as possible.
  for (int round = 0; round < 2; ++round, cursor_ = base_) {
    for (auto next = blocks_.lower_bound(cursor_); cursor_ + bytes <= base_ + kSpan; ++next) {
      if (next == blocks_.end() || cursor_ + bytes <= next->first - kBefore) {
        const uintptr_t found = cursor_;
        cursor_ += bytes;
        return found;
      }
      cursor_ = next->second.red_end;
    }
  }
  return 0;
}

uintptr_t Arena::allocate(int64_t bytes, const void* owner) {
  const uintptr_t span = kBefore + round_up(static_cast<uintptr_t>(bytes) + kAfter, kAlignment);
  const uintptr_t from = place(span);
  if (!from) return 0;
  const uintptr_t address = from + kBefore, end = address + static_cast<uintptr_t>(bytes);
  blocks_[address] = Block{bytes, from + span, owner, true};
  ASAN_UNPOISON_MEMORY_REGION(bytes_at(from), span);
  paint_red(from, address);
  fill(address, bytes, kNew);
  paint_red(end, from + span);
  ASAN_POISON_MEMORY_REGION(bytes_at(from), kBefore);
  ASAN_POISON_MEMORY_REGION(bytes_at(end), from + span - end);
  emulator::check_allocate(bytes_at(address), static_cast<size_t>(bytes));
  return address;
}

bool Arena::intact(uintptr_t address, const Block& block, const char* after) {
#if defined(__SANITIZE_ADDRESS__)
  (void)address, (void)block, (void)after;  // it sees such a write when it happens
  return true;
#else
  const auto red = [](uintptr_t at) { return kRed[at % sizeof kRed]; };
  const uintptr_t end = address + static_cast<uintptr_t>(block.bytes);
  uintptr_t at = first_damage(address - kBefore, address, red);
  if (at == address) at = first_damage(end, block.red_end, red);
  const bool zones_hold = at == block.red_end;
  char text[256];
  if (!zones_hold) {
    std::snprintf(text, sizeof text, "%s: a write %" PRId64 " bytes %s a block of %" PRId64 " bytes", after,
                  at < address ? static_cast<int64_t>(address - at) : static_cast<int64_t>(at - end),
                  at < address ? "before" : "after the end of", block.bytes);
    report_(text);
    paint_red(address - kBefore, address);
    paint_red(end, block.red_end);
  }
  return zones_hold;
#endif
}

bool Arena::check(const char* after) {
  bool good = true;
  for (const auto& [address, block] : blocks_) {
    if (block.live && !intact(address, block, after)) good = false;
  }
  return good;
}

void Arena::release_oldest() {
  const auto block = blocks_.find(freed_.front());
  const uintptr_t address = block->first;
  const int64_t bytes = block->second.bytes;
#if !defined(__SANITIZE_ADDRESS__)
  if (bytes <= kWholeFill) {
    const uintptr_t end = address + static_cast<uintptr_t>(bytes);
    const uintptr_t at = first_damage(address, end, [](uintptr_t) { return kFreed; });
    if (at != end) {
      char text[160];
      std::snprintf(text, sizeof text, "a write at byte %" PRId64 " of a freed block of %" PRId64 " bytes",
                    static_cast<int64_t>(at - address), bytes);
      report_(text);
    }
  }
#endif
  constexpr uintptr_t kPage = 4096;
  const uintptr_t first_page = round_up(address, kPage),
                  last_page = (address + static_cast<uintptr_t>(bytes)) / kPage * kPage;
  if (first_page < last_page) madvise(bytes_at(first_page), last_page - first_page, MADV_DONTNEED);
  freed_bytes_ -= bytes;
  blocks_.erase(block);
  freed_.pop_front();
}

bool Arena::free(uintptr_t address, const void* owner) {
  const auto found = blocks_.find(address);
  if (found == blocks_.end() || !found->second.live || found->second.owner != owner) return false;
  Block& block = found->second;
  intact(address, block, "at free");
  emulator::check_free(bytes_at(address));
  fill(address, block.bytes, kFreed);
  ASAN_POISON_MEMORY_REGION(bytes_at(address), block.bytes);
  block.live = false;
  freed_.push_back(address);
  freed_bytes_ += block.bytes;
  while (freed_bytes_ > kQuarantine) release_oldest();
  return true;
}

void Arena::free_all(const void* owner) {
  std::deque<uintptr_t> owned;
  for (const auto& [address, block] : blocks_) {
    if (block.live && block.owner == owner) owned.push_back(address);
  }
  for (const uintptr_t address : owned) free(address, owner);
}

const Arena::Block* Arena::find(uintptr_t address, int64_t bytes, uintptr_t* first) const {
  auto block = blocks_.upper_bound(address);
  if (block == blocks_.begin()) return nullptr;
  --block;
  const auto offset = static_cast<int64_t>(address - block->first);
  if (!block->second.live || offset >= block->second.bytes || bytes > block->second.bytes - offset) return nullptr;
  if (first) *first = block->first;
  return &block->second;
}

}  // namespace lacuna::standin
