// The codes that the vector quantiser's ops take (lacuna_ops.h), for kernels and launchers of every back end.
#ifndef LACUNA_VQ_CODES_H
#define LACUNA_VQ_CODES_H

#include <cstdint>

namespace lacuna::vq {

// smoothing of vq_ema; 0 is NONE
constexpr int64_t kStored = 1;
constexpr int64_t kApplied = 2;

// estimator of vq_quantize_bwd; 0 is STRAIGHT_THROUGH
constexpr int64_t kRotation = 1;

}  // namespace lacuna::vq
#endif
