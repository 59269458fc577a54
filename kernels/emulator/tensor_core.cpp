// Matrix fragments spread over the registers of a warp, laid out as the PTX ISA has it. The sum over the depth is taken
// in double, from the lowest index up, then added to c and rounded once: a card rounds more often, so that kernels must
// not count on these bits.
#include <bit>
#include <cstring>

#include "shadow.h"
#include "warp.h"

namespace lacuna::emulator {

namespace {

struct Registers {
  float* c;
  const uint32_t* a;
  const uint32_t* b;
};

void require_full_warp(const Gathering& gathering, const char* operation, Location where) {
  if (gathering.lanes != ~uint32_t{0}) {
    record_fault(std::string(operation) + " in " + to_string(where) + " needs all 32 lanes of the warp, has " +
                 std::to_string(std::popcount(gathering.lanes)));
    end_grid();
  }
}

float from_bf16(uint32_t bits) { return std::bit_cast<float>(bits << 16); }

// c[16 x 8] += a[16 x 16] b[16 x 8]; a register holds two elements.
void multiply(Warp& warp, const Gathering& gathering) {
  constexpr int kDepth = 16;
  require_full_warp(gathering, warp.operation, warp.where);
  const auto element = [](const uint32_t* registers, int i) {
    return from_bf16(registers[i / 2] >> i % 2 * 16 & 0xffff);
  };
  double a[16][kDepth], b[kDepth][8];
  for (int lane = 0; lane < kLanes; ++lane) {
    const auto& registers = *reinterpret_cast<const Registers*>(gathering.payload[lane]);
    const int group = lane / 4, pair = lane % 4 * 2;
    for (int i = 0; i < 8; ++i) a[group + i / 2 % 2 * 8][pair + i % 2 + i / 4 * 8] = element(registers.a, i);
    for (int i = 0; i < 4; ++i) b[pair + i % 2 + i / 2 * 8][group] = element(registers.b, i);
  }
  for (int row = 0; row < 16; ++row) {
    double sums[8] = {};
    for (int k = 0; k < kDepth; ++k) {
      for (int col = 0; col < 8; ++col) sums[col] += a[row][k] * b[k][col];
    }
    for (int col = 0; col < 8; ++col) {
      const int lane = row % 8 * 4 + col / 2;
      const auto& registers = *reinterpret_cast<const Registers*>(gathering.payload[lane]);
      float& c = registers.c[row / 8 * 2 + col % 2];
      c = static_cast<float>(sums[col] + c);
    }
  }
}

}  // namespace

void mma_bf16(float* c, const uint32_t* a, const uint32_t* b, Location where) {
  const Registers registers = {c, a, b};
  collect(reinterpret_cast<uint64_t>(&registers), "mma_bf16", multiply, where);
}

void load_matrices(uint32_t* result, const void* row, bool transposed, Location where) {
  const char* operation = transposed ? "load_matrices_transposed" : "load_matrices";
  if (reinterpret_cast<uintptr_t>(row) % 16 != 0) {
    record_fault(std::string(operation) + " in " + to_string(where) + ": the row's address is no multiple of 16");
    end_grid();
  }
  const Gathering& gathering = collect(reinterpret_cast<uint64_t>(row), operation, nullptr, where);
  require_full_warp(gathering, operation, where);
  const int group = block.lane / 4, pair = block.lane % 4 * 2;
  for (int matrix = 0; matrix < 4; ++matrix) {
    uint16_t halves[2];
    for (int i = 0; i < 2; ++i) {
      const int from_row = transposed ? pair + i : group, from_col = transposed ? group : pair + i;
      const char* address = reinterpret_cast<const char*>(gathering.payload[8 * matrix + from_row]);
      if (watching) shadow_access<Access::kRead>(address + 2 * (from_col & ~1), 4, __builtin_return_address(0));
      std::memcpy(&halves[i], address + 2 * from_col, 2);
    }
    result[matrix] = halves[0] | static_cast<uint32_t>(halves[1]) << 16;
  }
}

}  // namespace lacuna::emulator
