// A kernel for each fault that the emulator must find: wrong with sound = 0, right with sound = 1. A comment in square
// brackets names the line that the report must name.
#include "lacuna/device.cuh"

namespace {

constexpr int kThreads = 64;

// A shared array in a function, as kernels have them.
LACUNA_DEVICE float* scratch() {
  LACUNA_SHARED(float, values, kThreads);
  return values;
}

}  // namespace

LACUNA_KERNEL(race_across_warps, kThreads)(int32_t sound, const float* in, float* out) {
  LACUNA_SHARED(float, values, kThreads);
  const int i = threadIdx.x;
  values[i] = in[i];  // [race_across_warps: write]
  if (sound) lacuna::barrier();
  out[i] = values[i ^ 32];  // [race_across_warps: read]
}

LACUNA_KERNEL(race_in_warp, kThreads)(int32_t sound, const float* in, float* out) {
  LACUNA_SHARED(float, values, kThreads);
  const int i = threadIdx.x;
  values[i] = in[i];  // [race_in_warp: write]
  if (sound) lacuna::warp_barrier();
  out[i] = values[i ^ 1];  // [race_in_warp: read]
}

LACUNA_KERNEL(shuffle_as_barrier, kThreads)(int32_t sound, const float* in, float* out) {
  LACUNA_SHARED(float, values, kThreads);
  const int i = threadIdx.x;
  values[i] = in[i];  // [shuffle_as_barrier: write]
  const float partner = lacuna::shuffle_xor(in[i], 1);
  lacuna::ballot(partner > 0.0f);
  if (sound) lacuna::warp_barrier();
  out[i] = values[i ^ 1] + partner;  // [shuffle_as_barrier: read]
}

LACUNA_KERNEL(warp_barrier_across_warps, kThreads)(int32_t sound, const float* in, float* out) {
  LACUNA_SHARED(float, values, kThreads);
  const int i = threadIdx.x;
  values[i] = in[i];  // [warp_barrier_across_warps: write]
  lacuna::warp_barrier();
  if (sound) lacuna::barrier();
  out[i] = values[i ^ 32];  // [warp_barrier_across_warps: read]
}

// The buffer is written again while others may still read it.
LACUNA_KERNEL(missing_trailing_barrier, kThreads)(int32_t sound, const float* in, float* out) {
  float* values = scratch();
  const int i = threadIdx.x;
  float sum = 0.0f;
  for (int k = 0; k < 3; ++k) {
    values[i] = in[k * kThreads + i];  // [missing_trailing_barrier: write]
    lacuna::barrier();
    sum += values[kThreads - 1 - i];  // [missing_trailing_barrier: read]
    if (sound) lacuna::barrier();
  }
  out[i] = sum;
}

// All lanes read before one of them, which may be the first reader, writes: shuffles hold them together but order
// nothing.
LACUNA_KERNEL(reader_in_warp_writes, kThreads)(int32_t sound, const float* in, float* out) {
  LACUNA_SHARED(float, values, 2);
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  if (lane == 0) values[warp] = in[warp];
  lacuna::warp_barrier();
  const float sum = lacuna::shuffle_xor(values[warp], 1);  // [reader_in_warp_writes: read]
  if (sound) lacuna::warp_barrier();
  if (lane == 0) values[warp] = sum;  // [reader_in_warp_writes: write]
  out[threadIdx.x] = sum;
}

// The same for two warps: in an order that lets them take turns, both have read before either writes.
LACUNA_KERNEL(reader_in_block_writes, kThreads)(int32_t sound, const float* in, float* out) {
  LACUNA_SHARED(float, values, 2);
  const int i = threadIdx.x;
  if (i < 2) values[i] = in[i];
  lacuna::barrier();
  float sum = values[0] + values[1];  // [reader_in_block_writes: read]
  for (int k = 0; k < 16; ++k) sum = lacuna::shuffle_xor(sum, 1);
  lacuna::warp_barrier();
  if (sound) lacuna::barrier();
  if (i == 0) values[0] = sum;   // [reader_in_block_writes: write of warp 0]
  if (i == 32) values[1] = sum;  // [reader_in_block_writes: write of warp 1]
  out[i] = sum;
}

LACUNA_KERNEL(race_in_device_memory, kThreads)(int32_t sound, const float* in, float* out) {
  const int i = threadIdx.x;
  out[i] = in[i];  // [race_in_device_memory: write]
  if (sound) lacuna::barrier();
  const float other = out[i ^ 32];  // [race_in_device_memory: read]
  lacuna::barrier();
  out[i] = other;
}

LACUNA_KERNEL(two_blocks_write, kThreads)(int32_t sound, const float* in, float* out) {
  const int64_t at = (sound ? blockIdx.x : 0) * kThreads + threadIdx.x;
  out[at] = in[at];  // [two_blocks_write]
}

LACUNA_KERNEL(block_reads_what_another_writes, kThreads)(int32_t sound, const float* in, float* out) {
  const int64_t here = blockIdx.x * kThreads + threadIdx.x;
  const int64_t next = (blockIdx.x + 1) % gridDim.x * kThreads + threadIdx.x;
  out[here] = in[here];  // [block_reads_what_another_writes: write]
  lacuna::barrier();
  const float value = sound ? in[next] : out[next];  // [block_reads_what_another_writes: read]
  lacuna::barrier();
  out[here] = value;
}

LACUNA_KERNEL(atomic_and_plain, kThreads)(int32_t sound, const float* in, int32_t* out) {
  lacuna::atomic_add(out, in[threadIdx.x] > 0.0f ? 1 : 2);        // [atomic_and_plain: atomic]
  if (!sound && blockIdx.x == 0 && threadIdx.x == 0) out[0] = 0;  // [atomic_and_plain: write]
}

// Neighbouring bytes are different bytes; without sound the first is written twice.
LACUNA_KERNEL(bytes, kThreads)(int32_t sound, const float* in, uint8_t* out) {
  const int i = threadIdx.x;
  out[sound || i != 1 ? i : 0] = in[i] > 0.5f;  // [bytes]
}

LACUNA_KERNEL(uninitialised_shared, kThreads)(int32_t sound, const float* in, float* out) {
  LACUNA_SHARED(float, values, kThreads);
  const int i = threadIdx.x;
  if (sound || i != 7) values[i] = in[i];
  lacuna::barrier();
  out[i] = values[i];  // [uninitialised_shared]
}

LACUNA_KERNEL(uninitialised_device, kThreads)(int32_t sound, const float* in, float* out) {
  const int i = threadIdx.x;
  if (sound) out[i] = in[i];
  out[i] += 1.0f;  // [uninitialised_device]
}

// in and out hold 4 kThreads floats.
LACUNA_KERNEL(reads_past_the_end, kThreads)(int32_t sound, const float* in, float* out) {
  const int i = threadIdx.x;
  out[i] = in[(sound ? 3 : 4) * kThreads + i];  // [reads_past_the_end]
}

LACUNA_KERNEL(writes_before_the_start, kThreads)(int32_t sound, const float* in, float* out) {
  const int i = threadIdx.x;
  out[sound ? i : i - 1] = in[i];  // [writes_before_the_start]
}

// The last pair of words begins inside and ends outside.
LACUNA_KERNEL(straddles_the_end, kThreads)(int32_t sound, const float* in, float* out) {
  const int64_t pair = kThreads + threadIdx.x;
  const int64_t words = reinterpret_cast<const int64_t*>(in + (sound ? 0 : 1))[pair];  // [straddles_the_end]
  out[threadIdx.x] = words > 0 ? 1.0f : 0.0f;
}

LACUNA_KERNEL(shared_past_the_end, kThreads)(int32_t sound, const float* in, float* out) {
  LACUNA_SHARED(float, values, kThreads - 1);
  LACUNA_SHARED(float, others, kThreads);
  const int i = threadIdx.x;
  others[i] = in[i];
  float* to = values;
  if (sound == 0 || i < kThreads - 1) to[i] = in[i];  // [shared_past_the_end]
  lacuna::barrier();
  out[i] = i < kThreads - 1 ? values[i] : others[i];
}

LACUNA_KERNEL(reads_before_the_wait, kThreads)(int32_t sound, const float* in, float* out) {
  LACUNA_SHARED(float, values, 4 * kThreads);
  const int i = threadIdx.x;
  lacuna::copy_async16(values + 4 * i, in + 4 * i);
  lacuna::copy_async_commit();
  if (sound) lacuna::copy_async_wait<0>();
  out[i] = values[4 * i];  // [reads_before_the_wait]
}

// Two groups are under way; the first is wanted.
LACUNA_KERNEL(waits_for_too_few, kThreads)(int32_t sound, const float* in, float* out) {
  LACUNA_SHARED(float, first, 4 * kThreads);
  LACUNA_SHARED(float, second, 4 * kThreads);
  const int i = threadIdx.x;
  lacuna::copy_async16(first + 4 * i, in + 4 * i);
  lacuna::copy_async_commit();
  lacuna::copy_async16(second + 4 * i, in + 4 * i, 8);
  lacuna::copy_async_commit();
  if (sound) {
    lacuna::copy_async_wait<1>();
  } else {
    lacuna::copy_async_wait<2>();
  }
  float sum = first[4 * i];  // [waits_for_too_few]
  lacuna::copy_async_wait<0>();
  for (int k = 0; k < 4; ++k) sum += second[4 * i + k];
  out[i] = sum;
}

LACUNA_KERNEL(no_barrier_after_the_wait, kThreads)(int32_t sound, const float* in, float* out) {
  LACUNA_SHARED(float, values, 4 * kThreads);
  const int i = threadIdx.x;
  lacuna::copy_async16(values + 4 * i, in + 4 * i);  // [no_barrier_after_the_wait: copy]
  lacuna::copy_async_commit();
  lacuna::barrier();
  lacuna::copy_async_wait<0>();
  if (sound) lacuna::barrier();
  out[i] = values[4 * (i ^ 32)];  // [no_barrier_after_the_wait: read]
}

LACUNA_KERNEL(writes_into_a_copy, kThreads)(int32_t sound, const float* in, float* out) {
  LACUNA_SHARED(float, values, 4 * kThreads);
  const int i = threadIdx.x;
  lacuna::copy_async16(values + 4 * i, in + 4 * i);
  if (!sound) values[4 * i + 1] = 0.0f;  // [writes_into_a_copy]
  lacuna::copy_async_commit();
  lacuna::copy_async_wait<0>();
  out[i] = values[4 * i + 1];
}

// The next copy begins while others may still read the last one.
LACUNA_KERNEL(copies_over_readers, kThreads)(int32_t sound, const float* in, float* out) {
  LACUNA_SHARED(float, values, 4 * kThreads);
  const int i = threadIdx.x;
  float sum = 0.0f;
  for (int k = 0; k < 2; ++k) {
    lacuna::copy_async16(values + 4 * i, in + 4 * i);  // [copies_over_readers: copy]
    lacuna::copy_async_commit();
    lacuna::copy_async_wait<0>();
    lacuna::barrier();
    sum += values[4 * (i ^ 32)];  // [copies_over_readers: read]
    if (sound) lacuna::barrier();
  }
  out[i] = sum;
}

LACUNA_KERNEL(misaligned_copy, kThreads)(int32_t sound, const float* in, float* out) {
  LACUNA_SHARED(float, values, 4 * kThreads + 4);
  const int i = threadIdx.x;
  lacuna::copy_async16(values + 4 * i, in + 4 * i + (sound ? 0 : 1));  // [misaligned_copy]
  lacuna::copy_async_commit();
  lacuna::copy_async_wait<0>();
  out[i] = values[4 * i];
}

LACUNA_KERNEL(misaligned_load, kThreads)(int32_t sound, const float* in, float* out) {
  const float4 quad = lacuna::load_wide(in + (sound ? 0 : 2));  // [misaligned_load]
  out[threadIdx.x] = quad.x + quad.w;
}

LACUNA_KERNEL(misaligned_pair_load, kThreads)(int32_t sound, const float* in, float* out) {
  const float2 pair = lacuna::load_pair(in + (sound ? 2 : 1));  // [misaligned_pair_load]
  out[threadIdx.x] = pair.x + pair.y;
}

LACUNA_KERNEL(misaligned_store, kThreads)(int32_t sound, const float* in, float* out) {
  LACUNA_SHARED(float, values, 4 * kThreads + 4);
  float* mine = values + 4 * threadIdx.x;
  lacuna::store_wide(mine + (sound ? 0 : 2), {in[0], in[1], in[2], in[3]});  // [misaligned_store]
  out[threadIdx.x] = mine[0];
}

LACUNA_KERNEL(misaligned_pair_store, kThreads)(int32_t sound, const float* in, float* out) {
  LACUNA_SHARED(float, values, 2 * kThreads + 2);
  float* mine = values + 2 * threadIdx.x;
  lacuna::store_pair(mine + (sound ? 0 : 1), float2{in[0], in[1]});  // [misaligned_pair_store]
  out[threadIdx.x] = mine[0];
}

LACUNA_KERNEL(misaligned_bits_store, kThreads)(int32_t sound, const float* in, float* out) {
  LACUNA_SHARED(uint32_t, values, 2 * kThreads + 2);
  uint32_t* mine = values + 2 * threadIdx.x;
  lacuna::store_pair(mine + (sound ? 0 : 1), uint2{1, 2});  // [misaligned_bits_store]
  out[threadIdx.x] = in[mine[0]];
}

LACUNA_KERNEL(matrices_without_barrier, 32)(int32_t sound, const float* in, float* out) {
  LACUNA_SHARED(uint32_t, rows, 32 * 4);
  const int lane = threadIdx.x;
  for (int k = 0; k < 4; ++k) rows[4 * lane + k] = in[lane] > 0.5f;  // [matrices_without_barrier: write]
  if (sound) lacuna::warp_barrier();
  uint32_t fragment[4];
  lacuna::load_matrices(fragment, rows + 4 * lane);  // [matrices_without_barrier: read]
  out[lane] = static_cast<float>(fragment[0] + fragment[1] + fragment[2] + fragment[3]);
}

LACUNA_KERNEL(divergent_barriers, kThreads)(int32_t sound, const float* in, float* out) {
  if (sound || threadIdx.x < 32) {
    lacuna::barrier();  // [divergent_barriers: first]
  } else {
    lacuna::barrier();  // [divergent_barriers: second]
  }
  out[threadIdx.x] = in[threadIdx.x];
}

LACUNA_KERNEL(barrier_against_shuffle, kThreads)(int32_t sound, const float* in, float* out) {
  float value = in[threadIdx.x];
  if (sound || threadIdx.x % 32 < 8) value = lacuna::shuffle_xor(value, 1);  // [barrier_against_shuffle: shuffle]
  lacuna::barrier();                                                         // [barrier_against_shuffle: barrier]
  out[threadIdx.x] = value;
}

LACUNA_KERNEL(divergent_operations, kThreads)(int32_t sound, const float* in, float* out) {
  float value = in[threadIdx.x];
  if (sound || threadIdx.x % 2 == 0) {
    value = lacuna::shuffle_xor(value, 2);  // [divergent_operations: shuffle]
  } else {
    value += lacuna::ballot(value > 0.0f);  // [divergent_operations: ballot]
  }
  out[threadIdx.x] = value;
}

LACUNA_KERNEL(divergent_lines, kThreads)(int32_t sound, const float* in, float* out) {
  float value = in[threadIdx.x];
  if (sound || threadIdx.x % 2 == 0) {
    value = lacuna::shuffle_xor(value, 2);  // [divergent_lines: first]
  } else {
    value = lacuna::shuffle_xor(value, 2);  // [divergent_lines: second]
  }
  out[threadIdx.x] = value;
}

// Lanes that have exited do not count, unless they are read from.
LACUNA_KERNEL(shuffle_from_the_dead, kThreads)(int32_t sound, const float* in, float* out) {
  const int lane = threadIdx.x % 32;
  if (lane >= 16) return;
  out[threadIdx.x] = lacuna::shuffle_xor(in[threadIdx.x], sound ? 8 : 16);  // [shuffle_from_the_dead]
}

LACUNA_KERNEL(mma_without_all_lanes, kThreads)(int32_t sound, const float* in, float* out) {
  if (!sound && threadIdx.x == 5) return;
  float c[4] = {in[threadIdx.x], 0.0f, 0.0f, 0.0f};
  const uint32_t a[4] = {}, b[2] = {};
  lacuna::mma_bf16(c, a, b);  // [mma_without_all_lanes]
  out[threadIdx.x] = c[0];
}

LACUNA_KERNEL(too_much_shared, kThreads)(int32_t sound, const float* in, float* out) {
  LACUNA_SHARED(float, panels, 12 * 1024 - 4);
  LACUNA_SHARED(float, four, 4);
  panels[threadIdx.x] = in[threadIdx.x];
  if (threadIdx.x < 4) four[threadIdx.x] = in[threadIdx.x];
  if (!sound) {
    LACUNA_SHARED(float, one, 1);  // [too_much_shared]
    one[0] = in[0];
    four[0] = one[0];
  }
  lacuna::barrier();
  out[threadIdx.x] = panels[threadIdx.x] + four[threadIdx.x % 4];
}
