#include "ops/reduce.h"

#include "parity.h"

namespace {

using namespace lacuna::reduce;
using namespace lacuna::test;

struct Size {
  int64_t n, d;
};
// The last ones are cut into chunks: long rows, long columns, wide ones, totals.
constexpr Size kSizes[] = {{0, 3},     {3, 0},     {0, 0},     {1, 1},    {1, 3},   {3, 1},    {31, 5},
                           {33, 32},   {7, 31},    {5, 63},    {64, 65},  {3, 127}, {9, 128},  {2, 129},
                           {1, 1023},  {2, 1025},  {5, 64},    {257, 1},  {700, 2}, {2500, 3}, {90, 90},
                           {3, 40000}, {2100, 10}, {400, 300}, {1, 70001}};

std::vector<Size> results_of(Size size) { return {{1, size.d}, {size.n, 1}, {1, 1}}; }

TEST(CudaReduce, SumsAndAveragesAsTheCpuDoes) {
  const DeviceContext ctx;
  for (const Size size : kSizes) {
    for (const int64_t gap : {0, 1, 4}) {
      for (const Size out : results_of(size)) {
        for (const int64_t code : {kSum, kMean}) {
          if (code == kMean && size.n * size.d == 0) continue;
          SCOPED_TRACE(testing::Message() << "code " << code << ", [" << size.n << ", " << size.d << "] to [" << out.n
                                          << ", " << out.d << "], gaps of " << gap);
          std::vector<float> x = random_values(std::max<int64_t>(size.n * (size.d + gap), 1), 1);
          std::vector<float> sums = random_values(std::max<int64_t>(out.n * (out.d + gap), 1), 2);
          for (float& value : x) value += 0.25f;
          lacuna_reduce_fwd_args args{};
          args.n = size.n, args.d = size.d, args.out_n = out.n, args.out_d = out.d;
          args.ld_x = size.d + gap, args.ld_out = out.d + gap, args.code = code;
          args.x = x.data(), args.out = sums.data();
          expect_parity(ctx, LACUNA_OP_reduce_fwd, args, 1e-6);
        }
      }
    }
  }
}

TEST(CudaReduce, SpreadsGradientsAsTheCpuDoes) {
  const DeviceContext ctx;
  for (const Size size : kSizes) {
    for (const int64_t gap : {0, 1, 4}) {
      for (const Size out : results_of(size)) {
        for (const int64_t options : {0, 1, 2, 3}) {
          SCOPED_TRACE(testing::Message() << "options " << options << ", [" << size.n << ", " << size.d << "] from ["
                                          << out.n << ", " << out.d << "], gaps of " << gap);
          std::vector<float> dx = random_values(std::max<int64_t>(size.n * (size.d + gap), 1), 1);
          std::vector<float> dout = random_values(std::max<int64_t>(out.n * (out.d + gap), 1), 2);
          lacuna_reduce_bwd_args args{};
          args.n = size.n, args.d = size.d, args.out_n = out.n, args.out_d = out.d;
          args.ld_dx = size.d + gap, args.ld_dout = out.d + gap, args.code = options & 1, args.acc_dx = options >> 1;
          args.dout = dout.data(), args.dx = dx.data();
          expect_parity(ctx, LACUNA_OP_reduce_bwd, args, 1e-6);
        }
      }
    }
  }
}

TEST(CudaReduce, RefusesWhatTheCpuRefuses) {
  const DeviceContext ctx;
  std::vector<float> x = random_values(15, 1), out = random_values(15, 2);
  lacuna_reduce_fwd_args good{};
  good.n = 3, good.d = 5, good.out_n = 1, good.out_d = 5, good.ld_x = good.ld_out = 5;
  good.x = x.data(), good.out = out.data();
  const auto refused = [&](auto change, const char* text) {
    lacuna_reduce_fwd_args args = good;
    change(args);
    expect_refused(ctx, LACUNA_OP_reduce_fwd, args, text);
  };
  refused([](auto& args) { args.code = 2; }, "code is 2, want 0 (SUM) or 1 (MEAN)");
  refused([](auto& args) { args.out_n = 3; }, "out_n is 3, want 1, or 3 (= n) with out_d = 1");
  refused([](auto& args) { args.out_d = 4; }, "out_d is 4, want 1 or 5 (= d)");
  refused([](auto& args) { args.n = 0, args.code = kMean; }, "MEAN of x[0, 5] has no elements to average");
  lacuna_reduce_bwd_args gradient{};
  gradient.n = 3, gradient.d = 5, gradient.out_n = 1, gradient.out_d = 5, gradient.ld_dout = gradient.ld_dx = 5;
  gradient.dout = out.data(), gradient.dx = x.data(), gradient.acc_dx = 7;
  expect_refused(ctx, LACUNA_OP_reduce_bwd, gradient, "acc_dx is 7, want 0 or 1");
}

}  // namespace
