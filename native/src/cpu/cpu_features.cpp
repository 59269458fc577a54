#include "cpu/cpu_features.h"

#include <cpuid.h>

#include "lacuna/lacuna.h"

namespace lacuna {
namespace {

// Every instruction set that Highway's AVX2 and AVX3 targets let the compiler use.
constexpr uint32_t kLeaf1Ecx =
    bit_SSSE3 | bit_SSE4_1 | bit_SSE4_2 | bit_PCLMUL | bit_AES | bit_AVX | bit_FMA | bit_F16C;
constexpr uint32_t kAvx2Ebx = bit_AVX2 | bit_BMI | bit_BMI2;
constexpr uint32_t kAvx512Ebx = bit_AVX512F | bit_AVX512VL | bit_AVX512DQ | bit_AVX512BW;

// Register files that the system saves at a context switch (XCR0).
constexpr uint32_t kYmm = 0x06;         // SSE and AVX state
constexpr uint32_t kZmm = kYmm | 0xe0;  // opmask and both halves of ZMM

uint32_t saved_registers() {
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

bool all(uint32_t bits, uint32_t wanted) { return (bits & wanted) == wanted; }

}  // namespace

const char* tier_obstacle(int32_t tier) {
  if (tier == LACUNA_TIER_SCALAR) return nullptr;
  const bool avx512 = tier == LACUNA_TIER_AVX512;
  uint32_t eax, ebx1, ecx1, edx, ebx7, ecx7;
  if (!__get_cpuid(1, &eax, &ebx1, &ecx1, &edx) || !__get_cpuid_count(7, 0, &eax, &ebx7, &ecx7, &edx) ||
      !all(ecx1, kLeaf1Ecx) || !all(ebx7, kAvx2Ebx | (avx512 ? kAvx512Ebx : 0))) {
    return avx512 ? "this CPU has no AVX-512 (F, VL, DQ, BW)" : "this CPU has no AVX2 with FMA, BMI2 and F16C";
  }
  if (!all(ecx1, bit_OSXSAVE) || !all(saved_registers(), avx512 ? kZmm : kYmm)) {
    return avx512 ? "this CPU has AVX-512, but the operating system has it off"
                  : "this CPU has AVX2, but the operating system has it off";
  }
  return nullptr;
}

bool has_avx512_bf16() {
  uint32_t eax, ebx, ecx, edx;
  return !tier_obstacle(LACUNA_TIER_AVX512) && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) &&
         all(eax, bit_AVX512BF16);
}

bool has_avx512_vnni() {
  uint32_t eax, ebx, ecx, edx;
  return !tier_obstacle(LACUNA_TIER_AVX512) && __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) &&
         all(ecx, bit_AVX512VNNI);
}

const char* tier_name(int32_t tier) {
  switch (tier) {
    case LACUNA_TIER_SCALAR:
      return "scalar";
    case LACUNA_TIER_AVX2:
      return "avx2";
    case LACUNA_TIER_AVX512:
      return "avx512";
    default:
      return "unknown";
  }
}

}  // namespace lacuna
