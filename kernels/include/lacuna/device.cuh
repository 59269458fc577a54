// The one header that knows the compiler: kernels reach launch syntax, shared memory, barriers, shuffles and wide
// accesses through these names alone.
#ifndef LACUNA_DEVICE_CUH
#define LACUNA_DEVICE_CUH

#include <cstdint>

#define LACUNA_KERNEL(threads) extern "C" __global__ void __launch_bounds__(threads)
#define LACUNA_DEVICE __device__ __forceinline__
#define LACUNA_SHARED(type, name, count) __shared__ __align__(16) type name[count]

namespace lacuna {

constexpr int kWarp = 32;

LACUNA_DEVICE void barrier() { __syncthreads(); }

// The value of the lane whose number differs in the bits of mask. All lanes of the warp take part.
LACUNA_DEVICE float shuffle_xor(float value, int mask) { return __shfl_xor_sync(0xffffffffu, value, mask); }
LACUNA_DEVICE double shuffle_xor(double value, int mask) { return __shfl_xor_sync(0xffffffffu, value, mask); }

LACUNA_DEVICE bool is_aligned16(const void* address) { return (reinterpret_cast<uintptr_t>(address) & 15) == 0; }

// 8 and 16 bytes at once; the address must be aligned to them.
LACUNA_DEVICE float2 load_pair(const float* address) { return *reinterpret_cast<const float2*>(address); }
LACUNA_DEVICE float4 load_wide(const float* address) { return *reinterpret_cast<const float4*>(address); }
LACUNA_DEVICE void store_wide(float* address, float4 value) { *reinterpret_cast<float4*>(address) = value; }

}  // namespace lacuna
#endif
