// A context of the CUDA back end: a GPU's primary context, a stream, memory, the kernels.
#ifndef LACUNA_SRC_CUDA_CUDA_CONTEXT_H
#define LACUNA_SRC_CUDA_CUDA_CONTEXT_H

#include <string>

#include "context.h"
#include "cuda/device_memory.h"
#include "cuda/driver.h"
#include "cuda/modules.h"
#include "cuda/staging.h"
#include "lacuna/lacuna_ops.h"

namespace lacuna::cuda {

// Work runs behind the caller's back on one stream. What it finds there, a non-finite r say, stands in the fault word
// in device memory and is reported by the next call that waits: synchronize or download. A failed driver call is final:
// every later call repeats its text. A lack of memory, also of that for a kernel's code, is not.
class CudaContext final : public lacuna_context {
 public:
  CudaContext();
  ~CudaContext() override;

  // Loads the driver and takes device `ordinal`. A context that failed to open can only be deleted.
  lacuna_status open(const std::string& driver_path, int ordinal, std::string& error);

  // Between them the GPU's context is the thread's own.
  lacuna_status enter(const char* call) override;
  void leave() override;

  const char* describe() noexcept override;
  lacuna_status upload(void* device, const void* host, int64_t bytes) override;
  lacuna_status download(void* host, const void* device, int64_t bytes) override;
  lacuna_status copy(void* target, const void* source, int64_t bytes) override;
  lacuna_status synchronize() override;
  lacuna_status synchronize_device() override;
  lacuna_status stream(void** out) override;
  lacuna_status use_stream(void* stream) override;
  lacuna_status timer_start() override;
  lacuna_status timer_stop(double* milliseconds) override;

  // Where kernels report what is wrong with their inputs, as kernels/include/lacuna/fault.h has it.
  int32_t* fault_word() { return reinterpret_cast<int32_t*>(fault_); }

  // Enqueues kernels/<family>.cu's kernel on `blocks` blocks; none is no work. kernel is a literal.
  lacuna_status launch(const char* family, const char* kernel, int64_t blocks, int threads, void** arguments);

 private:
  lacuna_status allocate(int64_t bytes, void** out) override;
  lacuna_status deallocate(void* block) override;
  lacuna_status check_foreign(const void* address, int64_t bytes) override;

  DriverResult prepare();
  // OK for result 0; else the context is broken, and the text of the call that failed is recorded.
  lacuna_status check(DriverResult result);
  lacuna_status check_device_memory(const char* role, const void* address, int64_t bytes);
  // Enqueues a copy of the fault word; once that is done, report_fault says what it holds.
  DriverResult fetch_fault();
  lacuna_status report_fault();

  Driver driver_;
  Device device_ = 0;
  DriverContext driver_context_ = nullptr;
  Stream own_stream_ = nullptr, stream_ = nullptr;
  DeviceMemory memory_{driver_};
  Staging staging_{driver_};
  Modules modules_{driver_};
  DevicePointer fault_ = 0;
  int32_t* fetched_fault_ = nullptr;  // page-locked
  Event handover_ = nullptr;          // orders one stream's work behind another's
  Event timer_start_ = nullptr, timer_stop_ = nullptr;
  bool timing_ = false;
  std::string broken_;                   // text of the driver call that failed
  std::string description_, described_;  // described_: with the kernels loaded so far
};

}  // namespace lacuna::cuda
#endif
