// One thread block at a time: its threads as fibers, which of them runs next, its barrier, its faults.
#ifndef LACUNA_EMULATOR_BLOCK_H
#define LACUNA_EMULATOR_BLOCK_H

#include <array>
#include <string>

#include "device.h"
#include "emulator.h"
#include "fiber.h"

namespace lacuna::emulator {

constexpr int kLanes = 32;
constexpr int kMostThreads = 1024;
constexpr int kMostWarps = kMostThreads / kLanes;

// What the lanes of a warp brought to a warp-wide operation.
struct Gathering {
  uint32_t lanes;  // bit i: lane i took part
  uint64_t payload[kLanes];
};

struct Warp {
  using Action = void (*)(Warp& warp, const Gathering& gathering);

  uint32_t live = 0;
  uint32_t runnable = 0;
  uint32_t arrived = 0;
  uint32_t epoch = 0;  // warp barriers passed
  // The operation under way.
  Action action = nullptr;
  const char* operation = nullptr;
  Location where;
  // Two, since a fast lane may bring to the next operation before a slow one has read the last.
  int phase = 0;
  Gathering gatherings[2];
};

struct Waiting {
  const char* operation;
  Location where;
};

struct Block {
  const KernelEntry* kernel;
  void** arguments;
  Options options;
  int64_t index;
  uint64_t serial = 0;  // counts all blocks that ever ran
  int threads;
  uint64_t random;

  // The thread that runs.
  int thread, lane;
  Warp* warp;

  std::array<Warp, kMostWarps> warps;
  uint32_t runnable_warps;
  int live;
  int at_barrier;
  Location barrier_where;
  int barrier_thread;  // who came there first
  uint32_t epoch;      // block barriers passed
  std::array<Waiting, kMostThreads> waiting;

  Fiber main;
  FiberPool fibers;
  std::string error;
};

extern LACUNA_EMULATOR_HIDDEN Block block;

// Runs block.kernel's block number block.index; false with block.error set.
bool run_block();

// Suspends the thread that runs until wake; operation is a literal.
void wait(const char* operation, Location where);
void wake(Warp& warp, uint32_t lanes);
// Lets another thread run; the one that runs stays runnable.
void yield();

// A fault ends the grid: record_fault, whose text follows "<kernel>, block <b>, thread <t>: ", then end_grid. Two
// calls, because the fiber is left for good and nothing would free what the text was made of.
void record_fault(const std::string& text);
[[noreturn]] void end_grid();

// "kernels/x.cu:12"
std::string to_string(Location where);

bool same_file(Location a, Location b);
inline bool same(Location a, Location b) {
  return a.line() == b.line() && (a.file_name() == b.file_name() || same_file(a, b));
}

}  // namespace lacuna::emulator
#endif
