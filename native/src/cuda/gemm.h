// How a matrix product is cut into launches, blocks and parts of its depth: by sizes alone.
#ifndef LACUNA_SRC_CUDA_GEMM_H
#define LACUNA_SRC_CUDA_GEMM_H

#include <algorithm>

#include "cuda/sizes.h"
#include "extent.h"
#include "lacuna/gemm_shape.h"
#include "lacuna/lacuna.h"

namespace lacuna::cuda {

// Families have kernels for these tiles, in this order.
struct Tile {
  int rows, cols;
};
constexpr Tile kTiles[] = {{128, 128}, {128, 64}, {64, 128}, {64, 64}};
constexpr int kTileCount = 4;

// The plan for results [m, n] with sums of k terms: the largest tile of which there are enough for a card. Else the
// depth is cut: then the largest tile that gives enough blocks with it, or the smallest one.
class GemmPlan {
 public:
  static constexpr int64_t kBlocks = 128;    // enough for a card: about as many as it has multiprocessors
  static constexpr int64_t kMinDepth = 128;  // of a part: a shorter one is not worth the pass over its results
  static constexpr int64_t kMaxDepth =
      4096;  // of a launch: rounding errors of longer sums grow, so memory adds these up

  GemmPlan(int64_t m, int64_t n, int64_t k) : m_(m), n_(n), k_(k) {
    const int64_t most_parts = std::max<int64_t>(k / kMinDepth, 1);
    if (!choose_tile(1)) {
      choose_tile(most_parts);
      if (tiles_.value > 0) parts_ = std::min(ceil_div(kBlocks, tiles_.value), most_parts);
    }
    part_depth_ = ceil_div(std::clamp<int64_t>(ceil_div(k, parts_), 1, kMaxDepth), kStep) * kStep;
  }

  int64_t k() const { return k_; }
  int tile() const { return tile_; }        // an index of kTiles
  int64_t parts() const { return parts_; }  // of the depth; where there is more than one their results are folded
  bool folds() const { return parts_ > 1; }

  // Of a partial result: its row, and the floats from one to the next. The workspace holds them all, in bytes.
  int64_t ld_partial() const { return folds() ? ceil_div(n_, 4) * 4 : 0; }
  int64_t part_stride() const { return folds() ? m_ * ld_partial() : 0; }
  int64_t workspace() const { return parts_ * part_stride() * static_cast<int64_t>(sizeof(float)); }

  int64_t blocks() const { return (tiles_ * Extent{parts_}).saturated(); }
  int64_t fold_blocks() const { return ceil_div(m_ * ceil_div(n_, 4), kFoldQuads); }

  // The launch that begins at this depth.
  GemmCut cut(int64_t begin) const {
    return {m_, n_, begin, std::min(k_, begin + parts_ * part_depth_), part_depth_, part_stride()};
  }

  // launch(cut, to) for each stretch of the depth, in order. `to`, where the first one writes, is a struct with a flag
  // `accumulate`, which the later ones find set.
  template <class To, class Launch>
  lacuna_status for_stretches(To to, Launch&& launch) const {
    if (tiles_.value == 0) return LACUNA_OK;
    for (int64_t begin = 0;;) {
      const GemmCut stretch = cut(begin);
      if (const lacuna_status status = launch(stretch, to)) return status;
      begin = stretch.end;
      if (begin == k_) return LACUNA_OK;
      to.accumulate = 1;
    }
  }

 private:
  static constexpr int64_t kStep = 16;       // a kernel's
  static constexpr int64_t kMaxPadding = 8;  // wide tiles may compute an eighth more than narrow ones

  // Whether tiles of 128 cover `size` about as tightly as tiles of 64.
  static bool fits_wide(int64_t size) {
    const int64_t wide = ceil_div(size, 128), narrow = ceil_div(size, 64);
    return 2 * wide - narrow <= narrow / kMaxPadding;
  }

  // The first tile of which there are enough if each makes so many blocks; the last one and false if there is none.
  bool choose_tile(int64_t blocks_each) {
    for (tile_ = 0; tile_ < kTileCount; ++tile_) {
      const auto [rows, cols] = kTiles[tile_];
      if ((rows == 128 && !fits_wide(m_)) || (cols == 128 && !fits_wide(n_))) continue;
      tiles_ = Extent{ceil_div(m_, rows)} * Extent{ceil_div(n_, cols)};
      if ((tiles_ * Extent{blocks_each}).saturated() >= kBlocks) return true;
    }
    tile_ = kTileCount - 1;
    return false;
  }

  int64_t m_, n_, k_;
  int tile_ = 0;
  Extent tiles_{0};
  int64_t parts_ = 1;
  int64_t part_depth_ = 0;  // terms of a part in one launch
};

}  // namespace lacuna::cuda
#endif
