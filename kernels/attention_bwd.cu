// The backward pass of masked read-only attention in fp32, from the forward pass's out and lse (Dao et al. 2022). Per
// head, for every pair of a row and a key that it may read,
//
//   p = exp(scale q . k - lse)   s = p (dout . v - delta), delta = dout . out
//   dq = scale sum s k over keys   dk = scale sum s q, dv = sum p dout over rows
//
// Tensors as in attention_fwd.cu. Nothing is added up across blocks: rows of dq belong to one block and rows of dk and
// dv to another, so p and s are formed twice; that costs 14 d flops a pair where 10 d would do, and saves atomics or a
// buffer of partial sums, hence equal bits.
//   kernel                                grid                               threads  block's work
//   attention_bwd_delta                   b h x rows/128                     128      delta of 128 rows
//   attention_bwd_queries_<width>         b h x rows/64 x chunks of d        128      dq of 64 rows, all keys
//   attention_bwd_few_queries_<width>     the same with rows/16, rows <= 32  128      dq of 16 rows, all keys
//   attention_bwd_keys_<width>            b h x keys/64 x chunks of d        128      dk, dv of 64 keys, all readers
//   attention_bwd_own                     b h x p/128                        128      SELF: 128 prompts' own keys
// Rows, keys, widths and threads as in attention_fwd.cu; in attention_bwd_keys keys are the rows of the tile and the
// streams' rows, 64 at a time, its columns. Padding: keys behind the visible ones of the list get 0.
// Prompts alone, with encoder_grad STOP, are a path of their own: delta and few_queries on the prompts' rows, which
// read k and v once and form no product of the inputs; attention_bwd_keys is then launched for the prompts' own keys
// in FULL, and for the inputs only where their gradients are wanted and must become 0.
// delta runs through the depth in the order in which dout . v does, so that they cancel where a row reads one key.
//
// Operations and bytes of a pair: queries 6 d flops, keys 8 d; every tensor once from memory and, once a tile, from the
// L2 cache. b = 8, h = 12, n = 197, p = 16, d = 64, NONE, STOP: queries 1.55 GFLOP, 25 MB, keys 1.91 GFLOP, 29 MB,
// delta 10 MB; 182 us in all at 19.5 TFLOP/s and 2.04 TB/s. Prompts alone: 0.12 GFLOP, 11 MB, 6 us (computed, not
// measured).
#include "lacuna/attention_tile.cuh"

using namespace lacuna::attention;
using lacuna::ceil_div;
using lacuna::kWarp;
using lacuna::lane_of;

namespace {

// One row's softmax weight of a product.
LACUNA_DEVICE float weight_of(float product, float scale, float lse) {
  return exp2f(fmaf(product, scale, -lse) * kLog2e);
}

// What belongs to row i of a head's streams.
struct RowValues {
  float lse, delta;

  LACUNA_DEVICE RowValues(const Readers& readers, const Sizes& sizes, const Place& at, int64_t i, int64_t last)
      : lse(0.0f), delta(0.0f) {
    if (i >= last) return;
    lse = i < sizes.n ? readers.lse[at.head * sizes.n + i] : readers.prompt_lse[at.head * sizes.p + i - sizes.n];
    delta = readers.delta[at.head * (sizes.n + sizes.p) + i];
  }
};

LACUNA_DEVICE void write(const ResultRows& to, int64_t i, int64_t col, float value) {
  if (!to.data) return;
  float* const at = to.row(i) + col;
  *at = to.add ? *at + value : value;
}

// A tile of rows and its gradient as far as the keys have been read.
template <int kRowsOfThread, int kWidth>
class QueryGradient {
 public:
  using Tile = lacuna::attention::Tile<kRowsOfThread, kWidth>;

  LACUNA_DEVICE QueryGradient(const QueryGradientArgs& args, const Place& at, float* shared)
      : args_(args),
        at_(at),
        tile_(shared),
        q_(args.readers.q, args.readers.prompt_q, args.sizes, at, args.rows.first + at.tile * Tile::kRows,
           args.rows.last),
        dout_(args.readers.dout, args.readers.prompt_dout, args.sizes, at, q_.first, q_.last) {
#pragma unroll
    for (int i = 0; i < kRowsOfThread; ++i) {
#pragma unroll
      for (int j = 0; j < Tile::kCols; ++j) dq_[i][j] = 0.0f;
    }
  }

  LACUNA_DEVICE bool has_inputs() const { return q_.has_inputs(); }
  LACUNA_DEVICE bool has_prompts() const { return q_.has_prompts(Tile::kRows); }

  LACUNA_DEVICE void read(KeyRows k, KeyRows v) {
    for (; k.first < k.count; k.first += Tile::kKeys, v.first += Tile::kKeys) read_tile(k, v);
  }

  // Writes the rows in [begin, end).
  LACUNA_DEVICE void write(const Results& dq, int64_t begin, int64_t end) const {
    const ResultRows to(dq, at_, end - begin, args_.sizes.d);
#pragma unroll
    for (int i = 0; i < kRowsOfThread; ++i) {
      const int64_t row = q_.first + Tile::row(i);
      if (row < begin || row >= end || row >= q_.last) continue;
      write_row<Tile>(to, row - begin, at_.chunk * kWidth, args_.scale, dq_[i]);
    }
  }

 private:
  LACUNA_DEVICE void read_tile(const KeyRows& k, const KeyRows& v) {
    const int64_t keys = k.count - k.first;
    float x[kRowsOfThread][Tile::kKeysOfThread], slopes[kRowsOfThread][Tile::kKeysOfThread];
    tile_.products(q_, k, args_.sizes.d, x);
    tile_.products(dout_, v, args_.sizes.d, slopes);
#pragma unroll
    for (int i = 0; i < kRowsOfThread; ++i) {
      const RowValues row(args_.readers, args_.sizes, at_, q_.first + Tile::row(i), q_.last);
#pragma unroll
      for (int j = 0; j < Tile::kKeysOfThread; ++j) {
        const float weight = weight_of(x[i][j], args_.scale, row.lse);
        slopes[i][j] = Tile::key(j) < keys ? weight * (slopes[i][j] - row.delta) : 0.0f;
      }
    }
    tile_.exchange(slopes);
    tile_.add_weighted(k, keys, at_.chunk * kWidth, dq_);
  }

  const QueryGradientArgs& args_;
  const Place& at_;
  Tile tile_;
  const QueryRows q_, dout_;
  float dq_[kRowsOfThread][Tile::kCols];
};

template <int kRowsOfThread, int kWidth>
LACUNA_DEVICE void query_gradient(const QueryGradientArgs& args) {
  using TileGradient = QueryGradient<kRowsOfThread, kWidth>;
  LACUNA_SHARED(float, shared, TileGradient::Tile::kShared);
  if (refused(args.visible.refused)) return;
  const Sizes& sizes = args.sizes;
  const Place at(sizes, ceil_div(args.rows.last - args.rows.first, TileGradient::Tile::kRows), args.chunks);
  const VisibleKeys visible(args.visible, at, args.keys);
  TileGradient gradient(args, at, shared);
  gradient.read({{args.k, at, sizes.n, sizes.d}, visible.index, 0, visible.count},
                {{args.v, at, sizes.n, sizes.d}, visible.index, 0, visible.count});
  // Inputs are written before the first prompt is read: nothing that a prompt holds can reach them.
  if (gradient.has_inputs()) gradient.write(args.dq, 0, sizes.n);
  if (!gradient.has_prompts()) return;
  if (args.prompts == kFull) {
    gradient.read({{args.prompt_k, at, sizes.p, sizes.d}, nullptr, 0, sizes.p},
                  {{args.prompt_v, at, sizes.p, sizes.d}, nullptr, 0, sizes.p});
  }
  gradient.write(args.dprompt_q, sizes.n, sizes.n + sizes.p);
}

// A tile of keys, the rows of its products, and the streams that read them, their columns.
template <int kWidth>
LACUNA_DEVICE void key_gradient(const KeyGradientArgs& args) {
  using Tile = lacuna::attention::Tile<8, kWidth>;
  LACUNA_SHARED(float, shared, Tile::kShared);
  if (refused(args.visible.refused)) return;
  const Sizes& sizes = args.sizes;
  const Readers& readers = args.readers;
  const Place at(sizes, ceil_div(args.keys, Tile::kRows), args.chunks);
  const VisibleKeys visible(args.visible, at, args.keys);
  const KeyRows k{{args.k, at, args.keys, sizes.d}, visible.index, at.tile * Tile::kRows, visible.count};
  const KeyRows v{{args.v, at, args.keys, sizes.d}, visible.index, at.tile * Tile::kRows, visible.count};
  Tile tile(shared);
  float dk[8][Tile::kCols], dv[8][Tile::kCols];
#pragma unroll
  for (int i = 0; i < 8; ++i) {
#pragma unroll
    for (int j = 0; j < Tile::kCols; ++j) dk[i][j] = dv[i][j] = 0.0f;
  }
  QueryRows q(readers.q, readers.prompt_q, sizes, at, args.readers_rows.first, args.readers_rows.last);
  QueryRows dout(readers.dout, readers.prompt_dout, sizes, at, q.first, q.last);
  const bool read = k.first < k.count && q.first < q.last;
  for (; k.first < k.count && q.first < q.last; q.first += Tile::kKeys, dout.first += Tile::kKeys) {
    const int64_t rows = q.last - q.first;
    float x[8][Tile::kKeysOfThread];
    tile.products(k, q, sizes.d, x);
#pragma unroll
    for (int j = 0; j < Tile::kKeysOfThread; ++j) {
      const RowValues row(readers, sizes, at, q.first + Tile::key(j), q.last);
#pragma unroll
      for (int i = 0; i < 8; ++i) x[i][j] = Tile::key(j) < rows ? weight_of(x[i][j], args.scale, row.lse) : 0.0f;
    }
    tile.exchange(x);
    if (args.dv.data) tile.add_weighted(dout, rows, at.chunk * kWidth, dv);
    if (!args.dk.data) continue;
    tile.products(v, dout, sizes.d, x);
#pragma unroll
    for (int j = 0; j < Tile::kKeysOfThread; ++j) {
      const RowValues row(readers, sizes, at, q.first + Tile::key(j), q.last);
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        x[i][j] = Tile::key(j) < rows ? tile.exchanged(i, j) * (x[i][j] - row.delta) : 0.0f;
      }
    }
    tile.exchange(x);
    tile.add_weighted(q, rows, at.chunk * kWidth, dk);
  }
  const ResultRows to_k(args.dk, at, args.keys, sizes.d), to_v(args.dv, at, args.keys, sizes.d);
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    const int64_t number = k.first + Tile::row(i);
    if (number >= args.keys) continue;
    const int64_t token = k.index ? k.index[number] : number;
    const bool reached = read && number < k.count;
    if (to_k.data && (reached || !to_k.add)) {
      write_row<Tile>(to_k, token, at.chunk * kWidth, reached ? args.scale : 0.0f, dk[i]);
    }
    if (to_v.data && (reached || !to_v.add)) {
      write_row<Tile>(to_v, token, at.chunk * kWidth, reached ? 1.0f : 0.0f, dv[i]);
    }
  }
}

}  // namespace

LACUNA_KERNEL(attention_bwd_delta, kDeltaThreads)(DeltaArgs args) {
  if (refused(args.refused)) return;
  const Sizes& sizes = args.sizes;
  const Place at(sizes, ceil_div(args.rows.last - args.rows.first, kDeltaThreads), 1);
  const int64_t first = args.rows.first + at.tile * kDeltaThreads;
  const QueryRows dout(args.dout, args.prompt_dout, sizes, at, first, args.rows.last);
  const QueryRows out(args.out, args.prompt_out, sizes, at, first, args.rows.last);
  const int line = static_cast<int>(threadIdx.x);
  const float *dout_row = dout.row(line), *out_row = out.row(line);
  if (!dout_row) return;
  float sum = 0.0f;
  for (int64_t col = 0; col < sizes.d; col += 4) {
    sum = lacuna::dot(dout.quad(dout_row, col), out.quad(out_row, col), sum);
  }
  args.delta[at.head * (sizes.n + sizes.p) + first + line] = sum;
}

LACUNA_KERNEL(attention_bwd_queries_32, kThreads, 2)(QueryGradientArgs args) { query_gradient<8, 32>(args); }
LACUNA_KERNEL(attention_bwd_queries_64, kThreads, 2)(QueryGradientArgs args) { query_gradient<8, 64>(args); }
LACUNA_KERNEL(attention_bwd_queries_96, kThreads, 2)(QueryGradientArgs args) { query_gradient<8, 96>(args); }
LACUNA_KERNEL(attention_bwd_queries_128, kThreads, 2)(QueryGradientArgs args) { query_gradient<8, 128>(args); }
LACUNA_KERNEL(attention_bwd_few_queries_32, kThreads, 3)(QueryGradientArgs args) { query_gradient<2, 32>(args); }
LACUNA_KERNEL(attention_bwd_few_queries_64, kThreads, 3)(QueryGradientArgs args) { query_gradient<2, 64>(args); }
LACUNA_KERNEL(attention_bwd_few_queries_96, kThreads, 3)(QueryGradientArgs args) { query_gradient<2, 96>(args); }
LACUNA_KERNEL(attention_bwd_few_queries_128, kThreads, 3)(QueryGradientArgs args) { query_gradient<2, 128>(args); }
LACUNA_KERNEL(attention_bwd_keys_32, kThreads, 3)(KeyGradientArgs args) { key_gradient<32>(args); }
LACUNA_KERNEL(attention_bwd_keys_64, kThreads, 3)(KeyGradientArgs args) { key_gradient<64>(args); }
LACUNA_KERNEL(attention_bwd_keys_96, kThreads, 2)(KeyGradientArgs args) { key_gradient<96>(args); }
LACUNA_KERNEL(attention_bwd_keys_128, kThreads, 2)(KeyGradientArgs args) { key_gradient<128>(args); }

// A warp works on 32 prompts: a lane a prompt's sums, in the order that a tile's products have, and all lanes its rows.
LACUNA_KERNEL(attention_bwd_own, kThreads)(OwnGradientArgs args) {
  if (refused(args.refused)) return;
  const Sizes& sizes = args.sizes;
  const Readers& readers = args.readers;
  const Place at(sizes, ceil_div(sizes.p, kThreads), 1);
  const int lane = lane_of();
  const int64_t first = at.tile * kThreads + threadIdx.x - lane;
  const KeyRows q{{readers.prompt_q, at, sizes.p, sizes.d}, nullptr, first, sizes.p};
  const KeyRows dout{{readers.prompt_dout, at, sizes.p, sizes.d}, nullptr, first, sizes.p};
  const KeyRows k{{args.prompt_k, at, sizes.p, sizes.d}, nullptr, first, sizes.p};
  const KeyRows v{{args.prompt_v, at, sizes.p, sizes.d}, nullptr, first, sizes.p};
  float x = 0.0f, y = 0.0f;
  for (int64_t col = 0; col < sizes.d; col += 4) {
    x = lacuna::dot(q.quad(q.row(lane), col), k.quad(k.row(lane), col), x);
    y = lacuna::dot(dout.quad(dout.row(lane), col), v.quad(v.row(lane), col), y);
  }
  const int64_t row = sizes.n + first + lane;
  const RowValues values(readers, sizes, at, row, sizes.n + sizes.p);
  const float weight_of_lane = weight_of(x, args.scale, values.lse);
  const float slope_of_lane = weight_of_lane * (y - values.delta) * args.scale;

  const ResultRows dq(args.dprompt_q, at, sizes.p, sizes.d), dk(args.dprompt_k, at, sizes.p, sizes.d),
      dv(args.dprompt_v, at, sizes.p, sizes.d);
  for (int i = 0; i < kWarp && first + i < sizes.p; ++i) {
    const float weight = lacuna::shuffle(weight_of_lane, i), slope = lacuna::shuffle(slope_of_lane, i);
    for (int64_t col = lane; col < sizes.d; col += kWarp) {
      write(dq, first + i, col, slope * k.row(i)[col]);
      write(dk, first + i, col, slope * q.row(i)[col]);
      write(dv, first + i, col, weight * dout.row(i)[col]);
    }
  }
}
