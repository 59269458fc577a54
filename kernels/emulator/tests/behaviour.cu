// Kernels that show how the emulator runs a grid.
#include "lacuna/device.cuh"

// out[i] = the how-manieth this thread came, of all blocks.
LACUNA_KERNEL(arrival, 1024)(int32_t* count, int32_t* out) {
  out[blockIdx.x * blockDim.x + threadIdx.x] = lacuna::atomic_add(count, 1);
}

// The same after each of two barriers.
LACUNA_KERNEL(arrival_after_barriers, 1024)(int32_t* count, int32_t* out) {
  for (int k = 0; k < 2; ++k) {
    lacuna::barrier();
    out[k * blockDim.x + threadIdx.x] = lacuna::atomic_add(count, 1);
  }
}

// out[block] = the bits of a shared word that only the first block writes.
LACUNA_KERNEL(fresh_shared_memory, 32)(uint32_t* out) {
  LACUNA_SHARED(uint32_t, word, 1);
  if (threadIdx.x == 0) {
    out[blockIdx.x] = word[0];
    word[0] = 1;
  }
}

namespace {

LACUNA_DEVICE int32_t count_calls() {
  LACUNA_SHARED(int32_t, calls, 1);
  const int32_t before = calls[0];
  lacuna::barrier();
  if (threadIdx.x == 0) calls[0] = before + 1;
  lacuna::barrier();
  return before;
}

}  // namespace

// A function's shared array is one array, whoever calls.
LACUNA_KERNEL(shared_array_of_a_function, 64)(int32_t* out) {
  const int32_t first = count_calls();
  const int32_t second = count_calls();
  out[threadIdx.x] = second - first;
}

// Threads leave one after another; the others go on meeting.
LACUNA_KERNEL(barriers_of_the_rest, 1024)(int32_t* out) {
  for (unsigned k = 0; k < threadIdx.x; ++k) lacuna::barrier();
  out[threadIdx.x] = threadIdx.x;
}

// shuffle, shuffle_xor, ballot of 64 threads; integers, doubles and 64-bit integers keep their bits.
LACUNA_KERNEL(collectives, 64)
(int32_t* from_lane, double* from_partner, int64_t* wide, uint32_t* votes) {
  const int i = threadIdx.x, lane = i % 32;
  from_lane[i] = lacuna::shuffle(1000 + i, (lane + 5) % 32);
  from_partner[i] = lacuna::shuffle_xor(1.0 / (1 + i), 19);
  wide[i] = lacuna::shuffle((int64_t{i} << 40) - 1, 3);
  votes[i] = lacuna::ballot(i % 3 == 0);
}

// 3 of every 4 floats come through a copy of 12 bytes, the rest is 0.
LACUNA_KERNEL(partial_copy, 64)(const float* in, float* out) {
  LACUNA_SHARED(float, values, 256);
  const int i = threadIdx.x;
  lacuna::copy_async16(values + 4 * i, in + 4 * i, 12);
  lacuna::copy_async_commit();
  lacuna::copy_async_wait<0>();
  lacuna::barrier();
  for (int k = 0; k < 4; ++k) out[4 * i + k] = values[4 * i + k];
}
