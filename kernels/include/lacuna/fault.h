// What a kernel leaves in the context's fault word when it finds a wrong value in device memory:
// op << kFaultBits | fault.
#ifndef LACUNA_FAULT_H
#define LACUNA_FAULT_H

#include <cstdint>

namespace lacuna {

enum class Fault : int32_t { kNone = 0, kNonFinite = 1, kOutOfRange = 2, kIndex = 3, kLabel = 4, kTarget = 5 };
constexpr int kFaultBits = 3;

}  // namespace lacuna
#endif
