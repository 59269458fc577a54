// Copies between the device and host memory that is not page-locked, through page-locked chunks of our own: only from
// those does the driver copy while the caller goes on.
#ifndef LACUNA_SRC_CUDA_STAGING_H
#define LACUNA_SRC_CUDA_STAGING_H

#include <array>
#include <cstddef>

#include "cuda/driver.h"

namespace lacuna::cuda {

class Staging {
 public:
  explicit Staging(const Driver& driver) : driver_(driver) {}

  DriverResult open();
  void close();

  // Returns when the source may be reused. Waits for the stream only where all chunks are still under way.
  DriverResult upload(DevicePointer target, const char* source, size_t bytes, Stream stream);
  // Returns when the target is filled.
  DriverResult download(char* target, DevicePointer source, size_t bytes, Stream stream);

 private:
  static constexpr int kChunks = 8;
  static constexpr size_t kChunkBytes = size_t{1} << 20;

  char* chunk(int index) { return chunks_ + static_cast<size_t>(index) * kChunkBytes; }
  // Goes on to the next chunk, once the work that was issued on it is done.
  DriverResult advance();

  const Driver& driver_;
  char* chunks_ = nullptr;
  std::array<Event, kChunks> done_{};  // after the last work issued on a chunk
  int current_ = 0;
  size_t used_ = 0;  // bytes of the current chunk
};

}  // namespace lacuna::cuda
#endif
