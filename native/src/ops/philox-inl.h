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

#if HWY_TARGET == HWY_SCALAR

constexpr int64_t kDrawsAtOnce = 4;

HWY_INLINE void draw(const Philox& random, uint64_t block, uint32_t* bits) {
  const Philox::Block drawn = random.draws(block);
  for (int i = 0; i < kDrawsAtOnce; ++i) bits[i] = drawn.c[i];
}

#else

using Words = hn::Repartition<uint64_t, Doubles>;
constexpr int64_t kDrawsAtOnce = 8 * HWY_LANES(uint64_t);

// Counters of as many blocks as there are lanes. A word lies in the low half of a 64-bit lane, whose high half holds
// anything: multiplication reads the low half alone.
class Counters {
 public:
  HWY_INLINE Counters(const Philox& random, uint64_t block)
      : c0_(hn::Iota(Words(), block)),
        c1_(hn::ShiftRight<32>(c0_)),
        c2_(hn::Set(Words(), static_cast<uint32_t>(random.stream))),
        c3_(hn::Set(Words(), static_cast<uint32_t>(random.step))) {}

  HWY_INLINE void turn(hn::Vec<Words> k0, hn::Vec<Words> k1) {
    const auto p0 = times(c0_, 0xD2511F53), p1 = times(c2_, 0xCD9E8D57);
    c0_ = hn::Xor(hn::Xor(hn::ShiftRight<32>(p1), c1_), k0);
    c1_ = p1;
    c2_ = hn::Xor(hn::Xor(hn::ShiftRight<32>(p0), c3_), k1);
    c3_ = p0;
  }

  HWY_INLINE void store(uint32_t* bits) const {
    const auto low = hn::Set(Words(), 0xFFFFFFFF);
    const auto first = hn::Or(hn::And(c0_, low), hn::ShiftLeft<32>(c1_));
    const auto second = hn::Or(hn::And(c2_, low), hn::ShiftLeft<32>(c3_));
    hn::StoreInterleaved2(first, second, Words(), reinterpret_cast<uint64_t*>(bits));
  }

 private:
  static HWY_INLINE hn::Vec<Words> times(hn::Vec<Words> a, uint32_t b) {
    const hn::Repartition<uint32_t, Words> halves;
    return hn::MulEven(hn::BitCast(halves, a), hn::Set(halves, b));
  }

  hn::Vec<Words> c0_, c1_, c2_, c3_;
};

// Draws 4 block to 4 block + kDrawsAtOnce - 1: two vectors of blocks by turns, since a round waits for its products.
HWY_INLINE void draw(const Philox& random, uint64_t block, uint32_t* bits) {
  const Words w;
  Counters a(random, block), b(random, block + hn::Lanes(w));
  auto k0 = hn::Set(w, static_cast<uint32_t>(random.seed));
  auto k1 = hn::Set(w, static_cast<uint64_t>(random.seed) >> 32);
  for (int round = 0; round < 10; ++round) {
    a.turn(k0, k1);
    b.turn(k0, k1);
    k0 = hn::Add(k0, hn::Set(w, 0x9E3779B9));
    k1 = hn::Add(k1, hn::Set(w, 0xBB67AE85));
  }
  a.store(bits);
  b.store(bits + kDrawsAtOnce / 2);
}

#endif

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
