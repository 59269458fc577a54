// How the attention kernels cut their work, and what their launchers hand to them.
#ifndef LACUNA_ATTENTION_SHAPE_H
#define LACUNA_ATTENTION_SHAPE_H

#include <cstdint>

namespace lacuna::attention {

constexpr int kThreads = 128;  // of a block that works on a tile
constexpr int kTileRows = 64;  // rows of queries, or of keys, that a block owns
constexpr int kFewRows = 16;   // rows of queries where there are no more than kFew
constexpr int kFew = 32;
constexpr int kTileKeys = 64;  // keys, or queries, that it reads at a time
constexpr int kWidest = 128;   // columns of results that a block owns: a multiple of kWidthStep
constexpr int kWidthStep = 32;
constexpr int kDeltaThreads = 128;  // rows a block of attention_bwd_delta works on
constexpr int kMaskThreads = 256;

constexpr int32_t kNone = 0, kSelf = 1, kFull = 2;  // what prompts read of prompts

struct Sizes {
  int64_t h, n, p, d;
};

// Rows of queries, the n inputs of a batch entry followed by its p prompts.
struct RowRange {
  int64_t first, last;
};

// A token-major tensor [tokens, h d].
struct Tokens {
  const float* data;
  int64_t ld;
};
struct Results {
  float* data;
  int64_t ld;
  int32_t add;  // to what stands there
};

// What attention_mask leaves of a key mask; all NULL without one.
struct Visible {
  const int64_t* index;    // [b, n]: of each entry's tokens first the visible ones, ascending
  const int64_t* count;    // [b]: visible tokens
  const int32_t* refused;  // 1: the mask holds another byte than 0 and 1, and nothing may be written
};

struct ForwardArgs {
  Sizes sizes;
  RowRange rows;   // that are wanted
  int64_t chunks;  // of columns
  Visible visible;
  int32_t prompts;
  float scale, exponent;  // exponent: scale log2 e
  Tokens q, k, v, prompt_q, prompt_k, prompt_v;
  Results out, prompt_out;
  float *lse, *prompt_lse;  // [b h, n], [b h, p], or not wanted
};

// The streams of queries as the backward pass reads them.
struct Readers {
  Tokens q, dout, prompt_q, prompt_dout;
  const float *lse, *prompt_lse;
  const float* delta;  // [b h, n + p]: dout . out of every row
};

struct DeltaArgs {
  Sizes sizes;
  RowRange rows;
  Tokens dout, out, prompt_dout, prompt_out;
  float* delta;
  const int32_t* refused;
};

struct QueryGradientArgs {
  Sizes sizes;
  RowRange rows;  // that are wanted
  int64_t chunks;
  int64_t keys;  // n; with 0 and kNone nothing is read, and the gradient is 0
  Visible visible;
  int32_t prompts;
  float scale;
  Readers readers;
  Tokens k, v, prompt_k, prompt_v;
  Results dq, dprompt_q;
};

// Gradients of inputs as keys, or of prompts as keys.
struct KeyGradientArgs {
  Sizes sizes;
  RowRange readers_rows;  // that read the keys; an empty range gives gradients of 0
  int64_t chunks;
  int64_t keys;  // of an entry: n or p
  Visible visible;
  float scale;
  Readers readers;
  Tokens k, v;
  Results dk, dv;  // or not wanted
};

// SELF: every prompt and its own key.
struct OwnGradientArgs {
  Sizes sizes;
  const int32_t* refused;
  float scale;
  Readers readers;
  Tokens prompt_k, prompt_v;
  Results dprompt_q, dprompt_k, dprompt_v;  // or not wanted
};

}  // namespace lacuna::attention
#endif
