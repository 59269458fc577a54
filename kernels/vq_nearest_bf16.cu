// The sieve of vq_nearest.cu on tensor cores, FAST's first: scores of the centred rows and codes in bf16, fp32 sums.
// vq_nearest_measure has written both, padded to whole panels of kDepth dimensions; vq_sieve.cuh has the bound on what
// rounding may cost and its proof.
//
//   kernel                 grid             threads  block's work
//   vq_nearest_bf16_sieve  n/128 x splits   256      scores of 128 rows with a share of the codes, 128 at a time
// A warp multiplies 32 rows by 64 codes: 2 x 8 products of 16 x 8, in steps of 16 dimensions. Panels of 128 rows and
// 128 codes, 32 deep, come in by asynchronous copies, one while the other is multiplied; their rows lie 80 bytes apart,
// so that the eight rows of a matrix that ldmatrix reads lie on different banks.
//
// Bytes and operations: 2 n d read for every 128 codes, 2 k d n / 128 of codes, all but the first reading out of L2;
// 2 n d k operations on tensor cores, 3 n k of the epilogue.
//   n = 16,384, d = 256, k = 512: 4.3 GFLOP: 14 us at 312 TFLOP/s (A100; computed, not measured).
#include "lacuna/vq_sieve.cuh"

using lacuna::kWarp;
using lacuna::lane_of;
using lacuna::warp_of;
using namespace lacuna::vq;

namespace {

constexpr int kWords = kDepth / 2;           // of a panel's row, two dimensions each
constexpr int kStride = kWords + 4;          // words between rows
constexpr int kPanel = kTile * kStride;      // words
constexpr int kRowTiles = 2, kColTiles = 8;  // of 16 x 8 scores, a warp

// Warps lie 4 x 2 in the tile of scores. sums[2 i + h][2 j + c] is c[2 h + c] of the product of tile (i, j).
struct Fragments {
  static constexpr bool kPacked = true;
  static constexpr float kRoundings = 4.0f;
  static constexpr int kRowsPerThread = 2 * kRowTiles, kColsPerThread = 2 * kColTiles;
  static constexpr int kSlots = 8;

  static LACUNA_DEVICE int lane() { return lane_of(); }
  static LACUNA_DEVICE int warp_row() { return static_cast<int>(threadIdx.x) / (2 * kWarp) * 16 * kRowTiles; }
  static LACUNA_DEVICE int warp_col() { return warp_of() % 2 * 8 * kColTiles; }
  static LACUNA_DEVICE int row(int i) { return warp_row() + i / 2 * 16 + i % 2 * 8 + lane() / 4; }
  static LACUNA_DEVICE int col(int j) { return warp_col() + j / 2 * 8 + lane() % 4 * 2 + j % 2; }
  static LACUNA_DEVICE int slot() { return warp_of() % 2 * 4 + lane() % 4; }
};

// Rows [row0, row0 + kTile) of x, words [word0, word0 + kWords).
LACUNA_DEVICE void copy_panel(uint32_t* panel, const Vectors& x, int64_t row0, int64_t word0) {
  constexpr int kChunks = kWords / 4;  // of 16 bytes, a row
  const int line = static_cast<int>(threadIdx.x) / kChunks, word = static_cast<int>(threadIdx.x) % kChunks * 4;
  const int64_t ld = x.padded / 2;
  const uint32_t* from = x.packed + (row0 + line) * ld + word0 + word;
  uint32_t* to = panel + line * kStride + word;
#pragma unroll
  for (int i = 0; i < kTile * kChunks / kThreads; ++i) {
    lacuna::copy_async16(to, from);
    from += kThreads / kChunks * ld;
    to += kThreads / kChunks * kStride;
  }
}

// sums += the products over one panel
LACUNA_DEVICE void multiply(const uint32_t* rows, const uint32_t* codes,
                            float (&sums)[Fragments::kRowsPerThread][Fragments::kColsPerThread]) {
  const int lane = Fragments::lane(), matrix = lane / 8, line = lane % 8;
#pragma unroll
  for (int step = 0; step < kDepth / 16; ++step) {
    uint32_t a[kRowTiles][4];
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i) {
      const int row = Fragments::warp_row() + i * 16 + matrix % 2 * 8 + line;
      lacuna::load_matrices(a[i], rows + row * kStride + step * 8 + matrix / 2 * 4);
    }
#pragma unroll
    for (int j = 0; j < kColTiles; j += 2) {
      uint32_t pair[4];  // two tiles of codes
      const int code = Fragments::warp_col() + j * 8 + matrix / 2 * 8 + line;
      lacuna::load_matrices(pair, codes + code * kStride + step * 8 + matrix % 2 * 4);
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const uint32_t b[2] = {pair[2 * half], pair[2 * half + 1]};
        const int col = 2 * (j + half);
#pragma unroll
        for (int i = 0; i < kRowTiles; ++i) {
          float c[4] = {sums[2 * i][col], sums[2 * i][col + 1], sums[2 * i + 1][col], sums[2 * i + 1][col + 1]};
          lacuna::mma_bf16(c, a[i], b);
          sums[2 * i][col] = c[0];
          sums[2 * i][col + 1] = c[1];
          sums[2 * i + 1][col] = c[2];
          sums[2 * i + 1][col + 1] = c[3];
        }
      }
    }
  }
}

}  // namespace

LACUNA_KERNEL(vq_nearest_bf16_sieve, kThreads, 2)(Search search, Rows rows) {
  LACUNA_SHARED(uint32_t, panels, 4 * kPanel);  // two of rows, two of codes
  LACUNA_SHARED(float, state, Sieve<Fragments>::kShared);
  if (*search.refused != 0) return;
  Sieve<Fragments> sieve(search, rows, state);
  const int64_t words = search.z.padded / 2;
  for (int64_t code0 = sieve.first_code(); code0 < sieve.last_code(); code0 += kTile) {
    float sums[Fragments::kRowsPerThread][Fragments::kColsPerThread] = {};
    const auto fetch = [&](int64_t word, int buffer) {
      copy_panel(panels + 2 * buffer * kPanel, search.z, sieve.row0(), word);
      copy_panel(panels + (2 * buffer + 1) * kPanel, search.codes, code0, word);
      lacuna::copy_async_commit();
    };
    fetch(0, 0);
    int buffer = 0;
    for (int64_t word = 0; word < words; word += kWords, buffer ^= 1) {
      lacuna::copy_async_wait<0>();
      lacuna::barrier();  // the panel is there, and everyone is done with the other one
      if (word + kWords < words) fetch(word + kWords, buffer ^ 1);
      multiply(panels + 2 * buffer * kPanel, panels + (2 * buffer + 1) * kPanel, sums);
    }
    sieve.note(code0, sums);
  }
  sieve.finish();
}
