// Maximum over k x k windows and its gradient.
//
//   fwd   y = the first maximum of the window in row order, or its first NaN; index = where it lies in its [h, w] plane
//   bwd   dx[index] += dy
//
// Planes [n c] are independent: they are shared out. 2 x 2 windows side by side are worked off a vector at a time.
// Cost per input value, one thread, Zen 4: fwd 0.1 to 0.5 ns for planes of 32 x 32 down to 7 x 7 (one window at a time,
// as other windows are: 3 to 5 ns), bwd 0.3 ns, a scattered addition per window.
#include <algorithm>

#include "cpu/cpu_context.h"
#include "ops/max_pool2d.h"
#include "ops/partition.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/max_pool2d.cpp"
#include "cpu/tiers.h"

#include "ops/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

// One row of results, one window at a time.
void pool_row(const lacuna_max_pool2d_fwd_args& args, const float* plane, int64_t oy, float* y, int32_t* index) {
  for (int64_t ox = 0; ox < args.w_out; ++ox) {
    const int64_t corner = oy * args.stride * args.w + ox * args.stride;
    int64_t best = corner;
    float maximum = plane[corner];
    for (int64_t ky = 0; ky < args.k; ++ky) {
      for (int64_t kx = 0; kx < args.k; ++kx) {
        const int64_t at = corner + ky * args.w + kx;
        const bool wins = !(plane[at] <= maximum) && maximum == maximum;  // a NaN is never <=, and nothing follows it
        best = wins ? at : best;
        maximum = wins ? plane[at] : maximum;
      }
    }
    y[ox] = maximum;
    index[ox] = static_cast<int32_t>(best);
  }
}

#if HWY_TARGET == HWY_SCALAR
constexpr auto* pool_row_2x2 = pool_row;
#else
// One row of 2 x 2 windows that lie side by side, a vector of windows at a time.
void pool_row_2x2(const lacuna_max_pool2d_fwd_args& args, const float* plane, int64_t oy, float* y, int32_t* index) {
  const Floats d;
  const hn::RebindToSigned<Floats> di;
  const int64_t width = static_cast<int64_t>(hn::Lanes(d));
  const auto one = hn::Set(di, 1);
  const auto even = hn::Add(hn::Iota(di, 0), hn::Iota(di, 0));
  for_vectors(d, 0, args.w_out, [&](int64_t ox, auto lanes) {
    const int64_t corner = oy * 2 * args.w + ox * 2;
    // The two vectors of inputs under a vector of windows; in the ragged one, what lies beyond the row is not touched.
    const auto load_pair = [&](const float* row, auto& low, auto& high) {
      if constexpr (std::is_same_v<decltype(lanes), AllLanes>) {
        low = hn::LoadU(d, row);
        high = hn::LoadU(d, row + width);
      } else {
        const int64_t inputs = 2 * static_cast<int64_t>(lanes.count);
        low = load(d, row, FirstLanes{static_cast<size_t>(std::min(inputs, width))});
        high = load(d, row + width, FirstLanes{static_cast<size_t>(std::max(inputs - width, int64_t{0}))});
      }
    };
    auto low = hn::Zero(d), high = low;
    load_pair(plane + corner, low, high);
    auto maximum = hn::ConcatEven(d, high, low);
    auto best = hn::Add(even, hn::Set(di, static_cast<int32_t>(corner)));
    const auto below = hn::Add(best, hn::Set(di, static_cast<int32_t>(args.w)));
    const auto take = [&](auto value, auto at) {
      const auto wins = hn::AndNot(hn::IsNaN(maximum), hn::Not(hn::Le(value, maximum)));
      maximum = hn::IfThenElse(wins, value, maximum);
      best = hn::IfThenElse(hn::RebindMask(di, wins), at, best);
    };
    take(hn::ConcatOdd(d, high, low), hn::Add(best, one));
    load_pair(plane + corner + args.w, low, high);
    take(hn::ConcatEven(d, high, low), below);
    take(hn::ConcatOdd(d, high, low), hn::Add(below, one));
    store(d, maximum, y + ox, lanes);
    if constexpr (std::is_same_v<decltype(lanes), AllLanes>) {
      hn::StoreU(best, di, index + ox);
    } else {
      hn::BlendedStore(best, hn::FirstN(di, lanes.count), di, index + ox);
    }
  });
}
#endif

}  // namespace

lacuna_status max_pool2d_fwd(CpuContext& ctx, const lacuna_max_pool2d_fwd_args& args) {
  if (const lacuna_status status = max_pool2d::check(ctx, args)) return status;
  const bool pairs = args.k == 2 && args.stride == 2;
  parallel_ranges(ctx, args.n * args.c, args.h * args.w, [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      const float* const x = args.x + plane * args.h * args.w;
      for (int64_t oy = 0; oy < args.h_out; ++oy) {
        const int64_t row = (plane * args.h_out + oy) * args.w_out;
        (pairs ? pool_row_2x2 : pool_row)(args, x, oy, args.y + row, args.index + row);
      }
    }
  });
  return LACUNA_OK;
}

lacuna_status max_pool2d_bwd(CpuContext& ctx, const lacuna_max_pool2d_bwd_args& args) {
  if (const lacuna_status status = check_flag(ctx, "acc_dx", args.acc_dx)) return status;
  const int64_t in = args.h * args.w, out = args.h_out * args.w_out;
  if (const lacuna_status status = check_indices(ctx, "index", args.index, args.n * args.c * out, in)) return status;
  parallel_ranges(ctx, args.n * args.c, in, [&](int64_t begin, int64_t end) {
    if (!args.acc_dx) std::fill(args.dx + begin * in, args.dx + end * in, 0.0f);
    for (int64_t plane = begin; plane < end; ++plane) {
      float* const dx = args.dx + plane * in;
      for (int64_t i = plane * out; i < (plane + 1) * out; ++i) dx[args.index[i]] += args.dy[i];
    }
  });
  return LACUNA_OK;
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t max_pool2d_fwd_workspace(int, const lacuna_max_pool2d_fwd_args&) { return 0; }
int64_t max_pool2d_bwd_workspace(int, const lacuna_max_pool2d_bwd_args&) { return 0; }

}  // namespace lacuna
#endif
