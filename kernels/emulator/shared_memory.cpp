#include "shared_memory.h"

#include <cstring>
#include <vector>

#include "block.h"
#include "shadow.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes)
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes)
#endif

namespace lacuna::emulator {

namespace {

constexpr size_t kMostBytes = size_t{48} << 10;  // of static shared memory, on every card
constexpr size_t kRedZone = 64;
constexpr size_t kMostArrays = 64;
constexpr unsigned char kPoison = 0xff;

struct Array {
  char* address;
  size_t bytes;
  const char* name;
  Location where;
};

alignas(64) char arena[kMostBytes + (kMostArrays + 1) * kRedZone];
std::vector<Array> arrays;
size_t declared;  // bytes, as the compiler for cards counts them
char* end;        // of the last array and its red zone

constexpr size_t aligned16(size_t bytes) { return (bytes + 15) / 16 * 16; }

// The red zone after an array begins with its last byte, unaligned.
void make_red_zone(char* from, char* to) {
  std::memset(from, kPoison, to - from);
  ASAN_POISON_MEMORY_REGION(from, to - from);
}

bool intact(const char* from, const char* to) {
  for (; from != to; ++from) {
    if (static_cast<unsigned char>(*from) != kPoison) return false;
  }
  return true;
}

}  // namespace

void begin_shared_memory() {
  arrays.clear();
  declared = 0;
  end = arena + kRedZone;
  make_red_zone(arena, end);
}

void* shared_memory(SharedArray& array, size_t bytes, const char* name, Location where) {
  if (array.block == block.serial) return array.address;
  declared += aligned16(bytes);
  if (declared > kMostBytes || arrays.size() == kMostArrays) {
    record_fault("array " + std::string(name) + " in " + to_string(where) + " makes " + std::to_string(declared) +
                 " bytes of shared memory in " + std::to_string(arrays.size() + 1) + " arrays, want at most " +
                 std::to_string(kMostBytes) + " in " + std::to_string(kMostArrays));
    end_grid();
  }
  array = {end, block.serial};
  ASAN_UNPOISON_MEMORY_REGION(end, bytes);
  std::memset(end, kPoison, bytes);
  arrays.push_back({end, bytes, name, where});
  if (watching) shadow_shared_array(end, bytes);
  char* after = end + bytes;
  end += aligned16(bytes) + kRedZone;
  make_red_zone(after, end);
  return array.address;
}

void end_shared_memory() {
  ASAN_UNPOISON_MEMORY_REGION(arena, sizeof(arena));
  const Array* before = nullptr;
  const char* from = arena;
  const auto check = [&](const char* to, const Array* after) {
    if (intact(from, to) || !block.error.empty()) return;
    const Array& named = before != nullptr ? *before : *after;
    block.error = std::string(block.kernel->name) + ", block " + std::to_string(block.index) +
                  ": bytes written outside shared array " + named.name + " in " + to_string(named.where);
  };
  for (const Array& array : arrays) {
    check(array.address, &array);
    before = &array;
    from = array.address + array.bytes;
  }
  if (before != nullptr) check(end, nullptr);
}

bool in_shared_arena(const void* address) { return address >= arena && address < end; }

bool in_shared_memory(const void* address, size_t bytes) {
  for (const Array& array : arrays) {
    if (address >= array.address && static_cast<const char*>(address) + bytes <= array.address + array.bytes) {
      return true;
    }
  }
  return false;
}

}  // namespace lacuna::emulator
