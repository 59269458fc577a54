// Every function of the driver fails once, wherever it is called from a context's opening to its end: the error is
// told, the context says so ever after, and nothing stays behind.
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "cuda_library.h"

namespace lacuna::test {
namespace {

constexpr int kOutOfMemory = 2, kLaunchFailed = 719;
constexpr int64_t kLarge = int64_t{12} << 20;  // more than a slab or all of the staging holds

const std::vector<std::string>& functions() {
  static const std::vector<std::string> names = {
#define LACUNA_NAME(name, ...) #name,
      LACUNA_DRIVER_FUNCTIONS(LACUNA_NAME)
#undef LACUNA_NAME
  };
  return names;
}

struct Answer {
  lacuna_status status = LACUNA_OK;
  std::string text;
};

// A context's life in steps. Each is a call or two of the C ABI; a step that has nothing to work on does nothing.
class Life {
 public:
  using Step = std::function<lacuna_status(Life&)>;
  struct Named {
    const char* name;
    Step run;
  };

  static const std::vector<Named>& steps() {
    static const std::vector<Named> steps = {
        {"open", [](Life& life) { return open_device(&life.ctx_, life.open_error_, 0, Slabs::kOn); }},
        {"alloc", [](Life& life) { return life.lib_.lacuna_alloc(life.ctx_, 4096, &life.small_); }},
        {"alloc large", [](Life& life) { return life.lib_.lacuna_alloc(life.ctx_, kLarge, &life.large_); }},
        {"upload", [](Life& life) { return life.lib_.lacuna_upload(life.ctx_, life.small_, life.host_.data(), 4096); }},
        {"upload large",
         [](Life& life) { return life.lib_.lacuna_upload(life.ctx_, life.large_, life.host_.data(), kLarge); }},
        {"timer start", [](Life& life) { return life.lib_.lacuna_timer_start(life.ctx_); }},
        {"launch", [](Life& life) { return life.launch(); }},
        {"launch again", [](Life& life) { return life.launch(); }},
        {"timer stop",
         [](Life& life) {
           double milliseconds = 0;
           return life.lib_.lacuna_timer_stop(life.ctx_, &milliseconds);
         }},
        {"copy", [](Life& life) { return life.lib_.lacuna_copy(life.ctx_, life.large_, life.small_, 4096); }},
        {"download",
         [](Life& life) { return life.lib_.lacuna_download(life.ctx_, life.host_.data(), life.large_, kLarge); }},
        {"use stream", [](Life& life) { return life.lib_.lacuna_use_stream(life.ctx_, life.stream_); }},
        {"use own stream", [](Life& life) { return life.lib_.lacuna_use_stream(life.ctx_, nullptr); }},
        {"adopt",
         [](Life& life) { return life.lib_.lacuna_adopt(life.ctx_, reinterpret_cast<void*>(life.foreign_), 64); }},
        {"free", [](Life& life) { return life.lib_.lacuna_free(life.ctx_, life.small_); }},
        {"free large", [](Life& life) { return life.lib_.lacuna_free(life.ctx_, life.large_); }},
        {"synchronize", [](Life& life) { return life.lib_.lacuna_synchronize(life.ctx_); }},
        {"synchronize device", [](Life& life) { return life.lib_.lacuna_synchronize_device(life.ctx_); }},
        {"close",
         [](Life& life) {
           life.lib_.lacuna_context_close(life.ctx_);
           life.ctx_ = nullptr;
           return LACUNA_OK;
         }},
    };
    return steps;
  }

  // Somebody else uses the card as well: its context, and what leaks into it, outlives Lacuna's.
  Life() : host_(static_cast<size_t>(kLarge)) {
    driver_.standin_reset();
    driver_.cuInit(0);
    EXPECT_EQ(0, driver_.cuDevicePrimaryCtxRetain(&context_, 0));
    EXPECT_EQ(0, driver_.cuCtxPushCurrent_v2(context_));
    EXPECT_EQ(0, driver_.cuStreamCreate(&stream_, 1));
    EXPECT_EQ(0, driver_.cuMemAlloc_v2(&foreign_, 64));
  }
  ~Life() {
    cuda::DriverContext popped = nullptr;
    EXPECT_EQ(0, driver_.cuMemFree_v2(foreign_));
    EXPECT_EQ(0, driver_.cuStreamDestroy_v2(stream_));
    EXPECT_EQ(0, driver_.cuCtxPopCurrent_v2(&popped));
    EXPECT_EQ(context_, popped) << "somebody left a context on the stack";
    EXPECT_EQ(0, driver_.cuDevicePrimaryCtxRelease_v2(0));
  }

  Answer run(const Named& step) {
    Answer answer;
    if (!ctx_ && std::string(step.name) != "open") return answer;
    answer.status = step.run(*this);
    if (answer.status != LACUNA_OK) answer.text = ctx_ ? lib_.lacuna_last_error(ctx_) : open_error_;
    return answer;
  }

 private:
  // max(x, 0) of one number.
  lacuna_status launch() {
    lacuna_op_fn function = nullptr;
    if (const lacuna_status status = lib_.lacuna_op_lookup(ctx_, LACUNA_OP_elementwise_fwd, &function)) return status;
    lacuna_elementwise_fwd_args args{};
    args.struct_size = sizeof args;
    args.n = args.d = args.ld_x = args.ld_out = 1;
    args.code = 3;
    args.x = static_cast<float*>(small_);
    args.out = args.x + 1;
    return function(ctx_, &args);
  }

  const Standin& driver_ = Standin::get();
  const CudaLibrary& lib_ = CudaLibrary::get();
  cuda::DriverContext context_ = nullptr;
  cuda::Stream stream_ = nullptr;
  cuda::DevicePointer foreign_ = 0;
  std::vector<char> host_;
  lacuna_context* ctx_ = nullptr;
  std::string open_error_;
  void *small_ = nullptr, *large_ = nullptr;
};

void expect_nothing_left(const standin_counts& before, const standin_counts& after) {
  EXPECT_EQ(before.streams, after.streams);
  EXPECT_EQ(before.events, after.events);
  EXPECT_EQ(before.modules, after.modules);
  EXPECT_EQ(before.allocations, after.allocations);
  EXPECT_EQ(before.bytes, after.bytes);
  EXPECT_EQ(before.pinned, after.pinned);
}

TEST(CudaFailure, EveryDriverFunctionFailsOnceInEveryStepAndNothingStaysBehind) {
  const Standin& driver = Standin::get();
  // How many calls of each function each step makes, when all goes well.
  std::map<std::string, std::vector<int64_t>> calls;
  {
    Life life;
    for (const Life::Named& step : Life::steps()) {
      std::map<std::string, int64_t> before;
      for (const std::string& name : functions()) before[name] = driver.standin_calls(name.c_str());
      const Answer answer = life.run(step);
      ASSERT_EQ(LACUNA_OK, answer.status) << step.name << ": " << answer.text;
      for (const std::string& name : functions()) {
        calls[name].push_back(driver.standin_calls(name.c_str()) - before[name]);
      }
    }
    ASSERT_STREQ("", driver.standin_reports());
  }

  int runs = 0;
  for (const std::string& name : functions()) {
    int64_t total = 0;
    for (size_t failing = 0; failing < Life::steps().size(); ++failing) {
      const int64_t count = calls[name][failing];
      total += count;
      // The first and the last call of the step.
      for (int64_t nth = 1; nth <= count; nth += std::max<int64_t>(1, count - 1)) {
        SCOPED_TRACE(name + " fails in " + Life::steps()[failing].name + ", call " + std::to_string(nth));
        ++runs;
        const bool pops = name == "cuCtxPopCurrent_v2";
        const bool asks = name == "cuPointerGetAttribute" || name == "cuStreamGetCtx";
        const bool closing = failing + 1 == Life::steps().size();
        Life life;
        const standin_counts before = driver.counts();
        bool broken = false;
        for (size_t i = 0; i < Life::steps().size(); ++i) {
          const Life::Named& step = Life::steps()[i];
          if (i == failing) {
            driver.standin_fail(name.c_str(), nth, kLaunchFailed);
            // PTX is tried where machine code was refused.
            if (name == "cuModuleLoadDataEx") driver.standin_fail(name.c_str(), nth + 1, kLaunchFailed);
          }
          const Answer answer = life.run(step);
          const bool told = answer.text.find(name + ": CUDA_ERROR_LAUNCH_FAILED (719): unspecified launch failure") !=
                            std::string::npos;
          if (i < failing || closing) {
            EXPECT_EQ(LACUNA_OK, answer.status) << step.name << ": " << answer.text;
          } else if (i == failing && !(pops && failing > 0)) {
            EXPECT_TRUE(told) << step.name << ": " << answer.text;
            EXPECT_EQ(failing == 0 ? LACUNA_UNSUPPORTED
                      : asks       ? LACUNA_INVALID_ARGUMENT
                                   : LACUNA_DEVICE_ERROR,
                      answer.status);
            broken = !asks;
          } else if (i == failing) {
            broken = true;  // the call itself went well
          } else if (broken && failing > 0 && step.name != std::string("close")) {
            EXPECT_EQ(LACUNA_DEVICE_ERROR, answer.status) << step.name;
            EXPECT_TRUE(told) << step.name << ": " << answer.text;
            EXPECT_NE(std::string::npos, answer.text.find("the context is unusable since ")) << answer.text;
          }
        }
        // Without a current context nothing can be freed; it all goes when the last user leaves the card.
        if (!(closing && name == "cuCtxPushCurrent_v2")) expect_nothing_left(before, driver.counts());
        EXPECT_STREQ("", driver.standin_reports());
      }
    }
    const bool only_after_failures = name == "cuGetErrorName" || name == "cuGetErrorString";
    EXPECT_EQ(!only_after_failures, total > 0) << name << " is declared, but is it used?";
  }
  EXPECT_EQ(0, driver.counts().contexts);
  EXPECT_EQ(0, driver.counts().allocations);
  EXPECT_GT(runs, 90);
}

TEST(CudaFailure, ALackOfMemoryIsToldAndBreaksNothing) {
  const Standin& driver = Standin::get();
  Life life;
  for (const Life::Named& step : Life::steps()) {
    const bool large = step.name == std::string("alloc large");
    // The driver is asked again, once the empty slabs are back.
    if (large)
      driver.standin_fail("cuMemAlloc_v2", 1, kOutOfMemory), driver.standin_fail("cuMemAlloc_v2", 2, kOutOfMemory);
    const Answer answer = life.run(step);
    EXPECT_EQ(large ? LACUNA_OUT_OF_MEMORY : LACUNA_OK, answer.status) << step.name << ": " << answer.text;
    if (large) {
      EXPECT_EQ("alloc: no device memory for 12582912 bytes", answer.text);
      EXPECT_EQ(LACUNA_OK, life.run(step).status) << "and now there is some";
    }
  }
}

TEST(CudaFailure, TellsTheNumberWhereTheDriverHasNoWords) {
  const Standin& driver = Standin::get();
  driver.standin_reset();
  const DeviceContext ctx;
  driver.standin_fail("cuStreamSynchronize", 1, 4711);
  EXPECT_EQ(LACUNA_DEVICE_ERROR, ctx.cuda.lacuna_synchronize(ctx));
  EXPECT_EQ("synchronize: cuStreamSynchronize: unknown error (4711): no explanation given", ctx.error());
}

TEST(CudaFailure, BreaksAContextWhoseDeviceStops) {
  if (kAddressSanitizer) GTEST_SKIP() << "AddressSanitizer sees it first";
  const Standin& driver = Standin::get();
  driver.standin_reset();
  const DeviceContext ctx(1);
  void* out = nullptr;
  ASSERT_EQ(LACUNA_OK, ctx.cuda.lacuna_alloc(ctx, 4, &out)) << ctx.error();
  // Somebody writes in front of a tensor: the stand-in's card stops, as a real one does at an illegal address.
  static_cast<char*>(out)[-1] = 1;
  EXPECT_EQ(LACUNA_DEVICE_ERROR, ctx.cuda.lacuna_synchronize(ctx));
  EXPECT_EQ(
      "synchronize: cuStreamSynchronize: CUDA_ERROR_ILLEGAL_ADDRESS (700): an illegal memory access was encountered",
      ctx.error());
  void* block = nullptr;
  EXPECT_EQ(LACUNA_DEVICE_ERROR, ctx.cuda.lacuna_alloc(ctx, 8, &block));
  EXPECT_EQ(
      "alloc: the context is unusable since synchronize: cuStreamSynchronize: CUDA_ERROR_ILLEGAL_ADDRESS (700): an "
      "illegal "
      "memory access was encountered; open a new one",
      ctx.error());
}

}  // namespace
}  // namespace lacuna::test
