// Device memory by the request: small ones are cut from slabs, so that the driver, whose allocator waits for the
// device, is asked a few times in a context's life.
#ifndef LACUNA_SRC_CUDA_DEVICE_MEMORY_H
#define LACUNA_SRC_CUDA_DEVICE_MEMORY_H

#include <cstddef>
#include <map>

#include "cuda/driver.h"

namespace lacuna::cuda {

// LACUNA_CUDA_SLABS=0 in the environment gives every request an allocation of its own, so that tools like
// compute-sanitizer see where each ends.
class DeviceMemory {
 public:
  explicit DeviceMemory(const Driver& driver) : driver_(driver) {}

  // Takes the first slab. A device without room for it is no error yet.
  DriverResult open();
  void close();

  // 256-byte aligned. Work on the context's stream may still use a freed block: what comes next is ordered behind it.
  DriverResult allocate(size_t bytes, DevicePointer& out);
  DriverResult free(DevicePointer address);

  // Whether the address lies in a slab.
  bool holds(DevicePointer address) const;

 private:
  DriverResult add_slab();
  DriverResult give_back_empty_slabs();
  bool cut(size_t bytes, DevicePointer& out);

  const Driver& driver_;
  bool use_slabs_ = true;
  std::map<DevicePointer, size_t> slabs_, gaps_;  // address -> bytes
  std::map<DevicePointer, size_t> pieces_;        // cut from slabs and in use
  std::map<DevicePointer, size_t> whole_;         // allocations of their own
};

}  // namespace lacuna::cuda
#endif
