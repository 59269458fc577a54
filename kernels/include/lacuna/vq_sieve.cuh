// How a block of vq_nearest's search keeps the codes that may be the nearest of its rows, while tiles of scores pass.
//
// A score t = z''.e'' + base is computed from z'' and e'', which are z' and e' or their bf16 forms. With the exact
// z* = z - centre and e* = e - centre the true score is s = z*.e* - |e*|^2 / 2, and |z - e|^2 = |z*|^2 - 2 s. Let
// u = 2^-24, Z = |z'|, l = |z' - z''|, and over the tile's codes N = max |e'|, D = max |e' - e''|. Then
//   |t - s| <= N l + (Z + l) D           rounding to bf16: l and D are computed, not estimated
//            + eta (Z + l) (N + D)       the sum of d products, by Cauchy-Schwarz
//            + 2.1 u Z N + 1.1 u N^2     centring: each difference is off by u of itself
//            + 2.6 u N^2                 base: quads in float, the rest in double, one rounding
//            + u (Z N + N^2 / 2)         adding base
// and the comparisons with t below round three times more, by u (Z N + N^2 / 2) each. So
//   error = N l + (Z + l) (D + eps (N + D)) + eps N^2 / 2 + (d + 8) 2^-52 (Z + N)^2 + (d + 16) 2^-124,
//   eps = x / (1 - x), x = (roundings d + 16) u,
// bounds it all. The last term is for underflow. The last but one exceeds what direct distances in double are off by,
// so that a code this leaves out has a greater *computed* distance than one that it keeps: the first minimum of
// computed distances over the candidates is that over all codes, whichever form of the search found them.
//   fp32  eta = d u / (1 - d u): one fused multiply-add after the other; roundings = 1
//   bf16  products are exact in fp32. A tensor core aligns the terms of a sum to the largest and cuts what lies below
//         2^-23 of it (Fasi et al., PeerJ CS 2021; NVIDIA documents nothing). In steps of 4, 8 or 16 products and the
//         running sum that is at most 24 cuts of 2^-23 the sum of moduli for 16 dimensions: 3 u each; roundings = 4
// A row keeps the codes with t + error >= the largest t - error so far: the nearest is always among them.
#ifndef LACUNA_VQ_SIEVE_CUH
#define LACUNA_VQ_SIEVE_CUH

#include "lacuna/matrix.cuh"
#include "lacuna/vq_shape.h"

namespace lacuna::vq {

constexpr float kInfinity = INFINITY;
constexpr float kHugeLength = 1e18f;  // products of longer vectors might overflow
constexpr float kHugeError = 1e37f;

LACUNA_DEVICE int64_t count_of(const Rows& rows, const Search& search) {
  return rows.left ? *rows.left_count : search.z.rows;
}
LACUNA_DEVICE int64_t row_of(const Rows& rows, int64_t at) { return rows.left ? rows.left[at] : at; }

LACUNA_DEVICE float warp_max(float value) {
  for (int mask = kWarp / 2; mask > 0; mask /= 2) value = fmaxf(value, shuffle_xor(value, mask));
  return value;
}

// Tile has kRowsPerThread x kColsPerThread scores of each thread at row(i), col(j) of kTile x kTile; kSlots threads
// share a row and differ in slot(); kRoundings as above; kPacked: operands are bf16.
template <class Tile>
struct Sieve {
  static constexpr int kShared = (Tile::kSlots + 6) * kTile + 2 * kWarps;  // words

  const Search& search;
  const Rows& rows;
  // In shared memory, where they leave registers to the product.
  float* best;       // [kSlots, kTile] the largest score in the tile at hand of each thread's part of a row
  float* length;     // [kTile] |z'|
  float* lost;       // [kTile] |z' - z''|
  float* limit;      // [kTile] the largest score - error so far
  float* threshold;  // [kTile] scores that reach it are noted
  float* error;      // [kTile] in the tile at hand
  int32_t* noted;    // [kTile]
  float* widest;     // [2, kWarps] the largest |e'|, |e' - e''| in the tile

  LACUNA_DEVICE Sieve(const Search& search, const Rows& rows, float* shared)
      : search(search),
        rows(rows),
        best(shared),
        length(best + Tile::kSlots * kTile),
        lost(length + kTile),
        limit(lost + kTile),
        threshold(limit + kTile),
        error(threshold + kTile),
        noted(reinterpret_cast<int32_t*>(error + kTile)),
        widest(error + 2 * kTile) {
    const int thread = static_cast<int>(threadIdx.x);
    if (thread >= kTile) return;
    noted[thread] = kMost + 1;
    if (row0() + thread >= count_of(rows, search)) return;
    const int64_t row = row_of(rows, row0() + thread);
    length[thread] = search.z.length[row];
    lost[thread] = Tile::kPacked ? search.z.lost[row] : 0.0f;
    limit[thread] = -kInfinity;
    noted[thread] = 0;
  }

  LACUNA_DEVICE int64_t split() const { return blockIdx.x % search.splits; }
  LACUNA_DEVICE int64_t row0() const { return blockIdx.x / search.splits * kTile; }
  LACUNA_DEVICE bool has_rows() const { return row0() < count_of(rows, search); }
  LACUNA_DEVICE int64_t first_code() const { return split() * search.split_codes; }
  LACUNA_DEVICE int64_t last_code() const {
    const int64_t end = first_code() + search.split_codes;
    return end < search.codes.rows ? end : search.codes.rows;
  }

  // Takes the products with the codes [code0, code0 + kTile). All threads enter.
  LACUNA_DEVICE void note(int64_t code0, float (&sums)[Tile::kRowsPerThread][Tile::kColsPerThread]) {
    const int thread = static_cast<int>(threadIdx.x), lane = thread % kWarp, warp = thread / kWarp;
    float own_best[Tile::kRowsPerThread];
#pragma unroll
    for (int i = 0; i < Tile::kRowsPerThread; ++i) own_best[i] = -kInfinity;
#pragma unroll
    for (int j = 0; j < Tile::kColsPerThread; ++j) {
      const float base = search.base[code0 + Tile::col(j)];
#pragma unroll
      for (int i = 0; i < Tile::kRowsPerThread; ++i) {
        sums[i][j] += base;
        own_best[i] = fmaxf(own_best[i], sums[i][j]);
      }
    }
#pragma unroll
    for (int i = 0; i < Tile::kRowsPerThread; ++i) best[Tile::slot() * kTile + Tile::row(i)] = own_best[i];
    const float longest = warp_max(thread < kTile ? search.codes.length[code0 + thread] : 0.0f);
    const float roughest = warp_max(Tile::kPacked && thread < kTile ? search.codes.lost[code0 + thread] : 0.0f);
    if (lane == 0) {
      widest[warp] = longest;
      widest[kWarps + warp] = roughest;
    }
    barrier();
    if (thread < kTile) raise();
    barrier();
#pragma unroll
    for (int i = 0; i < Tile::kRowsPerThread; ++i) {
      const int at = Tile::row(i);
      const float reach = threshold[at];
      uint32_t hits = 0;
#pragma unroll
      for (int j = 0; j < Tile::kColsPerThread; ++j) hits |= static_cast<uint32_t>(sums[i][j] >= reach) << j;
      for (; hits != 0; hits &= hits - 1) append(at, code0, first_bit(hits), sums[i]);
    }
  }

  // After the last tile. All threads enter.
  LACUNA_DEVICE void finish() {
    barrier();
    const int at = static_cast<int>(threadIdx.x);
    if (at >= kTile || row0() + at >= count_of(rows, search)) return;
    search.limit[list_of(at)] = limit[at];
    search.noted[list_of(at)] = noted[at];
  }

 private:
  LACUNA_DEVICE int64_t list_of(int at) const { return row_of(rows, row0() + at) * search.splits + split(); }

  // Notes code col(chosen) of the tile for a row. Scores lie in registers, which have no index.
  LACUNA_DEVICE void append(int at, int64_t code0, int chosen, const float (&scores)[Tile::kColsPerThread]) {
    const int32_t place = atomic_add(&noted[at], 1);
    if (place >= kMost) return;
    float score = scores[0];
#pragma unroll
    for (int j = 1; j < Tile::kColsPerThread; ++j) score = j == chosen ? scores[j] : score;
    search.candidates[list_of(at) * kMost + place] = {score + error[at],
                                                      static_cast<int32_t>(code0 + Tile::col(chosen))};
  }

  // Raises the limit of this thread's row by what the tile holds, and drops candidates that it leaves behind.
  LACUNA_DEVICE void raise() {
    const int at = static_cast<int>(threadIdx.x);
    float highest = -kInfinity, longest = 0.0f, roughest = 0.0f;
    for (int slot = 0; slot < Tile::kSlots; ++slot) highest = fmaxf(highest, best[slot * kTile + at]);
    for (int warp = 0; warp < kTile / kWarp; ++warp) {
      longest = fmaxf(longest, widest[warp]);
      roughest = fmaxf(roughest, widest[kWarps + warp]);
    }
    // A row that the tile lacks has more than it may from the start.
    const float bound = noted[at] > kMost ? kInfinity : error_bound(length[at], lost[at], longest, roughest);
    if (!(bound < kHugeError)) noted[at] = kMost + 1;
    if (noted[at] > kMost) {
      threshold[at] = kInfinity;
      return;
    }
    const float raised = fmaxf(limit[at], highest - bound);
    limit[at] = raised;
    threshold[at] = raised - bound;
    error[at] = bound;
    if (noted[at] <= kMost / 2) return;
    Candidate* const list = search.candidates + list_of(at) * kMost;
    int32_t kept = 0;
    for (int32_t c = 0; c < noted[at]; ++c) {
      const Candidate candidate = list[c];
      if (candidate.score >= raised) list[kept++] = candidate;
    }
    noted[at] = kept;
  }

  // NaN or infinity where a length is.
  LACUNA_DEVICE float error_bound(float length, float lost, float longest, float roughest) const {
    const float d = static_cast<float>(search.z.d);
    const float x = (Tile::kRoundings * d + 16.0f) * 0x1p-24f;
    const float eps = x < 0.5f ? x / (1.0f - x) : kInfinity;
    const float both = length + longest;
    const float bound = longest * lost + (length + lost) * (roughest + eps * (longest + roughest)) +
                        0.5f * eps * longest * longest + (d + 8.0f) * 0x1p-52f * both * both + (d + 16.0f) * 0x1p-124f;
    return bound * (1.0f + 0x1p-20f);
  }
};

}  // namespace lacuna::vq
#endif
