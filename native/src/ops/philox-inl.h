// Draws of Philox (lacuna/philox.h) by the vector, for the tier being compiled.
#if defined(LACUNA_SRC_OPS_PHILOX_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_PHILOX_INL_H
#undef LACUNA_SRC_OPS_PHILOX_INL_H
#else
#define LACUNA_SRC_OPS_PHILOX_INL_H
#endif

#include <cstdint>

#include "hwy/highway.h"
#include "lacuna/philox.h"
#include "ops/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

using Words = hn::Repartition<uint64_t, Doubles>;
constexpr int64_t kDrawsAtOnce = 4 * HWY_LANES(uint64_t);

#if HWY_TARGET == HWY_SCALAR

HWY_INLINE void draw(const Philox& random, uint64_t block, uint32_t* bits) {
  const Philox::Block drawn = random.draws(block);
  for (int i = 0; i < kDrawsAtOnce; ++i) bits[i] = drawn.c[i];
}

#else

// Draws 4 block to 4 block + kDrawsAtOnce - 1, one block a lane. A counter's word lies in the low half of a 64-bit
// lane, whose high half holds anything: multiplication reads the low half alone.
HWY_INLINE void draw(const Philox& random, uint64_t block, uint32_t* bits) {
  const Words w;
  const hn::Repartition<uint32_t, Words> halves;
  const auto times = [&](hn::Vec<Words> a, uint32_t b) {
    return hn::MulEven(hn::BitCast(halves, a), hn::Set(halves, b));
  };
  const auto blocks = hn::Iota(w, block);
  auto c0 = blocks, c1 = hn::ShiftRight<32>(blocks);
  auto c2 = hn::Set(w, static_cast<uint32_t>(random.stream)), c3 = hn::Set(w, static_cast<uint32_t>(random.step));
  uint32_t k0 = static_cast<uint32_t>(random.seed),
           k1 = static_cast<uint32_t>(static_cast<uint64_t>(random.seed) >> 32);
  for (int round = 0; round < 10; ++round) {
    const auto p0 = times(c0, 0xD2511F53), p1 = times(c2, 0xCD9E8D57);
    c0 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p1), c1), hn::Set(w, k0));
    c1 = p1;
    c2 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p0), c3), hn::Set(w, k1));
    c3 = p0;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  const auto low = hn::Set(w, 0xFFFFFFFF);
  const auto first = hn::Or(hn::And(c0, low), hn::ShiftLeft<32>(c1));
  const auto second = hn::Or(hn::And(c2, low), hn::ShiftLeft<32>(c3));
  hn::StoreInterleaved2(first, second, w, reinterpret_cast<uint64_t*>(bits));
}

#endif

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
