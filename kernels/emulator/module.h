// The library or program that the kernels are linked into.
#ifndef LACUNA_EMULATOR_MODULE_H
#define LACUNA_EMULATOR_MODULE_H

#include <cstddef>

namespace lacuna::emulator {

// Part of its constants: what a kernel may read besides the memory of the device.
bool is_constant(const void* address, size_t bytes);

}  // namespace lacuna::emulator
#endif
