// Rows by index. Each is the gradient of the other.
//
//   gather    out[i] = x[index[i]], or added to what out holds       x [m, d], out [n, d]
//   scatter   out[index[i]] += x[i] in the order of i, onto zeros or onto what out holds       x [n, d], out [m, d]
//
//   kernel        grid                                     threads  block's work
//   rows_gather   tiles of [n, d]                          256      a tile (tiling.h)
//   rows_scatter  m/r x d/128 warps, 4,096 or so at most   256      8 warps, each r rows x 128 columns of out
//
// Additions to a row must come in the order of i, without atomics: a warp owns its part of out, walks the whole index
// 32 entries at a time and takes the ones that hit its rows, a lane a quad of columns. That costs 4 n bytes of L2 a
// warp, at most 4,096 of them: 134 MB for n = 8,192, 34 us at 4 TB/s; for n = 100,000 a sort would be the better way.
// Both wait for indices_check (indices.cu) and leave out alone if it found a wrong index.
//
// Bytes: gather 8 n d (12 with acc), scatter 12 n d + 4 m d (8 with acc). Gather of 4,096 rows of 512: 17 MB, 8.2 us at
// 2.04 TB/s.
#include "lacuna/indices.cuh"
#include "lacuna/rows_shape.h"
#include "lacuna/tiling.cuh"

using namespace lacuna;
using namespace lacuna::rows;

static_assert(kWarps == kThreads / kWarp);

LACUNA_KERNEL(rows_gather, kTilingThreads)
(IndexGate gate, Tiling tiling, int64_t m, const float* x, int64_t ld_x, const int32_t* index, float* out,
 int64_t ld_out, int32_t accumulate) {
  if (refused(gate)) return;
  const Matrix<const float> from(x, m, tiling.cols, ld_x);
  const Matrix<float> to(out, tiling.rows, tiling.cols, ld_out);
  for_places(tiling,
             [&](int64_t row, int64_t col) { write(to, row, col, from.load(index[row], col), accumulate != 0); });
}

LACUNA_KERNEL(rows_scatter, kThreads)
(IndexGate gate, int64_t n, int64_t m, int64_t d, const float* x, int64_t ld_x, const int32_t* index, float* out,
 int64_t ld_out, int32_t accumulate) {
  if (refused(gate)) return;
  const ScatterCut cut(m, d);
  const Matrix<const float> from(x, n, d, ld_x);
  const Matrix<float> to(out, m, d, ld_out);
  const int lane = lane_of();
  const int64_t warp = static_cast<int64_t>(blockIdx.x) * kWarps + warp_of();
  if (warp >= cut.col_tiles * cut.ranges) return;
  const int64_t col = warp % cut.col_tiles * kWarpCols + 4 * lane;
  const int64_t begin = warp / cut.col_tiles * cut.range_rows;
  const int64_t end = begin + cut.range_rows < m ? begin + cut.range_rows : m;
  if (!accumulate) {
    for (int64_t row = begin; row < end; ++row) to.store(row, col, {0.0f, 0.0f, 0.0f, 0.0f});
  }
  for (int64_t i0 = 0; i0 < n; i0 += kWarp) {
    const int32_t mine = i0 + lane < n ? index[i0 + lane] : -1;
    uint32_t hits = lacuna::ballot(mine >= begin && mine < end);
    while (hits != 0) {
      const int hit = first_bit(hits);
      hits &= hits - 1;
      write(to, shuffle(mine, hit), col, from.load(i0 + hit, col), true);
    }
  }
}
