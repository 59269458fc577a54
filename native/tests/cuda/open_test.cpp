// What liblacuna_cuda.so says where it cannot run, and what it says of the driver and card that it finds.
#include <cstring>

#include "cuda_library.h"

namespace lacuna::test {
namespace {

// Opens with the driver at that path and expects to be refused; answers the text.
std::string refusal(const char* driver, lacuna_status want = LACUNA_UNSUPPORTED, int device = 0) {
  lacuna_open_args args{};
  args.struct_size = sizeof args;
  args.library_dir = driver;
  args.device = device;
  char error[1024] = "";
  lacuna_context* ctx = reinterpret_cast<lacuna_context*>(error);
  EXPECT_EQ(want, CudaLibrary::get().lacuna_context_open(&args, &ctx, error, sizeof error)) << error;
  EXPECT_EQ(nullptr, ctx);
  return error;
}

// The stand-in as the machine that LACUNA_STANDIN names.
class Variant {
 public:
  explicit Variant(const char* name) {
    setenv("LACUNA_STANDIN", name, 1);
    Standin::get().standin_reset();
  }
  ~Variant() {
    unsetenv("LACUNA_STANDIN");
    Standin::get().standin_reset();
  }
};

TEST(CudaOpen, SaysThatTheDriverIsMissing) {
  const std::string text = refusal("/nonexistent/libcuda.so.1");
  EXPECT_EQ(text.find("CUDA: /nonexistent/libcuda.so.1 cannot be loaded ("), 0u) << text;
  EXPECT_NE(text.find("No such file"), std::string::npos) << text;
  EXPECT_NE(text.find("install an NVIDIA driver"), std::string::npos) << text;
}

TEST(CudaOpen, SaysThatALibraryIsNoDriver) {
  const std::string text = refusal("libm.so.6");
  EXPECT_EQ(text, "CUDA: libm.so.6 lacks cuDriverGetVersion: it is no CUDA driver; install an NVIDIA driver");
}

TEST(CudaOpen, LooksForTheSystemsDriverByDefault) {
  if (void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL)) {
    dlclose(driver);
    GTEST_SKIP() << "this machine has an NVIDIA driver";
  }
  const std::string text = refusal(nullptr);
  EXPECT_EQ(text.find("CUDA: libcuda.so.1 cannot be loaded ("), 0u) << text;
}

TEST(CudaOpen, KeepsToTheCapacityOfTheErrorBuffer) {
  lacuna_open_args args{};
  args.struct_size = sizeof args;
  args.library_dir = "/nonexistent/libcuda.so.1";
  lacuna_context* ctx = nullptr;
  char error[16];
  std::memset(error, '#', sizeof error);
  EXPECT_EQ(LACUNA_UNSUPPORTED, CudaLibrary::get().lacuna_context_open(&args, &ctx, error, 8));
  EXPECT_STREQ(error, "CUDA: /");
  EXPECT_EQ(error[8], '#');
}

TEST(CudaOpen, RefusesArgumentsOfAnotherAbi) {
  auto* open = CudaLibrary::get().lacuna_context_open;
  lacuna_open_args args{};
  args.struct_size = sizeof args - 1;
  lacuna_context* ctx = nullptr;
  char error[256] = "";
  EXPECT_EQ(open(&args, &ctx, error, sizeof error), LACUNA_ABI_MISMATCH);
  EXPECT_NE(std::string(error).find("struct_size is "), std::string::npos) << error;
  EXPECT_EQ(open(&args, nullptr, error, sizeof error), LACUNA_INVALID_ARGUMENT);
  EXPECT_EQ(open(nullptr, &ctx, nullptr, 0), LACUNA_INVALID_ARGUMENT);
}

TEST(CudaOpen, RefusesToWorkWithoutAContext) {
  void* address = nullptr;
  lacuna_op_fn op = nullptr;
  EXPECT_EQ(CudaLibrary::get().lacuna_alloc(nullptr, 64, &address), LACUNA_INVALID_ARGUMENT);
  EXPECT_EQ(CudaLibrary::get().lacuna_synchronize(nullptr), LACUNA_INVALID_ARGUMENT);
  EXPECT_EQ(CudaLibrary::get().lacuna_op_lookup(nullptr, 0, &op), LACUNA_INVALID_ARGUMENT);
  EXPECT_STREQ(CudaLibrary::get().lacuna_last_error(nullptr), "context: is NULL");
  CudaLibrary::get().lacuna_context_close(nullptr);
}

TEST(CudaOpen, HasTheOpTableOfTheCpuLibrary) {
  EXPECT_EQ(CudaLibrary::get().lacuna_abi_version(), lacuna_abi_version());
  ASSERT_EQ(CudaLibrary::get().lacuna_op_count(), lacuna_op_count());
  const lacuna_op_info* cuda = CudaLibrary::get().lacuna_op_table();
  const lacuna_op_info* cpu = lacuna_op_table();
  for (int32_t op = 0; op < lacuna_op_count(); ++op) {
    EXPECT_STREQ(cuda[op].name, cpu[op].name);
    EXPECT_EQ(cuda[op].id, cpu[op].id);
    EXPECT_EQ(cuda[op].struct_size, cpu[op].struct_size);
    EXPECT_EQ(cuda[op].field_count, cpu[op].field_count);
  }
}

TEST(CudaOpen, GivesEveryUnusableMachineAReasonOfItsOwn) {
  const auto refused = [](const char* variant, lacuna_status want = LACUNA_UNSUPPORTED) {
    const Variant machine(variant);
    const std::string text = refusal(driver_path(), want);
    EXPECT_EQ(0, Standin::get().counts().contexts) << variant;
    return text;
  };
  EXPECT_EQ("CUDA: the driver is of CUDA 10.2, want CUDA 11.0 (R450) or newer; install a newer NVIDIA driver",
            refused("too-old"));
  EXPECT_EQ(
      "CUDA: the driver finds no NVIDIA GPU on this machine (cuInit: CUDA_ERROR_NO_DEVICE (100): no CUDA-capable "
      "device "
      "is detected)",
      refused("no-device"));
  EXPECT_EQ(
      "CUDA: device 0 (Lacuna stand-in 0) cannot be prepared: cuMemAlloc_v2: CUDA_ERROR_OUT_OF_MEMORY (2): out of "
      "memory",
      refused("out-of-memory", LACUNA_OUT_OF_MEMORY));
  EXPECT_EQ(
      "CUDA: the driver does not start: cuInit: CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803): system has unsupported "
      "display "
      "driver / cuda driver combination",
      refused("broken"));
}

TEST(CudaOpen, RefusesADeviceThatIsNotThere) {
  Standin::get().standin_reset();
  for (const int device : {-1, 2}) {
    EXPECT_EQ("CUDA: device is " + std::to_string(device) + ", this machine has 0 to 1",
              refusal(driver_path(), LACUNA_INVALID_ARGUMENT, device));
  }
}

// What the driver takes of the kernels: a context of its own and an op that needs those of one family.
class CudaImages : public testing::Test {
 protected:
  // max(x, 0) of one number.
  static lacuna_status run(const DeviceContext& ctx) {
    void* memory = nullptr;  // for the context to free
    const float x = 1;
    EXPECT_EQ(LACUNA_OK, ctx.cuda.lacuna_alloc(ctx, 8, &memory)) << ctx.error();
    EXPECT_EQ(LACUNA_OK, ctx.cuda.lacuna_upload(ctx, memory, &x, 4)) << ctx.error();
    lacuna_op_fn function = nullptr;
    EXPECT_EQ(LACUNA_OK, ctx.cuda.lacuna_op_lookup(ctx, LACUNA_OP_elementwise_fwd, &function));
    lacuna_elementwise_fwd_args args{};
    args.struct_size = sizeof args;
    args.n = args.d = args.ld_x = args.ld_out = 1;
    args.code = 3;
    args.x = static_cast<float*>(memory);
    args.out = args.x + 1;
    return function(ctx, &args);
  }
  static std::string describe(const DeviceContext& ctx) { return ctx.cuda.lacuna_describe(ctx); }

  void SetUp() override { driver.standin_reset(); }

  const Standin& driver = Standin::get();
};

TEST_F(CudaImages, AreLoadedAtTheFirstUseOfTheirKernels) {
  const DeviceContext ctx;
  EXPECT_EQ("device=cuda;ordinal=0;name=Lacuna stand-in 0;compute=8.0;driver=13.0", describe(ctx));
  EXPECT_EQ(0, driver.standin_calls("cuModuleLoadDataEx"));
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(LACUNA_OK, run(ctx)) << ctx.error();
    EXPECT_EQ("device=cuda;ordinal=0;name=Lacuna stand-in 0;compute=8.0;driver=13.0;elementwise=sm_80", describe(ctx));
    EXPECT_EQ(1, driver.standin_calls("cuModuleLoadDataEx"));
  }
}

TEST_F(CudaImages, ArePtxForADriverThatCannotReadTodaysMachineCode) {
  const Variant machine("old-ptx-only");
  const DeviceContext ctx;
  ASSERT_EQ(LACUNA_OK, run(ctx)) << ctx.error();
  EXPECT_EQ("device=cuda;ordinal=0;name=Lacuna stand-in 0;compute=8.0;driver=12.4;elementwise=PTX", describe(ctx));
}

constexpr int kInvalidPtx = 218;

TEST_F(CudaImages, ArePtxWhereMachineCodeIsRefused) {
  const DeviceContext ctx;
  driver.standin_fail("cuModuleLoadDataEx", 1, cuda::kNoBinary);
  ASSERT_EQ(LACUNA_OK, run(ctx)) << ctx.error();
  EXPECT_NE(
      std::string::npos,
      describe(ctx).find(";elementwise=PTX (sm_80 refused: cuModuleLoadDataEx: CUDA_ERROR_NO_BINARY_FOR_GPU (209)"))
      << describe(ctx);
}

TEST_F(CudaImages, GiveBothReasonsWhereNothingHelps) {
  const DeviceContext ctx;
  driver.standin_fail("cuModuleLoadDataEx", 1, cuda::kNoBinary);
  driver.standin_fail("cuModuleLoadDataEx", 2, kInvalidPtx);
  EXPECT_EQ(LACUNA_DEVICE_ERROR, run(ctx));
  const std::string text = ctx.error();
  EXPECT_EQ(0u,
            text.find("elementwise_fwd: elementwise_fwd: the driver refuses the kernels of elementwise: sm_80 refused: "
                      "cuModuleLoadDataEx: CUDA_ERROR_NO_BINARY_FOR_GPU (209)"))
      << text;
  EXPECT_NE(std::string::npos, text.find("; PTX refused: cuModuleLoadDataEx: CUDA_ERROR_INVALID_PTX (218)")) << text;
}

TEST_F(CudaImages, WaitForMemory) {
  for (const char* function : {"cuModuleLoadDataEx", "cuModuleGetFunction", "cuLaunchKernel"}) {
    const DeviceContext ctx;
    driver.standin_fail(function, 1, cuda::kOutOfMemory);
    EXPECT_EQ(LACUNA_OUT_OF_MEMORY, run(ctx)) << function;
    EXPECT_NE(std::string::npos, ctx.error().find(std::string(function) + ": CUDA_ERROR_OUT_OF_MEMORY (2)"))
        << ctx.error();
    EXPECT_EQ(LACUNA_OK, run(ctx)) << ctx.error();
    EXPECT_NE(std::string::npos, describe(ctx).find(";elementwise=sm_80")) << "not the slower form: " << describe(ctx);
  }
}

}  // namespace
}  // namespace lacuna::test
