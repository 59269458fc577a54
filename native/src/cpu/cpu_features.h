// Which instruction-set tiers this CPU and this operating system can run.
#ifndef LACUNA_SRC_CPU_CPU_FEATURES_H
#define LACUNA_SRC_CPU_CPU_FEATURES_H

#include <cstdint>

namespace lacuna {

// Why tier (LACUNA_TIER_SCALAR .. LACUNA_TIER_AVX512) cannot run here, nullptr where it can.
const char* tier_obstacle(int32_t tier);

const char* tier_name(int32_t tier);

// Whether the avx512 tier may use AVX512-BF16 (vdpbf16ps).
bool has_avx512_bf16();

// Whether it may use AVX512-VNNI (vpdpbusd).
bool has_avx512_vnni();

}  // namespace lacuna
#endif
