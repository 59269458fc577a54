// The CPU emulator of kernels/*.cu as its callers see it: the stand-in driver and the tests. Device memory is plain
// host memory. One grid runs at a time, on the caller's thread; the caller serialises.
#ifndef LACUNA_EMULATOR_EMULATOR_H
#define LACUNA_EMULATOR_EMULATOR_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lacuna::emulator {

struct KernelEntry {
  const char* family;  // kernels/<family>.cu
  const char* name;
  int max_threads;                          // its launch bound
  std::span<const size_t> parameter_sizes;  // bytes each
  void (*run)(void** arguments);            // one thread's work; arguments as cuLaunchKernel has them
  bool checked;                             // compiled for check mode
};

// nullptr: there is none.
const KernelEntry* find_kernel(std::string_view name);
std::span<const KernelEntry> all_kernels();

enum class Order { kForward, kReverse, kRandom };  // of blocks, of warps and of the lanes in a warp

struct Options {
  Order order = Order::kForward;
  uint64_t seed = 0;         // of kRandom
  bool late_copies = false;  // asynchronous copies happen in the wait that ends them, not where they are issued
  bool check = true;         // watch every access; kernels compiled for check mode only
  int64_t first_block = 0;   // only blocks [first, last) run
  int64_t last_block = INT64_MAX;
};

// What went wrong; empty if nothing did. After a deadlock or a wrong launch the rest of the grid has not run.
struct Result {
  std::string error;
  bool ok() const { return error.empty(); }
};

// arguments[i] is the address of parameter i and is read until the grid has run. Blocks have one dimension.
Result run_grid(const KernelEntry& kernel, int64_t blocks, int threads, void** arguments, const Options& options = {});

// Check mode knows device memory from these calls. They cost nothing where no kernel is compiled for it.
void check_allocate(const void* address, size_t bytes);           // not initialised
void check_free(const void* address);                             // the address of an allocation
void check_initialise(const void* address, size_t bytes);         // the host has written these bytes
void check_copy(const void* to, const void* from, size_t bytes);  // and copied these, initialised or not

// Everything found since the last clear_reports, each fault once.
std::vector<std::string> check_reports();
void clear_reports();

}  // namespace lacuna::emulator
#endif
