// How the VQ kernels cut their work and what they hand each other: read by the kernels and by their launchers.
#ifndef LACUNA_VQ_SHAPE_H
#define LACUNA_VQ_SHAPE_H

#include <cstdint>

#include "lacuna/indices.h"

namespace lacuna::vq {

constexpr int kThreads = 256;                    // of every kernel
constexpr int kWarps = kThreads / 32;            // rows a block takes where a warp takes one
constexpr int kColumns = 128;                    // of a matrix that a warp reads at once, a quad a lane
constexpr int kTile = 128;                       // rows of z and codes of a tile of scores
constexpr int kDepth = 32;                       // dimensions of a panel of bf16 operands, whose rows are padded to it
constexpr int kMost = 32;                        // candidates of a row that are noted
constexpr int64_t kPassRows = int64_t{1} << 15;  // rows of z that are searched together
constexpr int64_t kBlocks = 512;                 // wanted of a search: beyond, codes are not split among blocks
constexpr int64_t kCentreChunks = 32;            // of codes, whose sums the centre is made of, at most
constexpr int64_t kCentreChunk = 64;             // codes of such a chunk at least
constexpr int64_t kCompareBlocks = 1024;         // for rows that are compared with all codes

// vq_statistics, vq_reset
constexpr int kSlice = 128;          // positions of a code that a block adds up
constexpr int64_t kChunkRows = 512;  // positions a warp sorts at least
constexpr int64_t kMostChunks = 64;  // of a modality's positions

// vq_quantize
constexpr int kQuantizeRows = 32;  // a block of the forward pass

// A matrix, and what vq_nearest_measure leaves of its rows x' = x - centre. Copies have whole tiles of rows, `padded`
// numbers each, and are zero beyond the matrix.
struct Vectors {
  const float* data;
  int64_t rows, d, ld;
  int64_t padded;    // d up to a multiple of kDepth
  float* length;     // at least |x'|; infinity where products might overflow
  float* lost;       // at least |x' - x''|, x'' = x' in bf16; NULL without a search in bf16
  uint32_t* packed;  // x'', two numbers a word; NULL as well
  float* centred;    // x'; NULL for z, which is centred as it is read
};

// A code that may be a row's nearest.
struct Candidate {
  float score;  // at least the true one
  int32_t code;
};

// What every kernel of a search knows, for the rows of z of a pass. The parts from `centre` on lie in the workspace.
struct Search {
  Vectors z, codes;
  int32_t* index;
  float* distance;              // or NULL
  float* centre;                // [d], zero up to a multiple of four
  float* base;                  // -|e'|^2 / 2 of each code, -infinity up to a whole tile
  int64_t splits, split_codes;  // the codes are shared out to so many blocks, so many each, whole tiles
  Candidate* candidates;        // [rows of a pass, splits, kMost]
  float* limit;                 // [rows of a pass, splits]: lower scores are not the nearest
  int32_t* noted;               // [rows of a pass, splits]; more than kMost: candidates are missing
  int32_t* refused;             // rows that are not finite
};

// The rows that a step goes through: all, or those that `left` lists.
struct Rows {
  const int32_t* left;  // or NULL
  const int32_t* left_count;
  int32_t* next;  // takes the rows that have too many candidates
  int32_t* next_count;
};

// What vq_statistics is asked for, and where its kernels keep what they hand on. Positions are sorted in chunks; the
// sorted positions of a code are cut into slices.
struct Statistics {
  int64_t m, n, d, k, groups;
  const float* z;
  int64_t ld_z;
  const int32_t* index;
  double decay;
  int32_t* count;
  float* sum;
  int64_t ld_sum;
  float* perplexity;  // or NULL
  IndexGate gate;
  // The workspace.
  int64_t chunks, chunk_rows, most_slices;
  int32_t* histogram;    // [m, chunks, k]; then where a chunk's positions begin within a code
  int32_t* total;        // [m, k]
  int32_t* first;        // [m, k + 1] of a code's positions
  int32_t* first_slice;  // [m, k + 1]
  int32_t* positions;    // [m, n] sorted by code
  float* spread;         // [m] perplexities
  int32_t* non_finite;   // [m] how many of the modality's sums are not finite
  double* partial;       // [m, most_slices, d]
};

// What both passes of vq_quantize read.
struct Quantised {
  int64_t m, n, d, k;
  const float* z;
  int64_t ld_z;
  const float* codebook;
  int64_t ld_codebook;
  const int32_t* index;
  IndexGate gate;
  double own, cross;
};

}  // namespace lacuna::vq
#endif
