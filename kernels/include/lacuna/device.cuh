// The one header that knows the compiler: kernels reach launch syntax, shared memory, barriers, shuffles, asynchronous
// copies and tensor cores through these names alone. kernels/emulator/device.h gives the same names on the CPU.
//
// Grids and blocks have one dimension: threadIdx.x, blockIdx.x. Shared memory is declared at the top level of a kernel
// or of a function that every thread of the block enters. A warp-wide operation is entered by all 32 lanes.
#ifndef LACUNA_DEVICE_CUH
#define LACUNA_DEVICE_CUH

#include <cmath>
#include <cstdint>

#ifdef LACUNA_EMULATOR
#include "emulator/device.h"
#else

// LACUNA_KERNEL(name, threads a block at most[, blocks a multiprocessor at least])(parameters) { body }
#define LACUNA_KERNEL(name, ...) extern "C" __global__ void __launch_bounds__(__VA_ARGS__) name
#define LACUNA_DEVICE __device__ __forceinline__
#define LACUNA_SHARED(type, name, count) __shared__ __align__(16) type name[count]

namespace lacuna {

// The block's barrier: what its threads wrote before it, they all see after it.
LACUNA_DEVICE void barrier() { __syncthreads(); }

// The same for the 32 lanes of a warp. A shuffle orders no memory.
LACUNA_DEVICE void warp_barrier() { __syncwarp(); }

// The value of the lane whose number differs in the bits of mask; of that lane. Real: int32_t, int64_t, uint32_t,
// float, double.
template <class Value>
LACUNA_DEVICE Value shuffle_xor(Value value, int mask) {
  return __shfl_xor_sync(0xffffffffu, value, mask);
}
template <class Value>
LACUNA_DEVICE Value shuffle(Value value, int lane) {
  return __shfl_sync(0xffffffffu, value, lane);
}

// Bit i: what lane i says.
LACUNA_DEVICE uint32_t ballot(bool vote) { return __ballot_sync(0xffffffffu, vote); }

// The lanes that say the same.
LACUNA_DEVICE uint32_t match(int32_t value) { return __match_any_sync(0xffffffffu, value); }

// How many bits are set; which is the lowest of them, of a number that is not 0.
LACUNA_DEVICE int count_bits(uint32_t bits) { return __popc(bits); }
LACUNA_DEVICE int first_bit(uint32_t bits) { return __ffs(static_cast<int>(bits)) - 1; }

// The old value. Integers only: a sum of floats would depend on the order.
LACUNA_DEVICE int32_t atomic_add(int32_t* address, int32_t value) { return atomicAdd(address, value); }

// Starts a copy of 16 bytes from global to shared memory, both aligned to 16; only the first `bytes` of them are read,
// the rest becomes 0. Copies of this thread since its last commit are a group; wait<n> returns when at most the n
// newest groups are under way. Other threads see the bytes after that thread's wait and a barrier.
LACUNA_DEVICE void copy_async16(void* shared, const void* global, int bytes = 16) {
  asm volatile(
      "cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(static_cast<uint32_t>(__cvta_generic_to_shared(shared))),
      "l"(__cvta_generic_to_global(global)), "r"(bytes)
      : "memory");
}
LACUNA_DEVICE void copy_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int pending>
LACUNA_DEVICE void copy_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
}

// 8 and 16 bytes at once; the address must be aligned to them.
LACUNA_DEVICE float2 load_pair(const float* address) { return *reinterpret_cast<const float2*>(address); }
LACUNA_DEVICE float4 load_wide(const float* address) { return *reinterpret_cast<const float4*>(address); }
LACUNA_DEVICE void store_pair(float* address, float2 value) { *reinterpret_cast<float2*>(address) = value; }
LACUNA_DEVICE void store_pair(uint32_t* address, uint2 value) { *reinterpret_cast<uint2*>(address) = value; }
LACUNA_DEVICE void store_wide(float* address, float4 value) { *reinterpret_cast<float4*>(address) = value; }

// Four 8 x 8 matrices of 16-bit elements from shared memory: lane i names the 16 bytes of row i % 8 of matrix i / 8.
// result[m] of lane i holds row i / 4, columns 2 (i % 4) and + 1 of matrix m, the lower column in the lower half;
// transposed: of matrix m's transpose.
LACUNA_DEVICE void load_matrices(uint32_t (&result)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(result[0]), "=r"(result[1]), "=r"(result[2]), "=r"(result[3])
               : "r"(static_cast<uint32_t>(__cvta_generic_to_shared(row)))
               : "memory");
}
LACUNA_DEVICE void load_matrices_transposed(uint32_t (&result)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(result[0]), "=r"(result[1]), "=r"(result[2]), "=r"(result[3])
               : "r"(static_cast<uint32_t>(__cvta_generic_to_shared(row)))
               : "memory");
}

// c[16 x 8] += a[16 x 16] b[16 x 8] in bf16 with fp32 sums. With g = lane / 4 and t = lane % 4: c[0], c[1] stand at row
// g, columns 2t, 2t + 1, c[2], c[3] at row g + 8. a[0] holds row g, columns 2t, 2t + 1, a[1] row g + 8, a[2] and a[3]
// the same rows 8 columns on. b[0] holds rows 2t, 2t + 1 of column g, b[1] those 8 rows on. The lower index is in the
// lower half.
LACUNA_DEVICE void mma_bf16(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// The nearest bf16 numbers (ties to even), low in the lower half.
LACUNA_DEVICE uint32_t pack_bf16(float low, float high) {
  uint32_t bits;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(high), "f"(low));
  return bits;
}

}  // namespace lacuna
#endif

namespace lacuna {

constexpr int kWarp = 32;

// Of blocks whose threads count along x.
LACUNA_DEVICE int lane_of() { return static_cast<int>(threadIdx.x % kWarp); }
LACUNA_DEVICE int warp_of() { return static_cast<int>(threadIdx.x / kWarp); }

LACUNA_DEVICE int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

LACUNA_DEVICE bool is_aligned16(const void* address) { return (reinterpret_cast<uintptr_t>(address) & 15) == 0; }

}  // namespace lacuna
#endif
