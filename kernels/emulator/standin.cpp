#include "emulator/standin.h"

#include <algorithm>
#include <cstring>

#include "emulator/machine.h"

namespace {

using lacuna::standin::Calls;
using lacuna::standin::Machine;

Calls* calls_of(Machine& machine, const char* function) {
  for (int id = 0; id < lacuna::standin::kFunctionCount; ++id) {
    if (std::strcmp(lacuna::standin::function_name(id), function) == 0) return &machine.calls[id];
  }
  return nullptr;
}

template <class Body>
auto with_machine(Body&& body) {
  Machine& machine = Machine::instance();
  const std::lock_guard lock(machine.mutex);
  return body(machine);
}

}  // namespace

extern "C" {

void standin_reset(void) {
  with_machine([](Machine& machine) { machine.reset(); });
}

void standin_count(standin_counts* out) {
  with_machine([out](Machine& machine) {
    *out = {};
    for (const auto& card : machine.cards) out->contexts += card.retained > 0;
    out->streams = machine.streams.count();
    out->events = machine.events.count();
    out->modules = machine.modules.count();
    out->allocations = machine.arena.live();
    for (const auto& card : machine.cards) out->bytes += card.used;
    out->pinned = static_cast<int64_t>(machine.pinned.size());
    for (const auto& [address, block] : machine.pinned) out->pinned_bytes += block.bytes;
    out->launches = machine.launched;
    out->synchronisations = machine.synchronisations;
    out->pageable_copies = machine.pageable_copies;
  });
}

int64_t standin_calls(const char* function) {
  return with_machine([function](Machine& machine) {
    const Calls* calls = calls_of(machine, function);
    return calls ? calls->count : -1;
  });
}

int32_t standin_fail(const char* function, int64_t nth, int32_t result) {
  return with_machine([=](Machine& machine) {
    Calls* calls = calls_of(machine, function);
    if (calls) calls->failures[calls->count + nth] = result;
    return static_cast<int32_t>(calls != nullptr);
  });
}

void standin_defer(int32_t deferred) {
  with_machine([=](Machine& machine) { machine.deferred = deferred != 0; });
}

void standin_pool(int32_t pooled) {
  with_machine([=](Machine& machine) { machine.pooled = pooled != 0; });
}

void standin_memory(int64_t bytes) {
  with_machine([=](Machine& machine) { machine.memory = bytes; });
}

void standin_blocks(int64_t first, int64_t last) {
  with_machine([=](Machine& machine) {
    machine.options.first_block = first;
    machine.options.last_block = last;
  });
}

void standin_order(int32_t order, uint64_t seed, int32_t late_copies) {
  with_machine([=](Machine& machine) {
    machine.options.order = static_cast<lacuna::emulator::Order>(order);
    machine.options.seed = seed;
    machine.options.late_copies = late_copies != 0;
  });
}

int64_t standin_launches(standin_launch* out, int64_t capacity) {
  return with_machine([=](Machine& machine) {
    const auto count = static_cast<int64_t>(machine.launches.size());
    std::copy_n(machine.launches.begin(), std::min(count, capacity), out);
    return count;
  });
}

const char* standin_reports(void) {
  return with_machine([](Machine& machine) {
    machine.arena.release_freed();
    return machine.reports.c_str();
  });
}

}  // extern "C"
