// The codes of the op elementwise, for kernels, launchers and the CPU.
#ifndef LACUNA_ELEMENTWISE_CODES_H
#define LACUNA_ELEMENTWISE_CODES_H

#include <cstdint>

#include "lacuna/both.h"

namespace lacuna::elementwise {

enum Code : int32_t {
  kAdd = 0,
  kSub = 1,
  kMul = 2,
  kRelu = 3,
  kAffine = 4,
  kGelu = 5,
  kTanh = 6,
  kExp = 7,
  kLog = 8,
  kSqrt = 9
};

LACUNA_BOTH constexpr bool takes_y(int64_t code) { return code <= kMul; }
LACUNA_BOTH constexpr bool gradient_takes_x(int64_t code) { return code == kMul || code == kRelu || code >= kGelu; }

}  // namespace lacuna::elementwise
#endif
