// Dropout: out = x / (1 - p) where an element's draw is at least p, else 0.
//
// A tensor without gaps between its rows is one long row. Draws are made ahead for kAhead elements at a time, by the
// vector (philox-inl.h), into a buffer in the first-level cache. One thread, AVX2 on Zen 3, 2,048 x 384, ns an
// element: 2.0 with one vector of blocks, whose ten rounds wait for their products; 1.1 with two by turns.
#include "ops/dropout.h"

#include "cpu/cpu_context.h"
#include "ops/partition.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/dropout.cpp"
#include "cpu/tiers.h"

#include "ops/lanes-inl.h"
#include "ops/philox-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

constexpr int64_t kAhead = 512;
static_assert(kAhead % kDrawsAtOnce == 0);

// out (+)= dropout of x, count numbers of which the first has this index.
void drop(const dropout::Draws& draws, int64_t index, const float* x, float* out, int64_t count, bool accumulate) {
  const Floats d;
  const hn::RebindToSigned<Floats> i;
  const hn::RebindToUnsigned<Floats> u;
  const auto below = hn::Set(i, draws.least - 1);
  const auto scale = hn::Set(d, draws.scale);
  HWY_ALIGN uint32_t bits[kAhead + kDrawsAtOnce];
  for (int64_t begin = 0; begin < count; begin += kAhead) {
    const int64_t first = index + begin, part = std::min(kAhead, count - begin), skipped = first & 3;
    for (int64_t at = 0; at < skipped + part; at += kDrawsAtOnce) {
      draw(draws.random, static_cast<uint64_t>((first + at) >> 2), bits + at);
    }
    for_vectors(d, 0, part, [&](int64_t j, auto lanes) {
      const auto drawn = hn::BitCast(i, hn::ShiftRight<8>(hn::LoadU(u, bits + skipped + j)));
      const auto value = hn::Mul(scale, load(d, x + begin + j, lanes));
      write(d, hn::IfThenElseZero(hn::RebindMask(d, hn::Gt(drawn, below)), value), out + begin + j, lanes, accumulate);
    });
  }
}

}  // namespace

lacuna_status dropout(CpuContext& ctx, const lacuna_dropout_args& args) {
  if (const lacuna_status status = dropout::check(ctx, args)) return status;
  const dropout::Draws draws = dropout::draws_of(args);
  const bool dense = args.ld_x == args.d && args.ld_out == args.d;
  parallel_rows(ctx, args.n, args.d, dense, [&](int64_t row, int64_t begin, int64_t end) {
    drop(draws, row * args.d + begin, args.x + row * args.ld_x + begin, args.out + row * args.ld_out + begin,
         end - begin, args.acc_out != 0);
  });
  return LACUNA_OK;
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t dropout_workspace(int, const lacuna_dropout_args&) { return 0; }

}  // namespace lacuna
#endif
