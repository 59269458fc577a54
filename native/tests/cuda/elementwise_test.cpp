#include "lacuna/elementwise_codes.h"
#include "parity.h"

namespace {

using namespace lacuna::elementwise;
using namespace lacuna::test;

struct Size {
  int64_t n, d;
};
constexpr Size kSizes[] = {{0, 3},  {3, 0},   {1, 1},   {1, 3},    {3, 1},    {2, 4},     {31, 5},    {33, 32},
                           {7, 31}, {5, 63},  {64, 65}, {3, 127},  {9, 128},  {2, 129},   {1, 1023},  {2, 1025},
                           {5, 64}, {129, 1}, {700, 2}, {1, 5000}, {3, 2050}, {1100, 10}, {1, 40000}, {600, 301}};

// Every way to repeat y over [n, d].
std::vector<Size> extents_of_y(int64_t code, Size size) {
  if (!takes_y(code)) return {{0, 0}};
  return {size, {1, size.d}, {size.n, 1}, {1, 1}};
}

struct Values {
  int64_t ld;
  std::vector<float> values;

  Values(Size size, int64_t gap, uint32_t seed)
      : ld(size.d + gap), values(random_values(std::max<int64_t>(size.n * ld, 1), seed)) {}
  float* data() { return values.data(); }
};

// All codes up to AFFINE; behind it come functions that are CUDA's own there.
TEST(CudaElementwise, MapsAsTheCpuDoesBitByBit) {
  const DeviceContext ctx;
  for (const Size size : kSizes) {
    for (const int64_t gap : {0, 1, 4}) {
      for (int64_t code = kAdd; code <= kAffine; ++code) {
        for (const Size extent : extents_of_y(code, size)) {
          SCOPED_TRACE(testing::Message() << "code " << code << ", [" << size.n << ", " << size.d << "] and y ["
                                          << extent.n << ", " << extent.d << "], gaps of " << gap);
          Values x(size, gap, 1), y(extent, gap, 2), out(size, 0, 3);
          if (size.n * size.d > 2) x.values[2] = 0, x.values[0] = kNaN;
          lacuna_elementwise_fwd_args args{};
          args.n = size.n, args.d = size.d, args.y_n = extent.n, args.y_d = extent.d;
          args.ld_x = x.ld, args.ld_y = y.ld, args.ld_out = out.ld;
          args.code = code, args.alpha = 1.7, args.beta = -0.3;
          args.x = x.data(), args.y = takes_y(code) ? y.data() : nullptr, args.out = out.data();
          expect_parity(ctx, LACUNA_OP_elementwise_fwd, args, 0);
          args.out = x.data(), args.ld_out = x.ld;
          expect_parity(ctx, LACUNA_OP_elementwise_fwd, args, 0);
        }
      }
    }
  }
}

TEST(CudaElementwise, GeluIsTheCpusInItsTailsToo) {
  const DeviceContext ctx;
  for (const Size size : kSizes) {
    for (const int64_t gap : {0, 1, 4}) {
      for (const float centre : {0.0f, -5.0f, -9.0f, 5.0f}) {
        SCOPED_TRACE(testing::Message() << "[" << size.n << ", " << size.d << "] about " << centre << ", gaps of "
                                        << gap);
        Values x(size, gap, 1), out(size, 0, 3), dout(size, gap, 4), dx(size, gap, 5);
        for (float& value : x.values) value = 3 * value + centre;
        if (size.n * size.d > 2) x.values[2] = 0, x.values[0] = kNaN;
        lacuna_elementwise_fwd_args args{};
        args.n = size.n, args.d = size.d, args.ld_x = x.ld, args.ld_out = out.ld, args.code = kGelu;
        args.x = x.data(), args.out = out.data();
        expect_parity(ctx, LACUNA_OP_elementwise_fwd, args, 1e-6);
        lacuna_elementwise_bwd_args gradient{};
        gradient.n = size.n, gradient.d = size.d, gradient.code = kGelu;
        gradient.ld_dout = dout.ld, gradient.ld_x = x.ld, gradient.ld_dx = dx.ld;
        gradient.dout = dout.data(), gradient.x = x.data(), gradient.dx = dx.data();
        for (gradient.acc_dx = 0; gradient.acc_dx < 2; ++gradient.acc_dx) {
          expect_parity(ctx, LACUNA_OP_elementwise_bwd, gradient, 3e-6);
        }
      }
    }
  }
}

// Numbers about `centre`, a zero and NaN among them: the function, and its gradient with and without another's.
void expect_function(const DeviceContext& ctx, Code code, Size size, int64_t gap, float spread, float centre) {
  SCOPED_TRACE(testing::Message() << "code " << code << ", [" << size.n << ", " << size.d << "] about " << centre
                                  << ", gaps of " << gap);
  Values x(size, gap, 1), out(size, 0, 3), dout(size, gap, 4), dx(size, gap, 5);
  for (float& value : x.values) value = spread * value + centre;
  if (size.n * size.d > 2) x.values[2] = 0, x.values[0] = kNaN;
  lacuna_elementwise_fwd_args args{};
  args.n = size.n, args.d = size.d, args.ld_x = x.ld, args.ld_out = out.ld, args.code = code, args.alpha = 0.25;
  args.x = x.data(), args.out = out.data();
  expect_parity(ctx, LACUNA_OP_elementwise_fwd, args, 1e-6);
  lacuna_elementwise_bwd_args gradient{};
  gradient.n = size.n, gradient.d = size.d, gradient.code = code, gradient.alpha = 0.25;
  gradient.ld_dout = dout.ld, gradient.ld_x = x.ld, gradient.ld_dx = dx.ld;
  gradient.dout = dout.data(), gradient.x = x.data(), gradient.dx = dx.data();
  for (gradient.acc_dx = 0; gradient.acc_dx < 2; ++gradient.acc_dx) {
    expect_parity(ctx, LACUNA_OP_elementwise_bwd, gradient, 3e-6);
  }
}

TEST(CudaElementwise, FunctionsAreTheCpusAtTheirEndsToo) {
  const DeviceContext ctx;
  for (const Size size : kSizes) {
    for (const int64_t gap : {0, 1, 4}) {
      for (const float centre : {0.0f, -20.0f, 20.0f}) {
        expect_function(ctx, kTanh, size, gap, 2, centre);
        expect_function(ctx, kExp, size, gap, 2, 4 * centre);
      }
      for (const float centre : {0.0f, 1.0f, 1000.0f}) {
        expect_function(ctx, kLog, size, gap, 0.5f, centre);
        expect_function(ctx, kSqrt, size, gap, 0.5f, centre);
      }
    }
  }
}

TEST(CudaElementwise, PassesGradientsAsTheCpuDoes) {
  const DeviceContext ctx;
  for (const Size size : kSizes) {
    for (const int64_t gap : {0, 1, 4}) {
      for (int64_t code = kAdd; code <= kAffine; ++code) {
        for (const Size extent : extents_of_y(code, size)) {
          for (const int64_t accumulate : {0, 1}) {
            SCOPED_TRACE(testing::Message()
                         << "code " << code << ", [" << size.n << ", " << size.d << "] and y [" << extent.n << ", "
                         << extent.d << "], gaps of " << gap << ", accumulate " << accumulate);
            Values dout(size, gap, 1), x(size, gap, 2), y(extent, 0, 3), dx(size, gap, 4), dy(extent, gap, 5);
            if (size.n * size.d > 1) x.values[1] = 0;
            lacuna_elementwise_bwd_args args{};
            args.n = size.n, args.d = size.d, args.y_n = extent.n, args.y_d = extent.d;
            args.ld_dout = dout.ld, args.ld_x = x.ld, args.ld_y = y.ld, args.ld_dx = dx.ld, args.ld_dy = dy.ld;
            args.code = code, args.alpha = 1.7, args.acc_dx = accumulate, args.acc_dy = accumulate;
            args.dout = dout.data(), args.x = x.data(), args.y = takes_y(code) ? y.data() : nullptr;
            args.dx = dx.data(), args.dy = takes_y(code) ? dy.data() : nullptr;
            expect_parity(ctx, LACUNA_OP_elementwise_bwd, args, 1e-6);
          }
        }
      }
    }
  }
}

TEST(CudaElementwise, ComputesOneGradientWithoutTheOther) {
  const DeviceContext ctx;
  const Size size{37, 21};
  for (const Size extent : extents_of_y(kMul, size)) {
    Values dout(size, 0, 1), x(size, 0, 2), y(extent, 0, 3), dx(size, 0, 4), dy(extent, 0, 5);
    lacuna_elementwise_bwd_args args{};
    args.n = size.n, args.d = size.d, args.y_n = extent.n, args.y_d = extent.d;
    args.ld_dout = args.ld_x = args.ld_dx = size.d, args.ld_y = args.ld_dy = extent.d;
    args.code = kMul;
    args.dout = dout.data(), args.x = x.data(), args.y = y.data();
    expect_parity(ctx, LACUNA_OP_elementwise_bwd, args);
    args.dx = dx.data();
    expect_parity(ctx, LACUNA_OP_elementwise_bwd, args);
    args.dx = nullptr, args.dy = dy.data();
    expect_parity(ctx, LACUNA_OP_elementwise_bwd, args);
  }
}

TEST(CudaElementwise, RefusesWhatTheCpuRefuses) {
  const DeviceContext ctx;
  const Size size{3, 5};
  Values x(size, 0, 1), y(size, 0, 2), out(size, 0, 3);
  lacuna_elementwise_fwd_args good{};
  good.n = size.n, good.d = size.d, good.y_n = size.n, good.y_d = size.d;
  good.ld_x = good.ld_y = good.ld_out = size.d;
  good.x = x.data(), good.y = y.data(), good.out = out.data();
  const auto refused = [&](auto change, const char* text) {
    lacuna_elementwise_fwd_args args = good;
    change(args);
    expect_refused(ctx, LACUNA_OP_elementwise_fwd, args, text);
  };
  refused([](auto& args) { args.code = 10; },
          "code is 10, want 0 (ADD), 1 (SUB), 2 (MUL), 3 (RELU), 4 (AFFINE), 5 (GELU), 6 (TANH), 7 (EXP), 8 (LOG) or 9 "
          "(SQRT)");
  refused([](auto& args) { args.code = -1; }, "code is -1");
  refused([](auto& args) { args.y_n = 2; }, "y_n is 2, want 1 or 3 (= n)");
  refused([](auto& args) { args.y_d = 4; }, "y_d is 4, want 1 or 5 (= d)");
  refused([](auto& args) { args.y = nullptr; }, "y is NULL, want [3, 5] for ADD, SUB and MUL");
  refused([](auto& args) { args.code = kRelu; }, "want NULL with y_n = y_d = 0 for all codes but ADD, SUB and MUL");
  refused([](auto& args) { args.code = kSqrt, args.alpha = 0; }, "alpha is 0, want > 0 and finite for SQRT");
  refused([](auto& args) { args.code = kSqrt, args.alpha = 1e39; }, "alpha is 1e+39, want > 0 and finite for SQRT");

  lacuna_elementwise_bwd_args gradient{};
  gradient.n = size.n, gradient.d = size.d, gradient.y_n = size.n, gradient.y_d = size.d;
  gradient.ld_dout = gradient.ld_x = gradient.ld_y = gradient.ld_dx = gradient.ld_dy = size.d;
  Values dout(size, 0, 4), dx(size, 0, 5), dy(size, 0, 6);
  gradient.dout = dout.data(), gradient.x = x.data(), gradient.y = y.data(), gradient.dx = dx.data();
  gradient.acc_dx = 2;
  expect_refused(ctx, LACUNA_OP_elementwise_bwd, gradient, "acc_dx is 2, want 0 or 1");
  gradient.acc_dx = 0, gradient.acc_dy = -1;
  expect_refused(ctx, LACUNA_OP_elementwise_bwd, gradient, "acc_dy is -1, want 0 or 1");
  gradient.acc_dy = 0, gradient.code = kRelu, gradient.y = nullptr, gradient.y_n = gradient.y_d = 0;
  gradient.dy = dy.data();
  expect_refused(ctx, LACUNA_OP_elementwise_bwd, gradient, "dy is given, want NULL for all codes but ADD, SUB and MUL");
}

}  // namespace
