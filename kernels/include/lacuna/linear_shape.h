// What the kernels of linear.cu take: read by the kernels and by their launchers.
#ifndef LACUNA_LINEAR_SHAPE_H
#define LACUNA_LINEAR_SHAPE_H

#include "lacuna/gemm_shape.h"

namespace lacuna::linear {

// Where a product [m, n] goes.
struct Target {
  float* data;
  int64_t ld;
  const float* bias;   // [n], or nullptr
  int32_t accumulate;  // adds to data; there is no bias then
};

// One of the three products, its factors as they lie in memory.
struct Multiplication {
  GemmCut cut;
  int64_t k;  // the whole depth
  const float* a;
  int64_t ld_a;
  const float* b;
  int64_t ld_b;
  Target out;
};

constexpr int kThreads = 256;  // of every kernel

}  // namespace lacuna::linear
#endif
