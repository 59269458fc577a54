// Softmax and cross-entropy in one, of logits z[n, c] and a label a row.
//
//   fwd   m = max z, s = sum exp(z - m), prob = exp(z - m) / s, loss = mean over rows of log s - (z[label] - m)
//   bwd   dlogits = dloss (prob - onehot(label)) / n
//
//   kernel             grid                    threads  block's work
//   softmax_xent_fwd   n/(256/w), <= 1,024     256      256/w rows at a time, w threads each; its part of the loss
//   softmax_xent_loss  1                       256      the mean from the parts
//   softmax_xent_bwd   tiles of [n, c]         256      a tile (tiling.h)
//
// All wait for indices_check (indices.cu) and change nothing if it found a wrong label. A row is walked three times,
// twice in the caches: maximum, sum, probabilities, the exponentials twice instead of a buffer for them. Rows and
// blocks are cut by sizes alone, losses added in double and in order. NaN in a row makes its probabilities and the loss
// NaN.
//
// fwd 8 n c bytes, 2 n c exponentials, 2 n c operations in double; bwd 8 n c bytes (12 with acc), 2 n c flops.
// 4096 x 1000: 33 MB, 16 us at 2.04 TB/s; 64 x 10: launches only.
#include "lacuna/indices.cuh"
#include "lacuna/softmax.cuh"
#include "lacuna/tiling.cuh"

using namespace lacuna;
using namespace lacuna::softmax;

// partial[block] = the block's part of the sum of losses.
LACUNA_KERNEL(softmax_xent_fwd, kThreads)
(IndexGate gate, int64_t n, int64_t c, const float* logits, int64_t ld_logits, const int32_t* label, float* prob,
 int64_t ld_prob, double* partial) {
  LACUNA_SHARED(float, maxima, kThreads / kWarp);
  LACUNA_SHARED(double, sums, kThreads / kWarp);
  if (refused(gate)) return;
  const RowGroups groups(n, c);
  const Matrix<float> to(prob, n, c, ld_prob);
  double loss = 0.0;
  for (int64_t tile = blockIdx.x; tile < groups.tiles; tile += loss_blocks(groups)) {
    const Row row(logits, ld_logits, n, c, groups, tile);
    const auto [m, s] = softmax_row(row, to, maxima, sums);
    if (row.exists() && row.lane == 0) {
      loss += log_of_sum(s) - (static_cast<double>(logits[row.row * ld_logits + label[row.row]]) - m);
    }
  }
  loss = block_sum<kThreads>(loss, sums);
  if (threadIdx.x == 0) partial[blockIdx.x] = loss;
}

LACUNA_KERNEL(softmax_xent_loss, kThreads)
(IndexGate gate, int64_t n, int64_t parts, const double* partial, float* loss) {
  LACUNA_SHARED(double, sums, kThreads / kWarp);
  if (refused(gate)) return;
  double sum = 0.0;
  for (int64_t i = threadIdx.x; i < parts; i += kThreads) sum += partial[i];
  sum = block_sum<kThreads>(sum, sums);
  if (threadIdx.x == 0) *loss = static_cast<float>(sum / static_cast<double>(n));
}

LACUNA_KERNEL(softmax_xent_bwd, kTilingThreads)
(IndexGate gate, Tiling tiling, const float* prob, int64_t ld_prob, const int32_t* label, const float* dloss,
 float* dlogits, int64_t ld_dlogits, int32_t accumulate) {
  if (refused(gate)) return;
  const Matrix<const float> from(prob, tiling.rows, tiling.cols, ld_prob);
  const Matrix<float> to(dlogits, tiling.rows, tiling.cols, ld_dlogits);
  const float scale = static_cast<float>(static_cast<double>(*dloss) / static_cast<double>(tiling.rows));
  for_places(tiling, [&](int64_t row, int64_t col) {
    const int64_t hit = label[row] - col;
    float4 p = from.load(row, col);
    if (hit == 0) p.x -= 1.0f;
    if (hit == 1) p.y -= 1.0f;
    if (hit == 2) p.z -= 1.0f;
    if (hit == 3) p.w -= 1.0f;
    write(to, row, col, scaled(scale, p), accumulate != 0);
  });
}
