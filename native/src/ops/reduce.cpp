// Sums and means of the rows, the columns or all of x[n,d], and their gradient.
//
//   fwd   out = sum x, or that over the number of summands
//   bwd   dx = dout broadcast, over the number of summands for MEAN
//
// Sums are accumulated in double and cut by sizes only (sums-inl.h): row sums and totals in chunks of at least kGrain
// elements; column sums in up to 16 blocks of rows times blocks of 2,048 columns, whose partial sums are added in
// order. x is read once: 43 to 56 GB/s on 128 KiB and 37 to 58 on 8 MiB, one thread, Zen 4.
#include "ops/reduce.h"

#include "cpu/cpu_context.h"
#include "ops/partition.h"
#include "ops/sums.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/reduce.cpp"
#include "cpu/tiers.h"

#include "ops/lanes-inl.h"
#include "ops/sums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

lacuna_status reduce_fwd(CpuContext& ctx, const lacuna_reduce_fwd_args& args) {
  if (const lacuna_status status = reduce::check_sum(ctx, args)) return status;
  const double divisor = reduce::divisor(args);
  const auto value = [&](int64_t row, int64_t col, auto lanes) {
    return load(Doubles(), args.x + row * args.ld_x + col, lanes);
  };
  sum_to(ctx, args.n, args.d, args.out_n, args.out_d, args.ld_x == args.d || args.n == 1, args.workspace, value,
         [&](int64_t row, int64_t col, double sum) {
           args.out[row * args.ld_out + col] = static_cast<float>(sum / divisor);
         });
  return LACUNA_OK;
}

lacuna_status reduce_bwd(CpuContext& ctx, const lacuna_reduce_bwd_args& args) {
  if (const lacuna_status status = reduce::check_gradient(ctx, args)) return status;
  const Floats d;
  const float scale = static_cast<float>(1.0 / reduce::divisor(args));
  const int64_t ld_dout = args.out_n == 1 ? 0 : args.ld_dout;
  const bool one_value = args.out_d == 1, accumulate = args.acc_dx != 0;
  parallel_rows(ctx, args.n, args.d, one_value && args.out_n == 1 && args.ld_dx == args.d,
                [&](int64_t row, int64_t begin, int64_t end) {
                  const float* const dout = args.dout + row * ld_dout;
                  float* const dx = args.dx + row * args.ld_dx;
                  if (one_value) {
                    const auto g = hn::Set(d, scale * dout[0]);
                    for_vectors(d, begin, end, [&](int64_t j, auto lanes) { write(d, g, dx + j, lanes, accumulate); });
                  } else {
                    const auto factor = hn::Set(d, scale);
                    for_vectors(d, begin, end, [&](int64_t j, auto lanes) {
                      write(d, hn::Mul(factor, load(d, dout + j, lanes)), dx + j, lanes, accumulate);
                    });
                  }
                });
  return LACUNA_OK;
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t reduce_fwd_workspace(int, const lacuna_reduce_fwd_args& args) {
  return sums_workspace(args.n, args.d, args.out_n, args.out_d);
}

int64_t reduce_bwd_workspace(int, const lacuna_reduce_bwd_args&) { return 0; }

}  // namespace lacuna
#endif
