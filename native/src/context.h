// What lies behind a lacuna_context: who uses it, its settings, its error text, the memory it lent.
#ifndef LACUNA_SRC_CONTEXT_H
#define LACUNA_SRC_CONTEXT_H

#include <atomic>
#include <string>
#include <unordered_set>

#include "op.h"

struct lacuna_context final : public lacuna::OpContext {
 public:
  lacuna_context(int32_t tier, int threads, std::string library_dir);
  ~lacuna_context();
  lacuna_context(const lacuna_context&) = delete;
  lacuna_context& operator=(const lacuna_context&) = delete;

  // One thread at a time: claim() answers false while another thread is inside.
  bool claim();
  void release() { busy_.store(false, std::memory_order_release); }

  // Names the call that error texts begin with.
  void begin(const char* op) { op_ = op; }

  int32_t tier() const { return tier_; }
  const lacuna::Dnnl* dnnl() override;

  // The claiming thread reads these; `overlap` is true once after a claim was refused.
  const char* error() const { return error_; }
  bool overlap() { return overlap_.exchange(false, std::memory_order_relaxed); }
  const char* describe();

  lacuna_status alloc(int64_t bytes, void** out);
  lacuna_status free(void* address);

 private:
  const int32_t tier_;
  const std::string library_dir_;
  std::atomic<bool> busy_{false};
  std::atomic<bool> overlap_{false};
  std::unordered_set<void*> blocks_;
  std::string description_;
};

#endif
