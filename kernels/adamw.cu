// One step of torch.optim.AdamW, or of torch.optim.Adam, over a slab of n parameters.
//
//   w' = keep w   g' = g + decay w'   m = beta1 m + share1 g'   v = beta2 v + share2 g'^2
//   w = w' - rate m / (scale sqrt(v) + epsilon)
//
// keep = 1 - lr weight_decay where weight decay is decoupled, decay = weight_decay where it is not, share = 1 - beta,
// rate = lr / (1 - beta1^step), scale = 1 / sqrt(1 - beta2^step).
//
//   kernel      grid     threads  block's work
//   adamw_step  n/1024   256      1,024 parameters, four a thread
//
// One pass: 28 n bytes (w, g, m, v read, w, m, v written), 13 flops, a root and a division a parameter: bound by
// memory. 11.2 M parameters: 314 MB, 154 us at 2.04 TB/s.
#include "lacuna/adamw_shape.h"
#include "lacuna/tiling.cuh"

using namespace lacuna;
using namespace lacuna::adamw;

LACUNA_KERNEL(adamw_step, kThreads)
(int64_t n, Step step, float* w, const float* g, float* m, float* v) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kBlockNumbers + 4 * threadIdx.x;
  const Matrix<float> w_row(w, 1, n, 0), m_row(m, 1, n, 0), v_row(v, 1, n, 0);
  const float4 kept = scaled(step.keep, w_row.load(0, i));
  float4 gradient = Matrix<const float>(g, 1, n, 0).load(0, i);
  if (step.decay != 0.0f) gradient = multiply_add(step.decay, kept, gradient);
  const float4 first = multiply_add(step.beta1, m_row.load(0, i), scaled(step.share1, gradient));
  const auto square = [&](float x, float) { return step.share2 * x * x; };
  const float4 second = multiply_add(step.beta2, v_row.load(0, i), each(square, gradient, gradient));
  m_row.store(0, i, first);
  v_row.store(0, i, second);
  const auto move = [&](float a, float b) { return a / fmaf(step.scale, sqrtf(b), step.epsilon); };
  w_row.store(0, i, multiply_add(-step.rate, each(move, first, second), kept));
}
