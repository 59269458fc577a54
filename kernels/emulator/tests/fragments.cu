// One warp's tensor-core instructions on registers that the test fills.
#include "lacuna/device.cuh"

LACUNA_KERNEL(fragment_mma, 32)(const uint32_t* a, const uint32_t* b, float* c) {
  const int lane = threadIdx.x;
  float c_registers[4];
  uint32_t a_registers[4], b_registers[2];
  for (int i = 0; i < 4; ++i) c_registers[i] = c[4 * lane + i];
  for (int i = 0; i < 4; ++i) a_registers[i] = a[4 * lane + i];
  for (int i = 0; i < 2; ++i) b_registers[i] = b[2 * lane + i];
  lacuna::mma_bf16(c_registers, a_registers, b_registers);
  for (int i = 0; i < 4; ++i) c[4 * lane + i] = c_registers[i];
}

// matrices: four of 8 x 8 16-bit elements, row-major, one after another.
LACUNA_KERNEL(fragment_load, 32)(const uint32_t* matrices, int32_t transposed, uint32_t* out) {
  LACUNA_SHARED(uint32_t, rows, 128);
  const int lane = threadIdx.x;
  for (int i = 0; i < 4; ++i) rows[4 * lane + i] = matrices[4 * lane + i];
  lacuna::warp_barrier();
  uint32_t result[4];
  if (transposed) {
    lacuna::load_matrices_transposed(result, rows + 4 * lane);
  } else {
    lacuna::load_matrices(result, rows + 4 * lane);
  }
  for (int i = 0; i < 4; ++i) out[4 * lane + i] = result[i];
}

LACUNA_KERNEL(convert, 32)(const float* in, uint32_t* bf16) {
  const int lane = threadIdx.x;
  bf16[lane] = lacuna::pack_bf16(in[lane], in[lane ^ 1]);
}
