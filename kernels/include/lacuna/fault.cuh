#ifndef LACUNA_FAULT_CUH
#define LACUNA_FAULT_CUH

#include "lacuna/device.cuh"
#include "lacuna/fault.h"

namespace lacuna {

// To be called by one thread. A later fault hides an earlier one.
LACUNA_DEVICE void set_fault(int32_t* word, int32_t op, Fault fault) {
  *word = op << kFaultBits | static_cast<int32_t>(fault);
}

}  // namespace lacuna
#endif
