// The stand-in's device memory: exact-size blocks between red zones in an address range of its own, so that a device
// address is never a host address. A new block is full of 0xFF, a freed one of 0xDD and out of use for a while; writes
// that do not belong are found by check().
#ifndef LACUNA_EMULATOR_ARENA_H
#define LACUNA_EMULATOR_ARENA_H

#include <cstdint>
#include <deque>
#include <functional>
#include <map>

namespace lacuna::standin {

class Arena {
 public:
  struct Block {
    int64_t bytes;
    uintptr_t red_end;  // where the red zone behind the block ends
    const void* owner;
    bool live;
  };

  using Report = std::function<void(const char* text)>;
  explicit Arena(Report report) : report_(std::move(report)) {}

  // 256-byte aligned; 0 where the address range is used up.
  uintptr_t allocate(int64_t bytes, const void* owner);
  // False if no live block of this owner begins there.
  bool free(uintptr_t address, const void* owner);
  void free_all(const void* owner);

  // The live block that holds [address, address + bytes); address of its beginning in first.
  const Block* find(uintptr_t address, int64_t bytes, uintptr_t* first = nullptr) const;
  bool contains(uintptr_t address) const { return base_ <= address && address < base_ + kSpan; }

  int64_t live() const { return static_cast<int64_t>(blocks_.size() - freed_.size()); }

  // Reports every damaged red zone, once, naming `after`; false if there was one.
  bool check(const char* after);

  // Lets all freed blocks go, after a look for writes into them.
  void release_freed() {
    while (!freed_.empty()) release_oldest();
  }

 private:
  static constexpr uintptr_t kSpan = uintptr_t{1} << 40;

  uintptr_t place(uintptr_t bytes);
  bool intact(uintptr_t address, const Block& block, const char* after);
  void release_oldest();

  const Report report_;
  uintptr_t base_ = 0, cursor_ = 0;
  std::map<uintptr_t, Block> blocks_;  // live and freed, by address
  std::deque<uintptr_t> freed_;        // oldest first
  int64_t freed_bytes_ = 0;
};

}  // namespace lacuna::standin
#endif
