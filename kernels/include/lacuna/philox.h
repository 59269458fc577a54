// Counter-based random numbers (Philox 4x32-10, Salmon et al., SC 2011), bit-equal to dev.lacuna.CounterRandom. One
// text for kernels and for the CPU, so that both draw the same.
#ifndef LACUNA_PHILOX_H
#define LACUNA_PHILOX_H

#include <cstdint>

#include "lacuna/both.h"

namespace lacuna {

struct Philox {
  int64_t seed;
  int32_t stream, step;

  // Draws 4 block to 4 block + 3.
  struct Block {
    uint32_t c[4];
  };

  LACUNA_BOTH Block draws(uint64_t block) const {
    uint32_t c[4] = {static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), static_cast<uint32_t>(stream),
                     static_cast<uint32_t>(step)};
    uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(static_cast<uint64_t>(seed) >> 32);
    for (int round = 0; round < 10; ++round) {
      const uint64_t p0 = uint64_t{0xD2511F53} * c[0], p1 = uint64_t{0xCD9E8D57} * c[2];
      c[0] = static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k0;
      c[1] = static_cast<uint32_t>(p1);
      c[2] = static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k1;
      c[3] = static_cast<uint32_t>(p0);
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    return {{c[0], c[1], c[2], c[3]}};
  }

  // 32 random bits for a draw.
  LACUNA_BOTH uint32_t bits(int64_t index) const {
    const Block block = draws(static_cast<uint64_t>(index) >> 2);
    // Written without an index into c, which would move it from registers to memory on the GPU.
    const uint32_t even = index & 2 ? block.c[2] : block.c[0], odd = index & 2 ? block.c[3] : block.c[1];
    return index & 1 ? odd : even;
  }

  // Uniform in [0, 1) with 24 random bits.
  LACUNA_BOTH double uniform(int64_t index) const { return (bits(index) >> 8) * 0x1p-24; }

  // Uniform in [0, bound), bound < 2^32.
  LACUNA_BOTH int64_t below(int64_t index, int64_t bound) const {
    return static_cast<int64_t>(bits(index) * static_cast<uint64_t>(bound) >> 32);
  }
};

}  // namespace lacuna
#endif
