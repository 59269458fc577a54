// The forward pass over a tile of rows, whatever multiplies: online softmax, prompts' own keys, results.
#ifndef LACUNA_ATTENTION_READER_CUH
#define LACUNA_ATTENTION_READER_CUH

#include "lacuna/attention_tile.cuh"

namespace lacuna::attention {

// Below every product; where it stays the highest, all were -infinity, and their softmax is not a number.
constexpr float kNowhere = -3.402823466e+38f;

// A tile of rows with what they have read so far: the highest product, this thread's part of the sum of exponentials
// relative to it, and its columns of their weighted sum of values. Tile gives the layout (see write_row) and
//   Tile(shared, q)                    the tile's rows of queries
//   start(k)                           k is read next
//   products(q, k, v, x)               x = q k^T of a tile of keys; v is read next
//   add_weighted(x, v, next, col0, sums)   sums += x v, columns from col0 on; next: the keys read next, if any are left
template <class Tile>
class Reader {
 public:
  LACUNA_DEVICE Reader(const ForwardArgs& args, const Place& at, float* shared)
      : args_(args),
        at_(at),
        q_(args.q, args.prompt_q, args.sizes, at, args.rows.first + at.tile * Tile::kRows, args.rows.last),
        tile_(shared, q_) {
#pragma unroll
    for (int i = 0; i < Tile::kRowsOfThread; ++i) {
      highest_[i] = kNowhere;
      sum_[i] = 0.0f;
#pragma unroll
      for (int j = 0; j < Tile::kCols; ++j) out_[i][j] = 0.0f;
    }
  }

  LACUNA_DEVICE bool has_inputs() const { return q_.has_inputs(); }
  LACUNA_DEVICE bool has_prompts() const { return q_.has_prompts(Tile::kRows); }

  LACUNA_DEVICE void read(KeyRows k, KeyRows v) {
    if (k.count > 0) tile_.start(k);
    while (k.first < k.count) {
      float x[Tile::kRowsOfThread][Tile::kKeysOfThread];
      tile_.products(q_, k, v, x);
      weigh(x, k.count - k.first);
      k.first += Tile::kKeys;
      tile_.add_weighted(x, v, k, at_.chunk * Tile::kWidth, out_);
      v.first += Tile::kKeys;
    }
  }

  // Prompts read each its own key.
  LACUNA_DEVICE void read_own() {
    const HeadRows k(args_.prompt_k, at_, args_.sizes.p, args_.sizes.d);
    const HeadRows v(args_.prompt_v, at_, args_.sizes.p, args_.sizes.d);
    const int64_t d = args_.sizes.d, col0 = at_.chunk * Tile::kWidth;
#pragma unroll
    for (int i = 0; i < Tile::kRowsOfThread; ++i) {
      const int64_t prompt = q_.first + Tile::row(i) - q_.n;
      const bool reads = prompt >= 0 && prompt < q_.last - q_.n;
      float x = 0.0f;
      for (int64_t col = threadIdx.x % Tile::kRowThreads; reads && col < d; col += Tile::kRowThreads) {
        x = fmaf(q_.prompts.row(prompt)[col], k.row(prompt)[col], x);
      }
      x = row_sum<Tile>(x);
      if (!reads) continue;
      raise(i, x);
      const float weight = weight_of(i, x);
      sum_[i] += leads_row<Tile>() ? weight : 0.0f;
#pragma unroll
      for (int j = 0; j < Tile::kCols; ++j) {
        const int64_t col = col0 + Tile::col(j);
        if (col < d) out_[i][j] = fmaf(weight, v.row(prompt)[col], out_[i][j]);
      }
    }
  }

  // Writes the rows in [begin, end); `nothing`: there was no key that they may read.
  LACUNA_DEVICE void write(const Results& out, float* lse, int64_t begin, int64_t end, bool nothing) const {
    const ResultRows to(out, at_, end - begin, args_.sizes.d);
#pragma unroll
    for (int i = 0; i < Tile::kRowsOfThread; ++i) {
      const float sum = row_sum<Tile>(sum_[i]);
      const int64_t row = q_.first + Tile::row(i);
      if (row < begin || row >= end || row >= q_.last) continue;
      const bool nowhere = highest_[i] == kNowhere;
      const float factor = nothing ? 0.0f : nowhere ? NAN : 1.0f / sum;
      write_row<Tile>(to, row - begin, at_.chunk * Tile::kWidth, factor, out_[i]);
      if (lse && at_.chunk == 0 && leads_row<Tile>()) {
        lse[at_.head * (end - begin) + row - begin] = nothing   ? -INFINITY
                                                      : nowhere ? NAN
                                                                : fmaf(highest_[i], args_.scale, logf(sum));
      }
    }
  }

 private:
  // Takes a product into the highest of its row and scales down what was summed before.
  LACUNA_DEVICE void raise(int i, float x) {
    const float top = fmaxf(highest_[i], x);
    const float shrink = exp2f((highest_[i] - top) * args_.exponent);
    highest_[i] = top;
    sum_[i] *= shrink;
#pragma unroll
    for (int j = 0; j < Tile::kCols; ++j) out_[i][j] *= shrink;
  }

  LACUNA_DEVICE float weight_of(int i, float x) const { return exp2f((x - highest_[i]) * args_.exponent); }

  // Makes the products of the tile's first `keys` their weights, and those beyond 0.
  LACUNA_DEVICE void weigh(float (&x)[Tile::kRowsOfThread][Tile::kKeysOfThread], int64_t keys) {
#pragma unroll
    for (int i = 0; i < Tile::kRowsOfThread; ++i) {
      float top = kNowhere;
#pragma unroll
      for (int j = 0; j < Tile::kKeysOfThread; ++j) top = Tile::key(j) < keys ? fmaxf(top, x[i][j]) : top;
      raise(i, row_max<Tile>(top));
#pragma unroll
      for (int j = 0; j < Tile::kKeysOfThread; ++j) {
        x[i][j] = Tile::key(j) < keys ? weight_of(i, x[i][j]) : 0.0f;
        sum_[i] += x[i][j];
      }
    }
  }

  const ForwardArgs& args_;
  const Place& at_;
  const QueryRows q_;
  Tile tile_;
  float highest_[Tile::kRowsOfThread], sum_[Tile::kRowsOfThread];
  float out_[Tile::kRowsOfThread][Tile::kCols];
};

// What a block does.
template <class Tile>
LACUNA_DEVICE void forward(const ForwardArgs& args) {
  LACUNA_SHARED(float, shared, Tile::kShared);
  if (refused(args.visible.refused)) return;
  const Sizes& sizes = args.sizes;
  const Place at(sizes, ceil_div(args.rows.last - args.rows.first, Tile::kRows), args.chunks);
  const VisibleKeys visible(args.visible, at, sizes.n);
  Reader<Tile> reader(args, at, shared);
  reader.read({{args.k, at, sizes.n, sizes.d}, visible.index, 0, visible.count},
              {{args.v, at, sizes.n, sizes.d}, visible.index, 0, visible.count});
  // Inputs are written before the first prompt is read: nothing that a prompt holds can reach them.
  if (reader.has_inputs()) reader.write(args.out, args.lse, 0, sizes.n, visible.count == 0);
  if (!reader.has_prompts()) return;
  if (args.prompts == kSelf) reader.read_own();
  if (args.prompts == kFull) {
    reader.read({{args.prompt_k, at, sizes.p, sizes.d}, nullptr, 0, sizes.p},
                {{args.prompt_v, at, sizes.p, sizes.d}, nullptr, 0, sizes.p});
  }
  reader.write(args.prompt_out, args.prompt_lse, sizes.n, sizes.n + sizes.p,
               visible.count == 0 && args.prompts == kNone);
}

}  // namespace lacuna::attention
#endif
