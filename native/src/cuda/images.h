// The compiled kernels inside this library: PTX for any driver since R450, cubins for the newest.
#ifndef LACUNA_SRC_CUDA_IMAGES_H
#define LACUNA_SRC_CUDA_IMAGES_H

#include <span>

namespace lacuna::cuda {

struct Image {
  const char* family;  // kernels/<family>.cu
  int arch;            // 90 = sm_90 machine code; 0 = PTX, a zero-terminated text
  const void* data;
};

std::span<const Image> images();

}  // namespace lacuna::cuda
#endif
