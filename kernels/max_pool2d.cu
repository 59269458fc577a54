// Maximum over k x k windows of planes x[n c, h, w] and its gradient.
//
//   fwd   y = the first maximum of the window in row order, or its first NaN; index = where it lies in its [h, w] plane
//   bwd   dx[index] += dy
//
//   kernel          grid                           threads  block's work
//   max_pool2d_fwd  tiles of [n c h_out, w_out]    256      a tile (tiling.h), one window a thread at a time
//   max_pool2d_bwd  n c bands / 8                  256      8 warps, a band of a plane of dx each
//
// Windows may overlap, so several dy may meet in one dx; they are added in the order of the outputs, without atomics: a
// warp owns a band, walks its plane's index 32 outputs at a time and takes those that hit the band, equal ones one
// after the other. A plane is one band where there are 2,048 planes. bwd waits for indices_check (indices.cu) and
// leaves dx alone if it found a wrong index.
//
// Bytes: fwd 4 (in + 2 out), bwd 4 (in + 2 out) and, in the caches, dx again where windows hit; in = n c h w, out = n c
// h_out w_out; k^2 comparisons an output. 64 x 64 x 112 x 112, k = 2: 308 MB, 151 us at 2.04 TB/s.
#include "lacuna/indices.cuh"
#include "lacuna/max_pool2d_shape.h"
#include "lacuna/tiling.cuh"

using namespace lacuna;
using namespace lacuna::max_pool2d;

static_assert(kWarps == kThreads / kWarp);

// tiling: of [n c h_out, w_out], a window a place.
LACUNA_KERNEL(max_pool2d_fwd, kTilingThreads)
(Tiling tiling, int64_t h, int64_t w, int64_t h_out, int64_t k, int64_t stride, const float* x, float* y,
 int32_t* index) {
  for_places(tiling, [&](int64_t row, int64_t col) {
    const float* plane = x + row / h_out * h * w;
    const int64_t corner = row % h_out * stride * w + col * stride;
    int64_t best = corner;
    float maximum = plane[corner];
    for (int64_t ky = 0; ky < k; ++ky) {
      for (int64_t kx = 0; kx < k; ++kx) {
        const int64_t at = corner + ky * w + kx;
        const float value = plane[at];
        // A NaN is never <=, and nothing follows it.
        if (!(value <= maximum) && maximum == maximum) {
          best = at;
          maximum = value;
        }
      }
    }
    y[row * tiling.cols + col] = maximum;
    index[row * tiling.cols + col] = static_cast<int32_t>(best);
  });
}

// in = h w, out = h_out w_out.
LACUNA_KERNEL(max_pool2d_bwd, kThreads)
(IndexGate gate, int64_t planes, int64_t in, int64_t out, const float* dy, const int32_t* index, float* dx,
 int32_t accumulate) {
  if (refused(gate)) return;
  const BandCut cut(planes, in);
  const int lane = lane_of();
  const int64_t warp = static_cast<int64_t>(blockIdx.x) * kWarps + warp_of();
  const int64_t plane = warp / cut.bands, begin = warp % cut.bands * cut.band;
  if (plane >= planes) return;
  const int64_t end = begin + cut.band < in ? begin + cut.band : in;
  float* const to = dx + plane * in;
  if (!accumulate) {
    for (int64_t i = begin + lane; i < end; i += kWarp) to[i] = 0.0f;
  }
  for (int64_t i0 = 0; i0 < out; i0 += kWarp) {
    const int64_t i = plane * out + i0 + lane;
    const int32_t target = i0 + lane < out ? index[i] : -1;
    const uint32_t same = match(target);
    const int before = count_bits(same & ((1u << lane) - 1));  // lanes that add to the same number first
    bool waits = target >= begin && target < end;
    for (int turn = 0; lacuna::ballot(waits) != 0; ++turn) {
      warp_barrier();  // the turn before, or the zeros, are seen
      if (waits && before == turn) {
        to[target] += dy[i];
        waits = false;
      }
    }
  }
}
