// Sums and maxima over groups of threads: `width` neighbours, a power of two, share a row.
#ifndef LACUNA_GROUPS_CUH
#define LACUNA_GROUPS_CUH

#include "lacuna/matrix.cuh"

namespace lacuna {

// The values of a group combined, the same bits in each of its threads. Every thread of the block enters with the same
// width; scratch holds one element a warp and is free again after.
template <class Value, class Combine>
LACUNA_DEVICE Value combine_group(Value value, int width, Value* scratch, Combine combine) {
  for (int mask = (width < kWarp ? width : kWarp) / 2; mask > 0; mask /= 2) {
    value = combine(value, shuffle_xor(value, mask));
  }
  if (width <= kWarp) return value;
  const int warp = warp_of(), warps = width / kWarp, first = warp / warps * warps;
  if (lane_of() == 0) scratch[warp] = value;
  barrier();
  value = scratch[first];
  for (int i = 1; i < warps; ++i) value = combine(value, scratch[first + i]);
  barrier();
  return value;
}

LACUNA_DEVICE double group_sum(double value, int width, double* scratch) {
  return combine_group(value, width, scratch, [](double a, double b) { return a + b; });
}

// A NaN may or may not come through.
LACUNA_DEVICE float group_max(float value, int width, float* scratch) {
  return combine_group(value, width, scratch, [](float a, float b) { return fmaxf(a, b); });
}

// The sum over the threads of the same place in all groups of the block, in the first group's threads. scratch holds
// one element a thread and is free again after.
template <int threads>
LACUNA_DEVICE double sum_over_groups(double value, int width, double* scratch) {
  const int thread = static_cast<int>(threadIdx.x);
  scratch[thread] = value;
  barrier();
  for (int half = threads / 2; half >= width; half /= 2) {
    if (thread < half) scratch[thread] += scratch[thread + half];
    barrier();
  }
  const double sum = scratch[thread & (width - 1)];
  barrier();
  return sum;
}

}  // namespace lacuna
#endif
