#include "fiber.h"

#include <sys/mman.h>

#include <new>

#ifdef __SANITIZE_ADDRESS__
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace lacuna::emulator {

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr size_t kStackBytes = size_t{256} << 10;
#else
constexpr size_t kStackBytes = size_t{64} << 10;
#endif
constexpr size_t kGuardBytes = 4096;
// Stacks start at different cache sets: equal frames of all threads would else fall onto the same few lines.
constexpr size_t kColour = 5 * 64;
constexpr size_t kColours = 12;

}  // namespace

// Saves the callee-saved registers on the old stack and takes them from the new one. A jump, not a return: the
// processor's prediction of returns knows nothing of other stacks.
extern "C" void lacuna_emulator_switch(void** save, void* load);
asm(R"(
.text
.p2align 4
.hidden lacuna_emulator_switch
.type lacuna_emulator_switch, @function
lacuna_emulator_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  popq %rcx
  jmp *%rcx
.size lacuna_emulator_switch, . - lacuna_emulator_switch
)");

#ifdef __SANITIZE_ADDRESS__
namespace {

Fiber* arriving;

// Each fiber begins here, since the sanitizer must hear of the switch before anything else runs.
void (*fiber_entry)();
void first_entry() {
  __sanitizer_finish_switch_fiber(arriving->fake_stack, nullptr, nullptr);
  fiber_entry();
}

}  // namespace

__attribute__((no_sanitize("address"))) void switch_fiber(Fiber& from, Fiber& to) {
  arriving = &to;
  __sanitizer_start_switch_fiber(&from.fake_stack, to.stack, to.bytes);
  lacuna_emulator_switch(&from.top, to.top);
  __sanitizer_finish_switch_fiber(from.fake_stack, nullptr, nullptr);
}

void adopt_main(Fiber& main) {
  pthread_attr_t attributes;
  pthread_getattr_np(pthread_self(), &attributes);
  void* stack;
  pthread_attr_getstack(&attributes, &stack, &main.bytes);
  pthread_attr_destroy(&attributes);
  main.stack = static_cast<char*>(stack);
}
#else
void adopt_main(Fiber&) {}

void switch_fiber(Fiber& from, Fiber& to) { lacuna_emulator_switch(&from.top, to.top); }
#endif

FiberPool::~FiberPool() {
  for (const Fiber& fiber : fibers_) munmap(fiber.stack - kGuardBytes, kStackBytes + kGuardBytes);
}

void FiberPool::grow() {
  const size_t bytes = kStackBytes + kGuardBytes;
  void* mapping = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) throw std::bad_alloc();
  mprotect(mapping, kGuardBytes, PROT_NONE);
  fibers_.push_back({nullptr, static_cast<char*>(mapping) + kGuardBytes, kStackBytes, nullptr});
}

Fiber& FiberPool::prepare(int i, void (*entry)()) {
  while (static_cast<size_t>(i) >= fibers_.size()) grow();
  Fiber& fiber = fibers_[i];
#ifdef __SANITIZE_ADDRESS__
  __asan_unpoison_memory_region(fiber.stack, fiber.bytes);
  fiber.fake_stack = nullptr;
  fiber_entry = entry;
  entry = first_entry;
#endif
  // Six registers, the entry, and a word that aligns the stack as after a call.
  void** top = reinterpret_cast<void**>(fiber.stack + fiber.bytes - i % kColours * kColour) - 8;
  top[6] = reinterpret_cast<void*>(entry);
  top[7] = nullptr;
  fiber.top = top;
  return fiber;
}

}  // namespace lacuna::emulator
