#include "block.h"

#include <bit>
#include <cstring>

#include "async_copy.h"
#include "shadow.h"
#include "shared_memory.h"
#include "warp.h"

LacunaEmulatorIndex threadIdx, blockIdx, blockDim, gridDim;

namespace lacuna::emulator {

Block block;

namespace {

// xorshift64
uint64_t draw() {
  block.random ^= block.random << 13;
  block.random ^= block.random >> 7;
  block.random ^= block.random << 17;
  return block.random;
}

// One of the set bits; at random each is as likely.
int choose(uint32_t bits) {
  switch (block.options.order) {
    case Order::kForward:
      return std::countr_zero(bits);
    case Order::kReverse:
      return 31 - std::countl_zero(bits);
    case Order::kRandom:
      break;
  }
  for (uint64_t skip = (draw() >> 32) * std::popcount(bits) >> 32; skip > 0; --skip) bits &= bits - 1;
  return std::countr_zero(bits);
}

Fiber& choose_next() {
  if (block.runnable_warps == 0) return block.main;
  const int number = choose(block.runnable_warps);
  block.warp = &block.warps[number];
  block.lane = choose(block.warp->runnable);
  block.thread = number * kLanes + block.lane;
  threadIdx.x = block.thread;
  return block.fibers[block.thread];
}

void release_barrier() {
  block.at_barrier = 0;
  ++block.epoch;
  const int warps = (block.threads + kLanes - 1) / kLanes;
  for (int i = 0; i < warps; ++i) {
    if (block.warps[i].live != 0) wake(block.warps[i], block.warps[i].live);
  }
}

void run_thread() {
  block.kernel->run(block.arguments);
  Warp& warp = *block.warp;
  abandon_copies();
  const uint32_t bit = uint32_t{1} << block.lane;
  warp.live &= ~bit;
  warp.runnable &= ~bit;
  if (warp.runnable == 0) block.runnable_warps &= ~(uint32_t{1} << block.thread / kLanes);
  --block.live;
  if (warp.arrived != 0 && warp.arrived == warp.live) complete(warp);
  if (block.live != 0 && block.at_barrier == block.live) release_barrier();
  Fiber& self = block.fibers[block.thread];
  switch_fiber(self, choose_next());
  __builtin_unreachable();
}

// What the threads of a block that stands still wait for, a line a place.
std::string deadlock() {
  std::string text = block.kernel->name;
  text += ", block " + std::to_string(block.index) + ": the threads wait for each other";
  std::array<bool, kMostThreads> told = {};
  for (int i = 0; i < block.threads; ++i) {
    if ((block.warps[i / kLanes].live >> i % kLanes & 1) == 0 || told[i]) continue;
    int count = 0;
    for (int j = i; j < block.threads; ++j) {
      if ((block.warps[j / kLanes].live >> j % kLanes & 1) == 0) continue;
      if (block.waiting[i].operation != block.waiting[j].operation ||
          !same(block.waiting[i].where, block.waiting[j].where)) {
        continue;
      }
      told[j] = true;
      ++count;
    }
    text += "\n  " + std::to_string(count) + " (first: thread " + std::to_string(i) + ") at " +
            block.waiting[i].operation + ", " + to_string(block.waiting[i].where);
  }
  const int exited = block.threads - block.live;
  if (exited != 0) text += "\n  " + std::to_string(exited) + " have exited";
  return text;
}

}  // namespace

bool same_file(Location a, Location b) { return std::strcmp(a.file_name(), b.file_name()) == 0; }

std::string to_string(Location where) {
  std::string_view file = where.file_name();
  const size_t folder = file.rfind("kernels/");
  if (folder != file.npos) file.remove_prefix(folder);
  return std::string(file) + ":" + std::to_string(where.line());
}

void record_fault(const std::string& text) {
  block.error = std::string(block.kernel->name) + ", block " + std::to_string(block.index) + ", thread " +
                std::to_string(block.thread) + ": " + text;
}

void end_grid() {
  switch_fiber(block.fibers[block.thread], block.main);
  __builtin_unreachable();
}

void misaligned(const char* operation, size_t bytes, Location where) {
  record_fault(std::string(operation) + " in " + to_string(where) + ": the address is no multiple of " +
               std::to_string(bytes));
  end_grid();
}

void yield() {
  Fiber& self = block.fibers[block.thread];
  Fiber& next = choose_next();
  if (&next != &self) switch_fiber(self, next);
}

void wait(const char* operation, Location where) {
  block.waiting[block.thread] = {operation, where};
  Warp& warp = *block.warp;
  warp.runnable &= ~(uint32_t{1} << block.lane);
  if (warp.runnable == 0) block.runnable_warps &= ~(uint32_t{1} << block.thread / kLanes);
  yield();
}

void wake(Warp& warp, uint32_t lanes) {
  warp.runnable |= lanes;
  block.runnable_warps |= uint32_t{1} << (&warp - block.warps.data());
}

namespace {

// Apart from the common path, whose frame every waiting thread keeps.
[[noreturn]] __attribute__((cold, noinline)) void fail_divergent(Location where) {
  record_fault("is at the barrier in " + to_string(where) + " while thread " + std::to_string(block.barrier_thread) +
               " waits at the one in " + to_string(block.barrier_where));
  end_grid();
}

}  // namespace

void barrier(Location where) {
  if (block.at_barrier == 0) {
    block.barrier_where = where;
    block.barrier_thread = block.thread;
  } else if (!same(where, block.barrier_where)) {
    fail_divergent(where);
  }
  if (++block.at_barrier == block.live) {
    release_barrier();
    yield();
  } else {
    wait("the barrier", where);
  }
}

bool run_block() {
  ++block.serial;
  block.live = block.threads;
  block.at_barrier = 0;
  block.epoch = 0;
  block.runnable_warps = 0;
  blockIdx.x = static_cast<unsigned>(block.index);
  const int warps = (block.threads + kLanes - 1) / kLanes;
  for (int i = 0; i < warps; ++i) {
    Warp& warp = block.warps[i];
    const int lanes = block.threads - i * kLanes;
    warp.live = lanes >= kLanes ? ~uint32_t{0} : (uint32_t{1} << lanes) - 1;
    warp.runnable = warp.arrived = 0;
    warp.epoch = 0;
    wake(warp, warp.live);
  }
  for (int i = 0; i < block.threads; ++i) block.fibers.prepare(i, run_thread);
  begin_shared_memory();
  begin_copies();
  shadow_begin_block();
  switch_fiber(block.main, choose_next());
  if (block.error.empty() && block.live != 0) block.error = deadlock();
  end_shared_memory();
  return block.error.empty();
}

}  // namespace lacuna::emulator
