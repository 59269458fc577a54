// A context of the CUDA back end: a GPU's primary context, one stream, the kernels.
#ifndef LACUNA_SRC_CUDA_CUDA_CONTEXT_H
#define LACUNA_SRC_CUDA_CUDA_CONTEXT_H

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "context.h"
#include "cuda/driver.h"
#include "lacuna/lacuna_ops.h"

namespace lacuna::cuda {

// Work runs behind the caller's back on one stream. What it finds there, a non-finite r say, stands in the fault word
// in device memory and is reported by the next call that waits: synchronize or download. A failed driver call is final:
// every later call repeats its text.
class CudaContext final : public lacuna_context {
 public:
  CudaContext();
  ~CudaContext() override;

  // Loads the driver, takes device `ordinal` and loads the kernels. A context that failed to open can only be deleted.
  lacuna_status open(const std::string& driver_path, int ordinal, std::string& error);

  // Between them the GPU's context is the thread's own.
  lacuna_status enter(const char* call) override;
  void leave() override;

  const char* describe() noexcept override { return description_.c_str(); }
  lacuna_status upload(void* device, const void* host, int64_t bytes) override;
  lacuna_status download(void* host, const void* device, int64_t bytes) override;
  lacuna_status copy(void* target, const void* source, int64_t bytes) override;
  lacuna_status synchronize() override;

  // Where kernels report what is wrong with their inputs, as kernels/include/lacuna/fault.h has it.
  int32_t* fault_word() { return reinterpret_cast<int32_t*>(fault_); }

  // Enqueues kernels/<family>.cu's kernel on `blocks` blocks; none is no work. kernel is a literal.
  lacuna_status launch(const char* family, const char* kernel, int64_t blocks, int threads, void** arguments);

 private:
  struct LoadedModule {
    std::string_view family;
    Module module;
  };

  lacuna_status allocate(int64_t bytes, void** out) override;
  lacuna_status deallocate(void* block) override;

  // OK for result 0; else records "<what>: <driver's text>".
  lacuna_status check(DriverResult result, const char* what);
  bool load_images(int major, int minor, std::string& error);
  bool lent(const void* address, int64_t bytes) const;
  lacuna_status function(const char* family, const char* kernel, Function& out);

  Driver driver_;
  Device device_ = 0;
  DriverContext driver_context_ = nullptr;
  Stream stream_ = nullptr;
  DevicePointer fault_ = 0;
  std::vector<LoadedModule> modules_;
  std::unordered_map<std::string_view, Function> functions_;  // by kernel, filled as they are first launched
  std::string broken_;                                        // text of the driver call that failed
  std::string description_;
};

}  // namespace lacuna::cuda
#endif
