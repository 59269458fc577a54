// Memory, copies, streams, timers and the checks of a CUDA context, on the stand-in driver.
#include <cstring>
#include <map>
#include <memory>
#include <numeric>
#include <vector>

#include "cuda_library.h"

namespace lacuna::test {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

class CudaContext : public testing::Test {
 protected:
  void SetUp() override {
    driver.standin_reset();
    ctx_ = std::make_unique<DeviceContext>(0, Slabs::kOn);
    before_ = driver.counts();
  }
  void TearDown() override {
    ctx_.reset();
    EXPECT_STREQ("", driver.standin_reports());
  }

  DeviceContext& ctx() { return *ctx_; }
  std::string error() const { return ctx_->error(); }

  void* allocate(int64_t bytes) {
    void* block = nullptr;
    EXPECT_EQ(LACUNA_OK, cuda.lacuna_alloc(ctx(), bytes, &block)) << error();
    return block;
  }
  void free(void* block) { EXPECT_EQ(LACUNA_OK, cuda.lacuna_free(ctx(), block)) << error(); }

  template <class T>
  T* upload(const std::vector<T>& values) {
    const auto bytes = static_cast<int64_t>(values.size() * sizeof(T));
    void* block = allocate(bytes);
    EXPECT_EQ(LACUNA_OK, cuda.lacuna_upload(ctx(), block, values.data(), bytes)) << error();
    return static_cast<T*>(block);
  }

  template <class T>
  std::vector<T> download(const T* block, size_t count) {
    std::vector<T> values(count);
    EXPECT_EQ(LACUNA_OK, cuda.lacuna_download(ctx(), values.data(), block, static_cast<int64_t>(count * sizeof(T))))
        << error();
    return values;
  }

  lacuna_status run(int32_t op, const void* args) {
    lacuna_op_fn function = nullptr;
    EXPECT_EQ(LACUNA_OK, cuda.lacuna_op_lookup(ctx(), op, &function)) << error();
    return function(ctx(), args);
  }

  // out = g S S^T / state[0] with c = 2 and s = 3, ready to run.
  lacuna_rls_project_args projection(double state = 2) {
    lacuna_rls_project_args args{};
    args.struct_size = sizeof args;
    args.c = 2;
    args.s = args.rows = 3;
    args.ld_g = args.ld_factor = args.ld_out = 3;
    args.scale = 1;
    args.g = upload(std::vector<float>{1, 2, 3, 4, 5, 6});
    args.factor = upload(std::vector<float>{1, 0, 0, 0, 2, 0, 0, 0, 3});
    args.state = upload(std::vector<double>{state, 0});
    args.out = upload(std::vector<float>{-1, -1, -1, -1, -1, -1});
    EXPECT_EQ(LACUNA_OK, cuda.lacuna_workspace(ctx(), LACUNA_OP_rls_project, &args, &args.workspace_bytes)) << error();
    args.workspace = allocate(args.workspace_bytes);
    return args;
  }
  const std::vector<float> projected = {0.5f, 4, 13.5f, 2, 10, 27};

  // Expects the call to be refused with a text that begins so, and nothing to be launched.
  void expect_refused(const lacuna_rls_project_args& args, const std::string& text) {
    const int64_t launches = driver.counts().launches;
    EXPECT_EQ(LACUNA_INVALID_ARGUMENT, run(LACUNA_OP_rls_project, &args));
    EXPECT_EQ(0u, error().find("rls_project: " + text)) << error();
    EXPECT_EQ(launches, driver.counts().launches);
  }

  const Standin& driver = Standin::get();
  const CudaLibrary& cuda = CudaLibrary::get();
  standin_counts before_{};

 private:
  std::unique_ptr<DeviceContext> ctx_;
};

TEST_F(CudaContext, RunsKernelsInEveryOrderOfTheirThreads) {
  const lacuna_rls_project_args args = projection();
  for (const int order : {0, 1, 2}) {
    for (const int late_copies : {0, 1}) {
      driver.standin_order(order, 7, late_copies);
      ASSERT_EQ(LACUNA_OK, run(LACUNA_OP_rls_project, &args)) << error();
      EXPECT_EQ(projected, download(args.out, 6));
    }
  }
  std::vector<standin_launch> launches(100);
  const int64_t count = driver.standin_launches(launches.data(), 100);
  EXPECT_EQ(driver.counts().launches, count);
  EXPECT_GE(count, 6);
  EXPECT_EQ(0u, std::string(launches[0].kernel).find("rls_"));
  EXPECT_GE(launches[0].blocks, 1);
  EXPECT_GE(launches[0].threads, 32);
  EXPECT_EQ(0, launches[0].device);
}

// Memory.

TEST_F(CudaContext, CutsSmallRequestsFromSlabsAndAsksTheDriverForLargeOnes) {
  std::vector<void*> blocks;
  for (int i = 0; i < 1000; ++i) blocks.push_back(allocate(1 + 37 * i % 5000));
  EXPECT_EQ(before_.allocations, driver.counts().allocations);
  std::map<uintptr_t, int64_t> ranges;
  for (int i = 0; i < 1000; ++i) ranges[reinterpret_cast<uintptr_t>(blocks[i])] = 1 + 37 * i % 5000;
  uintptr_t end = 0;
  for (const auto& [address, bytes] : ranges) {
    EXPECT_EQ(0u, address % 256);
    EXPECT_LE(end, address) << "two blocks overlap";
    end = address + static_cast<uintptr_t>(bytes);
  }
  void* const large = allocate(100 * kMiB);
  EXPECT_EQ(before_.allocations + 1, driver.counts().allocations);
  free(large);
  EXPECT_EQ(before_.allocations, driver.counts().allocations);
  for (void* block : blocks) free(block);
}

TEST_F(CudaContext, JoinsFreedBlocksSoThatASlabServesAgain) {
  // 4 x 8 MiB fill a slab; freed in any order they make room for the same again, in other sizes too.
  for (const std::vector<int>& order : {std::vector{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}}) {
    void* blocks[4];
    for (void*& block : blocks) block = allocate(8 * kMiB);
    for (const int i : order) free(blocks[i]);
    void* const small = allocate(5 * kMiB);
    void* others[3];
    for (void*& block : others) block = allocate(8 * kMiB);
    free(small);
    for (void* block : others) free(block);
  }
  EXPECT_EQ(before_.allocations, driver.counts().allocations);
  EXPECT_EQ(before_.bytes, driver.counts().bytes);
}

TEST_F(CudaContext, TakesAnotherSlabWhenOneIsFull) {
  for (int i = 0; i < 5; ++i) allocate(8 * kMiB);
  EXPECT_EQ(before_.allocations + 1, driver.counts().allocations);
}

TEST_F(CudaContext, GivesEmptySlabsBackBeforeItSaysThatMemoryIsShort) {
  for (int i = 0; i < 5; ++i) allocate(8 * kMiB);  // the second slab will not be empty
  driver.standin_memory(driver.counts().bytes + 8 * kMiB);
  void* block = nullptr;
  EXPECT_EQ(LACUNA_OUT_OF_MEMORY, cuda.lacuna_alloc(ctx(), 60 * kMiB, &block));
  EXPECT_EQ("alloc: no device memory for 62914560 bytes", error());
  EXPECT_EQ(nullptr, block);
  EXPECT_EQ(LACUNA_OK, cuda.lacuna_synchronize(ctx())) << "a lack of memory must not break the context: " << error();
}

TEST_F(CudaContext, ServesALargeRequestFromTheMemoryOfAnEmptySlab) {
  driver.standin_memory(driver.counts().bytes + 8 * kMiB);
  void* const large = allocate(40 * kMiB);
  EXPECT_EQ(before_.allocations, driver.counts().allocations) << "the empty slab went, the block came";
  free(large);
  free(allocate(100));
}

TEST_F(CudaContext, FallsBackToExactBlocksWhereThereIsNoRoomForASlab) {
  for (int i = 0; i < 4; ++i) allocate(8 * kMiB);
  driver.standin_memory(driver.counts().bytes + 9 * kMiB);
  void* const block = allocate(8 * kMiB);
  EXPECT_EQ(before_.bytes + 8 * kMiB, driver.counts().bytes);
  free(block);
}

TEST_F(CudaContext, GivesEveryRequestAnAllocationOfItsOwnWithoutSlabs) {
  const DeviceContext exact(0, Slabs::kOff);
  const standin_counts before = driver.counts();
  const DeviceBlock block(exact, 13);
  EXPECT_EQ(before.allocations + 1, driver.counts().allocations);
  EXPECT_EQ(before.bytes + 13, driver.counts().bytes);
}

TEST_F(CudaContext, FreesOnlyWhatItLent) {
  void* const block = allocate(1000);
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, cuda.lacuna_free(ctx(), static_cast<char*>(block) + 256));
  free(block);
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, cuda.lacuna_free(ctx(), block));
  EXPECT_NE(std::string::npos, error().find("was not lent by this context, or was freed before")) << error();
}

// Copies.

TEST_F(CudaContext, CopiesThroughPageLockedMemoryOnly) {
  std::vector<int32_t> values(5 * kMiB + 123);
  std::iota(values.begin(), values.end(), -7);
  for (const bool deferred : {false, true}) {
    driver.standin_defer(deferred);
    for (const size_t count : {size_t{1}, size_t{100}, size_t{kMiB / 4}, size_t{kMiB / 4 + 1}, values.size()}) {
      const std::vector<int32_t> part(values.begin(), values.begin() + static_cast<ptrdiff_t>(count));
      EXPECT_EQ(part, download(upload(part), count)) << count;
    }
  }
  EXPECT_EQ(0, driver.counts().pageable_copies);
}

TEST_F(CudaContext, LetsTheSourceOfAnUploadBeReusedAtOnceThoughTheDeviceIsLate) {
  driver.standin_defer(1);
  std::vector<float*> blocks;
  std::vector<float> source(1000);
  for (int i = 0; i < 50; ++i) {
    std::fill(source.begin(), source.end(), static_cast<float>(i));
    blocks.push_back(upload(source));
  }
  EXPECT_EQ(before_.synchronisations, driver.counts().synchronisations) << "small uploads need not wait";
  for (int i = 0; i < 50; ++i) EXPECT_EQ(std::vector<float>(1000, static_cast<float>(i)), download(blocks[i], 1000));
}

TEST_F(CudaContext, ReusesAChunkOnlyWhenTheDeviceHasReadIt) {
  driver.standin_defer(1);
  // More than all chunks hold, in pieces that do not divide one.
  std::vector<std::vector<int32_t>> sources;
  std::vector<int32_t*> blocks;
  for (int i = 0; i < 40; ++i) {
    sources.emplace_back(100'003, i);
    blocks.push_back(upload(sources.back()));
  }
  for (int i = 0; i < 40; ++i) EXPECT_EQ(sources[i], download(blocks[i], sources[i].size())) << i;
}

TEST_F(CudaContext, DownloadsWhileUploadsAreUnderWay) {
  driver.standin_defer(1);
  const std::vector<int32_t> first(300'000, 1), second(300'000, 2), third(2'500'000, 3);
  const int32_t* const a = upload(first);
  const int32_t* const c = upload(third);
  EXPECT_EQ(first, download(a, first.size()));
  const int32_t* const b = upload(second);
  EXPECT_EQ(third, download(c, third.size()));
  EXPECT_EQ(second, download(b, second.size()));
}

TEST_F(CudaContext, CopiesWithinTheDeviceInOrder) {
  driver.standin_defer(1);
  const std::vector<int32_t> values(1000, 5);
  int32_t* const from = upload(values);
  int32_t* const to = upload(std::vector<int32_t>(1000, 6));
  ASSERT_EQ(LACUNA_OK, cuda.lacuna_copy(ctx(), to, from, 4000)) << error();
  const std::vector<int32_t> later(1000, 7);
  ASSERT_EQ(LACUNA_OK, cuda.lacuna_upload(ctx(), from, later.data(), 4000)) << error();
  EXPECT_EQ(values, download(to, 1000));
  EXPECT_EQ(later, download(from, 1000));
}

TEST_F(CudaContext, RefusesCopiesThatLeaveItsMemory) {
  char host[300] = "";
  char* const block = static_cast<char*>(allocate(256));
  allocate(256);  // directly behind: still another block
  const std::string text = ", 257 bytes, is not within this context's device memory";
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, cuda.lacuna_upload(ctx(), block, host, 257));
  EXPECT_NE(std::string::npos, error().find(text)) << error();
  EXPECT_EQ(0u, error().find("upload: target ")) << error();
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, cuda.lacuna_download(ctx(), host, block, 257));
  EXPECT_EQ(0u, error().find("download: source ")) << error();
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, cuda.lacuna_copy(ctx(), block + 1000, block, 8));
  EXPECT_EQ(0u, error().find("copy: target ")) << error();
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, cuda.lacuna_copy(ctx(), block, host, 8));
  EXPECT_EQ(0u, error().find("copy: source ")) << error();
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, cuda.lacuna_upload(ctx(), host + 8, host, 8));
}

TEST_F(CudaContext, CallsNoAllocatorAndWaitsForNothingInASteadyStep) {
  const lacuna_rls_project_args args = projection();
  const auto calls = [this](const char* name) { return driver.standin_calls(name); };
  const std::vector<const char*> slow = {"cuMemAlloc_v2",       "cuMemFree_v2",      "cuMemAllocHost_v2",
                                         "cuMemFreeHost",       "cuEventCreate",     "cuStreamCreate",
                                         "cuStreamSynchronize", "cuEventSynchronize"};
  ASSERT_EQ(LACUNA_OK, run(LACUNA_OP_rls_project, &args)) << error();
  std::vector<int64_t> before;
  for (const char* name : slow) before.push_back(calls(name));
  const std::vector<float> gradient = {1, 2, 3, 4, 5, 6};
  for (int step = 0; step < 10; ++step) {
    void* const block = allocate(4096);
    ASSERT_EQ(LACUNA_OK, cuda.lacuna_upload(ctx(), args.g, gradient.data(), 24)) << error();
    ASSERT_EQ(LACUNA_OK, run(LACUNA_OP_rls_project, &args)) << error();
    free(block);
  }
  for (size_t i = 0; i < slow.size(); ++i) EXPECT_EQ(before[i], calls(slow[i])) << slow[i];
}

// What kernels find.

TEST_F(CudaContext, ReportsWhatAKernelFoundAtTheNextWaitAndOnlyThere) {
  const lacuna_rls_project_args args = projection(-1);
  ASSERT_EQ(LACUNA_OK, run(LACUNA_OP_rls_project, &args)) << error();
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, cuda.lacuna_synchronize(ctx()));
  EXPECT_EQ("rls_project: an input is out of range; an earlier call was refused on the device and changed nothing",
            error());
  EXPECT_EQ(LACUNA_OK, cuda.lacuna_synchronize(ctx())) << error();
  EXPECT_EQ(std::vector<float>(6, -1), download(args.out, 6));

  ASSERT_EQ(LACUNA_OK, run(LACUNA_OP_rls_project, &args)) << error();
  float out = 0;
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, cuda.lacuna_download(ctx(), &out, args.out, 4));
  EXPECT_EQ(-1, out) << "the target is filled all the same";
  EXPECT_EQ(LACUNA_OK, cuda.lacuna_download(ctx(), &out, args.out, 4)) << error();
}

// Arguments.

TEST_F(CudaContext, RefusesTensorsOutsideItsMemoryBeforeAnyLaunch) {
  const lacuna_rls_project_args good = projection();
  ASSERT_EQ(LACUNA_OK, run(LACUNA_OP_rls_project, &good)) << error();
  const auto with = [&good](auto&& change) {
    lacuna_rls_project_args args = good;
    change(args);
    return args;
  };
  std::vector<float> host(6);
  expect_refused(with([&](auto& args) { args.g = host.data(); }), "g is at ");
  EXPECT_NE(std::string::npos,
            error().find(", want [c, s] = [2, 3], 24 bytes within memory that this context lent or adopted"))
      << error();
  expect_refused(with([&](auto& args) { args.out = host.data(); }), "out is at ");
  expect_refused(with([](auto& args) { args.out = nullptr; }), "out is NULL, want [c, s] = [2, 3]");
  expect_refused(with([](auto& args) { args.factor = nullptr; }), "factor is NULL, want [rows, s] = [3, 3]");
  expect_refused(with([](auto& args) { args.g = reinterpret_cast<float*>(16); }), "g is at ");
  expect_refused(with([](auto& args) { args.g = reinterpret_cast<float*>(~uintptr_t{3}); }), "g is at ");
  expect_refused(with([](auto& args) { args.out = args.out + 1; }), "out is at ");  // runs over its end
  expect_refused(with([](auto& args) { args.ld_out = 100; }), "out is at ");
  expect_refused(
      with([](auto& args) { args.out = reinterpret_cast<float*>(reinterpret_cast<uintptr_t>(args.out) + 2); }),
      "out is at ");
  EXPECT_NE(std::string::npos, error().find("want a multiple of 4 bytes")) << error();
  expect_refused(with([](auto& args) { args.ld_g = 2; }), "ld_g is 2, want >= 3 (= s)");
  expect_refused(with([](auto& args) { args.workspace = nullptr; }), "workspace is at ");
  expect_refused(with([](auto& args) { args.workspace_bytes = 8; }), "workspace_bytes is 8, want >= ");
  std::vector<char> host_workspace(static_cast<size_t>(good.workspace_bytes) + 64);
  const uintptr_t aligned = (reinterpret_cast<uintptr_t>(host_workspace.data()) + 63) / 64 * 64;
  expect_refused(with([=](auto& args) { args.workspace = reinterpret_cast<void*>(aligned); }), "workspace is at ");
  EXPECT_NE(std::string::npos, error().find("within memory that this context lent or adopted")) << error();
  expect_refused(with([](auto& args) { args.out = args.factor; }), "out overlaps factor");

  free(good.g);
  expect_refused(good, "g is at ");
  EXPECT_EQ(LACUNA_OK, cuda.lacuna_synchronize(ctx())) << "a refusal breaks nothing: " << error();
}

TEST_F(CudaContext, RefusesTensorsOfAnotherContextOrDevice) {
  const lacuna_rls_project_args good = projection();
  for (const int device : {0, 1}) {
    const DeviceContext other(device);
    const DeviceBlock block(other, 24);
    lacuna_rls_project_args args = good;
    args.g = static_cast<float*>(block.address());
    expect_refused(args, "g is at ");
    EXPECT_EQ(LACUNA_INVALID_ARGUMENT, cuda.lacuna_copy(ctx(), good.out, block.address(), 24));
  }
}

TEST_F(CudaContext, WaitsForTheWorkOfAllContextsOfItsDevice) {
  driver.standin_defer(1);
  const lacuna_rls_project_args args = projection();
  ASSERT_EQ(LACUNA_OK, run(LACUNA_OP_rls_project, &args)) << error();
  const DeviceContext writer(0);
  ASSERT_EQ(LACUNA_OK, cuda.lacuna_adopt(writer, args.g, 24)) << writer.error();
  ASSERT_EQ(LACUNA_OK, cuda.lacuna_synchronize_device(writer)) << writer.error();
  const std::vector<float> other(6, 100);
  ASSERT_EQ(LACUNA_OK, cuda.lacuna_upload(writer, const_cast<float*>(args.g), other.data(), 24)) << writer.error();
  ASSERT_EQ(LACUNA_OK, cuda.lacuna_synchronize(writer)) << writer.error();
  EXPECT_EQ(projected, download(args.out, 6)) << "of what lay there before";
}

TEST_F(CudaContext, LeavesWhatWentWrongInTheWorkOfAnotherContextToThatOne) {
  const lacuna_rls_project_args args = projection(-1);
  ASSERT_EQ(LACUNA_OK, run(LACUNA_OP_rls_project, &args)) << error();
  const DeviceContext other(0);
  EXPECT_EQ(LACUNA_OK, cuda.lacuna_synchronize_device(other)) << other.error();
  EXPECT_EQ(LACUNA_OK, cuda.lacuna_synchronize_device(ctx())) << error();
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, cuda.lacuna_synchronize(ctx()));
}

TEST_F(CudaContext, LaunchesNothingForEmptySizes) {
  lacuna_rls_project_args args = projection();
  args.c = 0;
  args.g = nullptr;
  args.out = nullptr;
  EXPECT_EQ(LACUNA_OK, run(LACUNA_OP_rls_project, &args)) << error();
  EXPECT_EQ(before_.launches, driver.counts().launches);
}

// Indices beyond 32 bits: tensors of 3 x 2^31 floats, of which only the pages that are touched become real. The first
// and the last blocks of every launch run.
class CudaHugeTensor : public CudaContext {
 protected:
  static constexpr int64_t kElements = int64_t{3} << 31;
  static constexpr int64_t kFilled = int64_t{1}
                                     << 19;  // elements at each end that hold something: more than blocks read
  static constexpr int64_t kCompared = 512;  // and fewer than they write

  void SetUp() override {
    CudaContext::SetUp();
    if (kAddressSanitizer) GTEST_SKIP() << "its shadow of such tensors would fill the memory";
    driver.standin_memory(int64_t{100} << 30);
  }

  static float value(int64_t index) { return static_cast<float>(index % 11 - 5); }

  float* filled(int64_t elements) {
    auto* const tensor = static_cast<float*>(allocate(elements * 4));
    for (const int64_t first : {int64_t{0}, elements - kFilled}) {
      std::vector<float> part(kFilled);
      for (int64_t i = 0; i < kFilled; ++i) part[i] = value(first + i);
      EXPECT_EQ(LACUNA_OK, cuda.lacuna_upload(ctx(), tensor + first, part.data(), kFilled * 4)) << error();
    }
    return tensor;
  }

  // Runs op at both ends and compares the ends of `out`, [elements / cols, cols] without gaps, with want(index).
  template <class Want>
  void expect_ends(int32_t op, const void* args, const float* out, Want&& want) {
    for (const bool tail : {false, true}) {
      driver.standin_blocks(tail ? -4 : 0, tail ? INT64_MAX : 4);
      ASSERT_EQ(LACUNA_OK, run(op, args)) << error();
      const int64_t first = tail ? kElements - kCompared : 0;
      std::vector<float> wanted(kCompared);
      for (int64_t i = 0; i < kCompared; ++i) wanted[i] = want(first + i);
      EXPECT_EQ(wanted, download(out + first, kCompared)) << (tail ? "last" : "first") << " elements";
    }
  }
};

TEST_F(CudaHugeTensor, IsIndexedRightByAnElementwiseOp) {
  for (const int64_t cols : {int64_t{1}, int64_t{3}, int64_t{2048}, kElements}) {
    lacuna_elementwise_fwd_args args{};
    args.struct_size = sizeof args;
    args.n = kElements / cols;
    args.d = args.ld_x = args.ld_out = cols;
    args.code = 4;
    args.alpha = 2;
    args.beta = 1;
    args.x = filled(kElements);
    args.out = static_cast<float*>(allocate(kElements * 4));
    expect_ends(LACUNA_OP_elementwise_fwd, &args, args.out, [](int64_t index) { return 2 * value(index) + 1; });
    free(args.x);
    free(args.out);
  }
}

TEST_F(CudaHugeTensor, IsIndexedRightByRowsFarApart) {
  constexpr int64_t kStride = (int64_t{1} << 31) + 64;
  lacuna_elementwise_fwd_args args{};
  args.struct_size = sizeof args;
  args.n = 3;
  args.d = args.ld_out = 100;
  args.ld_x = kStride;
  args.code = 4;
  args.alpha = 1;
  args.x = filled(2 * kStride + 100);
  const std::vector<float> middle(100, 42);
  ASSERT_EQ(LACUNA_OK, cuda.lacuna_upload(ctx(), args.x + kStride, middle.data(), 400)) << error();
  args.out = static_cast<float*>(allocate(300 * 4));
  ASSERT_EQ(LACUNA_OK, run(LACUNA_OP_elementwise_fwd, &args)) << error();
  std::vector<float> want(300, 42);
  for (int64_t i = 0; i < 100; ++i) {
    want[i] = value(i);
    want[200 + i] = value(2 * kStride + i);
  }
  EXPECT_EQ(want, download(args.out, 300));
}

TEST_F(CudaHugeTensor, IsIndexedRightByProducts) {
  constexpr int64_t kCols = 64;
  lacuna_rls_project_args args{};
  args.struct_size = sizeof args;
  args.c = kElements / kCols;
  args.s = args.rows = args.ld_g = args.ld_factor = args.ld_out = kCols;
  args.scale = 1;
  std::vector<float> factor(kCols * kCols);
  for (int64_t i = 0; i < kCols; ++i) factor[i * kCols + i] = static_cast<float>(1 + i % 3);
  args.factor = upload(factor);
  args.state = upload(std::vector<double>{0.5, 0});
  args.g = filled(kElements);
  args.out = static_cast<float*>(allocate(kElements * 4));
  ASSERT_EQ(LACUNA_OK, cuda.lacuna_workspace(ctx(), LACUNA_OP_rls_project, &args, &args.workspace_bytes)) << error();
  args.workspace = allocate(args.workspace_bytes);
  expect_ends(LACUNA_OP_rls_project, &args, args.out, [](int64_t index) {
    const float diagonal = static_cast<float>(1 + index % kCols % 3);
    return 2 * diagonal * diagonal * value(index);
  });
}

// Foreign memory and streams.

class CudaForeign : public CudaContext {
 protected:
  void SetUp() override {
    CudaContext::SetUp();
    ASSERT_EQ(0, driver.cuDevicePrimaryCtxRetain(&context_, 0));
    ASSERT_EQ(0, driver.cuCtxPushCurrent_v2(context_));
  }
  void TearDown() override {
    cuda::DriverContext popped = nullptr;
    EXPECT_EQ(0, driver.cuCtxPopCurrent_v2(&popped));
    EXPECT_EQ(context_, popped);
    CudaContext::TearDown();
    EXPECT_EQ(0, driver.cuDevicePrimaryCtxRelease_v2(0));
  }

  cuda::DevicePointer foreign(size_t bytes) {
    cuda::DevicePointer address = 0;
    EXPECT_EQ(0, driver.cuMemAlloc_v2(&address, bytes));
    return address;
  }
  static void* pointer(cuda::DevicePointer address) { return reinterpret_cast<void*>(address); }

  cuda::DriverContext context_ = nullptr;
};

TEST_F(CudaForeign, UsesMemoryThatOthersAllocatedAsTensors) {
  lacuna_rls_project_args args = projection();
  const cuda::DevicePointer out = foreign(1024);
  args.out = static_cast<float*>(pointer(out + 512));
  expect_refused(args, "out is at ");
  ASSERT_EQ(LACUNA_OK, cuda.lacuna_adopt(ctx(), args.out, 24)) << error();
  ASSERT_EQ(LACUNA_OK, run(LACUNA_OP_rls_project, &args)) << error();
  EXPECT_EQ(projected, download(args.out, 6));
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, cuda.lacuna_free(ctx(), args.out)) << "adopted is not lent";
  ASSERT_EQ(LACUNA_OK, cuda.lacuna_release(ctx(), args.out)) << error();
  expect_refused(args, "out is at ");
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, cuda.lacuna_release(ctx(), args.out));
  EXPECT_NE(std::string::npos, error().find("was not adopted by this context, or was released before")) << error();
  EXPECT_EQ(0, driver.cuMemFree_v2(out)) << "release frees nothing";
}

TEST_F(CudaForeign, RefusesToAdoptWhatIsNotMemoryOfItsDevice) {
  const cuda::DevicePointer block = foreign(1000);
  const auto refused = [this](void* address, int64_t bytes) {
    EXPECT_EQ(LACUNA_INVALID_ARGUMENT, cuda.lacuna_adopt(ctx(), address, bytes));
    return error();
  };
  EXPECT_EQ("adopt: bytes is 0, want > 0", refused(pointer(block), 0));
  EXPECT_EQ("adopt: address is NULL", refused(nullptr, 8));
  char host[8];
  std::string text = refused(host, 8);
  EXPECT_EQ(0u, text.find("adopt: address ")) << text;
  EXPECT_NE(std::string::npos, text.find(" is not device memory: cuPointerGetAttribute: ")) << text;
  text = refused(pointer(block + 500), 501);
  EXPECT_EQ(0u, text.find("adopt: bytes is 501, ")) << text;
  EXPECT_NE(std::string::npos, text.find(" has 500 to the end of its allocation")) << text;
  EXPECT_EQ(LACUNA_OK, cuda.lacuna_adopt(ctx(), pointer(block + 500), 500)) << error();
  for (const int64_t offset : {0, 499, 500, 999}) {
    text = refused(pointer(block + static_cast<uint64_t>(offset)), 1000 - offset);
    EXPECT_NE(std::string::npos, text.find("overlaps memory lent or adopted before")) << text;
  }
  EXPECT_EQ(LACUNA_OK, cuda.lacuna_adopt(ctx(), pointer(block), 500)) << "neighbours do not overlap: " << error();

  void* const freed = allocate(64);
  free(freed);
  text = refused(freed, 64);
  EXPECT_NE(std::string::npos, text.find(" lies in this context's own memory, which lacuna_alloc lends")) << text;

  const DeviceContext other(1);
  const DeviceBlock far(other, 64);
  text = refused(far.address(), 64);
  EXPECT_NE(std::string::npos,
            text.find("belongs to another device or CUDA context, want the primary context of device 0"))
      << text;
  EXPECT_EQ(LACUNA_OK, cuda.lacuna_synchronize(ctx())) << "a refusal breaks nothing: " << error();
  EXPECT_EQ(0, driver.cuMemFree_v2(block));
}

TEST_F(CudaForeign, TakesMemoryOfItsDevicesPoolsAndNoHostMemory) {
  const cuda::DevicePointer block = foreign(1000);
  driver.standin_pool(1);
  EXPECT_EQ(LACUNA_OK, cuda.lacuna_adopt(ctx(), pointer(block), 1000)) << error();
  const DeviceContext other(1);
  const DeviceBlock far(other, 64);
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, cuda.lacuna_adopt(ctx(), far.address(), 64));
  EXPECT_NE(std::string::npos, error().find("belongs to another device or CUDA context")) << error();
  driver.standin_pool(0);

  void* host = nullptr;
  ASSERT_EQ(0, driver.cuMemAllocHost_v2(&host, 64));
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, cuda.lacuna_adopt(ctx(), host, 64));
  EXPECT_NE(std::string::npos, error().find(" is host memory, want memory of device 0")) << error();
  EXPECT_EQ(0, driver.cuMemFreeHost(host));
  EXPECT_EQ(0, driver.cuMemFree_v2(block));
}

TEST_F(CudaForeign, ClosesAfterItsStreamWasDestroyed) {
  driver.standin_defer(1);
  const standin_counts before = driver.counts();
  {
    const DeviceContext closing;
    cuda::Stream stream = nullptr;
    ASSERT_EQ(0, driver.cuStreamCreate(&stream, 1));
    ASSERT_EQ(LACUNA_OK, cuda.lacuna_use_stream(closing, stream)) << closing.error();
    const DeviceBlock block(closing, 64);
    const std::vector<float> values(16, 1);
    ASSERT_EQ(LACUNA_OK, cuda.lacuna_upload(closing, block.address(), values.data(), 64)) << closing.error();
    ASSERT_EQ(0, driver.cuStreamDestroy_v2(stream));
  }
  EXPECT_STREQ("", driver.standin_reports());
  EXPECT_EQ(before.allocations, driver.counts().allocations);
  EXPECT_EQ(before.events, driver.counts().events);
}

TEST_F(CudaForeign, RunsOnAStreamOfTheCallersBehindItsOwnWork) {
  driver.standin_defer(1);
  void* own = nullptr;
  ASSERT_EQ(LACUNA_OK, cuda.lacuna_stream(ctx(), &own)) << error();
  cuda::Stream stream = nullptr;
  ASSERT_EQ(0, driver.cuStreamCreate(&stream, 1));
  const lacuna_rls_project_args args = projection();  // its uploads are on their way on the own stream
  ASSERT_EQ(LACUNA_OK, cuda.lacuna_use_stream(ctx(), stream)) << error();
  void* used = nullptr;
  ASSERT_EQ(LACUNA_OK, cuda.lacuna_stream(ctx(), &used)) << error();
  EXPECT_EQ(stream, used);
  ASSERT_EQ(LACUNA_OK, run(LACUNA_OP_rls_project, &args)) << error();
  // Waiting for the caller's stream alone is enough.
  ASSERT_EQ(0, driver.cuStreamSynchronize(stream));
  EXPECT_EQ(0, std::memcmp(projected.data(), args.out, 24)) << "the stand-in's device memory can be looked at";
  const std::vector<float> values(6, 9);
  ASSERT_EQ(LACUNA_OK, cuda.lacuna_upload(ctx(), args.out, values.data(), 24)) << error();
  ASSERT_EQ(LACUNA_OK, cuda.lacuna_use_stream(ctx(), nullptr)) << error();
  ASSERT_EQ(LACUNA_OK, cuda.lacuna_stream(ctx(), &used)) << error();
  EXPECT_EQ(own, used);
  EXPECT_EQ(values, download(args.out, 6));
  EXPECT_EQ(0, driver.cuStreamDestroy_v2(stream));
}

TEST_F(CudaForeign, RefusesAStreamThatIsNotOfItsContext) {
  cuda::DriverContext far = nullptr, popped = nullptr;
  cuda::Stream stream = nullptr;
  ASSERT_EQ(0, driver.cuDevicePrimaryCtxRetain(&far, 1));
  ASSERT_EQ(0, driver.cuCtxPushCurrent_v2(far));
  ASSERT_EQ(0, driver.cuStreamCreate(&stream, 1));
  ASSERT_EQ(0, driver.cuCtxPopCurrent_v2(&popped));
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, cuda.lacuna_use_stream(ctx(), stream));
  EXPECT_NE(std::string::npos,
            error().find("belongs to another device or CUDA context, want the primary context of device 0"))
      << error();
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, cuda.lacuna_use_stream(ctx(), reinterpret_cast<void*>(8)));
  EXPECT_NE(std::string::npos, error().find(" is not a stream: cuStreamGetCtx: ")) << error();
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, cuda.lacuna_use_stream(ctx(), reinterpret_cast<void*>(2)));
  EXPECT_EQ("use_stream: stream is CU_STREAM_PER_THREAD, another one in each thread; want one that is the same in all",
            error());
  EXPECT_EQ(LACUNA_OK, cuda.lacuna_synchronize(ctx())) << error();
  EXPECT_EQ(0, driver.cuDevicePrimaryCtxRelease_v2(1));
}

// Time.

TEST_F(CudaContext, TimesTheWorkBetweenStartAndStop) {
  for (const bool deferred : {false, true}) {
    driver.standin_defer(deferred);
    const lacuna_rls_project_args args = projection();
    double milliseconds = -1;
    ASSERT_EQ(LACUNA_OK, cuda.lacuna_timer_start(ctx())) << error();
    for (int i = 0; i < 5; ++i) ASSERT_EQ(LACUNA_OK, run(LACUNA_OP_rls_project, &args)) << error();
    ASSERT_EQ(LACUNA_OK, cuda.lacuna_timer_stop(ctx(), &milliseconds)) << error();
    EXPECT_GT(milliseconds, 0);
    EXPECT_LT(milliseconds, 10'000);
    EXPECT_EQ(LACUNA_INVALID_ARGUMENT, cuda.lacuna_timer_stop(ctx(), &milliseconds));
    EXPECT_EQ("timer_stop: no timer was started", error());
    EXPECT_EQ(LACUNA_INVALID_ARGUMENT, cuda.lacuna_timer_stop(ctx(), nullptr));
  }
}

}  // namespace
}  // namespace lacuna::test
