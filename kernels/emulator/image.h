// What a driver reads of an image of kernels: PTX text or a cubin.
#ifndef LACUNA_EMULATOR_IMAGE_H
#define LACUNA_EMULATOR_IMAGE_H

#include <set>
#include <string>

#include "cuda/driver.h"

namespace lacuna::standin {

struct Image {
  std::set<std::string> kernels;
};

// Reads the image for a card of capability major.minor and a driver of that version. Answers 0, or the driver's error
// with the text that its compiler would write into the error log.
cuda::DriverResult read_image(const void* data, int major, int minor, int version, Image& image, std::string& log);

}  // namespace lacuna::standin
#endif
