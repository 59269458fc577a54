#include "cuda/staging.h"

#include <algorithm>
#include <cstring>

namespace lacuna::cuda {

DriverResult Staging::open() {
  void* memory = nullptr;
  if (const DriverResult result = driver_.cuMemAllocHost_v2(&memory, kChunks * kChunkBytes)) return result;
  chunks_ = static_cast<char*>(memory);
  for (Event& event : done_) {
    if (const DriverResult result = driver_.cuEventCreate(&event, kEventNoTiming)) {
      event = nullptr;
      return result;
    }
  }
  return 0;
}

void Staging::close() {
  for (const Event event : done_) {
    if (event) driver_.cuEventDestroy_v2(event);
  }
  if (chunks_) driver_.cuMemFreeHost(chunks_);
}

DriverResult Staging::advance() {
  current_ = (current_ + 1) % kChunks;
  used_ = 0;
  return driver_.cuEventSynchronize(done_[current_]);
}

DriverResult Staging::upload(DevicePointer target, const char* source, size_t bytes, Stream stream) {
  while (bytes > 0) {
    if (used_ == kChunkBytes) {
      if (const DriverResult result = advance()) return result;
    }
    const size_t piece = std::min(bytes, kChunkBytes - used_);
    char* const from = chunk(current_) + used_;
    std::memcpy(from, source, piece);
    if (const DriverResult result = driver_.cuMemcpyHtoDAsync_v2(target, from, piece, stream)) return result;
    if (const DriverResult result = driver_.cuEventRecord(done_[current_], stream)) return result;
    used_ += piece;
    target += piece;
    source += piece;
    bytes -= piece;
  }
  return 0;
}

DriverResult Staging::download(char* target, DevicePointer source, size_t bytes, Stream stream) {
  // Pieces on their way: as many as there are chunks, in the order of the chunks.
  size_t issued = 0, received = 0;
  int oldest = (current_ + 1) % kChunks, under_way = 0;
  while (received < bytes) {
    while (issued < bytes && under_way < kChunks) {
      if (const DriverResult result = advance()) return result;
      const size_t piece = std::min(bytes - issued, kChunkBytes);
      if (const DriverResult result = driver_.cuMemcpyDtoHAsync_v2(chunk(current_), source + issued, piece, stream)) {
        return result;
      }
      if (const DriverResult result = driver_.cuEventRecord(done_[current_], stream)) return result;
      issued += piece;
      ++under_way;
    }
    if (const DriverResult result = driver_.cuEventSynchronize(done_[oldest])) return result;
    const size_t piece = std::min(bytes - received, kChunkBytes);
    std::memcpy(target + received, chunk(oldest), piece);
    received += piece;
    oldest = (oldest + 1) % kChunks;
    --under_way;
  }
  used_ = kChunkBytes;
  return 0;
}

}  // namespace lacuna::cuda
