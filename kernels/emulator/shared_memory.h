// The shared memory of the block that runs: arrays of exactly the declared size between red zones, all bytes 0xFF (a
// NaN) until written.
#ifndef LACUNA_EMULATOR_SHARED_MEMORY_H
#define LACUNA_EMULATOR_SHARED_MEMORY_H

#include <cstddef>

namespace lacuna::emulator {

void begin_shared_memory();
// Sets block.error if a red zone was written.
void end_shared_memory();

// Inside one of the arrays; inside one or a red zone.
bool in_shared_memory(const void* address, size_t bytes);
bool in_shared_arena(const void* address);

}  // namespace lacuna::emulator
#endif
