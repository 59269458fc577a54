// What the fp32 attention kernels share: one head's rows of queries and keys, and the two products of a tile.
#ifndef LACUNA_ATTENTION_TILE_CUH
#define LACUNA_ATTENTION_TILE_CUH

#include "lacuna/attention_shape.h"
#include "lacuna/matrix.cuh"

namespace lacuna::attention {

constexpr float kLog2e = 1.44269504f;

// A block's batch entry, head, tile of rows and chunk of columns; blocks of a head lie together, so that its keys and
// values stay in the cache.
struct Place {
  int64_t head, entry, col;  // head: of all b h; col: its first column in a token-major tensor
  int64_t tile, chunk;

  LACUNA_DEVICE Place(const Sizes& sizes, int64_t tiles, int64_t chunks) {
    int64_t block = blockIdx.x;
    chunk = block % chunks;
    block /= chunks;
    tile = block % tiles;
    head = block / tiles;
    entry = head / sizes.h;
    col = head % sizes.h * sizes.d;
  }
};

// One head's rows of a token-major tensor that has `tokens` of them a batch entry.
struct HeadRows {
  const float* data;
  int64_t ld, d;
  bool wide;  // every quad that starts at a multiple of four columns lies on 16 bytes

  LACUNA_DEVICE HeadRows(const Tokens& tensor, const Place& at, int64_t tokens, int64_t d)
      : data(tensor.data ? tensor.data + at.entry * tokens * tensor.ld + at.col : nullptr),
        ld(tensor.ld),
        d(d),
        wide(is_aligned16(data) && ld % 4 == 0) {}

  LACUNA_DEVICE const float* row(int64_t i) const { return data + i * ld; }
};

// The same of a result.
struct ResultRows {
  float* data;
  int64_t ld, d;
  bool add, wide;

  LACUNA_DEVICE ResultRows(const Results& tensor, const Place& at, int64_t tokens, int64_t d)
      : data(tensor.data ? tensor.data + at.entry * tokens * tensor.ld + at.col : nullptr),
        ld(tensor.ld),
        d(d),
        add(tensor.add != 0),
        wide(is_aligned16(data) && ld % 4 == 0) {}

  LACUNA_DEVICE float* row(int64_t i) const { return data + i * ld; }
};

// Columns [col, col + 4) of a row of d numbers, zero beyond; no row: zero. col is a multiple of four.
LACUNA_DEVICE float4 load_quad(const float* row, int64_t col, int64_t d, bool wide) {
  float4 quad = {0.0f, 0.0f, 0.0f, 0.0f};
  if (!row || col >= d) return quad;
  const float* from = row + col;
  if (wide && col + 4 <= d) return load_wide(from);
  quad.x = from[0];
  if (col + 1 < d) quad.y = from[1];
  if (col + 2 < d) quad.z = from[2];
  if (col + 3 < d) quad.w = from[3];
  return quad;
}

// Rows of the streams from `first` on, up to `last`: inputs are counted from 0, prompts from n.
struct QueryRows {
  HeadRows inputs, prompts;
  int64_t n, first, last;

  LACUNA_DEVICE QueryRows(const Tokens& inputs, const Tokens& prompts, const Sizes& sizes, const Place& at,
                          int64_t first, int64_t last)
      : inputs(inputs, at, sizes.n, sizes.d),
        prompts(prompts, at, sizes.p, sizes.d),
        n(sizes.n),
        first(first),
        last(last) {}

  LACUNA_DEVICE const float* row(int line) const {
    const int64_t i = first + line;
    if (i >= last) return nullptr;
    return i < n ? inputs.row(i) : prompts.row(i - n);
  }
  LACUNA_DEVICE float4 quad(const float* row, int64_t col) const {
    return load_quad(row, col, inputs.d, inputs.wide && prompts.wide);
  }

  // Whether any of the next `rows` is an input; a prompt.
  LACUNA_DEVICE bool has_inputs() const { return first < n; }
  LACUNA_DEVICE bool has_prompts(int rows) const { return (first + rows < last ? first + rows : last) > n; }
};

// Keys or values that may be read, from number `first` of them on, up to `count`.
struct KeyRows {
  HeadRows rows;
  const int64_t* index;  // token of each; NULL: its own number
  int64_t first, count;

  LACUNA_DEVICE const float* row(int line) const {
    const int64_t i = first + line;
    return i < count ? rows.row(index ? index[i] : i) : nullptr;
  }
  LACUNA_DEVICE float4 quad(const float* row, int64_t col) const { return load_quad(row, col, rows.d, rows.wide); }
};

// What of an entry's tokens may be read.
struct VisibleKeys {
  const int64_t* index;
  int64_t count;

  LACUNA_DEVICE VisibleKeys(const Visible& visible, const Place& at, int64_t keys)
      : index(visible.index ? visible.index + at.entry * keys : nullptr),
        count(visible.count && keys > 0 ? visible.count[at.entry] : keys) {}
};

LACUNA_DEVICE bool refused(const int32_t* word) { return word && *word != 0; }

// Neighbouring columns of a row in shared or, where that is wide, global memory.
template <int count>
LACUNA_DEVICE void load_columns(const float* from, float (&values)[count]) {
  if constexpr (count == 4) {
    const float4 quad = load_wide(from);
    values[0] = quad.x, values[1] = quad.y, values[2] = quad.z, values[3] = quad.w;
  } else {
    const float2 pair = load_pair(from);
    values[0] = pair.x, values[1] = pair.y;
  }
}
template <int count>
LACUNA_DEVICE void store_columns(float* to, const float (&values)[count]) {
  if constexpr (count == 4) {
    store_wide(to, {values[0], values[1], values[2], values[3]});
  } else {
    store_pair(to, {values[0], values[1]});
  }
}

// A tile's rows and columns are spread over the threads: row(i), key(j), col(j) say where a thread's own stand, and
// kRowThreads neighbouring threads share a row.

// Row i of a result from column col0 on: factor times this thread's columns, added to what stands there if asked for. A
// factor of 0 gives 0 whatever the sums hold.
template <class Tile>
LACUNA_DEVICE void write_row(const ResultRows& to, int64_t i, int64_t col0, float factor,
                             const float (&sums)[Tile::kCols]) {
  constexpr int kVector = Tile::kVector;
  float* const row = to.row(i) + col0;
  const int64_t columns = to.d - col0;
#pragma unroll
  for (int j = 0; j < Tile::kCols; j += kVector) {
    const int first = Tile::col(j);
    float values[kVector];
#pragma unroll
    for (int part = 0; part < kVector; ++part) values[part] = factor == 0.0f ? 0.0f : factor * sums[j + part];
    if (to.wide && first + kVector <= columns) {
      float old[kVector] = {};
      if (to.add) load_columns(row + first, old);
#pragma unroll
      for (int part = 0; part < kVector; ++part) values[part] += old[part];
      store_columns(row + first, values);
      continue;
    }
#pragma unroll
    for (int part = 0; part < kVector; ++part) {
      float* const at = row + first + part;
      if (first + part < columns) *at = to.add ? *at + values[part] : values[part];
    }
  }
}

template <class Tile>
LACUNA_DEVICE bool leads_row() {
  return threadIdx.x % Tile::kRowThreads == 0;
}
// The sum and the maximum over the threads of a row, the same bits in each.
template <class Tile>
LACUNA_DEVICE float row_sum(float value) {
#pragma unroll
  for (int mask = Tile::kRowThreads / 2; mask > 0; mask /= 2) value += shuffle_xor(value, mask);
  return value;
}
template <class Tile>
LACUNA_DEVICE float row_max(float value) {
#pragma unroll
  for (int mask = Tile::kRowThreads / 2; mask > 0; mask /= 2) value = fmaxf(value, shuffle_xor(value, mask));
  return value;
}

// A tile: 8 groups of kRowsOfThread rows by 16 groups of 4 keys, a group of each a thread; the 16 threads of a row are
// half a warp. Of results a thread owns the same rows and kCols columns.
//
//   products       x[row, key] = a[row, :] . b[key, :], 16 of the depth at a time: both operands pass through shared
//                  memory depth-major, in two buffers, so that one barrier a step is enough
//   exchange       puts x into shared memory key-major, where the first barrier of add_weighted finds it
//   add_weighted   sums[row, :] += x[row, key] b[key, :], 16 keys at a time through the same two buffers
//
// The sum of a product runs through the depth in one chain of fused multiply-adds, whatever the tile: a row's results
// depend on the row and the keys alone.
template <int rows_of_thread, int width>
class Tile {
 public:
  static constexpr int kRowsOfThread = rows_of_thread, kRows = 8 * kRowsOfThread, kRowThreads = 16;
  static constexpr int kKeys = kTileKeys, kKeysOfThread = 4;
  static constexpr int kWidth = width, kCols = kWidth / kRowThreads;
  static constexpr int kVector = kWidth % 64 == 0 ? 4 : 2;  // neighbouring columns of a thread

 private:
  static constexpr int kDepth = 16;          // of a panel
  static constexpr int kStride = kRows + 4;  // keeps quads aligned and spreads the transposed stores over all banks
  static constexpr int kKeyStride = kKeys + 4;
  static constexpr int kProductPanel = kDepth * (kStride + kKeyStride);
  static constexpr int kPanel = kProductPanel > kDepth* kWidth ? kProductPanel : kDepth* kWidth;

 public:
  static constexpr int kShared = 2 * kPanel + kKeys * kStride;  // floats

  LACUNA_DEVICE explicit Tile(float* shared) : panels_(shared), weights_(shared + 2 * kPanel) {}

  // Where this thread's rows, keys and columns stand within the tile.
  static LACUNA_DEVICE int row(int i) { return static_cast<int>(threadIdx.x) / 16 * kRowsOfThread + i; }
  static LACUNA_DEVICE int key(int j) { return static_cast<int>(threadIdx.x) % 16 * kKeysOfThread + j; }
  static LACUNA_DEVICE int col(int j) {
    return (j / kVector * 16 + static_cast<int>(threadIdx.x) % 16) * kVector + j % kVector;
  }
  template <class A, class B>
  LACUNA_DEVICE void products(const A& a, const B& b, int64_t d, float (&x)[kRowsOfThread][kKeysOfThread]) {
#pragma unroll
    for (int i = 0; i < kRowsOfThread; ++i) {
#pragma unroll
      for (int j = 0; j < kKeysOfThread; ++j) x[i][j] = 0.0f;
    }
    Lines<kRows> next_a(a);
    Lines<kKeys> next_b(b);
    next_a.load(a, 0);
    next_b.load(b, 0);
    int64_t depth = 0;
    do {
      float* panel_a = panels_ + buffer_ * kPanel;
      float* panel_b = panel_a + kDepth * kStride;
      buffer_ ^= 1;
      next_a.store(panel_a);
      next_b.store(panel_b);
      barrier();
      depth += kDepth;
      next_a.load(a, depth);
      next_b.load(b, depth);
      const float* from_a = panel_a + row(0);
      const float* from_b = panel_b + key(0);
#pragma unroll
      for (int k = 0; k < kDepth; ++k) {
        float rows[kRowsOfThread];
        load_rows(from_a + k * kStride, rows);
        const float4 keys = load_wide(from_b + k * kKeyStride);
#pragma unroll
        for (int i = 0; i < kRowsOfThread; ++i) {
          x[i][0] = fmaf(rows[i], keys.x, x[i][0]);
          x[i][1] = fmaf(rows[i], keys.y, x[i][1]);
          x[i][2] = fmaf(rows[i], keys.z, x[i][2]);
          x[i][3] = fmaf(rows[i], keys.w, x[i][3]);
        }
      }
    } while (depth < d);
  }

  // Nobody reads the weights of before any more: products stand in between, with a barrier.
  LACUNA_DEVICE void exchange(const float (&x)[kRowsOfThread][kKeysOfThread]) {
#pragma unroll
    for (int j = 0; j < kKeysOfThread; ++j) {
      float* to = weights_ + line(key(j)) * kStride + row(0);
      if constexpr (kRowsOfThread == 8) {
        store_wide(to, {x[0][j], x[1][j], x[2][j], x[3][j]});
        store_wide(to + 4, {x[4][j], x[5][j], x[6][j], x[7][j]});
      } else {
        store_pair(to, {x[0][j], x[1][j]});
      }
    }
  }

  // This thread's own part of what was exchanged last.
  LACUNA_DEVICE float exchanged(int i, int j) const { return weights_[line(key(j)) * kStride + row(i)]; }

  // Of the first `keys` of the tile, at least one, those that there are; columns [col0, col0 + kWidth) of their rows.
  template <class B>
  LACUNA_DEVICE void add_weighted(const B& b, int64_t keys, int64_t col0, float (&sums)[kRowsOfThread][kCols]) {
    Panel next;
    next.load(b, 0, col0);
    int key0 = 0;
    do {
      float* panel = panels_ + buffer_ * kPanel;
      buffer_ ^= 1;
      next.store(panel);
      barrier();
      const float* from = weights_ + line(key0) * kStride + row(0);
      key0 += kDepth;
      if (key0 < kKeys && key0 < keys) next.load(b, key0, col0);
#pragma unroll
      for (int k = 0; k < kDepth; ++k) {
        float rows[kRowsOfThread];
        load_rows(from + line(k) * kStride, rows);
#pragma unroll
        for (int part = 0; part < kCols; part += kVector) {
          float values[kVector];
          load_columns(panel + k * kWidth + col(part), values);
#pragma unroll
          for (int i = 0; i < kRowsOfThread; ++i) {
#pragma unroll
            for (int j = 0; j < kVector; ++j) sums[i][part + j] = fmaf(rows[i], values[j], sums[i][part + j]);
          }
        }
      }
    } while (key0 < kKeys && key0 < keys);
  }

 private:
  // Where a key's weights lie: the threads of a half warp write every fourth key at a time, and neighbouring lines
  // start on different banks. line(key0 + k) = line(key0) + line(k) for key0 % 4 == 0.
  static LACUNA_DEVICE int line(int key) { return key % 4 * (kKeys / 4) + key / 4; }

  // The quads of a panel of kLines rows that a thread brings: 16 rows x 2 quads a warp, so that whole 32-byte sectors
  // come from memory and no bank is hit twice when they are transposed.
  template <int kLines>
  struct Lines {
    static constexpr int kQuads = (kLines + 31) / 32;
    const float* from;
    float4 quads[kQuads];

    template <class Operand>
    LACUNA_DEVICE explicit Lines(const Operand& operand) : from(depth(0) < kDepth ? operand.row(line()) : nullptr) {}

    static LACUNA_DEVICE int line() {
      const int thread = static_cast<int>(threadIdx.x);
      return kLines == 64 ? thread / 32 * 16 + thread % 16 : thread % 16;
    }
    static LACUNA_DEVICE int depth(int i) {
      const int thread = static_cast<int>(threadIdx.x);
      return (kLines == 64 ? 2 * i + thread / 16 % 2 : thread / 16) * 4;
    }
    template <class Operand>
    LACUNA_DEVICE void load(const Operand& operand, int64_t depth0) {
#pragma unroll
      for (int i = 0; i < kQuads; ++i) {
        quads[i] = operand.quad(from, depth0 + depth(i));
      }
    }
    LACUNA_DEVICE void store(float* panel) const {
#pragma unroll
      for (int i = 0; i < kQuads; ++i) {
        if (depth(i) >= kDepth) continue;
        float* to = panel + depth(i) * (kLines + 4) + line();
        to[0] = quads[i].x;
        to[kLines + 4] = quads[i].y;
        to[2 * (kLines + 4)] = quads[i].z;
        to[3 * (kLines + 4)] = quads[i].w;
      }
    }
  };

  // A panel of kDepth rows x kWidth columns, as it lies.
  struct Panel {
    static constexpr int kQuads = kDepth * kWidth / 4 / kThreads;
    float4 quads[kQuads];

    static LACUNA_DEVICE int place(int i) { return static_cast<int>(threadIdx.x) + i * kThreads; }

    template <class Operand>
    LACUNA_DEVICE void load(const Operand& operand, int key0, int64_t col0) {
#pragma unroll
      for (int i = 0; i < kQuads; ++i) {
        const int line = place(i) / (kWidth / 4), quad = place(i) % (kWidth / 4);
        quads[i] = operand.quad(operand.row(key0 + line), col0 + quad * 4);
      }
    }
    LACUNA_DEVICE void store(float* panel) const {
#pragma unroll
      for (int i = 0; i < kQuads; ++i) store_wide(panel + place(i) * 4, quads[i]);
    }
  };

  static LACUNA_DEVICE void load_rows(const float* from, float (&rows)[kRowsOfThread]) {
    if constexpr (kRowsOfThread == 8) {
      const float4 low = load_wide(from), high = load_wide(from + 4);
      rows[0] = low.x, rows[1] = low.y, rows[2] = low.z, rows[3] = low.w;
      rows[4] = high.x, rows[5] = high.y, rows[6] = high.z, rows[7] = high.w;
    } else {
      const float2 pair = load_pair(from);
      rows[0] = pair.x, rows[1] = pair.y;
    }
  }
  float* panels_;
  float* weights_;
  int buffer_ = 0;
};

}  // namespace lacuna::attention
#endif
