// What lies behind a lacuna_context of the CUDA library: a GPU's primary context, one stream, the kernels, the memory
// it lent.
#ifndef LACUNA_SRC_CUDA_CONTEXT_H
#define LACUNA_SRC_CUDA_CONTEXT_H

#include <atomic>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cuda/driver.h"
#include "op.h"

// Work runs behind the caller's back on one stream. What it finds there, a non-finite r say, stands in the fault word
// in device memory and is reported by the next call that waits: synchronize or download. A failed driver call is final:
// every later call repeats its text.
struct lacuna_context final : public lacuna::OpContext {
 public:
  lacuna_context() = default;
  ~lacuna_context();
  lacuna_context(const lacuna_context&) = delete;
  lacuna_context& operator=(const lacuna_context&) = delete;

  // Loads the driver, takes device `ordinal` and loads the kernels. A context that failed to open can only be deleted.
  lacuna_status open(const std::string& driver_path, int ordinal, std::string& error);

  // One thread at a time: claim() answers false while another thread is inside.
  bool claim();
  void release() { busy_.store(false, std::memory_order_release); }

  // Names the call that error texts begin with and makes the GPU's context the thread's own until leave().
  lacuna_status enter(const char* call);
  void leave();

  // The claiming thread reads these; `overlap` is true once after a claim was refused.
  const char* error() const { return error_; }
  bool overlap() { return overlap_.exchange(false, std::memory_order_relaxed); }
  const char* describe() const { return description_.c_str(); }
  const lacuna::Dnnl* dnnl() override;

  lacuna_status alloc(int64_t bytes, void** out);
  lacuna_status free(void* address);
  lacuna_status upload(void* device, const void* host, int64_t bytes);
  lacuna_status download(void* host, const void* device, int64_t bytes);
  lacuna_status copy(void* target, const void* source, int64_t bytes);
  lacuna_status synchronize();

  // Where kernels report what is wrong with their inputs, as kernels/include/lacuna/fault.h has it.
  int32_t* fault_word() { return reinterpret_cast<int32_t*>(fault_); }

  // Enqueues kernels/<family>.cu's kernel on `blocks` blocks; none is no work. kernel is a literal.
  lacuna_status launch(const char* family, const char* kernel, int64_t blocks, int threads, void** arguments);

 private:
  struct LoadedModule {
    std::string_view family;
    lacuna::cuda::Module module;
  };

  // OK for result 0; else records "<what>: <driver's text>".
  lacuna_status check(lacuna::cuda::DriverResult result, const char* what);
  bool load_images(int major, int minor, std::string& error);
  bool lent(const void* address, int64_t bytes) const;
  lacuna_status function(const char* family, const char* kernel, lacuna::cuda::Function& out);

  lacuna::cuda::Driver driver_;
  lacuna::cuda::Device device_ = 0;
  lacuna::cuda::DriverContext driver_context_ = nullptr;
  lacuna::cuda::Stream stream_ = nullptr;
  lacuna::cuda::DevicePointer fault_ = 0;
  std::vector<LoadedModule> modules_;
  std::unordered_map<std::string_view, lacuna::cuda::Function>
      functions_;                        // by kernel, filled as they are first launched
  std::map<uintptr_t, int64_t> blocks_;  // address -> bytes
  std::string broken_;                   // text of the driver call that failed
  std::string description_;
  std::atomic<bool> busy_{false};
  std::atomic<bool> overlap_{false};
};

#endif
