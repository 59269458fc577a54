#include <atomic>
#include <chrono>
#include <new>
#include <stdexcept>
#include <thread>

#include "context.h"
#include "test_util.h"

namespace lacuna::test {
namespace {

using std::string;

// A linear_fwd call that is right in every field: y[2,3] = x[2,4] w[3,4]^T + b[3].
struct LinearCall {
  alignas(64) float x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, w[12] = {}, b[3] = {1, 2, 3}, y[6] = {};
  lacuna_linear_fwd_args args{};

  LinearCall() {
    args.struct_size = sizeof args;
    args.n = 2, args.d = 4, args.o = 3, args.ld_x = 4, args.ld_w = 4, args.ld_y = 3;
    args.x = x, args.w = w, args.b = b, args.y = y;
  }
  lacuna_status run(lacuna_context* ctx) {
    lacuna_op_fn function = nullptr;
    EXPECT_EQ(LACUNA_OK, lacuna_op_lookup(ctx, LACUNA_OP_linear_fwd, &function));
    return function(ctx, &args);
  }
};

string open_error(const lacuna_open_args* args, lacuna_status want) {
  char error[200] = "";
  lacuna_context* ctx = reinterpret_cast<lacuna_context*>(1);
  EXPECT_EQ(want, lacuna_context_open(args, &ctx, error, sizeof error));
  EXPECT_EQ(nullptr, ctx);
  return error;
}

TEST(Open, names_what_is_wrong) {
  lacuna_open_args args{sizeof args, 0, 1, 0, nullptr};
  args.struct_size = 8;
  EXPECT_EQ("context_open: struct_size is 8, want >= 24", open_error(&args, LACUNA_ABI_MISMATCH));
  args.struct_size = sizeof args;
  args.tier = 4;
  EXPECT_EQ("context_open: tier is 4, want 0 to 3", open_error(&args, LACUNA_INVALID_ARGUMENT));
  args.tier = 0;
  args.threads = -1;
  EXPECT_EQ("context_open: threads is -1, want 0 to 1024", open_error(&args, LACUNA_INVALID_ARGUMENT));
  EXPECT_EQ("context_open: args is NULL", open_error(nullptr, LACUNA_INVALID_ARGUMENT));
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_context_open(&args, nullptr, nullptr, 0));
}

TEST(Open, cuts_the_text_to_the_capacity) {
  const lacuna_open_args args{4, 0, 1, 0, nullptr};
  lacuna_context* ctx;
  char error[8];
  std::memset(error, 'x', sizeof error);
  EXPECT_EQ(LACUNA_ABI_MISMATCH, lacuna_context_open(&args, &ctx, error, 5));
  EXPECT_STREQ("cont", error);
  EXPECT_EQ('x', error[5]);
  EXPECT_EQ(LACUNA_ABI_MISMATCH, lacuna_context_open(&args, &ctx, nullptr, 0));
}

TEST(Open, describes_tier_and_threads) {
  for (int tier : usable_tiers()) {
    Context ctx(3, tier);
    const string text = lacuna_describe(ctx);
    EXPECT_NE(string::npos, text.find("tier=" + string(tier_name(tier)) + ";threads=3;dnnl=")) << text;
  }
}

TEST(Wall, survives_null_everywhere) {
  Context ctx;
  lacuna_op_fn function = nullptr;
  int64_t bytes;
  lacuna_context_close(nullptr);
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_alloc(nullptr, 1, nullptr));
  EXPECT_STREQ("context: is NULL", lacuna_last_error(nullptr));
  EXPECT_STREQ("", lacuna_describe(nullptr));
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_alloc(ctx, 1, nullptr));
  EXPECT_EQ("alloc: out is NULL", ctx.error());
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_op_lookup(ctx, 0, nullptr));
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_workspace(ctx, 0, nullptr, &bytes));
  EXPECT_EQ("linear_fwd: args is NULL", ctx.error());
  EXPECT_EQ(LACUNA_OK, lacuna_op_lookup(ctx, 0, &function));
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, function(ctx, nullptr));
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, function(nullptr, nullptr));
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_upload(ctx, &bytes, nullptr, 8));
  EXPECT_EQ("upload: the source is NULL", ctx.error());
}

// A back end without a single op.
class BareContext final : public lacuna_context {
 public:
  BareContext() : lacuna_context("BARE", kNone, 1, MemorySpace::kHost) {}
  const char* describe() noexcept override { return "device=bare"; }
  lacuna_status upload(void*, const void*, int64_t) override { throw std::bad_alloc(); }
  lacuna_status download(void*, const void*, int64_t) override { throw std::runtime_error("torn"); }
  lacuna_status copy(void*, const void*, int64_t) override { throw 1; }
  lacuna_status synchronize() override { return LACUNA_OK; }
  lacuna_status synchronize_device() override { return LACUNA_OK; }
  lacuna_status timer_start() override { return LACUNA_OK; }
  lacuna_status timer_stop(double*) override { return LACUNA_OK; }
  lacuna_status enter(const char* call) override {
    ++entered;
    lacuna_context::enter(call);
    return refuses ? fail(LACUNA_DEVICE_ERROR, "refused") : LACUNA_OK;
  }
  void leave() override { ++left; }

  int entered = 0, left = 0;
  bool refuses = false;

 private:
  static constexpr Op kNone[LACUNA_OP_COUNT] = {};
  lacuna_status allocate(int64_t, void**) override { return LACUNA_OUT_OF_MEMORY; }
  lacuna_status deallocate(void*) override { return LACUNA_OK; }
  lacuna_status check_foreign(const void*, int64_t) override { return LACUNA_OK; }
};

TEST(Wall, answers_for_an_op_that_the_back_end_lacks) {
  BareContext ctx;
  lacuna_op_fn function = nullptr;
  EXPECT_EQ(LACUNA_UNSUPPORTED, lacuna_op_lookup(&ctx, LACUNA_OP_linear_fwd, &function));
  EXPECT_EQ(nullptr, function);
  EXPECT_STREQ("op_lookup: the BARE back end has no linear_fwd", lacuna_last_error(&ctx));
  LinearCall call;
  int64_t bytes = 1;
  EXPECT_EQ(LACUNA_UNSUPPORTED, lacuna_workspace(&ctx, LACUNA_OP_linear_fwd, &call.args, &bytes));
  EXPECT_EQ(0, bytes);
  EXPECT_STREQ("linear_fwd: the BARE back end has no linear_fwd", lacuna_last_error(&ctx));
}

TEST(Wall, lets_no_exception_out_and_leaves_what_it_entered) {
  BareContext ctx;
  char from = 0, to = 0;
  EXPECT_EQ(LACUNA_OUT_OF_MEMORY, lacuna_upload(&ctx, &to, &from, 1));
  EXPECT_STREQ("upload: no memory", lacuna_last_error(&ctx));
  EXPECT_EQ(LACUNA_INTERNAL, lacuna_download(&ctx, &to, &from, 1));
  EXPECT_STREQ("download: torn", lacuna_last_error(&ctx));
  EXPECT_EQ(LACUNA_INTERNAL, lacuna_copy(&ctx, &to, &from, 1));
  EXPECT_STREQ("copy: unknown exception", lacuna_last_error(&ctx));
  EXPECT_EQ(3, ctx.left);
  ctx.refuses = true;
  EXPECT_EQ(LACUNA_DEVICE_ERROR, lacuna_synchronize(&ctx));
  EXPECT_STREQ("synchronize: refused", lacuna_last_error(&ctx));
  EXPECT_EQ(4, ctx.entered);
  EXPECT_EQ(3, ctx.left);
}

TEST(Lookup, knows_every_op_of_the_table_and_no_other) {
  Context ctx;
  lacuna_op_fn function = nullptr;
  for (int32_t op = 0; op < lacuna_op_count(); ++op) {
    EXPECT_EQ(LACUNA_OK, lacuna_op_lookup(ctx, op, &function));
    EXPECT_NE(nullptr, function);
  }
  for (int32_t op : {-1, lacuna_op_count()}) {
    EXPECT_EQ(LACUNA_UNSUPPORTED, lacuna_op_lookup(ctx, op, &function));
    EXPECT_EQ(nullptr, function);
    int64_t bytes;
    EXPECT_EQ(LACUNA_UNSUPPORTED, lacuna_workspace(ctx, op, &bytes, &bytes));
  }
  const int32_t count = lacuna_op_count();
  EXPECT_EQ("workspace: op is " + std::to_string(count) + ", this library has 0 to " + std::to_string(count - 1),
            ctx.error());
}

TEST(Memory, adopts_any_address_once_and_forgets_it) {
  Context ctx;
  char block[64];
  EXPECT_EQ(LACUNA_OK, lacuna_adopt(ctx, block, 32)) << ctx.error();
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_adopt(ctx, block + 31, 8));
  EXPECT_NE(string::npos, ctx.error().find(", 8 bytes, overlaps memory lent or adopted before")) << ctx.error();
  EXPECT_EQ(LACUNA_OK, lacuna_adopt(ctx, block + 32, 32)) << ctx.error();
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_adopt(ctx, nullptr, 8));
  EXPECT_EQ("adopt: address is NULL", ctx.error());
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_adopt(ctx, block, 0));
  EXPECT_EQ("adopt: bytes is 0, want > 0", ctx.error());
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_free(ctx, block));
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_release(ctx, block + 1));
  EXPECT_NE(string::npos, ctx.error().find("was not adopted by this context, or was released before")) << ctx.error();
  EXPECT_EQ(LACUNA_OK, lacuna_release(ctx, block)) << ctx.error();
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_release(ctx, block));
  void* lent = nullptr;
  ASSERT_EQ(LACUNA_OK, lacuna_alloc(ctx, 64, &lent));
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_release(ctx, lent));
  EXPECT_EQ(LACUNA_OK, lacuna_free(ctx, lent)) << ctx.error();
}

TEST(Stream, is_nothing_that_the_CPU_has) {
  Context ctx;
  void* stream = &ctx;
  EXPECT_EQ(LACUNA_UNSUPPORTED, lacuna_stream(ctx, &stream));
  EXPECT_EQ(nullptr, stream);
  EXPECT_EQ("stream: the CPU back end has no streams", ctx.error());
  EXPECT_EQ(LACUNA_UNSUPPORTED, lacuna_use_stream(ctx, &ctx));
  EXPECT_EQ("use_stream: the CPU back end has no streams", ctx.error());
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_stream(ctx, nullptr));
  EXPECT_EQ("stream: out is NULL", ctx.error());
}

TEST(Timer, tells_the_time_between_start_and_stop) {
  Context ctx;
  double milliseconds = -1;
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_timer_stop(ctx, &milliseconds));
  EXPECT_EQ("timer_stop: no timer was started", ctx.error());
  ASSERT_EQ(LACUNA_OK, lacuna_timer_start(ctx));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_timer_stop(ctx, nullptr));
  ASSERT_EQ(LACUNA_OK, lacuna_timer_stop(ctx, &milliseconds)) << ctx.error();
  EXPECT_GE(milliseconds, 20);
  EXPECT_LT(milliseconds, 20'000);
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_timer_stop(ctx, &milliseconds));
}

TEST(Memory, is_aligned_tracked_and_copied) {
  Context ctx;
  void *a = nullptr, *b = nullptr;
  ASSERT_EQ(LACUNA_OK, lacuna_alloc(ctx, 3, &a));
  ASSERT_EQ(LACUNA_OK, lacuna_alloc(ctx, 100, &b));  // left to close: the leak checker watches
  EXPECT_EQ(0u, reinterpret_cast<uintptr_t>(a) % 64);
  EXPECT_EQ(LACUNA_OK, lacuna_upload(ctx, a, "ab", 3));
  EXPECT_EQ(LACUNA_OK, lacuna_copy(ctx, b, a, 3));
  char text[3];
  EXPECT_EQ(LACUNA_OK, lacuna_download(ctx, text, b, 3));
  EXPECT_STREQ("ab", text);
  EXPECT_EQ(LACUNA_OK, lacuna_synchronize(ctx));
  EXPECT_EQ(LACUNA_OK, lacuna_synchronize_device(ctx));
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_copy(ctx, b, static_cast<char*>(b) + 1, 2));
  EXPECT_EQ("copy: source and target overlap within 2 bytes", ctx.error());
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_copy(ctx, b, a, -1));
  EXPECT_EQ(LACUNA_OK, lacuna_copy(ctx, nullptr, nullptr, 0));
  EXPECT_EQ(LACUNA_OK, lacuna_free(ctx, a));
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_free(ctx, a));
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_free(ctx, text));
  EXPECT_EQ(LACUNA_OK, lacuna_free(ctx, nullptr));
}

TEST(Memory, refuses_what_cannot_be) {
  Context ctx;
  void* block = &ctx;
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, lacuna_alloc(ctx, 0, &block));
  EXPECT_EQ("alloc: bytes is 0, want > 0", ctx.error());
  EXPECT_EQ(nullptr, block);
#ifndef __SANITIZE_ADDRESS__  // which aborts instead of answering
#ifndef __SANITIZE_THREAD__
  EXPECT_EQ(LACUNA_OUT_OF_MEMORY, lacuna_alloc(ctx, int64_t{1} << 60, &block));
  EXPECT_EQ(nullptr, block);
#endif
#endif
}

TEST(Check, names_field_value_and_want) {
  Context ctx;
  const auto expect = [&](const char* text, auto&& spoil) {
    LinearCall call;
    spoil(call);
    EXPECT_EQ(LACUNA_INVALID_ARGUMENT, call.run(ctx));
    EXPECT_EQ(text, ctx.error());
    for (float value : call.y) EXPECT_EQ(0.0f, value) << text;
  };
  expect("linear_fwd: ld_x is 3, want >= 4 (= d)", [](LinearCall& c) { c.args.ld_x = 3; });
  expect("linear_fwd: n is -1, want >= 0", [](LinearCall& c) { c.args.n = -1; });
  expect("linear_fwd: x is NULL, want [n, d] = [2, 4]", [](LinearCall& c) { c.args.x = nullptr; });
  expect("linear_fwd: y overlaps x", [](LinearCall& c) { c.args.y = c.x + 7; });
  expect("linear_fwd: y overlaps b", [](LinearCall& c) { c.args.b = c.y + 5; });
  expect("linear_fwd: flags is 2, want 0 or 1 (FAST)", [](LinearCall& c) { c.args.flags = 2; });
  expect("linear_fwd: x [n, d] is larger than memory",
         [](LinearCall& c) { c.args.n = INT64_MAX, c.args.ld_x = INT64_MAX; });
  LinearCall skewed;
  skewed.args.w = reinterpret_cast<float*>(reinterpret_cast<char*>(skewed.w) + 2);
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, skewed.run(ctx));
  EXPECT_NE(string::npos, ctx.error().find("want a multiple of 4 bytes")) << ctx.error();
}

TEST(Check, refuses_a_smaller_struct_and_takes_a_larger_one) {
  Context ctx;
  LinearCall call;
  call.args.struct_size = sizeof call.args - 8;
  EXPECT_EQ(LACUNA_ABI_MISMATCH, call.run(ctx));
  EXPECT_EQ("linear_fwd: struct_size is 96, want >= 104", ctx.error());
  int64_t bytes = 0;
  EXPECT_EQ(LACUNA_ABI_MISMATCH, lacuna_workspace(ctx, LACUNA_OP_linear_fwd, &call.args, &bytes));
  call.args.struct_size = sizeof call.args + 8;
  EXPECT_EQ(LACUNA_OK, call.run(ctx)) << ctx.error();
}

TEST(Check, lets_optional_and_empty_tensors_be_null) {
  Context ctx;
  LinearCall call;
  call.args.b = nullptr;
  EXPECT_EQ(LACUNA_OK, call.run(ctx)) << ctx.error();
  call.args.n = 0;
  call.args.x = call.args.y = nullptr;
  EXPECT_EQ(LACUNA_OK, call.run(ctx)) << ctx.error();
}

TEST(Check, ignores_the_stride_of_a_single_row) {
  Context ctx;
  LinearCall call;
  call.args.n = 1;
  call.args.ld_x = call.args.ld_y = 0;
  EXPECT_EQ(LACUNA_OK, call.run(ctx)) << ctx.error();
  EXPECT_EQ(1.0f, call.y[0]);
}

// x = columns [0, 2) and y = columns [2, 4) of one [3, 4] matrix.
TEST(Check, tells_interleaved_columns_from_overlap) {
  Context ctx;
  float matrix[12] = {1, 2, 0, 0, 3, 4, 0, 0, 5, 6, 0, 0}, w[4] = {1, 0, 0, 1};
  lacuna_linear_fwd_args args{};
  args.n = 3, args.d = args.o = args.ld_w = 2, args.ld_x = args.ld_y = 4;
  args.x = matrix, args.w = w, args.y = matrix + 2;
  EXPECT_EQ(LACUNA_OK, call(ctx, LACUNA_OP_linear_fwd, args)) << ctx.error();
  EXPECT_EQ(6.0f, matrix[11]);
  args.y = matrix + 1;
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, call(ctx, LACUNA_OP_linear_fwd, args));
  args.y = matrix + 3;  // its second column is x's first, one row down
  args.n = 2;
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, call(ctx, LACUNA_OP_linear_fwd, args));
  EXPECT_EQ("linear_fwd: y overlaps x", ctx.error());
}

TEST(Check, allows_in_place_only_where_the_op_does) {
  Context ctx;
  float x[4] = {-1, 2, -3, 4};
  lacuna_elementwise_fwd_args relu{};
  relu.n = 2, relu.d = relu.ld_x = relu.ld_out = 2, relu.code = 3;
  relu.x = relu.out = x;
  EXPECT_EQ(LACUNA_OK, call(ctx, LACUNA_OP_elementwise_fwd, relu)) << ctx.error();
  EXPECT_EQ(0.0f, x[0]);
  relu.n = 1;
  relu.out = x + 1;
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, call(ctx, LACUNA_OP_elementwise_fwd, relu));
  EXPECT_EQ("elementwise_fwd: out overlaps x", ctx.error());
}

TEST(Workspace, is_demanded_in_full_and_aligned) {
  Context ctx;
  std::vector<float> x(25), y(9), weight(9);
  lacuna_conv2d_fwd_args args{};
  args.struct_size = sizeof args;
  args.n = args.c_in = args.c_out = args.stride = 1, args.h = args.w = 5,
  args.kh = args.kw = args.h_out = args.w_out = 3;
  args.x = x.data(), args.weight = weight.data(), args.y = y.data();
  int64_t bytes = 0;
  ASSERT_EQ(LACUNA_OK, lacuna_workspace(ctx, LACUNA_OP_conv2d_fwd, &args, &bytes));
  ASSERT_GT(bytes, 0);
  lacuna_op_fn conv = nullptr;
  ASSERT_EQ(LACUNA_OK, lacuna_op_lookup(ctx, LACUNA_OP_conv2d_fwd, &conv));
  void* memory = nullptr;
  ASSERT_EQ(LACUNA_OK, lacuna_alloc(ctx, bytes + 64, &memory));
  args.workspace = memory;
  args.workspace_bytes = bytes - 1;
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, conv(ctx, &args));
  EXPECT_EQ("conv2d_fwd: workspace_bytes is " + std::to_string(bytes - 1) + ", want >= " + std::to_string(bytes),
            ctx.error());
  args.workspace_bytes = bytes;
  args.workspace = static_cast<char*>(memory) + 4;
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, conv(ctx, &args));
  args.workspace = memory;
  args.y = static_cast<float*>(memory);
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, conv(ctx, &args));
  EXPECT_EQ("conv2d_fwd: workspace overlaps y", ctx.error());
  args.y = y.data();
  EXPECT_EQ(LACUNA_OK, conv(ctx, &args)) << ctx.error();
}

TEST(Workspace, does_not_depend_on_addresses) {
  Context ctx(2);
  lacuna_linear_bwd_args args{};
  args.struct_size = sizeof args;
  args.n = 8192, args.d = args.ld_x = args.ld_w = args.ld_dx = args.ld_dw = 16, args.o = args.ld_dy = 16;
  int64_t without = 0, with = 0;
  EXPECT_EQ(LACUNA_OK, lacuna_workspace(ctx, LACUNA_OP_linear_bwd, &args, &without));
  args.dx = args.dw = args.db = args.x = args.w = args.dy = reinterpret_cast<float*>(64);
  EXPECT_EQ(LACUNA_OK, lacuna_workspace(ctx, LACUNA_OP_linear_bwd, &args, &with));
  EXPECT_GT(without, 0);
  EXPECT_EQ(without, with);
}

// One thread keeps the context busy for milliseconds at a time; the other must be let in between calls and refused
// within them.
TEST(Threads, overlapping_use_is_refused_and_hand_over_is_not) {
  Context ctx(1);
  const int64_t n = 510;  // in whole tiles of linear.cpp, so that no workspace is wanted
  std::vector<float> x(n * n), w(n * n), y(n * n);
  lacuna_linear_fwd_args args{};
  args.struct_size = sizeof args;
  args.n = args.d = args.o = args.ld_x = args.ld_w = args.ld_y = n;
  args.x = x.data(), args.w = w.data(), args.y = y.data();
  lacuna_op_fn linear = nullptr;
  ASSERT_EQ(LACUNA_OK, lacuna_op_lookup(ctx, LACUNA_OP_linear_fwd, &linear));
  ASSERT_EQ(LACUNA_OK, linear(ctx, &args)) << ctx.error();  // a new thread may have been in the context before

  std::atomic<bool> stop{false};
  std::atomic<int> own_failures{0};
  std::thread other([&] {
    while (!stop) {
      const lacuna_status status = linear(ctx, &args);
      if (status != LACUNA_OK && status != LACUNA_INVALID_ARGUMENT) ++own_failures;
    }
  });
  bool refused = false;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!refused && std::chrono::steady_clock::now() < deadline) {
    refused = lacuna_synchronize(ctx) == LACUNA_INVALID_ARGUMENT;
    if (refused) {
      EXPECT_EQ("context: used by two threads at once; hand it over or open one context per thread", ctx.error());
    }
  }
  stop = true;
  other.join();
  EXPECT_TRUE(refused);
  EXPECT_EQ(0, own_failures);
  EXPECT_EQ(LACUNA_OK, lacuna_synchronize(ctx));
}

TEST(Dnnl, failure_to_load_is_unsupported_with_a_reason) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process of its own: here oneDNN is loaded already
  EXPECT_EXIT(
      {
        Context ctx(1, LACUNA_TIER_BEST, "/nowhere");
        LinearCall call;
        const bool refused = call.run(ctx) == LACUNA_UNSUPPORTED;
        const bool reason = ctx.error().find("linear_fwd: oneDNN cannot be loaded: /nowhere/libgomp.so.1") == 0;
        const bool untouched = call.y[0] == 0.0f;
        Context good;
        const bool later = call.run(good) == LACUNA_OK && call.y[0] == 1.0f;
        _exit(refused && reason && untouched && later ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace lacuna::test
