// liblacuna_cuda.so on the stand-in driver, as the tests use it: both loaded at run time, functions by name.
#ifndef LACUNA_TESTS_CUDA_CUDA_LIBRARY_H
#define LACUNA_TESTS_CUDA_CUDA_LIBRARY_H

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "cuda/driver.h"
#include "emulator/standin.h"
#include "lacuna/lacuna_ops.h"
#include "sanitized.h"

namespace lacuna::test {

inline void* load_library(const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  EXPECT_TRUE(library) << dlerror();
  return library;
}

template <class Function>
void find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  EXPECT_TRUE(function) << name;
}

// What the tests call of liblacuna_cuda.so, or of the library that LACUNA_CUDA_LIBRARY names: a mutant's. The same
// names are linked in from the CPU library, so these are looked up.
struct CudaLibrary {
// clang-format off: it never settles on these lists.
#define LACUNA_CUDA_TESTED(F)  \
  F(lacuna_context_open)       \
  F(lacuna_context_close)      \
  F(lacuna_last_error)         \
  F(lacuna_describe)           \
  F(lacuna_alloc)              \
  F(lacuna_free)               \
  F(lacuna_upload)             \
  F(lacuna_download)           \
  F(lacuna_copy)               \
  F(lacuna_synchronize)        \
  F(lacuna_synchronize_device) \
  F(lacuna_adopt)              \
  F(lacuna_release)            \
  F(lacuna_stream)             \
  F(lacuna_use_stream)         \
  F(lacuna_timer_start)        \
  F(lacuna_timer_stop)         \
  F(lacuna_op_lookup)          \
  F(lacuna_workspace)          \
  F(lacuna_abi_version)        \
  F(lacuna_op_count)           \
  F(lacuna_op_table)
// clang-format on
#define LACUNA_CUDA_POINTER(name) decltype(&::name) name = nullptr;
  LACUNA_CUDA_TESTED(LACUNA_CUDA_POINTER)
#undef LACUNA_CUDA_POINTER

  CudaLibrary() {
    const char* const chosen = std::getenv("LACUNA_CUDA_LIBRARY");
    void* const library = load_library(chosen ? chosen : LACUNA_CUDA_LIBRARY);
#define LACUNA_CUDA_FIND(name) find(library, #name, name);
    LACUNA_CUDA_TESTED(LACUNA_CUDA_FIND)
#undef LACUNA_CUDA_FIND
  }

  static const CudaLibrary& get() {
    static const CudaLibrary library;
    return library;
  }
};

// The driver under test: the stand-in, or the library that LACUNA_CUDA_DRIVER names, say the stand-in in check
// mode.
inline const char* driver_path() {
  const char* chosen = std::getenv("LACUNA_CUDA_DRIVER");
  return chosen ? chosen : LACUNA_CUDA_STANDIN;
}

// The stand-in driver: its control functions, and the driver's own as another user of the driver calls them.
struct Standin : lacuna::cuda::Driver {
// clang-format off
#define LACUNA_STANDIN_TESTED(F) \
  F(standin_reset) \
  F(standin_count) \
  F(standin_calls) \
  F(standin_fail) \
  F(standin_defer) \
  F(standin_pool) \
  F(standin_memory) \
  F(standin_blocks) \
  F(standin_order) \
  F(standin_launches) \
  F(standin_reports)
// clang-format on
#define LACUNA_STANDIN_POINTER(name) decltype(&::name) name = nullptr;
  LACUNA_STANDIN_TESTED(LACUNA_STANDIN_POINTER)
#undef LACUNA_STANDIN_POINTER

  Standin() {
    void* const library = load_library(driver_path());
#define LACUNA_STANDIN_FIND(name) find(library, #name, name);
    LACUNA_STANDIN_TESTED(LACUNA_STANDIN_FIND)
#undef LACUNA_STANDIN_FIND
#define LACUNA_STANDIN_FIND(name, ...) find(library, #name, name.address);
    LACUNA_DRIVER_FUNCTIONS(LACUNA_STANDIN_FIND)
#undef LACUNA_STANDIN_FIND
  }

  static const Standin& get() {
    static const Standin driver;
    return driver;
  }

  standin_counts counts() const {
    standin_counts counts;
    standin_count(&counts);
    return counts;
  }
};

// Whether tensors lie in slabs, as a user's do, or each in an allocation of its own, which shows where it ends.
enum class Slabs { kOff, kOn };

// Opens a context of the CUDA library; the reason in `error` where that fails.
inline lacuna_status open_device(lacuna_context** ctx, std::string& error, int device = 0, Slabs slabs = Slabs::kOff) {
  setenv("LACUNA_CUDA_SLABS", slabs == Slabs::kOn ? "1" : "0", 1);
  const lacuna_open_args args{sizeof(lacuna_open_args), 0, 0, device, driver_path()};
  char text[1024] = "";
  const lacuna_status status = CudaLibrary::get().lacuna_context_open(&args, ctx, text, sizeof text);
  error = text;
  return status;
}

// A context of the CUDA library.
class DeviceContext {
 public:
  explicit DeviceContext(int device = 0, Slabs slabs = Slabs::kOff) {
    std::string error;
    EXPECT_EQ(LACUNA_OK, open_device(&ctx_, error, device, slabs)) << error;
  }
  ~DeviceContext() { cuda.lacuna_context_close(ctx_); }
  DeviceContext(const DeviceContext&) = delete;
  DeviceContext& operator=(const DeviceContext&) = delete;

  operator lacuna_context*() const { return ctx_; }
  std::string error() const { return cuda.lacuna_last_error(ctx_); }

  const CudaLibrary& cuda = CudaLibrary::get();

 private:
  lacuna_context* ctx_ = nullptr;
};

// Device memory of exactly so many bytes.
class DeviceBlock {
 public:
  DeviceBlock(const DeviceContext& ctx, int64_t bytes) : ctx_(ctx) {
    EXPECT_EQ(LACUNA_OK, ctx.cuda.lacuna_alloc(ctx, bytes, &address_)) << ctx.error();
  }
  ~DeviceBlock() { EXPECT_EQ(LACUNA_OK, ctx_.cuda.lacuna_free(ctx_, address_)); }
  DeviceBlock(const DeviceBlock&) = delete;
  DeviceBlock& operator=(const DeviceBlock&) = delete;

  void* address() const { return address_; }

 private:
  const DeviceContext& ctx_;
  void* address_ = nullptr;
};

}  // namespace lacuna::test
#endif
