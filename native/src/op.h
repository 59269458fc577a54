// An op as a back end's table holds it.
#ifndef LACUNA_SRC_OP_H
#define LACUNA_SRC_OP_H

#include <cstdint>

#include "lacuna/lacuna.h"

namespace lacuna {

struct Op {
  int64_t (*workspace)(int threads, const void* args) = nullptr;
  lacuna_status (*run)(lacuna_context& ctx, const void* args) = nullptr;  // nullptr: the back end lacks the op
};

// The typed functions that a back end defines for an op, made an entry of its table.
template <class Context, class Args, lacuna_status (*run)(Context&, const Args&),
          int64_t (*workspace)(int, const Args&)>
constexpr Op kOp{[](int threads, const void* args) { return workspace(threads, *static_cast<const Args*>(args)); },
                 [](lacuna_context& ctx, const void* args) {
                   return run(static_cast<Context&>(ctx), *static_cast<const Args*>(args));
                 }};

}  // namespace lacuna
#endif
