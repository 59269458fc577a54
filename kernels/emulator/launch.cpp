#include "emulator/launch.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace lacuna::standin {
namespace {

constexpr size_t kMostLaunches = 4096;  // that standin_launches remembers

// The arguments of a launch, copied out of the caller's memory.
class Arguments {
 public:
  Arguments(std::span<const size_t> sizes, void** arguments) {
    size_t words = 0;
    for (const size_t size : sizes) words += words_of(size);
    memory_.resize(words);
    size_t at = 0;
    for (size_t i = 0; i < sizes.size(); ++i) {
      std::memcpy(&memory_[at], arguments[i], sizes[i]);
      offsets_.push_back(at);
      at += words_of(sizes[i]);
    }
  }

  std::vector<void*> addresses() {
    std::vector<void*> result;
    for (const size_t offset : offsets_) result.push_back(&memory_[offset]);
    return result;
  }

 private:
  struct alignas(16) Word {
    char bytes[16];
  };
  static size_t words_of(size_t bytes) { return (bytes + sizeof(Word) - 1) / sizeof(Word); }

  std::vector<Word> memory_;
  std::vector<size_t> offsets_;
};

int64_t from_end(int64_t block, int64_t blocks) { return block < 0 ? std::max<int64_t>(0, blocks + block) : block; }

}  // namespace

bool is_emulated(const std::string& kernel) { return emulator::find_kernel(kernel) != nullptr; }

DriverResult issue_launch(Machine& machine, Card& card, const std::string& name, cuda::Stream stream, unsigned blocks,
                          unsigned threads, void** arguments) {
  const emulator::KernelEntry& kernel = *emulator::find_kernel(name);
  if (threads > static_cast<unsigned>(kernel.max_threads)) {
    machine.report(name + ": " + std::to_string(threads) + " threads a block, its launch bound is " +
                   std::to_string(kernel.max_threads));
    return kLaunchOutOfResources;
  }
  ++machine.launched;
  machine.launches.push_back(
      {kernel.name, blocks, static_cast<int32_t>(threads), static_cast<int32_t>(&card - machine.cards.data())});
  if (machine.launches.size() > kMostLaunches) machine.launches.pop_front();

  emulator::Options options = machine.options;
  options.first_block = from_end(options.first_block, blocks);
  options.last_block = from_end(options.last_block, blocks);
  return machine.issue(stream, [&machine, &kernel, blocks, threads, options,
                                copied = Arguments(kernel.parameter_sizes, arguments)]() mutable {
    const emulator::Result result =
        emulator::run_grid(kernel, blocks, static_cast<int>(threads), copied.addresses().data(), options);
    if (!result.ok()) {
      machine.report(result.error);
      return kLaunchFailed;
    }
    return machine.arena.check(kernel.name) ? kSuccess : kIllegalAddress;
  });
}

}  // namespace lacuna::standin
