// What the row-wise softmax kernels share. Sums of exponentials are taken in double: of a confident row they are 1 +
// little, and the little is what its loss and its entropy consist of.
#ifndef LACUNA_SOFTMAX_CUH
#define LACUNA_SOFTMAX_CUH

#include "lacuna/row_groups.cuh"
#include "lacuna/softmax_shape.h"

namespace lacuna::softmax {

// log s of a sum s >= 1, to float's precision even where s is 1 + little.
LACUNA_DEVICE float log_of_sum(double s) { return log1pf(static_cast<float>(s - 1.0)); }

// What softmax_row found: m = max z and s = sum exp(z - m).
struct RowSums {
  float m;
  double s;
};

// prob = exp(z - m) / s of this thread's row. Every thread of the block enters.
LACUNA_DEVICE RowSums softmax_row(const Row& row, const Matrix<float>& prob, float* maxima, double* sums) {
  const float m = row.max(maxima);
  const double s = row.sum(sums, [m](float z) { return static_cast<double>(expf(z - m)); });
  const float divisor = static_cast<float>(s);
  row.for_quads([&](int64_t col, float4 z) {
    prob.store(row.row, col,
               {expf(z.x - m) / divisor, expf(z.y - m) / divisor, expf(z.z - m) / divisor, expf(z.w - m) / divisor});
  });
  return {m, s};
}

}  // namespace lacuna::softmax
#endif
