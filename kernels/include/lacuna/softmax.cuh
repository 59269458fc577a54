// What the row-wise softmax kernels share. Sums of exponentials are taken in double: of a confident row they are 1 +
// little, and the little is what its loss and its entropy consist of.
#ifndef LACUNA_SOFTMAX_CUH
#define LACUNA_SOFTMAX_CUH

#include "lacuna/row_groups.cuh"
#include "lacuna/softmax_shape.h"

namespace lacuna::softmax {

// log s of a sum s >= 1, to float's precision even where s is 1 + little.
LACUNA_DEVICE float log_of_sum(double s) { return log1pf(static_cast<float>(s - 1.0)); }

}  // namespace lacuna::softmax
#endif
