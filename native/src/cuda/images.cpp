#include "cuda/images.h"

// images.inc is written by the build: LACUNA_IMAGE(family, arch, "file") for every image.
#define LACUNA_IMAGE(family, arch, file)                                                                              \
  asm(".pushsection .rodata\n.balign 64\n.global lacuna_image_" #family "_" #arch "\nlacuna_image_" #family "_" #arch \
      ":\n.incbin \"" file "\"\n.byte 0\n.popsection");                                                               \
  extern "C" __attribute__((visibility("hidden"))) const char lacuna_image_##family##_##arch[];
#include "images.inc"
#undef LACUNA_IMAGE

namespace lacuna::cuda {
namespace {

#define LACUNA_IMAGE(family, arch, file) Image{#family, arch, lacuna_image_##family##_##arch},
constexpr Image kImages[] = {
#include "images.inc"
};

}  // namespace

std::span<const Image> images() { return kImages; }

}  // namespace lacuna::cuda
