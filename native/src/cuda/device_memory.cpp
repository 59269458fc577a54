#include "cuda/device_memory.h"

#include <cstdlib>
#include <cstring>
#include <iterator>

namespace lacuna::cuda {
namespace {

constexpr size_t kAlignment = 256;  // as the driver's own
constexpr size_t kSlab = size_t{32} << 20;
constexpr size_t kLargestPiece = kSlab / 4;  // what is larger would leave too much of a slab unused

}  // namespace

DriverResult DeviceMemory::open() {
  const char* slabs = std::getenv("LACUNA_CUDA_SLABS");
  use_slabs_ = !slabs || std::strcmp(slabs, "0") != 0;
  if (!use_slabs_) return 0;
  const DriverResult result = add_slab();
  return result == kOutOfMemory ? 0 : result;
}

void DeviceMemory::close() {
  for (const auto* blocks : {&slabs_, &whole_}) {
    for (const auto& [address, bytes] : *blocks) driver_.cuMemFree_v2(address);
  }
}

DriverResult DeviceMemory::add_slab() {
  DevicePointer address = 0;
  const DriverResult result = driver_.cuMemAlloc_v2(&address, kSlab);
  if (result != 0) return result;
  slabs_[address] = kSlab;
  gaps_[address] = kSlab;
  return 0;
}

DriverResult DeviceMemory::give_back_empty_slabs() {
  for (auto slab = slabs_.begin(); slab != slabs_.end();) {
    const auto [address, bytes] = *slab;
    const auto gap = gaps_.find(address);
    if (gap == gaps_.end() || gap->second != bytes) {
      ++slab;
      continue;
    }
    gaps_.erase(gap);
    slab = slabs_.erase(slab);
    if (const DriverResult result = driver_.cuMemFree_v2(address)) return result;
  }
  return 0;
}

bool DeviceMemory::cut(size_t bytes, DevicePointer& out) {
  for (auto gap = gaps_.begin(); gap != gaps_.end(); ++gap) {
    const auto [address, room] = *gap;
    if (room < bytes) continue;
    pieces_[address] = bytes;
    gaps_.erase(gap);
    if (room > bytes) gaps_[address + bytes] = room - bytes;
    out = address;
    return true;
  }
  return false;
}

DriverResult DeviceMemory::allocate(size_t bytes, DevicePointer& out) {
  if (use_slabs_ && bytes <= kLargestPiece) {
    const size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    if (cut(rounded, out)) return 0;
    const DriverResult result = add_slab();
    if (result != 0 && result != kOutOfMemory) return result;
    if (result == 0 && cut(rounded, out)) return 0;
  }
  DriverResult result = driver_.cuMemAlloc_v2(&out, bytes);
  if (result == kOutOfMemory) {
    if ((result = give_back_empty_slabs())) return result;
    result = driver_.cuMemAlloc_v2(&out, bytes);
  }
  if (result == 0) whole_[out] = bytes;
  return result;
}

DriverResult DeviceMemory::free(DevicePointer address) {
  const auto piece = pieces_.find(address);
  if (piece == pieces_.end()) {
    whole_.erase(address);
    return driver_.cuMemFree_v2(address);
  }
  // Neighbouring gaps grow together, but not beyond a slab, whose neighbour in memory may be another slab.
  auto gap = gaps_.emplace(address, piece->second).first;
  pieces_.erase(piece);
  const auto next = std::next(gap);
  if (next != gaps_.end() && gap->first + gap->second == next->first && slabs_.count(next->first) == 0) {
    gap->second += next->second;
    gaps_.erase(next);
  }
  if (gap != gaps_.begin() && slabs_.count(address) == 0) {
    const auto previous = std::prev(gap);
    if (previous->first + previous->second == address) {
      previous->second += gap->second;
      gaps_.erase(gap);
    }
  }
  return 0;
}

bool DeviceMemory::holds(DevicePointer address) const {
  const auto slab = slabs_.upper_bound(address);
  return slab != slabs_.begin() && address - std::prev(slab)->first < std::prev(slab)->second;
}

}  // namespace lacuna::cuda
