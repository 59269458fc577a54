#include "lacuna/philox.h"
#include "parity.h"

namespace {

using namespace lacuna::test;

struct Size {
  int64_t n, d;
};
constexpr Size kSizes[] = {{0, 3},   {3, 0},    {1, 1},   {1, 3},   {3, 1},    {2, 4},    {31, 5},
                           {33, 32}, {7, 31},   {5, 63},  {64, 65}, {3, 127},  {9, 128},  {2, 129},
                           {1, 513}, {2, 1025}, {129, 1}, {700, 2}, {1, 5000}, {3, 2050}, {1100, 10}};

struct Call {
  std::vector<float> x, out;
  lacuna_dropout_args args{};

  explicit Call(Size size, int64_t gap = 0, double p = 0.3)
      : x(random_values(std::max<int64_t>(size.n * (size.d + gap), 1), 1)),
        out(random_values(std::max<int64_t>(size.n * (size.d + gap), 1), 2)) {
    args.n = size.n, args.d = size.d, args.ld_x = args.ld_out = size.d + gap;
    args.seed = -0x123456789abcdef, args.stream = 7, args.step = -3, args.p = p;
    args.x = x.data(), args.out = out.data();
  }
};

// Masks and what is written where acc_out = 0 are bit-equal; a sum may be rounded once or twice.
TEST(CudaDropout, DropsWhatTheCpuDrops) {
  const DeviceContext ctx;
  for (const Size size : kSizes) {
    for (const int64_t gap : {0, 1, 4}) {
      for (const double p : {0.0, 0.3, 0.5, 0.999, 1 - 0x1p-53}) {
        SCOPED_TRACE(testing::Message() << "[" << size.n << ", " << size.d << "], gaps of " << gap << ", p " << p);
        Call call(size, gap, p);
        expect_parity(ctx, LACUNA_OP_dropout, call.args, 0);
        call.args.acc_out = 1;
        expect_parity(ctx, LACUNA_OP_dropout, call.args, 1e-6);
        call.args.acc_out = 0, call.x[0] = kNaN;
        expect_parity(ctx, LACUNA_OP_dropout, call.args, 0);
      }
    }
  }
}

TEST(CudaDropout, KeepsAnElementWhereItsDrawIsAtLeastP) {
  const DeviceContext ctx;
  const Size size{5, 67};
  for (const int64_t gap : {0, 1}) {
    Call call(size, gap, 0.4);
    const lacuna::Philox random{call.args.seed, 7, -3};
    ASSERT_EQ(LACUNA_OK, run_on_device(ctx, LACUNA_OP_dropout, call.args).status);
    for (int64_t i = 0; i < size.n * size.d; ++i) {
      const auto at = static_cast<size_t>(i / size.d * call.args.ld_x + i % size.d);
      const float wanted = random.uniform(i) >= 0.4 ? static_cast<float>(1 / 0.6) * call.x[at] : 0.0f;
      ASSERT_EQ(wanted, call.out[at]) << "element " << i << ", gaps of " << gap;
    }
  }
}

TEST(CudaDropout, RefusesWhatTheCpuRefuses) {
  const DeviceContext ctx;
  const auto refused = [&](auto change, const char* text) {
    Call call({3, 5});
    change(call.args);
    expect_refused(ctx, LACUNA_OP_dropout, call.args, text);
  };
  refused([](auto& args) { args.p = 1; }, "p is 1, want 0 <= p < 1");
  refused([](auto& args) { args.p = -0.5; }, "p is -0.5, want 0 <= p < 1");
  refused([](auto& args) { args.p = kNaN; }, "p is nan, want 0 <= p < 1");
  refused([](auto& args) { args.stream = int64_t{1} << 31; }, "stream is 2147483648 and step is -3, want 32-bit");
  refused([](auto& args) { args.step = int64_t{-1} << 32; }, "stream is 7 and step is -4294967296, want 32-bit");
  refused([](auto& args) { args.acc_out = 2; }, "acc_out is 2, want 0 or 1");
}

}  // namespace
