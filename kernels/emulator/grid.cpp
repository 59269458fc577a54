#include <algorithm>
#include <numeric>
#include <random>

#include "block.h"
#include "reports.h"
#include "shadow.h"

namespace lacuna::emulator {

namespace {

std::string wrong_launch(const KernelEntry& kernel, int64_t blocks, int threads) {
  if (threads < 1 || threads > kernel.max_threads) {
    return std::string(kernel.name) + ": " + std::to_string(threads) + " threads a block, want 1 .. " +
           std::to_string(kernel.max_threads);
  }
  if (blocks < 1 || blocks > INT32_MAX) {
    return std::string(kernel.name) + ": " + std::to_string(blocks) + " blocks, want 1 .. " + std::to_string(INT32_MAX);
  }
  return {};
}

}  // namespace

Result run_grid(const KernelEntry& kernel, int64_t blocks, int threads, void** arguments, const Options& options) {
  if (const std::string error = wrong_launch(kernel, blocks, threads); !error.empty()) return {error};
  adopt_main(block.main);
  block.kernel = &kernel;
  block.arguments = arguments;
  block.options = options;
  block.threads = threads;
  block.random = (options.seed + 1) * 0x9e3779b97f4a7c15u | 1;  // xorshift wants many set bits
  blockDim.x = threads;
  gridDim.x = static_cast<unsigned>(blocks);
  shadow_begin_launch(kernel.checked && options.check);
  begin_launch_reports();

  block.error.clear();
  const int64_t first = options.first_block, count = std::min(options.last_block, blocks) - first;
  std::vector<int32_t> shuffled;
  if (options.order == Order::kRandom && count > 0) {
    shuffled.resize(count);
    std::iota(shuffled.begin(), shuffled.end(), 0);
    std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937_64(options.seed));
  }
  for (int64_t i = 0; i < count; ++i) {
    block.index = first + (options.order == Order::kReverse  ? count - 1 - i
                           : options.order == Order::kRandom ? shuffled[i]
                                                             : i);
    if (!run_block()) break;
  }
  return {block.error.empty() ? launch_reports() : block.error};
}

}  // namespace lacuna::emulator
