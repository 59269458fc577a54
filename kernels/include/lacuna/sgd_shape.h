// The scalars of a step of SGD, as float arithmetic takes them.
#ifndef LACUNA_SGD_SHAPE_H
#define LACUNA_SGD_SHAPE_H

#include <cstdint>

namespace lacuna::sgd {

constexpr int kThreads = 256;
constexpr int64_t kBlockNumbers = 4 * kThreads;

struct Step {
  float lr, momentum;
  float share;  // 1 - dampening
  float decay;  // of coupled weight decay, 0 without
  float keep;   // what decoupled weight decay leaves of w, 1 without
  int32_t nesterov, first;
};

}  // namespace lacuna::sgd
#endif
