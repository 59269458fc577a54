// What liblacuna_cuda.so says on a machine that cannot run it. These tests need no GPU and no driver.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "lacuna/lacuna_ops.h"

namespace {

#ifndef LACUNA_CUDA_LIBRARY

TEST(CudaLibrary, IsBuilt) { GTEST_SKIP() << "liblacuna_cuda.so is not built here: nvcc was not found"; }

#else

class CudaLibrary : public testing::Test {
 protected:
  void SetUp() override {
    library_ = dlopen(LACUNA_CUDA_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    ASSERT_TRUE(library_) << dlerror();
  }

  template <class Function>
  Function* find(const char* name) {
    auto* function = reinterpret_cast<Function*>(dlsym(library_, name));
    EXPECT_TRUE(function) << name;
    return function;
  }

  // Opens with the driver at that path and expects to be refused; answers the text.
  std::string refusal(const char* driver, lacuna_status want) {
    lacuna_open_args args{};
    args.struct_size = sizeof args;
    args.library_dir = driver;
    char error[1024] = "";
    lacuna_context* ctx = reinterpret_cast<lacuna_context*>(error);
    EXPECT_EQ(find<decltype(lacuna_context_open)>("lacuna_context_open")(&args, &ctx, error, sizeof error), want);
    EXPECT_EQ(ctx, nullptr);
    return error;
  }

  void* library_ = nullptr;
};

TEST_F(CudaLibrary, SaysThatTheDriverIsMissing) {
  const std::string text = refusal("/nonexistent/libcuda.so.1", LACUNA_UNSUPPORTED);
  EXPECT_EQ(text.find("CUDA: /nonexistent/libcuda.so.1 cannot be loaded ("), 0u) << text;
  EXPECT_NE(text.find("No such file"), std::string::npos) << text;
  EXPECT_NE(text.find("install an NVIDIA driver"), std::string::npos) << text;
}

TEST_F(CudaLibrary, SaysThatALibraryIsNoDriver) {
  const std::string text = refusal("libm.so.6", LACUNA_UNSUPPORTED);
  EXPECT_EQ(text, "CUDA: libm.so.6 lacks cuDriverGetVersion: it is no CUDA driver; install an NVIDIA driver");
}

TEST_F(CudaLibrary, LooksForTheSystemsDriverByDefault) {
  if (void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL)) {
    dlclose(driver);
    GTEST_SKIP() << "this machine has an NVIDIA driver";
  }
  const std::string text = refusal(nullptr, LACUNA_UNSUPPORTED);
  EXPECT_EQ(text.find("CUDA: libcuda.so.1 cannot be loaded ("), 0u) << text;
}

TEST_F(CudaLibrary, KeepsToTheCapacityOfTheErrorBuffer) {
  lacuna_open_args args{};
  args.struct_size = sizeof args;
  args.library_dir = "/nonexistent/libcuda.so.1";
  lacuna_context* ctx = nullptr;
  char error[16];
  std::memset(error, '#', sizeof error);
  EXPECT_EQ(find<decltype(lacuna_context_open)>("lacuna_context_open")(&args, &ctx, error, 8), LACUNA_UNSUPPORTED);
  EXPECT_STREQ(error, "CUDA: /");
  EXPECT_EQ(error[8], '#');
}

TEST_F(CudaLibrary, RefusesArgumentsOfAnotherAbi) {
  auto* open = find<decltype(lacuna_context_open)>("lacuna_context_open");
  lacuna_open_args args{};
  args.struct_size = sizeof args - 1;
  lacuna_context* ctx = nullptr;
  char error[256] = "";
  EXPECT_EQ(open(&args, &ctx, error, sizeof error), LACUNA_ABI_MISMATCH);
  EXPECT_NE(std::string(error).find("struct_size is "), std::string::npos) << error;
  EXPECT_EQ(open(&args, nullptr, error, sizeof error), LACUNA_INVALID_ARGUMENT);
  EXPECT_EQ(open(nullptr, &ctx, nullptr, 0), LACUNA_INVALID_ARGUMENT);
}

TEST_F(CudaLibrary, RefusesToWorkWithoutAContext) {
  void* address = nullptr;
  lacuna_op_fn op = nullptr;
  EXPECT_EQ(find<decltype(lacuna_alloc)>("lacuna_alloc")(nullptr, 64, &address), LACUNA_INVALID_ARGUMENT);
  EXPECT_EQ(find<decltype(lacuna_synchronize)>("lacuna_synchronize")(nullptr), LACUNA_INVALID_ARGUMENT);
  EXPECT_EQ(find<decltype(lacuna_op_lookup)>("lacuna_op_lookup")(nullptr, 0, &op), LACUNA_INVALID_ARGUMENT);
  EXPECT_STREQ(find<decltype(lacuna_last_error)>("lacuna_last_error")(nullptr), "context: is NULL");
  find<decltype(lacuna_context_close)>("lacuna_context_close")(nullptr);
}

TEST_F(CudaLibrary, HasTheOpTableOfTheCpuLibrary) {
  EXPECT_EQ(find<decltype(lacuna_abi_version)>("lacuna_abi_version")(), lacuna_abi_version());
  ASSERT_EQ(find<decltype(lacuna_op_count)>("lacuna_op_count")(), lacuna_op_count());
  const lacuna_op_info* cuda = find<decltype(lacuna_op_table)>("lacuna_op_table")();
  const lacuna_op_info* cpu = lacuna_op_table();
  for (int32_t op = 0; op < lacuna_op_count(); ++op) {
    EXPECT_STREQ(cuda[op].name, cpu[op].name);
    EXPECT_EQ(cuda[op].id, cpu[op].id);
    EXPECT_EQ(cuda[op].struct_size, cpu[op].struct_size);
    EXPECT_EQ(cuda[op].field_count, cpu[op].field_count);
  }
}

#endif

}  // namespace
