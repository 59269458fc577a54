#include "warp.h"

#include <bit>

#include "shadow.h"

namespace lacuna::emulator {

namespace {

// Apart from the common path, whose frame every waiting lane keeps.
[[noreturn]] __attribute__((cold, noinline)) void fail_divergent(const char* operation, Location where) {
  const Warp& warp = *block.warp;
  record_fault(std::string("is at ") + operation + " in " + to_string(where) + " while lane " +
               std::to_string(std::countr_zero(warp.arrived)) + " of its warp waits at " + warp.operation + " in " +
               to_string(warp.where));
  end_grid();
}

[[noreturn]] __attribute__((cold, noinline)) void fail_missing(int source, const char* operation, Location where) {
  record_fault(std::string(operation) + " in " + to_string(where) + " reads lane " + std::to_string(source) +
               ", which takes no part");
  end_grid();
}

uint64_t value_of(const Gathering& gathering, int source, const char* operation, Location where) {
  if ((gathering.lanes >> source & 1) == 0) fail_missing(source, operation, where);
  return gathering.payload[source];
}

}  // namespace

const Gathering& collect(uint64_t payload, const char* operation, Warp::Action action, Location where) {
  Warp& warp = *block.warp;
  if (warp.arrived == 0) {
    warp.operation = operation;
    warp.action = action;
    warp.where = where;
  } else if (warp.operation != operation || !same(warp.where, where)) {
    fail_divergent(operation, where);
  }
  Gathering& gathering = warp.gatherings[warp.phase];
  gathering.payload[block.lane] = payload;
  warp.arrived |= uint32_t{1} << block.lane;
  if (warp.arrived == warp.live) {
    complete(warp);
    yield();
  } else {
    wait(operation, where);
  }
  return gathering;
}

void complete(Warp& warp) {
  Gathering& gathering = warp.gatherings[warp.phase];
  gathering.lanes = warp.arrived;
  if (warp.action != nullptr) warp.action(warp, gathering);
  wake(warp, warp.arrived);
  warp.arrived = 0;
  warp.phase ^= 1;
}

void warp_barrier(Location where) {
  collect(
      0, "warp_barrier", [](Warp& warp, const Gathering&) { ++warp.epoch; }, where);
}

// As the hardware has it: a lane number counts modulo 32, a partner outside the warp is the lane itself.
uint64_t shuffle(uint64_t value, int lane, Location where) {
  const Gathering& gathering = collect(value, "shuffle", nullptr, where);
  return value_of(gathering, lane & (kLanes - 1), "shuffle", where);
}

uint64_t shuffle_xor(uint64_t value, int mask, Location where) {
  const Gathering& gathering = collect(value, "shuffle_xor", nullptr, where);
  const int source = block.lane ^ mask;
  return source >= 0 && source < kLanes ? value_of(gathering, source, "shuffle_xor", where) : value;
}

uint32_t ballot(bool vote, Location where) {
  const Gathering& gathering = collect(vote, "ballot", nullptr, where);
  uint32_t votes = 0;
  for (int i = 0; i < kLanes; ++i) {
    if ((gathering.lanes >> i & 1) != 0) votes |= static_cast<uint32_t>(gathering.payload[i]) << i;
  }
  return votes;
}

uint32_t match(int32_t value, Location where) {
  const Gathering& gathering = collect(static_cast<uint32_t>(value), "match", nullptr, where);
  uint32_t same = 0;
  for (int i = 0; i < kLanes; ++i) {
    const bool takes_part = (gathering.lanes >> i & 1) != 0;
    if (takes_part && gathering.payload[i] == static_cast<uint32_t>(value)) same |= uint32_t{1} << i;
  }
  return same;
}

int32_t atomic_add(int32_t* address, int32_t value) {
  if (watching) shadow_access<Access::kAtomic>(address, sizeof(*address), __builtin_return_address(0));
  const int32_t old = *address;
  *address = static_cast<int32_t>(static_cast<uint32_t>(old) + static_cast<uint32_t>(value));
  return old;
}

}  // namespace lacuna::emulator
