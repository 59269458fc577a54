// kernels/include/lacuna/device.cuh on the CPU: the names that kernels use, as calls into the emulator. A CUDA thread
// is a fiber; what a kernel keeps in registers lies on the fiber's stack.
#ifndef LACUNA_EMULATOR_DEVICE_H
#define LACUNA_EMULATOR_DEVICE_H

#include <math.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <source_location>

// The bounds wait for the registry, which names the kernel after its definition.
#define LACUNA_KERNEL(name, ...)                        \
  constexpr int name##_launch_bounds[] = {__VA_ARGS__}; \
  static __attribute__((noinline)) void name
#define LACUNA_DEVICE inline __attribute__((always_inline))
// One array a declaration and block, as in CUDA: a function entered twice finds its array again.
#define LACUNA_SHARED(type, name, count)                                      \
  static constinit lacuna::emulator::SharedArray name##_array = {nullptr, 0}; \
  [[maybe_unused]] type(&name)[count] = *static_cast<type(*)[count]>(         \
      lacuna::emulator::shared_memory(name##_array, sizeof(type) * (count), #name, std::source_location::current()))

struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) uint2 {
  unsigned x, y;
};

#define LACUNA_EMULATOR_HIDDEN __attribute__((visibility("hidden")))

struct LacunaEmulatorIndex {
  unsigned x;
};
extern LACUNA_EMULATOR_HIDDEN LacunaEmulatorIndex threadIdx, blockIdx, blockDim, gridDim;

namespace lacuna::emulator {

struct SharedArray {
  void* address;
  uint64_t block;  // the serial number of the block it belongs to
};

using Location = std::source_location;

LACUNA_EMULATOR_HIDDEN void* shared_memory(SharedArray& array, size_t bytes, const char* name, Location where);
LACUNA_EMULATOR_HIDDEN void barrier(Location where);
LACUNA_EMULATOR_HIDDEN void warp_barrier(Location where);
LACUNA_EMULATOR_HIDDEN uint64_t shuffle(uint64_t value, int lane, Location where);
LACUNA_EMULATOR_HIDDEN uint64_t shuffle_xor(uint64_t value, int mask, Location where);
LACUNA_EMULATOR_HIDDEN uint32_t ballot(bool vote, Location where);
LACUNA_EMULATOR_HIDDEN uint32_t match(int32_t value, Location where);
LACUNA_EMULATOR_HIDDEN int32_t atomic_add(int32_t* address, int32_t value);
LACUNA_EMULATOR_HIDDEN void copy_async16(void* shared, const void* global, int bytes, Location where);
LACUNA_EMULATOR_HIDDEN void copy_async_commit();
LACUNA_EMULATOR_HIDDEN void copy_async_wait(int pending);
// Ends the grid: a card traps where an access of 8 or 16 bytes is not aligned to them.
[[noreturn]] LACUNA_EMULATOR_HIDDEN void misaligned(const char* operation, size_t bytes, Location where);
LACUNA_EMULATOR_HIDDEN void load_matrices(uint32_t* result, const void* row, bool transposed, Location where);
LACUNA_EMULATOR_HIDDEN void mma_bf16(float* c, const uint32_t* a, const uint32_t* b, Location where);

template <class Value>
uint64_t to_bits(Value value) {
  static_assert(sizeof(Value) == 4 || sizeof(Value) == 8);
  if constexpr (sizeof(Value) == 4) return std::bit_cast<uint32_t>(value);
  if constexpr (sizeof(Value) == 8) return std::bit_cast<uint64_t>(value);
}
template <class Value>
Value from_bits(uint64_t bits) {
  if constexpr (sizeof(Value) == 4) return std::bit_cast<Value>(static_cast<uint32_t>(bits));
  if constexpr (sizeof(Value) == 8) return std::bit_cast<Value>(bits);
}

template <class Vector, class Element>
LACUNA_DEVICE Vector* aligned(Element* address, const char* operation, Location where) {
  if (reinterpret_cast<uintptr_t>(address) % alignof(Vector) != 0) misaligned(operation, alignof(Vector), where);
  return reinterpret_cast<Vector*>(address);
}

}  // namespace lacuna::emulator

namespace lacuna {

using emulator::Location;

LACUNA_DEVICE void barrier(Location where = Location::current()) { emulator::barrier(where); }
LACUNA_DEVICE void warp_barrier(Location where = Location::current()) { emulator::warp_barrier(where); }

template <class Value>
LACUNA_DEVICE Value shuffle_xor(Value value, int mask, Location where = Location::current()) {
  return emulator::from_bits<Value>(emulator::shuffle_xor(emulator::to_bits(value), mask, where));
}
template <class Value>
LACUNA_DEVICE Value shuffle(Value value, int lane, Location where = Location::current()) {
  return emulator::from_bits<Value>(emulator::shuffle(emulator::to_bits(value), lane, where));
}
LACUNA_DEVICE uint32_t ballot(bool vote, Location where = Location::current()) { return emulator::ballot(vote, where); }
LACUNA_DEVICE uint32_t match(int32_t value, Location where = Location::current()) {
  return emulator::match(value, where);
}
LACUNA_DEVICE int count_bits(uint32_t bits) { return std::popcount(bits); }
LACUNA_DEVICE int first_bit(uint32_t bits) { return std::countr_zero(bits); }
LACUNA_DEVICE int32_t atomic_add(int32_t* address, int32_t value) { return emulator::atomic_add(address, value); }

LACUNA_DEVICE void copy_async16(void* shared, const void* global, int bytes = 16,
                                Location where = Location::current()) {
  emulator::copy_async16(shared, global, bytes, where);
}
LACUNA_DEVICE void copy_async_commit() { emulator::copy_async_commit(); }
template <int pending>
LACUNA_DEVICE void copy_async_wait() {
  emulator::copy_async_wait(pending);
}

LACUNA_DEVICE float2 load_pair(const float* address, Location where = Location::current()) {
  return *emulator::aligned<const float2>(address, "load_pair", where);
}
LACUNA_DEVICE float4 load_wide(const float* address, Location where = Location::current()) {
  return *emulator::aligned<const float4>(address, "load_wide", where);
}
LACUNA_DEVICE void store_pair(float* address, float2 value, Location where = Location::current()) {
  *emulator::aligned<float2>(address, "store_pair", where) = value;
}
LACUNA_DEVICE void store_pair(uint32_t* address, uint2 value, Location where = Location::current()) {
  *emulator::aligned<uint2>(address, "store_pair", where) = value;
}
LACUNA_DEVICE void store_wide(float* address, float4 value, Location where = Location::current()) {
  *emulator::aligned<float4>(address, "store_wide", where) = value;
}

LACUNA_DEVICE void load_matrices(uint32_t (&result)[4], const void* row, Location where = Location::current()) {
  emulator::load_matrices(result, row, false, where);
}
LACUNA_DEVICE void load_matrices_transposed(uint32_t (&result)[4], const void* row,
                                            Location where = Location::current()) {
  emulator::load_matrices(result, row, true, where);
}
LACUNA_DEVICE void mma_bf16(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                            Location where = Location::current()) {
  emulator::mma_bf16(c, a, b, where);
}
LACUNA_DEVICE uint32_t bf16_bits(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if (isnan(value)) return 0x7fffu;
  return (bits + 0x7fffu + (bits >> 16 & 1)) >> 16;
}
LACUNA_DEVICE uint32_t pack_bf16(float low, float high) { return bf16_bits(low) | bf16_bits(high) << 16; }

}  // namespace lacuna

// CUDA's functions that <math.h> lacks.
LACUNA_DEVICE float __uint_as_float(uint32_t x) { return std::bit_cast<float>(x); }
LACUNA_DEVICE float normcdff(float x) { return static_cast<float>(0.5 * erfc(-0.70710678118654752 * x)); }
LACUNA_DEVICE float min(float a, float b) { return fminf(a, b); }
LACUNA_DEVICE float max(float a, float b) { return fmaxf(a, b); }
LACUNA_DEVICE double min(double a, double b) { return fmin(a, b); }
LACUNA_DEVICE double max(double a, double b) { return fmax(a, b); }
LACUNA_DEVICE int32_t min(int32_t a, int32_t b) { return a < b ? a : b; }
LACUNA_DEVICE int32_t max(int32_t a, int32_t b) { return a > b ? a : b; }
LACUNA_DEVICE uint32_t min(uint32_t a, uint32_t b) { return a < b ? a : b; }
LACUNA_DEVICE uint32_t max(uint32_t a, uint32_t b) { return a > b ? a : b; }
LACUNA_DEVICE int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }
LACUNA_DEVICE int64_t max(int64_t a, int64_t b) { return a > b ? a : b; }

#endif
