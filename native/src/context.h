// What lies behind a lacuna_context, whatever the back end: who uses it, its ops, its error text, the memory it lent.
#ifndef LACUNA_SRC_CONTEXT_H
#define LACUNA_SRC_CONTEXT_H

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "op.h"

namespace lacuna {

// Whether tensors may lie anywhere in the process's memory, or only where the context lent or adopted it.
enum class MemorySpace { kHost, kDevice };

}  // namespace lacuna

struct lacuna_context {
 public:
  virtual ~lacuna_context() = default;
  lacuna_context(const lacuna_context&) = delete;
  lacuna_context& operator=(const lacuna_context&) = delete;

  // One thread at a time: claim() answers false while another thread is inside. overlapped() tells the next one, once.
  bool claim();
  void release() { busy_.store(false, std::memory_order_release); }
  bool overlapped() { return overlapped_.exchange(false, std::memory_order_relaxed); }

  // Every call of the claiming thread begins with enter and, unless that refuses, ends with leave. `call` is the name
  // that error texts begin with.
  virtual lacuna_status enter(const char* call);
  virtual void leave() {}

  // Records "<call>: <formatted text>" and returns code, so that one can `return ctx.fail(...)`.
  [[gnu::format(printf, 3, 4)]] lacuna_status fail(lacuna_status code, const char* format, ...);
  const char* error() const { return error_; }

  const char* back_end() const { return back_end_; }
  const lacuna::Op& op(int32_t id) const { return ops_[id]; }

  // Workers that an op may use, the caller included. Size buffers by it, never the partition of the work.
  int threads() const { return threads_; }

  // The calls of lacuna.h. Addresses of a copy are not NULL, bytes > 0, and the two ranges do not meet.
  virtual const char* describe() noexcept = 0;
  lacuna_status alloc(int64_t bytes, void** out);
  lacuna_status free(void* address);
  lacuna_status adopt(void* address, int64_t bytes);
  lacuna_status release(void* address);
  virtual lacuna_status upload(void* device, const void* host, int64_t bytes) = 0;
  virtual lacuna_status download(void* host, const void* device, int64_t bytes) = 0;
  virtual lacuna_status copy(void* target, const void* source, int64_t bytes) = 0;
  virtual lacuna_status synchronize() = 0;
  virtual lacuna_status synchronize_device() = 0;
  virtual lacuna_status stream(void** out);
  virtual lacuna_status use_stream(void* stream);
  virtual lacuna_status timer_start() = 0;
  virtual lacuna_status timer_stop(double* milliseconds) = 0;

  // Whether kernels can reach [address, address + bytes).
  bool reaches(const void* address, int64_t bytes) const {
    return space_ == lacuna::MemorySpace::kHost || knows(address, bytes);
  }

 protected:
  // ops: LACUNA_OP_COUNT of them, by id.
  lacuna_context(const char* back_end, const lacuna::Op* ops, int threads, lacuna::MemorySpace space)
      : back_end_(back_end), ops_(ops), threads_(threads), space_(space) {}

  virtual lacuna_status allocate(int64_t bytes, void** out) = 0;
  virtual lacuna_status deallocate(void* block) = 0;
  // Whether memory that others allocated can be used as tensors.
  virtual lacuna_status check_foreign(const void* address, int64_t bytes) = 0;

  // Whether the range lies in one lent or adopted block.
  bool knows(const void* address, int64_t bytes) const;

  struct Block {
    int64_t bytes;
    bool adopted;
  };

  const char* call_ = "";
  std::map<uintptr_t, Block> blocks_;  // lent and adopted, by address

 private:
  // What lies in memory that was just allocated was freed by its owner and never released.
  void forget_adopted(uintptr_t first, int64_t bytes);

  const char* const back_end_;
  const lacuna::Op* const ops_;
  const int threads_;
  const lacuna::MemorySpace space_;
  std::atomic<bool> busy_{false};
  std::atomic<bool> overlapped_{false};
  char error_[4096] = "";  // a driver's log may be long
};

namespace lacuna {

// Opens a context of the library's back end, or leaves `out` empty and says in `error` why not. Each library has its
// own.
lacuna_status open_context(const lacuna_open_args& args, std::unique_ptr<lacuna_context>& out, std::string& error);

}  // namespace lacuna
#endif
