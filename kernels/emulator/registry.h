// How a generated wrapper enters the kernels of one file into the emulator's list.
#ifndef LACUNA_EMULATOR_REGISTRY_H
#define LACUNA_EMULATOR_REGISTRY_H

#include <array>
#include <utility>

#include "emulator.h"

namespace lacuna::emulator {

struct Registration {
  explicit Registration(const KernelEntry& entry);
};

#ifdef LACUNA_EMULATOR_CHECK
constexpr bool kChecked = true;
#else
constexpr bool kChecked = false;
#endif

template <auto kernel>
struct Invocation;

template <class... Parameters, void (*kernel)(Parameters...)>
struct Invocation<kernel> {
  static constexpr std::array<size_t, sizeof...(Parameters)> kSizes = {sizeof(Parameters)...};

  // The arguments lie in the caller's memory, which check mode knows nothing about.
  __attribute__((no_sanitize("thread"))) static void run(void** arguments) {
    run(arguments, std::index_sequence_for<Parameters...>());
  }

 private:
  template <size_t... i>
  __attribute__((no_sanitize("thread"))) static void run([[maybe_unused]] void** arguments, std::index_sequence<i...>) {
    kernel(*static_cast<Parameters*>(arguments[i])...);
  }
};

}  // namespace lacuna::emulator

#define LACUNA_EMULATOR_REGISTER(family, kernel)                                                  \
  static const lacuna::emulator::Registration kernel##_registration(                              \
      {family, #kernel, kernel##_launch_bounds[0], lacuna::emulator::Invocation<&kernel>::kSizes, \
       &lacuna::emulator::Invocation<&kernel>::run, lacuna::emulator::kChecked})

#endif
