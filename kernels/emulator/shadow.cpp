#include "shadow.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "block.h"
#include "module.h"
#include "region.h"
#include "reports.h"
#include "shared_memory.h"

namespace lacuna::emulator {

namespace {

std::map<const void*, Region, std::greater<>> device;  // by address, so that lower_bound finds the one around it
Region* last_device;
std::vector<Region*> shared;                                    // of the block that runs
std::map<std::pair<const void*, size_t>, Region> known_shared;  // of all blocks so far: their shadow is used again
Region* last_shared;
uint32_t launch_first;  // serial number of the launch's first block
std::vector<int64_t> block_indices;

Region* find_device(const void* address, size_t bytes) {
  if (last_device != nullptr && last_device->contains(address, bytes)) return last_device;
  const auto found = device.lower_bound(address);
  if (found == device.end() || !found->second.contains(address, bytes)) return nullptr;
  return last_device = &found->second;
}

Region* find_shared(const void* address, size_t bytes) {
  if (!in_shared_arena(address)) return nullptr;
  if (last_shared->contains(address, bytes)) return last_shared;
  for (Region* region : shared) {
    if (region->contains(address, bytes)) return last_shared = region;
  }
  return nullptr;
}

// Code is named by its distance from here, in half the bytes of an address.
const char* anchor() { return reinterpret_cast<const char*>(&anchor); }
const void* place_of(const Record& record) { return anchor() + record.place; }

// How far the record's owners and the running thread are apart, as far as nothing orders what they did before what it
// does now; kThread: all that the record stands for happened before.
Spread apart(const Record& record) {
  if (record.block < launch_first) return Spread::kThread;
  if (record.block != static_cast<uint32_t>(block.serial) || record.spread == Spread::kGrid) return Spread::kGrid;
  if (record.epoch != block.epoch) return Spread::kThread;
  if (record.spread == Spread::kBlock || record.thread / kLanes != block.thread / kLanes) return Spread::kBlock;
  if (record.warp_epoch != static_cast<uint16_t>(block.warp->epoch)) return Spread::kThread;
  return record.spread == Spread::kWarp || record.thread != block.thread ? Spread::kWarp : Spread::kThread;
}

// The running thread joins the record, or takes its place.
void add(Record& record, Spread distance, const void* place, bool atomic) {
  if (distance != Spread::kThread) {
    record.spread = distance;
    return;
  }
  record.block = static_cast<uint32_t>(block.serial);
  record.epoch = block.epoch;
  record.warp_epoch = static_cast<uint16_t>(block.warp->epoch);
  record.thread = block.thread & 2047;
  record.spread = Spread::kThread;
  record.atomic = atomic;
  record.place = static_cast<int32_t>(static_cast<const char*>(place) - anchor());
}

std::string thread_text(int64_t index, int thread) {
  return "block " + std::to_string(index) + ", thread " + std::to_string(thread);
}

std::string now_text(const char* verb, const void* address, size_t bytes, const void* place) {
  char where[32];
  std::snprintf(where, sizeof(where), "%p", address);
  return std::string(block.kernel->name) + ", " + thread_text(block.index, block.thread) + " " + verb + " " +
         std::to_string(bytes) + " bytes at " + where + " in " + source_of(place);
}

constexpr const char* verb_of(Access access) {
  return access == Access::kRead ? "reads" : access == Access::kWrite ? "writes" : "updates";
}

void report_race(Access access, const void* address, size_t bytes, const void* place, const Record& other,
                 bool other_writes) {
  const char* kind = other.block == static_cast<uint32_t>(block.serial) && other.spread != Spread::kGrid
                         ? "race within a block"
                         : "race between blocks";
  const Finding finding = {kind, place, place_of(other)};
  if (!is_new(finding)) return;
  constexpr const char* kOthers[] = {"", " and other lanes of its warp", " and other warps of its block",
                                     " and other blocks"};
  add_report(finding, std::string(kind) + ": " + now_text(verb_of(access), address, bytes, place) + "; " +
                          thread_text(block_indices[other.block - launch_first], other.thread) +
                          kOthers[static_cast<int>(other.spread)] + (other_writes ? " wrote" : " read") + " it in " +
                          source_of(place_of(other)) + " and nothing orders the two");
}

void report(const char* kind, Access access, const void* address, size_t bytes, const void* place,
            const std::string& rest) {
  const Finding finding = {kind, place, nullptr};
  if (is_new(finding)) {
    add_report(finding, std::string(kind) + ": " + now_text(verb_of(access), address, bytes, place) + rest);
  }
}

[[noreturn]] __attribute__((noinline)) void fail_out_of_bounds(Access access, const void* address, size_t bytes,
                                                               const void* place) {
  report("out of bounds", access, address, bytes, place,
         ", which is in no allocation, shared array or variable of the thread");
  block.error = launch_reports();
  end_grid();
}

bool on_own_stack(const void* address) {
  const Fiber& fiber = block.fibers[block.thread];
  return static_cast<size_t>(static_cast<const char*>(address) - fiber.stack) < fiber.bytes;
}

// threadIdx and its like.
bool is_index(const void* address) {
  return address == &threadIdx || address == &blockIdx || address == &blockDim || address == &gridDim;
}

Region* region_of(Access access, const void* address, size_t bytes, const void* place) {
  Region* region = find_device(address, bytes);
  if (region == nullptr) region = find_shared(address, bytes);
  if (region == nullptr) fail_out_of_bounds(access, address, bytes, place);
  return region;
}

// Bytes that are not plainly initialised.
__attribute__((noinline)) void access_unsettled(Region& region, Access access, const void* address, size_t bytes,
                                                const void* place) {
  uint8_t* state = region.state(address);
  uint8_t common = 0;
  for (size_t i = 0; i < bytes; ++i) {
    common |= state[i];
    state[i] |= Region::kInitialised;
  }
  if ((common & Region::kInFlight) != 0) {
    report("copy in flight", access, address, bytes, place, ", the target of an asynchronous copy that is under way");
  } else if (access != Access::kWrite) {
    report("uninitialised", access, address, bytes, place, ", which nobody has written");
  }
}

template <Access access>
void access_region(Region& region, const void* address, size_t bytes, const void* place) {
  if (!region.settled(address, bytes)) access_unsettled(region, access, address, bytes, place);
  region.visit(address, bytes, [&](Cell& cell) {
    const Spread from_write = apart(cell.write);
    const bool both_atomic = access == Access::kAtomic && cell.write.atomic;
    if (from_write != Spread::kThread && !both_atomic) report_race(access, address, bytes, place, cell.write, true);
    const Spread from_read = apart(cell.read);
    if (access == Access::kRead) {
      add(cell.read, from_read, place, false);
    } else {
      if (from_read != Spread::kThread) report_race(access, address, bytes, place, cell.read, false);
      add(cell.write, both_atomic ? from_write : Spread::kThread, place, access == Access::kAtomic);
    }
  });
}

}  // namespace

bool watching;

template <Access access>
void shadow_access(const void* address, size_t bytes, const void* place) {
  if (on_own_stack(address) || is_index(address)) return;
  if (Region* region = find_shared(address, bytes); region != nullptr) {
    access_region<access>(*region, address, bytes, place);
  } else if (region = find_device(address, bytes); region != nullptr) {
    access_region<access>(*region, address, bytes, place);
  } else if (access != Access::kRead || !is_constant(address, bytes)) {
    fail_out_of_bounds(access, address, bytes, place);
  }
}

template void shadow_access<Access::kRead>(const void*, size_t, const void*);
template void shadow_access<Access::kWrite>(const void*, size_t, const void*);
template void shadow_access<Access::kAtomic>(const void*, size_t, const void*);

void shadow_copy_issued(const void* address, size_t bytes, const void* place) {
  shadow_access<Access::kWrite>(address, bytes, place);
  uint8_t* state = region_of(Access::kWrite, address, bytes, place)->state(address);
  for (size_t i = 0; i < bytes; ++i) state[i] |= Region::kInFlight;
}

void shadow_copy_done(const void* address, size_t bytes, const void* place) {
  Region* region = region_of(Access::kWrite, address, bytes, place);
  std::memset(region->state(address), Region::kInitialised, bytes);
  region->visit(address, bytes, [&](Cell& cell) { add(cell.write, Spread::kThread, place, false); });
}

void shadow_begin_launch(bool watch) {
  watching = watch;
  launch_first = static_cast<uint32_t>(block.serial + 1);
  block_indices.clear();
}

void shadow_begin_block() {
  block_indices.push_back(block.index);
  shared.clear();
}

void shadow_shared_array(const void* address, size_t bytes) {
  Region& region = known_shared.try_emplace({address, bytes}, address, bytes).first->second;
  region.reset();
  shared.push_back(&region);
  last_shared = &region;
}

void check_allocate(const void* address, size_t bytes) {
  const std::span<const KernelEntry> kernels = all_kernels();
  if (std::any_of(kernels.begin(), kernels.end(), [](const KernelEntry& kernel) { return kernel.checked; })) {
    device.try_emplace(address, address, bytes);
  }
}

void check_free(const void* address) {
  device.erase(address);
  last_device = nullptr;
}

void check_initialise(const void* address, size_t bytes) {
  if (Region* region = find_device(address, bytes); region != nullptr) {
    std::memset(region->state(address), Region::kInitialised, bytes);
  }
}

void check_copy(const void* to, const void* from, size_t bytes) {
  Region* source = find_device(from, bytes);
  Region* target = find_device(to, bytes);
  if (source != nullptr && target != nullptr) std::memmove(target->state(to), source->state(from), bytes);
}

}  // namespace lacuna::emulator
