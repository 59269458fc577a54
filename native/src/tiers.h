// Compiles the including op file once per instruction-set tier: namespaces N_SCALAR, N_AVX2 and N_AVX3 (AVX-512 F, CD,
// BW, DQ, VL).
//
// The pattern of an op file native/src/ops/<op>.cpp:
//
//   #include "op.h"
//
//   #undef HWY_TARGET_INCLUDE
//   #define HWY_TARGET_INCLUDE "ops/<op>.cpp"
//   #include "tiers.h"
//   // Per tier, so after tiers.h: (a line that keeps the formatter from sorting the two together)
//   #include "ops/lanes-inl.h"
//
//   HWY_BEFORE_NAMESPACE();
//   namespace lacuna::HWY_NAMESPACE {
//   lacuna_status <op>(OpContext& ctx, const lacuna_<op>_args& args) { ... }
//   }  // namespace lacuna::HWY_NAMESPACE
//   HWY_AFTER_NAMESPACE();
//
//   #if HWY_ONCE
//   namespace lacuna {
//   int64_t <op>_workspace(int threads, const lacuna_<op>_args& args) { ... }
//   }  // namespace lacuna
//   #endif
//
// Nothing is included between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE: an inline function defined there would be
// compiled for one tier and linked into all. In N_SCALAR a vector has one lane.
#ifndef LACUNA_SRC_TIERS_H
#define LACUNA_SRC_TIERS_H

// SSE tiers would be compiled in vain, and EMU128 is miscompiled by the GCC of Debian 12.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4)
#define HWY_BROKEN_EMU128 1
#include "hwy/detect_targets.h"
#if HWY_TARGETS != (HWY_SCALAR | HWY_AVX2 | HWY_AVX3)
#error "Lacuna's tiers are compiled from a baseline x86-64 build with Highway 1.0: no -march or -m options"
#endif

#endif

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
