// Check mode: what the threads of a grid did to each byte of device and shared memory, and whether they may.
//
// Two accesses to a byte, one of them a write, are a race unless one happened before the other: the same thread made
// both, a barrier of the block, or of the warp for two lanes of one, lies between them, or an earlier launch made one.
// Blocks of a launch are never ordered. Atomic operations do not race with each other.
#ifndef LACUNA_EMULATOR_SHADOW_H
#define LACUNA_EMULATOR_SHADOW_H

#include <cstddef>
#include <cstdint>

namespace lacuna::emulator {

// The kernel that runs is compiled for check mode, and its launch wants it.
extern bool watching;

enum class Access { kRead, kWrite, kAtomic };

// The thread that runs accesses these bytes from the instruction before `place`. An address that no thread may touch
// ends the grid.
template <Access access>
void shadow_access(const void* address, size_t bytes, const void* place);

// The target of an asynchronous copy: from its issue to its wait nobody may touch it; after the wait it counts as
// written by the thread that waited.
void shadow_copy_issued(const void* address, size_t bytes, const void* place);
void shadow_copy_done(const void* address, size_t bytes, const void* place);

void shadow_begin_launch(bool watch);
void shadow_begin_block();
void shadow_shared_array(const void* address, size_t bytes);  // not initialised

}  // namespace lacuna::emulator
#endif
