// The CUDA driver, loaded at run time: a table of the functions that Lacuna calls, with names and prototypes of its
// own, since NVIDIA's header would turn them into the newest versions and shut out older drivers.
#ifndef LACUNA_SRC_CUDA_DRIVER_H
#define LACUNA_SRC_CUDA_DRIVER_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace lacuna::cuda {

using DriverResult = int;  // 0 is success
using DevicePointer = uint64_t;
using Device = int;
using DriverContext = struct DriverContextHandle*;
using Stream = struct StreamHandle*;
using Event = struct EventHandle*;
using Module = struct ModuleHandle*;
using Function = struct FunctionHandle*;

constexpr DriverResult kOutOfMemory = 2;
constexpr DriverResult kNoBinary = 209;  // for this card
constexpr int kOldestDriver = 11000;     // CUDA 11.0 = branch R450: reads PTX 7.0
constexpr int kCubinDriver = 13000;      // reads the ELF format of the embedded cubins
constexpr int kAttributeMajor = 75;      // compute capability
constexpr int kAttributeMinor = 76;
constexpr int kPointerContext = 1;  // attributes of cuPointerGetAttribute
constexpr int kPointerMemoryType = 2;
constexpr int kPointerIsManaged = 8;
constexpr int kPointerDevice = 9;
constexpr int kPointerRangeStart = 11;
constexpr int kPointerRangeSize = 12;
constexpr unsigned kMemoryTypeDevice = 2;  // values of kPointerMemoryType
constexpr unsigned kStreamNonBlocking = 1;
constexpr uintptr_t kStreamPerThread = 2;  // a handle that means another stream in each thread
constexpr unsigned kEventTiming = 0;
constexpr unsigned kEventNoTiming = 2;
constexpr int kJitErrorLog = 5;  // options of cuModuleLoadDataEx
constexpr int kJitErrorLogBytes = 6;

// F(name, parameter types...)
#define LACUNA_DRIVER_FUNCTIONS(F)                                                                                  \
  F(cuInit, unsigned)                                                                                               \
  F(cuGetErrorName, DriverResult, const char**)                                                                     \
  F(cuGetErrorString, DriverResult, const char**)                                                                   \
  F(cuDeviceGetCount, int*)                                                                                         \
  F(cuDeviceGet, Device*, int)                                                                                      \
  F(cuDeviceGetName, char*, int, Device)                                                                            \
  F(cuDeviceGetAttribute, int*, int, Device)                                                                        \
  F(cuDevicePrimaryCtxRetain, DriverContext*, Device)                                                               \
  F(cuDevicePrimaryCtxRelease_v2, Device)                                                                           \
  F(cuCtxPushCurrent_v2, DriverContext)                                                                             \
  F(cuCtxPopCurrent_v2, DriverContext*)                                                                             \
  F(cuCtxSynchronize)                                                                                               \
  F(cuStreamCreate, Stream*, unsigned)                                                                              \
  F(cuStreamGetCtx, Stream, DriverContext*)                                                                         \
  F(cuStreamWaitEvent, Stream, Event, unsigned)                                                                     \
  F(cuStreamSynchronize, Stream)                                                                                    \
  F(cuStreamDestroy_v2, Stream)                                                                                     \
  F(cuEventCreate, Event*, unsigned)                                                                                \
  F(cuEventRecord, Event, Stream)                                                                                   \
  F(cuEventSynchronize, Event)                                                                                      \
  F(cuEventElapsedTime, float*, Event, Event)                                                                       \
  F(cuEventDestroy_v2, Event)                                                                                       \
  F(cuMemAlloc_v2, DevicePointer*, size_t)                                                                          \
  F(cuMemFree_v2, DevicePointer)                                                                                    \
  F(cuMemAllocHost_v2, void**, size_t)                                                                              \
  F(cuMemFreeHost, void*)                                                                                           \
  F(cuPointerGetAttribute, void*, int, DevicePointer)                                                               \
  F(cuMemsetD8Async, DevicePointer, unsigned char, size_t, Stream)                                                  \
  F(cuMemcpyHtoDAsync_v2, DevicePointer, const void*, size_t, Stream)                                               \
  F(cuMemcpyDtoHAsync_v2, void*, DevicePointer, size_t, Stream)                                                     \
  F(cuMemcpyDtoDAsync_v2, DevicePointer, DevicePointer, size_t, Stream)                                             \
  F(cuModuleLoadDataEx, Module*, const void*, unsigned, int*, void**)                                               \
  F(cuModuleUnload, Module)                                                                                         \
  F(cuModuleGetFunction, Function*, Module, const char*)                                                            \
  F(cuLaunchKernel, Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, Stream, void**, \
    void**)

// Calls a function of the driver and notes its name where it fails.
template <class... Parameters>
struct DriverFunction {
  const char* name;
  const char*& failed;
  DriverResult (*address)(Parameters...) = nullptr;

  DriverResult operator()(Parameters... arguments) const {
    const DriverResult result = address(arguments...);
    if (result != 0) failed = name;
    return result;
  }
};

struct Driver {
  Driver() = default;
  Driver(const Driver&) = delete;

  mutable const char* failed = "";  // the function that failed last
#define LACUNA_DRIVER_MEMBER(name, ...) DriverFunction<__VA_ARGS__> name{#name, failed};
  LACUNA_DRIVER_FUNCTIONS(LACUNA_DRIVER_MEMBER)
#undef LACUNA_DRIVER_MEMBER
  int version = 0;  // 1000 major + 10 minor, as cuDriverGetVersion has it

  // Fills the table from the library at path and initialises the driver; false with the reason in error. The library
  // stays loaded: the driver does not survive being unloaded.
  bool load(const std::string& path, std::string& error);

  // Of the call that failed last: "cuInit: CUDA_ERROR_NO_DEVICE (100): no CUDA-capable device is detected"
  std::string text(DriverResult result) const;
};

// 12040 -> "12.4"
std::string version_text(int version);

}  // namespace lacuna::cuda
#endif
