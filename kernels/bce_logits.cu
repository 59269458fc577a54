// Binary cross-entropy of logits z[n, c] and targets t[n, c], the mean over all of them.
//
//   fwd   loss = mean of max(z, 0) - z t + log(1 + exp(-|z|))
//   bwd   dlogits = dloss (sigmoid(z) - t) / (n c), sigmoid(z) = (z > 0 ? 1 : exp(-|z|)) / (1 + exp(-|z|))
//
//   kernel            grid            threads  block's work
//   bce_logits_check  tiles, <= 128   256      every grid-th tile of targets: are they in [0, 1]?
//   bce_logits_fwd    tiles of [n, c] 256      a tile (tiling.h); its part of the loss
//   bce_logits_loss   1               256      the mean from the parts
//   bce_logits_bwd    tiles of [n, c] 256      a tile
//
// max(z, 0) - z t is taken as |z| (z > 0 ? 1 - t : t), which is no difference of large numbers. All wait for
// bce_logits_check and change nothing if it found a wrong target. Tiles are cut by sizes alone, losses added in double
// and in order. NaN among the logits makes the loss and its own gradient NaN. Tensors without gaps are one long row.
//
// fwd 12 n c bytes, targets twice, n c exponentials and logarithms; bwd 16 n c bytes (20 with acc), n c exponentials.
// 4096 x 1000: fwd 49 MB, 24 us, bwd 66 MB, 32 us at 2.04 TB/s; 64 x 23: launches only.
#include "lacuna/indices.cuh"
#include "lacuna/tiling.cuh"

using namespace lacuna;

namespace {

LACUNA_DEVICE bool is_share(float t) { return t >= 0.0f && t <= 1.0f; }

LACUNA_DEVICE double loss_of(float z, float t) {
  const float size = fabsf(z);
  return fmaf(size, z > 0.0f ? 1.0f - t : t, log1pf(expf(-size)));
}

LACUNA_DEVICE float sigmoid(float z) {
  const float e = expf(-fabsf(z));
  return (z > 0.0f ? 1.0f : e) / (1.0f + e);
}

}  // namespace

// wrong[block]: whether it met a target outside [0, 1].
LACUNA_KERNEL(bce_logits_check, kTilingThreads)
(Tiling tiling, const float* target, int64_t ld_target, int32_t blocks, int32_t* wrong) {
  LACUNA_SHARED(uint32_t, votes, kTilingThreads / kWarp);
  const Matrix<const float> from(target, tiling.rows, tiling.cols, ld_target);
  const int64_t tiles = tiling.tiles();
  bool vote = false;
  for (int64_t tile = blockIdx.x; tile < tiles; tile += blocks) {
    for_places(tiling, tile, [&](int64_t row, int64_t col) {
      const float4 t = from.load(row, col);
      vote |= !is_share(t.x) || !is_share(t.y) || !is_share(t.z) || !is_share(t.w);
    });
  }
  const uint32_t votes_of_warp = lacuna::ballot(vote);
  if (lane_of() == 0) votes[warp_of()] = votes_of_warp;
  barrier();
  if (threadIdx.x != 0) return;
  uint32_t any = 0;
  for (const uint32_t v : votes) any |= v;
  wrong[blockIdx.x] = any != 0;
}

// partial[tile] = the tile's part of the sum of losses.
LACUNA_KERNEL(bce_logits_fwd, kTilingThreads)
(IndexGate gate, Tiling tiling, const float* logits, int64_t ld_logits, const float* target, int64_t ld_target,
 double* partial) {
  LACUNA_SHARED(double, sums, kTilingThreads / kWarp);
  if (refused(gate)) return;
  const Matrix<const float> z_matrix(logits, tiling.rows, tiling.cols, ld_logits);
  const Matrix<const float> t_matrix(target, tiling.rows, tiling.cols, ld_target);
  double loss = 0.0;
  for_places(tiling, [&](int64_t row, int64_t col) {
    const float4 z = z_matrix.load(row, col), t = t_matrix.load(row, col);
    loss += loss_of(z.x, t.x);
    if (col + 1 < tiling.cols) loss += loss_of(z.y, t.y);
    if (col + 2 < tiling.cols) loss += loss_of(z.z, t.z);
    if (col + 3 < tiling.cols) loss += loss_of(z.w, t.w);
  });
  loss = block_sum<kTilingThreads>(loss, sums);
  if (threadIdx.x == 0) partial[blockIdx.x] = loss;
}

LACUNA_KERNEL(bce_logits_loss, kTilingThreads)
(IndexGate gate, double count, int64_t parts, const double* partial, float* loss) {
  LACUNA_SHARED(double, sums, kTilingThreads / kWarp);
  if (refused(gate)) return;
  double sum = 0.0;
  for (int64_t i = threadIdx.x; i < parts; i += kTilingThreads) sum += partial[i];
  sum = block_sum<kTilingThreads>(sum, sums);
  if (threadIdx.x == 0) *loss = static_cast<float>(sum / count);
}

LACUNA_KERNEL(bce_logits_bwd, kTilingThreads)
(IndexGate gate, Tiling tiling, double count, const float* logits, int64_t ld_logits, const float* target,
 int64_t ld_target, const float* dloss, float* dlogits, int64_t ld_dlogits, int32_t accumulate) {
  if (refused(gate)) return;
  const Matrix<const float> z_matrix(logits, tiling.rows, tiling.cols, ld_logits);
  const Matrix<const float> t_matrix(target, tiling.rows, tiling.cols, ld_target);
  const Matrix<float> to(dlogits, tiling.rows, tiling.cols, ld_dlogits);
  const float scale = static_cast<float>(static_cast<double>(*dloss) / count);
  const auto gradient = [=](float z, float t) { return scale * (sigmoid(z) - t); };
  for_places(tiling, [&](int64_t row, int64_t col) {
    write(to, row, col, each(gradient, z_matrix.load(row, col), t_matrix.load(row, col)), accumulate != 0);
  });
}
