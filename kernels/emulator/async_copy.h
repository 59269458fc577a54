// Asynchronous copies to shared memory: each thread's own, in groups. They take place where they are issued or, with
// Options::late_copies, in the wait that ends them: a kernel must be right either way.
#ifndef LACUNA_EMULATOR_ASYNC_COPY_H
#define LACUNA_EMULATOR_ASYNC_COPY_H

namespace lacuna::emulator {

void begin_copies();
// The thread that runs exits.
void abandon_copies();

}  // namespace lacuna::emulator
#endif
