// What a compiler calls for each access of code built with -fsanitize=thread, answered by check mode instead of
// ThreadSanitizer's library.
#include "block.h"
#include "shadow.h"

namespace lacuna::emulator {

namespace {

template <Access access>
void hook(const void* address, size_t bytes, const void* place) {
  if (watching) shadow_access<access>(address, bytes, place);
}

}  // namespace

}  // namespace lacuna::emulator

using lacuna::emulator::Access;
using lacuna::emulator::hook;

extern "C" {

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}

#define LACUNA_HOOKS(bytes)                                                                                    \
  void __tsan_read##bytes(void* address) { hook<Access::kRead>(address, bytes, __builtin_return_address(0)); } \
  void __tsan_write##bytes(void* address) { hook<Access::kWrite>(address, bytes, __builtin_return_address(0)); }
#define LACUNA_UNALIGNED_HOOKS(bytes)                                  \
  void __tsan_unaligned_read##bytes(void* address) {                   \
    hook<Access::kRead>(address, bytes, __builtin_return_address(0));  \
  }                                                                    \
  void __tsan_unaligned_write##bytes(void* address) {                  \
    hook<Access::kWrite>(address, bytes, __builtin_return_address(0)); \
  }
LACUNA_HOOKS(1)
LACUNA_HOOKS(2)
LACUNA_HOOKS(4)
LACUNA_HOOKS(8)
LACUNA_HOOKS(16)
LACUNA_UNALIGNED_HOOKS(2)
LACUNA_UNALIGNED_HOOKS(4)
LACUNA_UNALIGNED_HOOKS(8)
LACUNA_UNALIGNED_HOOKS(16)

void __tsan_read_range(void* address, size_t bytes) {
  hook<Access::kRead>(address, bytes, __builtin_return_address(0));
}
void __tsan_write_range(void* address, size_t bytes) {
  hook<Access::kWrite>(address, bytes, __builtin_return_address(0));
}
}
