// What the forward and the backward pass of attention share: how tokens lie, how work is cut, how scratch memory is.
#ifndef LACUNA_SRC_OPS_ATTENTION_H
#define LACUNA_SRC_OPS_ATTENTION_H

#include <algorithm>
#include <cstdint>

#include "cpu/cpu_context.h"
#include "ops/attention_checks.h"

namespace lacuna {

// Keys that are worked through at a time; a multiple of every tier's block of rows.
constexpr int64_t kMaxBlockKeys = 240;

struct KeyBlock {
  int64_t begin, count;
};

// Equal blocks of keys, so that 241 of them are not one block and one key.
class KeyBlocks {
 public:
  explicit KeyBlocks(int64_t keys) : keys_(keys) {
    const int64_t blocks = (keys + kMaxBlockKeys - 1) / kMaxBlockKeys;
    if (blocks > 0) size_ = std::min(kMaxBlockKeys, ((keys + blocks - 1) / blocks + 11) / 12 * 12);
  }
  int64_t count() const { return (keys_ + size_ - 1) / size_; }

  KeyBlock operator[](int64_t i) const { return {i * size_, std::min(size_, keys_ - i * size_)}; }

  struct Iterator {
    const KeyBlocks& blocks;
    int64_t i;
    KeyBlock operator*() const { return blocks[i]; }
    Iterator& operator++() {
      ++i;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return i != other.i; }
  };
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, count()}; }

 private:
  int64_t keys_, size_ = 1;
};

// Multiply-adds worth a chunk: some 140 microseconds of one core.
constexpr int64_t kAttentionWork = int64_t{1} << 23;

inline int64_t padded(int64_t d) { return (d + 15) / 16 * 16; }
// Words of a row of d numbers in bf16.
inline int64_t bf16_words(int64_t d) { return padded((d + 1) / 2); }

// Hands out the parts of a block of floats, each aligned to 64 bytes.
class Parts {
 public:
  explicit Parts(float* base = nullptr) : base_(base) {}
  float* take(int64_t floats) {
    float* const part = base_ ? base_ + used_ : nullptr;
    used_ += padded(floats);
    return part;
  }
  int64_t used() const { return used_; }

 private:
  float* base_;
  int64_t used_ = 0;
};

// Queries side by side in the widest tier, two vectors of them, and strips of queries that share a walk over the keys.
constexpr int64_t kWidestStrip = 32;
constexpr int64_t kUnitStrips = 8;

// Visible keys and values of a block, where padding lies between them.
struct GatherSpace {
  float *k, *v;
  int32_t index[kMaxBlockKeys];

  GatherSpace(Parts& parts, int64_t d) : k(parts.take(kMaxBlockKeys * d)), v(parts.take(kMaxBlockKeys * d)) {}
};

// The operands of a block in bf16: words of two neighbours of a row, or of a column.
struct Bf16Space {
  float *k_rows, *v_pairs, *queries;

  Bf16Space(Parts& parts, int64_t d)
      : k_rows(parts.take(kMaxBlockKeys * bf16_words(d))),
        v_pairs(parts.take(kMaxBlockKeys / 2 * padded(d))),
        queries(parts.take(kWidestStrip * bf16_words(d))) {}
};

struct ForwardSpace {
  float *queries, *tile, *out;
  GatherSpace gather;
  Bf16Space bf16;

  ForwardSpace(Parts& parts, int64_t d)
      : queries(parts.take(kUnitStrips * kWidestStrip * d)),
        tile(parts.take(kMaxBlockKeys * kWidestStrip)),
        out(parts.take(kUnitStrips * kWidestStrip * padded(d))),
        gather(parts, d),
        bf16(parts, d) {}
};

// Queries whose products with a block of keys are kept for the gradients of the keys.
constexpr int64_t kGroupRows = 64;

struct BackwardSpace {
  float *queries, *gradients, *weights, *slopes, *dq, *dk, *dv;
  GatherSpace gather;

  BackwardSpace(Parts& parts, int64_t d)
      : queries(parts.take(kWidestStrip * d)),
        gradients(parts.take(kWidestStrip * d)),
        weights(parts.take(kMaxBlockKeys * kGroupRows)),
        slopes(parts.take(kMaxBlockKeys * kGroupRows)),
        dq(parts.take(kWidestStrip * padded(d))),
        dk(parts.take(kMaxBlockKeys * padded(d))),
        dv(parts.take(kMaxBlockKeys * padded(d))),
        gather(parts, d) {}
};

// The backward pass goes key by key. With few heads a head's keys are cut into ranges, each with a dq of its own that
// is added up in the end.
struct KeyRanges {
  int64_t count = 1, blocks;  // ranges of a head, blocks of a range

  KeyRanges(int64_t heads, int64_t n) : blocks(KeyBlocks(n).count()) {
    constexpr int64_t kUnits = 16;
    if (heads < 1 || heads >= kUnits || blocks < 2) return;
    const int64_t wanted = std::min(blocks, kUnits / heads), all = blocks;
    blocks = (all + wanted - 1) / wanted;
    count = (all + blocks - 1) / blocks;
  }
  bool parted() const { return count > 1; }
};

// Floats that a worker needs.
template <class Space>
int64_t space_of(int64_t d) {
  Parts parts;
  Space(parts, d);
  return parts.used();
}

template <class Args>
lacuna_status check_key_mask(CpuContext& ctx, const Args& args) {
  for (int64_t i = 0; args.key_mask && i < args.b * args.n; ++i) {
    if (args.key_mask[i] > 1) {
      return ctx.fail(LACUNA_INVALID_ARGUMENT, "key_mask[%" PRId64 ", %" PRId64 "] is %d, want 0 or 1", i / args.n,
                      i % args.n, args.key_mask[i]);
    }
  }
  return LACUNA_OK;
}

}  // namespace lacuna
#endif
