// How adamw.cu cuts its work, and the scalars of a step as float arithmetic takes them, on the CPU too.
#ifndef LACUNA_ADAMW_SHAPE_H
#define LACUNA_ADAMW_SHAPE_H

#include <cstdint>

namespace lacuna::adamw {

constexpr int kThreads = 256;
constexpr int64_t kBlockNumbers = 4 * kThreads;

struct Step {
  float keep;           // what decoupled weight decay leaves of w, 1 without
  float decay;          // of coupled weight decay, 0 without
  float beta1, share1;  // share = 1 - beta
  float beta2, share2;
  float rate;   // lr / (1 - beta1^step)
  float scale;  // 1 / sqrt(1 - beta2^step)
  float epsilon;
};

}  // namespace lacuna::adamw
#endif
