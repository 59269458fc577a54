// A call stack of its own for each CUDA thread, and the switch between them.
#ifndef LACUNA_EMULATOR_FIBER_H
#define LACUNA_EMULATOR_FIBER_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lacuna::emulator {

// A suspended call stack. Callee-saved registers lie on it; the rounding mode is everyone's.
struct Fiber {
  void* top = nullptr;    // the stack pointer while suspended
  char* stack = nullptr;  // lowest address; AddressSanitizer wants to know the bounds
  size_t bytes = 0;
  void* fake_stack = nullptr;  // AddressSanitizer's
};

// Suspends `from` and continues `to`. A fiber that ends for good is never switched to again.
void switch_fiber(Fiber& from, Fiber& to);

// Stacks for the threads of a block, kept between grids.
class FiberPool {
 public:
  ~FiberPool();

  // Prepares fiber i to call entry, which must not return, when it is first switched to. What it did before is lost.
  Fiber& prepare(int i, void (*entry)());

  Fiber& operator[](int i) { return fibers_[i]; }

 private:
  void grow();

  std::vector<Fiber> fibers_;
};

// Makes main stand for the thread that calls: AddressSanitizer wants to know the bounds of that stack too.
void adopt_main(Fiber& main);

}  // namespace lacuna::emulator
#endif
