// The stand-in driver holds its callers to CUDA's rules: what the other tests rely on when they find nothing wrong.
#include <cstring>
#include <vector>

#include "cuda_library.h"

namespace lacuna::test {
namespace {

using cuda::DevicePointer;
using cuda::Event;
using cuda::Function;
using cuda::Module;
using cuda::Stream;

constexpr int kInvalidValue = 1, kOutOfMemory = 2, kInvalidContext = 201, kInvalidImage = 200, kNoBinary = 209,
              kInvalidPtx = 218, kUnsupportedPtx = 222, kInvalidHandle = 400, kNotFound = 500, kNotReady = 600,
              kIllegalAddress = 700, kOutOfResources = 701;

// A program on card 1 of the stand-in, without Lacuna. What it leaves lying about goes with the card's context.
class StandinDriver : public testing::Test {
 protected:
  void SetUp() override {
    driver.standin_reset();
    ASSERT_EQ(0, driver.cuInit(0));
    ASSERT_EQ(0, driver.cuDevicePrimaryCtxRetain(&context, 1));
    ASSERT_EQ(0, driver.cuCtxPushCurrent_v2(context));
    ASSERT_EQ(0, driver.cuStreamCreate(&stream, 1));
  }
  void TearDown() override {
    cuda::DriverContext popped = nullptr;
    driver.cuCtxPopCurrent_v2(&popped);
    EXPECT_EQ(0, driver.cuDevicePrimaryCtxRelease_v2(1));
    driver.standin_reset();
  }

  DevicePointer allocate(size_t bytes) {
    DevicePointer address = 0;
    EXPECT_EQ(0, driver.cuMemAlloc_v2(&address, bytes));
    return address;
  }
  template <class T>
  T* pinned(size_t count) {
    void* address = nullptr;
    EXPECT_EQ(0, driver.cuMemAllocHost_v2(&address, count * sizeof(T)));
    return static_cast<T*>(address);
  }

  // rls_fold: y[i] = the sum of partial[:, i] over `chunks` rows, i < s.
  int fold(int64_t s, DevicePointer partial, DevicePointer y, unsigned threads = 256) {
    Module module = nullptr;
    Function function = nullptr;
    EXPECT_EQ(0, driver.cuModuleLoadDataEx(&module, kPtx, 0, nullptr, nullptr));
    EXPECT_EQ(0, driver.cuModuleGetFunction(&function, module, "rls_fold"));
    int64_t chunks = 1;
    DevicePointer decided = 0;
    void* arguments[] = {&s, &chunks, &partial, &s, &decided, &y};
    const int result = driver.cuLaunchKernel(function, static_cast<unsigned>((s + 31) / 32), 1, 1, threads, 1, 1, 0,
                                             stream, arguments, nullptr);
    s = chunks = 0;  // the driver has copied them
    return result;
  }

  std::string reports() const { return driver.standin_reports(); }
  bool reported(const std::string& text) const { return reports().find(text) != std::string::npos; }

  static constexpr char kPtx[] = "//\n.version 7.0\n.target sm_80\n.address_size 64\n.visible .entry rls_fold(\n)\n";

  const Standin& driver = Standin::get();
  cuda::DriverContext context = nullptr;
  Stream stream = nullptr;
};

// Memory.

TEST_F(StandinDriver, FillsNewMemoryWithNaNAndKeepsDeviceAddressesApart) {
  float* const host = pinned<float>(4);
  const DevicePointer block = allocate(16);
  EXPECT_EQ(0u, block % 256);
  ASSERT_EQ(0, driver.cuMemcpyDtoHAsync_v2(host, block, 16, stream));
  for (int i = 0; i < 4; ++i) EXPECT_NE(host[i], host[i]);
  EXPECT_EQ(kInvalidValue, driver.cuMemcpyDtoHAsync_v2(reinterpret_cast<void*>(block), block, 16, stream));
  EXPECT_TRUE(reported("a device address where host memory is wanted"));
}

TEST_F(StandinDriver, RefusesRangesThatDoNotLieInOneLiveBlock) {
  char* const host = pinned<char>(64);
  const DevicePointer a = allocate(32), b = allocate(32);
  EXPECT_EQ(0, driver.cuMemcpyHtoDAsync_v2(a, host, 32, stream));
  EXPECT_EQ(kInvalidValue, driver.cuMemcpyHtoDAsync_v2(a, host, 33, stream));
  EXPECT_EQ(kInvalidValue, driver.cuMemcpyDtoHAsync_v2(host, a + 31, 2, stream));
  EXPECT_EQ(kInvalidValue, driver.cuMemsetD8Async(a - 1, 0, 1, stream));
  EXPECT_EQ(kInvalidValue, driver.cuMemcpyDtoDAsync_v2(a, b, 33, stream));
  EXPECT_EQ(kInvalidValue, driver.cuMemcpyDtoDAsync_v2(reinterpret_cast<DevicePointer>(host), b, 8, stream));
  EXPECT_EQ(0, driver.cuMemFree_v2(b));
  EXPECT_EQ(kInvalidValue, driver.cuMemcpyDtoDAsync_v2(a, b, 32, stream));
  EXPECT_EQ(kInvalidValue, driver.cuMemFree_v2(b)) << "freed twice";
  EXPECT_EQ(kInvalidValue, driver.cuMemFree_v2(a + 8));
  EXPECT_TRUE(reported("lies in no block of device memory"));
}

TEST_F(StandinDriver, FindsAKernelsWriteBehindItsBlock) {
  if (kAddressSanitizer) GTEST_SKIP() << "AddressSanitizer sees it first";
  const DevicePointer partial = allocate(40 * 4), y = allocate(39 * 4);
  ASSERT_EQ(0, driver.cuMemsetD8Async(partial, 0, 40 * 4, stream));
  const int result = fold(40, partial, y);
  EXPECT_NE(0, result);
  // In check mode the kernel's line is known as well.
  EXPECT_TRUE(reported("rls_fold: a write 0 bytes after the end of a block of 156 bytes") ||
              reported("out of bounds: rls_fold, block 1, thread 7 writes 4 bytes at "))
      << reports();
  EXPECT_EQ(result, driver.cuStreamSynchronize(stream)) << "the card's context is broken from here on";
}

TEST_F(StandinDriver, FindsAWriteInFrontOfABlock) {
  if (kAddressSanitizer) GTEST_SKIP() << "AddressSanitizer sees it first";
  const DevicePointer y = allocate(40 * 4);
  reinterpret_cast<char*>(y)[-3] = 1;
  EXPECT_EQ(kIllegalAddress, driver.cuStreamSynchronize(stream));
  EXPECT_TRUE(reported("a write 3 bytes before a block of 160 bytes")) << reports();
}

TEST_F(StandinDriver, FindsAWriteIntoFreedMemory) {
  if (kAddressSanitizer) GTEST_SKIP() << "AddressSanitizer sees it first";
  const DevicePointer block = allocate(100);
  EXPECT_EQ(0, driver.cuMemFree_v2(block));
  reinterpret_cast<char*>(block)[5] = 1;
  EXPECT_TRUE(reported("a write at byte 5 of a freed block of 100 bytes")) << reports();
}

TEST_F(StandinDriver, HasAsMuchMemoryAsItIsTold) {
  driver.standin_memory(1000);
  DevicePointer address = 0;
  EXPECT_EQ(kOutOfMemory, driver.cuMemAlloc_v2(&address, 1001));
  const DevicePointer block = allocate(600);
  EXPECT_EQ(kOutOfMemory, driver.cuMemAlloc_v2(&address, 401));
  EXPECT_EQ(0, driver.cuMemFree_v2(block));
  EXPECT_NE(0u, allocate(1000));
}

// Order of work.

TEST_F(StandinDriver, WorksLateWhereItMayAndReadsPageLockedMemoryThen) {
  driver.standin_defer(1);
  int* const host = pinned<int>(1);
  const DevicePointer block = allocate(4);
  *host = 1;
  ASSERT_EQ(0, driver.cuMemcpyHtoDAsync_v2(block, host, 4, stream));
  *host = 2;  // too early
  ASSERT_EQ(0, driver.cuStreamSynchronize(stream));
  ASSERT_EQ(0, driver.cuMemcpyDtoHAsync_v2(host, block, 4, stream));
  *host = 3;
  EXPECT_EQ(3, *host) << "nobody has waited";
  ASSERT_EQ(0, driver.cuStreamSynchronize(stream));
  EXPECT_EQ(2, *host);
}

TEST_F(StandinDriver, CopiesOtherHostMemoryBeforeTheCallReturns) {
  driver.standin_defer(1);
  int host = 1, back = 0;
  const DevicePointer block = allocate(4);
  ASSERT_EQ(0, driver.cuMemcpyHtoDAsync_v2(block, &host, 4, stream));
  host = 2;
  ASSERT_EQ(0, driver.cuMemcpyDtoHAsync_v2(&back, block, 4, stream));
  EXPECT_EQ(1, back);
  EXPECT_EQ(2, driver.counts().pageable_copies);
}

TEST_F(StandinDriver, WaitsForAnEventAndNotForWhatComesBehindIt) {
  driver.standin_defer(1);
  int* const host = pinned<int>(2);
  host[0] = host[1] = 0;
  const DevicePointer block = allocate(8);
  Event event = nullptr;
  ASSERT_EQ(0, driver.cuEventCreate(&event, 0));
  ASSERT_EQ(0, driver.cuEventSynchronize(event)) << "an event that was never recorded has happened";
  ASSERT_EQ(0, driver.cuMemsetD8Async(block, 1, 8, stream));
  ASSERT_EQ(0, driver.cuMemcpyDtoHAsync_v2(&host[0], block, 4, stream));
  ASSERT_EQ(0, driver.cuEventRecord(event, stream));
  ASSERT_EQ(0, driver.cuMemcpyDtoHAsync_v2(&host[1], block, 4, stream));
  ASSERT_EQ(0, driver.cuEventSynchronize(event));
  EXPECT_EQ(0x01010101, host[0]);
  EXPECT_EQ(0, host[1]);
}

TEST_F(StandinDriver, OrdersStreamsByEventsOnly) {
  driver.standin_defer(1);
  Stream other = nullptr;
  Event event = nullptr;
  ASSERT_EQ(0, driver.cuStreamCreate(&other, 1));
  ASSERT_EQ(0, driver.cuEventCreate(&event, 0));
  int* const host = pinned<int>(2);
  const DevicePointer block = allocate(4);
  ASSERT_EQ(0, driver.cuMemsetD8Async(block, 1, 4, stream));
  ASSERT_EQ(0, driver.cuMemcpyDtoHAsync_v2(&host[0], block, 4, other));
  ASSERT_EQ(0, driver.cuStreamSynchronize(other));
  EXPECT_EQ(-1, host[0]) << "the other stream does not wait by itself";
  ASSERT_EQ(0, driver.cuEventRecord(event, stream));
  ASSERT_EQ(0, driver.cuStreamWaitEvent(other, event, 0));
  ASSERT_EQ(0, driver.cuMemcpyDtoHAsync_v2(&host[1], block, 4, other));
  ASSERT_EQ(0, driver.cuStreamSynchronize(other));
  EXPECT_EQ(0x01010101, host[1]);
}

TEST_F(StandinDriver, TimesOnlyWhatHasHappened) {
  driver.standin_defer(1);
  Event start = nullptr, stop = nullptr;
  ASSERT_EQ(0, driver.cuEventCreate(&start, 0));
  ASSERT_EQ(0, driver.cuEventCreate(&stop, 0));
  float milliseconds = -1;
  EXPECT_EQ(kInvalidHandle, driver.cuEventElapsedTime(&milliseconds, start, stop));
  ASSERT_EQ(0, driver.cuEventRecord(start, stream));
  ASSERT_EQ(0, driver.cuEventRecord(stop, stream));
  EXPECT_EQ(kNotReady, driver.cuEventElapsedTime(&milliseconds, start, stop));
  ASSERT_EQ(0, driver.cuEventSynchronize(stop));
  EXPECT_EQ(0, driver.cuEventElapsedTime(&milliseconds, start, stop));
  EXPECT_GE(milliseconds, 0);
}

// Kernels.

TEST_F(StandinDriver, CopiesArgumentsWhenAKernelIsLaunched) {
  driver.standin_defer(1);
  float* const host = pinned<float>(3);
  for (int i = 0; i < 3; ++i) host[i] = static_cast<float>(i + 1);
  const DevicePointer partial = allocate(12), y = allocate(12);
  ASSERT_EQ(0, driver.cuMemcpyHtoDAsync_v2(partial, host, 12, stream));
  ASSERT_EQ(0, fold(3, partial, y));
  float* const result = pinned<float>(3);
  ASSERT_EQ(0, driver.cuMemcpyDtoHAsync_v2(result, y, 12, stream));
  ASSERT_EQ(0, driver.cuStreamSynchronize(stream));
  EXPECT_EQ(0, std::memcmp(host, result, 12));
}

TEST_F(StandinDriver, RefusesABlockBeyondTheKernelsLaunchBound) {
  const DevicePointer partial = allocate(12), y = allocate(12);
  EXPECT_EQ(kOutOfResources, fold(3, partial, y, 512));
  EXPECT_TRUE(reported("rls_fold: 512 threads a block, its launch bound is 256")) << reports();
  EXPECT_EQ(0, driver.counts().launches);
}

TEST_F(StandinDriver, RefusesImagesThatADriverWouldRefuse) {
  Module module = nullptr;
  char log[200] = "?";
  int options[] = {cuda::kJitErrorLog, cuda::kJitErrorLogBytes};
  void* values[] = {log, reinterpret_cast<void*>(sizeof log)};
  const auto load = [&](const char* image) { return driver.cuModuleLoadDataEx(&module, image, 2, options, values); };
  EXPECT_EQ(kInvalidPtx, load("int main() {}"));
  EXPECT_STREQ("no .version and .target", log);
  EXPECT_EQ(kUnsupportedPtx, load("\n.version 9.1\n.target sm_80\n"));
  EXPECT_STREQ("Unsupported .version 9.1", log);
  EXPECT_EQ(kNoBinary, load("\n.version 7.0\n.target sm_100\n"));
  std::vector<char> elf(256, 0);
  std::memcpy(elf.data(), "\177ELF\002", 5);
  EXPECT_EQ(kInvalidImage, load(elf.data())) << "not for NVIDIA's processors";
  ASSERT_EQ(0, load(kPtx));
  EXPECT_STREQ("", log);
  Function function = nullptr;
  EXPECT_EQ(kNotFound, driver.cuModuleGetFunction(&function, module, "rls_update")) << "not in this image";
}

// Handles.

TEST_F(StandinDriver, KnowsStaleAndForeignHandles) {
  Stream gone = nullptr;
  ASSERT_EQ(0, driver.cuStreamCreate(&gone, 1));
  ASSERT_EQ(0, driver.cuStreamDestroy_v2(gone));
  EXPECT_EQ(kInvalidHandle, driver.cuStreamSynchronize(gone));
  EXPECT_TRUE(reported("a stream is used that was destroyed"));
  EXPECT_NE(0, driver.cuStreamDestroy_v2(gone));
  EXPECT_TRUE(reported("cuStreamDestroy_v2: no such thing is alive"));

  cuda::DriverContext other = nullptr, popped = nullptr;
  ASSERT_EQ(0, driver.cuDevicePrimaryCtxRetain(&other, 0));
  const DevicePointer block = allocate(8);
  ASSERT_EQ(0, driver.cuCtxPushCurrent_v2(other));
  EXPECT_EQ(kInvalidHandle, driver.cuStreamSynchronize(stream)) << "a stream of another card";
  Stream own = nullptr;
  ASSERT_EQ(0, driver.cuStreamCreate(&own, 1));
  EXPECT_EQ(kInvalidValue, driver.cuMemsetD8Async(block, 0, 8, own)) << "memory of another card";
  EXPECT_TRUE(reported("lies on another card"));
  ASSERT_EQ(0, driver.cuStreamDestroy_v2(own));
  ASSERT_EQ(0, driver.cuCtxPopCurrent_v2(&popped));
  ASSERT_EQ(0, driver.cuDevicePrimaryCtxRelease_v2(0));
}

TEST_F(StandinDriver, WantsACurrentContext) {
  cuda::DriverContext popped = nullptr;
  ASSERT_EQ(0, driver.cuCtxPopCurrent_v2(&popped));
  DevicePointer address = 0;
  EXPECT_EQ(kInvalidContext, driver.cuMemAlloc_v2(&address, 8));
  EXPECT_EQ(kInvalidContext, driver.cuStreamSynchronize(stream));
  EXPECT_EQ(kInvalidContext, driver.cuCtxPopCurrent_v2(&popped));
  EXPECT_TRUE(reported("more often popped than pushed"));
  ASSERT_EQ(0, driver.cuCtxPushCurrent_v2(context));
}

TEST_F(StandinDriver, CountsWhatIsAlive) {
  const standin_counts before = driver.counts();
  Stream another = nullptr;
  Event event = nullptr;
  Module module = nullptr;
  ASSERT_EQ(0, driver.cuStreamCreate(&another, 1));
  ASSERT_EQ(0, driver.cuEventCreate(&event, 0));
  ASSERT_EQ(0, driver.cuModuleLoadDataEx(&module, kPtx, 0, nullptr, nullptr));
  const DevicePointer block = allocate(100);
  void* const host = pinned<char>(50);
  const standin_counts during = driver.counts();
  EXPECT_EQ(before.streams + 1, during.streams);
  EXPECT_EQ(before.events + 1, during.events);
  EXPECT_EQ(before.modules + 1, during.modules);
  EXPECT_EQ(before.allocations + 1, during.allocations);
  EXPECT_EQ(before.bytes + 100, during.bytes);
  EXPECT_EQ(before.pinned + 1, during.pinned);
  EXPECT_EQ(before.pinned_bytes + 50, during.pinned_bytes);
  EXPECT_EQ(0, driver.cuStreamDestroy_v2(another));
  EXPECT_EQ(0, driver.cuEventDestroy_v2(event));
  EXPECT_EQ(0, driver.cuModuleUnload(module));
  EXPECT_EQ(0, driver.cuMemFree_v2(block));
  EXPECT_EQ(0, driver.cuMemFreeHost(host));
  EXPECT_EQ("", reports());
}

TEST_F(StandinDriver, FailsTheCallThatATestChooses) {
  driver.standin_fail("cuMemAlloc_v2", 2, kOutOfMemory);
  EXPECT_EQ(0, driver.standin_fail("cuNothing", 1, 1));
  EXPECT_EQ(-1, driver.standin_calls("cuNothing"));
  DevicePointer a = 0, b = 0;
  EXPECT_EQ(0, driver.cuMemAlloc_v2(&a, 8));
  EXPECT_EQ(kOutOfMemory, driver.cuMemAlloc_v2(&b, 8));
  EXPECT_EQ(0, driver.cuMemAlloc_v2(&b, 8));
  EXPECT_EQ(3, driver.standin_calls("cuMemAlloc_v2"));
  driver.standin_fail("cuMemFree_v2", 1, kIllegalAddress);
  const int64_t alive = driver.counts().allocations;
  EXPECT_EQ(kIllegalAddress, driver.cuMemFree_v2(a));
  EXPECT_EQ(alive - 1, driver.counts().allocations) << "freed all the same";
}

}  // namespace
}  // namespace lacuna::test
