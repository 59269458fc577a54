// Sizes rounded up.
#ifndef LACUNA_SRC_CUDA_SIZES_H
#define LACUNA_SRC_CUDA_SIZES_H

#include <cstdint>

namespace lacuna::cuda {

inline int64_t ceil_div(int64_t a, int64_t b) { return a / b + (a % b != 0); }

// Floats or doubles in a row of a matrix of so many columns, so that every row starts on 64 bytes.
inline int64_t padded(int64_t columns) { return ceil_div(columns, 16) * 16; }

}  // namespace lacuna::cuda
#endif
