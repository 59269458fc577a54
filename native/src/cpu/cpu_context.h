// A context of the CPU back end: what an op of native/src/ops sees.
#ifndef LACUNA_SRC_CPU_CPU_CONTEXT_H
#define LACUNA_SRC_CPU_CPU_CONTEXT_H

#include <chrono>
#include <optional>
#include <string>
#include <type_traits>

#include "context.h"
#include "lacuna/lacuna_ops.h"

namespace lacuna {

struct Dnnl;

class CpuContext final : public lacuna_context {
 public:
  CpuContext(int32_t tier, int threads, std::string library_dir);
  ~CpuContext() override;

  // Calls body(chunk, worker) for every chunk in [0, chunks), each exactly once, on up to threads() workers, and
  // returns when all are done. The order is free: a result must depend on the chunk alone, so cut work by sizes and
  // never by threads(). No fail() from inside a body.
  template <class Body>
  void parallel_for(int64_t chunks, Body&& body) {
    using Plain = std::remove_reference_t<Body>;
    run_chunks(
        chunks, [](void* self, int64_t chunk, int worker) { (*static_cast<Plain*>(self))(chunk, worker); },
        const_cast<void*>(static_cast<const void*>(&body)));
  }

  // oneDNN, loaded at the first call; nullptr where it cannot be loaded, the reason recorded as by fail.
  const Dnnl* dnnl();

  // Whether kernels of this context may use AVX512-BF16 for FAST calls.
  bool bf16() const { return bf16_; }

  // Whether they may use AVX512-VNNI.
  bool vnni() const { return vnni_; }

  const char* describe() noexcept override;
  lacuna_status upload(void* device, const void* host, int64_t bytes) override { return copy(device, host, bytes); }
  lacuna_status download(void* host, const void* device, int64_t bytes) override { return copy(host, device, bytes); }
  lacuna_status copy(void* target, const void* source, int64_t bytes) override;
  lacuna_status synchronize() override { return LACUNA_OK; }
  lacuna_status synchronize_device() override { return LACUNA_OK; }
  lacuna_status timer_start() override;
  lacuna_status timer_stop(double* milliseconds) override;

 private:
  lacuna_status allocate(int64_t bytes, void** out) override;
  lacuna_status deallocate(void* block) override;
  lacuna_status check_foreign(const void*, int64_t) override { return LACUNA_OK; }
  void run_chunks(int64_t chunks, void (*body)(void*, int64_t, int), void* self);

  const int32_t tier_;
  const bool bf16_, vnni_;
  const std::string library_dir_;
  std::optional<std::chrono::steady_clock::time_point> timer_;
  char description_[128];
};

}  // namespace lacuna
#endif
