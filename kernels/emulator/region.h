// The shadow of an allocation or a shared array: what is known of each of its bytes.
#ifndef LACUNA_EMULATOR_REGION_H
#define LACUNA_EMULATOR_REGION_H

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

namespace lacuna::emulator {

// Whom a record stands for: one thread, or it and others that no barrier orders.
enum class Spread : uint8_t { kThread, kWarp, kBlock, kGrid };

// The last access to a cell, with all that are not ordered with it.
struct Record {
  uint32_t block = 0;  // serial number, of which no launch sees 2^32; 0: there is none
  uint32_t epoch = 0;  // the block's barriers before
  uint16_t warp_epoch = 0;
  uint16_t thread : 11 = 0;
  Spread spread : 2 = Spread::kThread;
  bool atomic : 1 = false;
  int32_t place = 0;  // of code, from an address in this module
};
static_assert(sizeof(Record) == 16);

struct Cell {
  Record write, read;
};

// Elements that are zeros until they are touched: a shadow is many times the size of its memory.
template <class Element>
class Lazy {
 public:
  explicit Lazy(size_t count) : bytes_(count * sizeof(Element)) {
    data_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (data_ == MAP_FAILED) throw std::bad_alloc();
  }
  Lazy(const Lazy&) = delete;
  ~Lazy() { munmap(data_, bytes_); }

  Element& operator[](size_t i) { return static_cast<Element*>(data_)[i]; }
  void clear() { std::memset(data_, 0, bytes_); }
  void swap(Lazy& other) {
    std::swap(bytes_, other.bytes_);
    std::swap(data_, other.data_);
  }

 private:
  size_t bytes_;
  void* data_;
};

// A cell watches a word, or a byte from the first access on that is smaller than a word or lies across two.
class Region {
 public:
  // What a byte's state is made of.
  static constexpr uint8_t kInitialised = 1;
  static constexpr uint8_t kInFlight = 2;  // the target of an asynchronous copy

  Region(const void* address, size_t bytes)
      : base_(static_cast<const char*>(address)),
        bytes_(bytes),
        shift_(((reinterpret_cast<uintptr_t>(address) | bytes) & 3) == 0 ? 2 : 0),
        cells_((bytes >> shift_) + 1),
        state_(bytes + 1) {}

  bool contains(const void* address, size_t bytes) const {
    const size_t offset = offset_of(address);
    return offset < bytes_ && bytes <= bytes_ - offset;
  }

  // Nobody has touched it.
  void reset() {
    cells_.clear();
    state_.clear();
  }

  uint8_t* state(const void* address) { return &state_[offset_of(address)]; }

  bool settled(const void* address, size_t bytes) {
    const uint8_t* from = state(address);
    if (bytes == 4) {
      uint32_t word;
      std::memcpy(&word, from, 4);
      return word == 0x01010101u * kInitialised;
    }
    for (size_t i = 0; i < bytes; ++i) {
      if (from[i] != kInitialised) return false;
    }
    return true;
  }

  // Calls visit(cell) for the cells under these bytes.
  template <class Visit>
  void visit(const void* address, size_t bytes, Visit visit) {
    const size_t offset = offset_of(address);
    if (shift_ != 0 && ((offset | bytes) & 3) != 0) split();
    for (size_t i = offset >> shift_; i < (offset + bytes) >> shift_; ++i) visit(cells_[i]);
  }

 private:
  size_t offset_of(const void* address) const { return static_cast<const char*>(address) - base_; }

  void split() {
    Lazy<Cell> bytes(bytes_ + 1);
    for (size_t i = 0; i < bytes_; ++i) {
      const Cell& word = cells_[i >> shift_];
      if (word.write.block != 0 || word.read.block != 0) bytes[i] = word;
    }
    cells_.swap(bytes);
    shift_ = 0;
  }

  const char* base_;
  size_t bytes_;
  int shift_;
  Lazy<Cell> cells_;
  Lazy<uint8_t> state_;
};

}  // namespace lacuna::emulator
#endif
