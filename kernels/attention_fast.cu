// The forward pass of masked read-only attention on tensor cores, for FAST: attention_fwd.cu's maths and cut of rows,
// with q, k, v and the weights rounded to bf16 and every sum in fp32. Maximum, exponentials and their sum stay fp32.
//   kernel                  grid             threads  block's work
//   attention_fast_<width>  b h x rows/64    128      64 rows, 16 a warp; 64 keys at a time, 32 at widths 96 and 128
// Widths 32, 64, 96, 128: a narrower head is filled up with 0, a wider one goes to attention_fwd.cu.
// A logit is off by up to 2^-8 scale sum |q_j k_j|, a result by that and 2^-8 of sum p |v|.
//
// Operations and bytes as there: b = 8, h = 12, n = 197, p = 16, d = 64: 1.03 GFLOP, 3.3 us at 312 TFLOP/s, and 20 MB,
// 9.9 us at 2.04 TB/s: memory is the bound (computed, not measured).
#include "lacuna/attention_reader.cuh"

using namespace lacuna::attention;
using lacuna::kWarp;
using lacuna::lane_of;
using lacuna::warp_of;

namespace {

constexpr int kWarps = kThreads / kWarp;
constexpr int kMmaRows = 16, kMmaCols = 8, kMmaDepth = 16;

// A tile of 64 rows of queries, 16 a warp, in bf16 with fp32 sums. A warp keeps its queries as fragments in registers;
// of keys and values a tile lies in shared memory, row by row.
//
// Keys and values come as fp32 and are rounded on the way: cp.async brings a tile to a staging buffer while the tensor
// cores work on the one before, and every thread then rounds the very quads that it copied itself into the bf16 tile,
// so that no barrier stands between copy and rounding and ldmatrix finds plain bf16 rows. Fragments built from an fp32
// tile would have to round every key once a warp, four times as often. Keys and values take turns in the staging
// buffer: values come while queries meet keys, the next keys while weights meet values.
template <int width>
class FastTile {
 public:
  static constexpr int kRowsOfThread = 2, kRows = kWarps * kMmaRows, kRowThreads = 4;
  static constexpr int kKeys = width <= 64 ? 64 : 32, kKeysOfThread = kKeys / kRowThreads;
  static constexpr int kWidth = width, kCols = kWidth / kRowThreads, kVector = 2;

 private:
  static constexpr int kStride = kWidth / 2 + 4;  // words of two bf16: the 8 rows of a matrix lie in different banks
  static constexpr int kQuads = kWidth / 4;       // of a row
  static constexpr int kStaged = kKeys * kWidth;  // words
  static constexpr int kTile = kKeys * kStride;
  static constexpr int kDepths = kWidth / kMmaDepth;
  static_assert(kKeys * kQuads % kThreads == 0 && kRows * kStride <= 2 * kTile);

 public:
  static constexpr int kShared = kStaged + 2 * kTile;

  static LACUNA_DEVICE int row(int i) { return warp() * kMmaRows + lane() / 4 + 8 * i; }
  static LACUNA_DEVICE int key(int j) { return col(j); }
  static LACUNA_DEVICE int col(int j) { return j / 2 * kMmaCols + lane() % 4 * 2 + j % 2; }

  // Rounds the queries, whose place the first keys and values take afterwards.
  LACUNA_DEVICE FastTile(float* shared, const QueryRows& q)
      : staged_(shared),
        keys_(reinterpret_cast<uint32_t*>(shared + kStaged)),
        values_(keys_ + kTile),
        idle_(q.first + warp() * kMmaRows >= q.last) {
    for (int i = static_cast<int>(threadIdx.x); i < kRows * kQuads; i += kThreads) {
      const int line = i / kQuads, quad = i % kQuads;
      put(keys_, line, quad, q.quad(q.row(line), quad * 4));
    }
    lacuna::barrier();
#pragma unroll
    for (int depth = 0; depth < kDepths; ++depth) {
      lacuna::load_matrices(q_[depth], matrix_row(keys_, warp() * kMmaRows, depth * kMmaDepth));
    }
    lacuna::barrier();
  }

  LACUNA_DEVICE void start(const KeyRows& k) { stage(k); }

  LACUNA_DEVICE void products(const QueryRows&, const KeyRows&, const KeyRows& v,
                              float (&x)[kRowsOfThread][kKeysOfThread]) {
    round_staged(keys_);
    lacuna::barrier();
    stage(v);
#pragma unroll
    for (int i = 0; i < kRowsOfThread; ++i) {
#pragma unroll
      for (int j = 0; j < kKeysOfThread; ++j) x[i][j] = 0.0f;
    }
    if (idle_) return;
#pragma unroll
    for (int key = 0; key < kKeys; key += 2 * kMmaCols) {
#pragma unroll
      for (int depth = 0; depth < kDepths; ++depth) {
        // Keys are the columns of q k^T: as they lie. Matrices: 8 keys and 8 of the depth; the next 8 of the depth;
        // the next 8 keys.
        uint32_t k[4];
        lacuna::load_matrices(k, matrix_column(keys_, key, depth * kMmaDepth));
        multiply(q_[depth], {k[0], k[1]}, x, key / 4);
        multiply(q_[depth], {k[2], k[3]}, x, key / 4 + 2);
      }
    }
  }

  LACUNA_DEVICE void add_weighted(const float (&x)[kRowsOfThread][kKeysOfThread], const KeyRows&, const KeyRows& next,
                                  int64_t, float (&sums)[kRowsOfThread][kCols]) {
    round_staged(values_);
    lacuna::barrier();
    if (next.first < next.count) stage(next);
    if (idle_) return;
#pragma unroll
    for (int key = 0; key < kKeys; key += kMmaDepth) {
      // The sums of a product lie as the left operand of the next one does.
      const int j = key / 4;
      const uint32_t weights[4] = {lacuna::pack_bf16(x[0][j], x[0][j + 1]), lacuna::pack_bf16(x[1][j], x[1][j + 1]),
                                   lacuna::pack_bf16(x[0][j + 2], x[0][j + 3]),
                                   lacuna::pack_bf16(x[1][j + 2], x[1][j + 3])};
#pragma unroll
      for (int col = 0; col < kWidth; col += 2 * kMmaCols) {
        uint32_t v[4];
        lacuna::load_matrices_transposed(v, matrix_row(values_, key, col));
        multiply(weights, {v[0], v[1]}, sums, col / 4);
        multiply(weights, {v[2], v[3]}, sums, col / 4 + 2);
      }
    }
  }

 private:
  static LACUNA_DEVICE int warp() { return warp_of(); }
  static LACUNA_DEVICE int lane() { return lane_of(); }

  static LACUNA_DEVICE void put(uint32_t* tile, int line, int quad, float4 values) {
    lacuna::store_pair(tile + line * kStride + 2 * quad,
                       {lacuna::pack_bf16(values.x, values.y), lacuna::pack_bf16(values.z, values.w)});
  }

  // The row that this lane names of four matrices at (line, col): matrices 0 and 1 lie below each other, 2 and 3 beside
  // them; or 0 and 1 beside each other, 2 and 3 below them.
  static LACUNA_DEVICE const uint32_t* matrix_row(const uint32_t* tile, int line, int col) {
    const int matrix = lane() / 8;
    return tile + (line + matrix % 2 * 8 + lane() % 8) * kStride + col / 2 + matrix / 2 * 4;
  }
  static LACUNA_DEVICE const uint32_t* matrix_column(const uint32_t* tile, int line, int col) {
    const int matrix = lane() / 8;
    return tile + (line + matrix / 2 * 8 + lane() % 8) * kStride + col / 2 + matrix % 2 * 4;
  }

  // Columns j, j + 1 of both rows, the sums of one instruction.
  template <int count>
  static LACUNA_DEVICE void multiply(const uint32_t (&a)[4], const uint32_t (&b)[2], float (&sums)[2][count], int j) {
    float c[4] = {sums[0][j], sums[0][j + 1], sums[1][j], sums[1][j + 1]};
    lacuna::mma_bf16(c, a, b);
    sums[0][j] = c[0], sums[0][j + 1] = c[1], sums[1][j] = c[2], sums[1][j + 1] = c[3];
  }

  // Brings the next tile of rows; where they do not lie on 16 bytes, through registers.
  LACUNA_DEVICE void stage(const KeyRows& rows) {
#pragma unroll
    for (int i = 0; i < kKeys * kQuads / kThreads; ++i) {
      const int place = static_cast<int>(threadIdx.x) + i * kThreads, line = place / kQuads, col = place % kQuads * 4;
      const float* const row = rows.row(line);
      if (rows.rows.wide) {
        const int64_t left = row ? rows.rows.d - col : 0;
        lacuna::copy_async16(staged_ + 4 * place, left > 0 ? row + col : rows.rows.data,
                             left >= 4  ? 16
                             : left > 0 ? static_cast<int>(left) * 4
                                        : 0);
      } else {
        lacuna::store_wide(staged_ + 4 * place, rows.quad(row, col));
      }
    }
    lacuna::copy_async_commit();
  }

  // Every thread what it staged itself.
  LACUNA_DEVICE void round_staged(uint32_t* tile) const {
    lacuna::copy_async_wait<0>();
#pragma unroll
    for (int i = 0; i < kKeys * kQuads / kThreads; ++i) {
      const int place = static_cast<int>(threadIdx.x) + i * kThreads;
      put(tile, place / kQuads, place % kQuads, lacuna::load_wide(staged_ + 4 * place));
    }
  }

  float* staged_;
  uint32_t *keys_, *values_;
  bool idle_;  // none of the warp's rows is wanted
  uint32_t q_[kDepths][4];
};

}  // namespace

LACUNA_KERNEL(attention_fast_32, kThreads, 2)(ForwardArgs args) { forward<FastTile<32>>(args); }
LACUNA_KERNEL(attention_fast_64, kThreads, 2)(ForwardArgs args) { forward<FastTile<64>>(args); }
LACUNA_KERNEL(attention_fast_96, kThreads, 2)(ForwardArgs args) { forward<FastTile<96>>(args); }
LACUNA_KERNEL(attention_fast_128, kThreads, 2)(ForwardArgs args) { forward<FastTile<128>>(args); }
