// The emulator without a driver: device memory and launches of the kernels in kernels/emulator/tests.
#ifndef LACUNA_TESTS_CUDA_EMULATED_H
#define LACUNA_TESTS_CUDA_EMULATED_H

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "cuda/sanitized.h"
#include "emulator/emulator.h"

namespace lacuna::test {

using emulator::Options;
using emulator::Order;

// An allocation of exactly these elements that check mode knows about, far from the next one: what a kernel finds
// behind the end must not depend on the heap.
template <class Element>
class DeviceArray {
 public:
  // Not initialised for check mode; zeros in fact.
  explicit DeviceArray(size_t count) : memory_(std::make_unique<Element[]>(count + 2 * kGap)), count_(count) {
    emulator::check_allocate(get(), count * sizeof(Element));
  }
  explicit DeviceArray(const std::vector<Element>& values) : DeviceArray(values.size()) {
    std::copy(values.begin(), values.end(), get());
    emulator::check_initialise(get(), count_ * sizeof(Element));
  }
  ~DeviceArray() { emulator::check_free(get()); }
  DeviceArray(const DeviceArray&) = delete;

  Element* get() const { return memory_.get() + kGap; }
  std::vector<Element> values() const { return {get(), get() + count_}; }

 private:
  static constexpr size_t kGap = kAddressSanitizer ? 0 : 4096;  // elements; its own red zones lie close
  std::unique_ptr<Element[]> memory_;
  size_t count_;
};

template <class... Arguments>
emulator::Result launch(const char* name, int64_t blocks, int threads, const Options& options, Arguments... arguments) {
  const emulator::KernelEntry* kernel = emulator::find_kernel(name);
  if (kernel == nullptr) return {std::string("no kernel ") + name};
  const size_t sizes[] = {sizeof(arguments)...};
  if (!std::equal(kernel->parameter_sizes.begin(), kernel->parameter_sizes.end(), std::begin(sizes), std::end(sizes))) {
    return {std::string("other parameters than those of ") + name};
  }
  void* addresses[] = {&arguments...};
  return emulator::run_grid(*kernel, blocks, threads, addresses, options);
}

}  // namespace lacuna::test
#endif
