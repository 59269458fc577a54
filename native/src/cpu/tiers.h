// Compiles the including op file once per instruction-set tier: namespaces N_SCALAR, N_AVX2 and N_AVX3 (AVX-512 F, CD,
// BW, DQ, VL).
//
// The pattern of an op file native/src/ops/<op>.cpp, which holds a family of ops, forward and backward together:
//
//   #include "cpu/cpu_context.h"
//
//   #undef HWY_TARGET_INCLUDE
//   #define HWY_TARGET_INCLUDE "ops/<op>.cpp"
//   #include "cpu/tiers.h"
//
//   #include "ops/lanes-inl.h"  // what is compiled per tier stands in a block of its own, after tiers.h
//
//   HWY_BEFORE_NAMESPACE();
//   namespace lacuna::HWY_NAMESPACE {
//   lacuna_status <op>(CpuContext& ctx, const lacuna_<op>_args& args) { ... }
//   }  // namespace lacuna::HWY_NAMESPACE
//   HWY_AFTER_NAMESPACE();
//
//   #if HWY_ONCE
//   namespace lacuna {
//   int64_t <op>_workspace(int threads, const lacuna_<op>_args& args) { ... }
//   }  // namespace lacuna
//   #endif
//
// An op checks only what the op table cannot say (codes, labels, relations between sizes): the rest, the workspace
// included, was checked before it runs. dispatch.cpp links all of these functions by name.
//
// Nothing is included between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE: an inline function defined there would be
// compiled for one tier and linked into all. In N_SCALAR a vector has one lane.
#ifndef LACUNA_SRC_CPU_TIERS_H
#define LACUNA_SRC_CPU_TIERS_H

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
