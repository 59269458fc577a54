// What an op file sees: its arguments, a way to fail, a way to run in parallel.
//
// An op file native/src/ops/<op>.cpp is compiled once per instruction-set tier (tiers.h shows the pattern) and defines,
// in namespace lacuna::HWY_NAMESPACE, `lacuna_status <op>(OpContext&, const lacuna_<op>_args&)` for each op of its
// family, and once, in namespace lacuna, `int64_t <op>_workspace(int threads, const lacuna_<op>_args&)`. op_table.cpp
// links all of them by name, so a missing one does not link. Sizes, strides, NULLs, alignment, overlap and the
// workspace were checked from the op table before an op runs: an op checks only what the table cannot say (codes,
// labels, relations between sizes).
#ifndef LACUNA_SRC_OP_H
#define LACUNA_SRC_OP_H

#include <cstdint>
#include <type_traits>

#include "lacuna/lacuna_ops.h"

namespace lacuna {

struct Dnnl;

class OpContext {
 public:
  // Records "<op>: <formatted text>" as the context's error and returns code, so that an op can `return ctx.fail(...)`.
  // Not from inside parallel_for.
  [[gnu::format(printf, 3, 4)]] lacuna_status fail(lacuna_status code, const char* format, ...);

  // Workers that parallel_for may use, the caller included. Size buffers by it, never the partition of the work.
  int threads() const { return threads_; }

  // Calls body(chunk, worker) for every chunk in [0, chunks), each exactly once, on up to threads() workers, and
  // returns when all are done. The order is free: a result must depend on the chunk alone, so cut work by sizes and
  // never by threads().
  template <class Body>
  void parallel_for(int64_t chunks, Body&& body) {
    using Plain = std::remove_reference_t<Body>;
    run_chunks(
        chunks, [](void* self, int64_t chunk, int worker) { (*static_cast<Plain*>(self))(chunk, worker); },
        const_cast<void*>(static_cast<const void*>(&body)));
  }

  // oneDNN, loaded at the first call; nullptr where it cannot be loaded, the reason recorded as by fail.
  virtual const Dnnl* dnnl() = 0;

 protected:
  ~OpContext() = default;
  void run_chunks(int64_t chunks, void (*body)(void*, int64_t, int), void* self);

  int threads_ = 1;
  const char* op_ = "";
  char error_[512] = "";
};

}  // namespace lacuna
#endif
