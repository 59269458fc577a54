// The stand-in driver: a shared library that looks like libcuda.so.1 to liblacuna_cuda.so, runs launches on the CPU
// through the emulated kernels and watches every call. This header is how tests steer it; the driver's own functions
// stand in native/src/cuda/driver.h.
//
// Lacuna cuts tensors from slabs; with LACUNA_CUDA_SLABS=0 in the environment each is an allocation of its own, whose
// ends the stand-in watches.
//
// The environment variable LACUNA_STANDIN, read at the first call and at standin_reset, chooses a machine:
//   unset, ""       a driver of CUDA 13.0 with two cards: compute capability 8.0 and 9.0
//   old-ptx-only    a driver of CUDA 12.4, which reads PTX and no cubin of today's ELF format
//   too-old         a driver of CUDA 10.2
//   no-device       a driver that finds no card
//   out-of-memory   cards without free memory
//   broken          a driver that does not start
//   miscomputing    cards that leave out the last block of every launch
#ifndef LACUNA_EMULATOR_STANDIN_H
#define LACUNA_EMULATOR_STANDIN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define STANDIN_API __attribute__((visibility("default")))

// Forgets counts, launches, failures to come and reports, and sets every option to its default. What is alive stays.
STANDIN_API void standin_reset(void);

typedef struct standin_counts {
  // alive now
  int64_t contexts;  // primary contexts that somebody retains
  int64_t streams, events, modules;
  int64_t allocations, bytes;    // device memory
  int64_t pinned, pinned_bytes;  // page-locked host memory
  // since the last reset
  int64_t launches;
  int64_t synchronisations;  // calls that waited for a stream or an event
  int64_t pageable_copies;   // copies from or to host memory that is not page-locked
} standin_counts;
STANDIN_API void standin_count(standin_counts* out);

// How often the driver function of that name was called since the last reset, failed calls included; -1 if there is
// none.
STANDIN_API int64_t standin_calls(const char* function);

// The nth call from now (1 = the next) of that driver function answers `result`, once. A function that releases
// something still does so: CUDA lets those report the errors of earlier work. Answers 0 if there is no such function.
STANDIN_API int32_t standin_fail(const char* function, int64_t nth, int32_t result);

// Deferred: work waits in its stream until something waits for it, so that a missing synchronisation or a page-locked
// buffer used again too early shows. Otherwise every piece of work is done when its call returns.
STANDIN_API void standin_defer(int32_t deferred);

// Pooled: asked for the context that memory belongs to, the driver knows none, as with memory of its pools.
STANDIN_API void standin_pool(int32_t pooled);

// Memory of each card, 24 GiB by default. Pages are real only where they are touched.
STANDIN_API void standin_memory(int64_t bytes);

// Runs only blocks [first, last) of every launch; negative numbers count from its end. (0, INT64_MAX) runs all.
STANDIN_API void standin_blocks(int64_t first, int64_t last);

// In which order the emulator runs blocks, warps and lanes: 0 forward, 1 reverse, 2 at random by `seed`. late_copies:
// asynchronous copies into shared memory happen in the wait that ends them, not where they are issued.
STANDIN_API void standin_order(int32_t order, uint64_t seed, int32_t late_copies);

// The launches since the last reset, oldest first, at most the 4096 newest: writes up to `capacity` of them and answers
// how many there are. Names stay valid as long as the library is loaded.
typedef struct standin_launch {
  const char* kernel;
  int64_t blocks;
  int32_t threads;
  int32_t device;
} standin_launch;
STANDIN_API int64_t standin_launches(standin_launch* out, int64_t capacity);

// What was found wrong since the last reset, a line each: writes outside an allocation or into freed memory, misuse of
// driver functions, and what the emulator found in kernels. "" if nothing. Valid until the next call of the stand-in.
STANDIN_API const char* standin_reports(void);

#ifdef __cplusplus
}
#endif
#endif
