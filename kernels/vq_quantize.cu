// The quantised rows, the commitment loss and their gradients. z, q, dq, dz [n, d], codebook e [k, d], index [m, n].
//
//   forward   q = e[index_0]; loss = 1/(n d) sum_i (own |z_i - q_i|^2 + cross sum_o |z_i - e_o|^2), in double
//   backward  dz = J^T dq + 2 dloss / (n d) (own (z - q) + cross sum_o (z - e_o))
// J = 1, or the rotation's: J^T g = s (g - 2 r (r.g) + 2 u (v.g)) with u = z / |z|, v = q / |q|, s = |q| / |z| is
// s (g + A z + B q): five dot products of a row, in double, then one pass.
//
// An index out of range is found before anything is written (indices.cu).
//   kernel                grid              threads  block's work
//   indices_check         (indices.cu)
//   vq_quantize_forward   n/32              256      32 rows, 4 a warp: q, their part of the loss
//   vq_quantize_loss      1                 256      the parts added up
//   vq_quantize_backward  n/8               256      8 rows, a warp each
//
// Bytes and operations: forward 8 n d (4 without loss), codes out of the caches; 2 m n d operations in double.
// Backward 12 n d, rotation 20 n d, of them 8 out of L1, and 10 n d operations in double.
//   m = 3, n = 16,384, d = 256: forward 34 MB, 25 MFLOP in double; backward 50 MB: 10 and 15 us at 3.35 TB/s
//   (computed, not measured).
#include "lacuna/indices.cuh"
#include "lacuna/matrix.cuh"
#include "lacuna/vq_codes.h"
#include "lacuna/vq_shape.h"

using lacuna::difference;
using lacuna::kWarp;
using lacuna::lane_of;
using lacuna::Matrix;
using lacuna::warp_of;
using namespace lacuna::vq;

namespace {

constexpr double kOpposite = 1e-8;  // |u + v|^2 below which the rotation's plane is undefined

LACUNA_DEVICE Matrix<const float> rows_of(const Quantised& x) { return {x.z, x.n, x.d, x.ld_z}; }
LACUNA_DEVICE Matrix<const float> codes_of(const Quantised& x) { return {x.codebook, x.k, x.d, x.ld_codebook}; }

LACUNA_DEVICE double dot(float4 x, float4 y, double sum) {
  return fma(static_cast<double>(x.w), static_cast<double>(y.w),
             fma(static_cast<double>(x.z), static_cast<double>(y.z),
                 fma(static_cast<double>(x.y), static_cast<double>(y.y),
                     fma(static_cast<double>(x.x), static_cast<double>(y.x), sum))));
}

LACUNA_DEVICE double squared_distance(float4 x, float4 y, double sum) {
  const double a = static_cast<double>(x.x) - y.x, b = static_cast<double>(x.y) - y.y;
  const double c = static_cast<double>(x.z) - y.z, d = static_cast<double>(x.w) - y.w;
  return fma(d, d, fma(c, c, fma(b, b, fma(a, a, sum))));
}

// J^T g = scale (g + z_factor z + q_factor q) of row i and its code, for a warp.
struct Rotation {
  float scale, z_factor, q_factor;
};
LACUNA_DEVICE Rotation rotation_of(const Matrix<const float>& g, const Matrix<const float>& z,
                                   const Matrix<const float>& codes, int64_t i, int64_t code) {
  double zz = 0.0, qq = 0.0, zq = 0.0, zg = 0.0, qg = 0.0;
  for (int64_t col = 4 * lane_of(); col < z.cols; col += kColumns) {
    const float4 x = z.load(i, col), y = codes.load(code, col), v = g.load(i, col);
    zz = dot(x, x, zz);
    qq = dot(y, y, qq);
    zq = dot(x, y, zq);
    zg = dot(x, v, zg);
    qg = dot(y, v, qg);
  }
  const double z_norm = sqrt(lacuna::warp_sum(zz)), q_norm = sqrt(lacuna::warp_sum(qq));
  zq = lacuna::warp_sum(zq);
  zg = lacuna::warp_sum(zg);
  qg = lacuna::warp_sum(qg);
  if (z_norm == 0.0) return {1.0f, 0.0f, 0.0f};
  const float scale = static_cast<float>(q_norm / z_norm);
  if (q_norm == 0.0) return {scale, 0.0f, 0.0f};
  const double ug = zg / z_norm, vg = qg / q_norm;
  const double length = 2.0 + 2.0 * zq / z_norm / q_norm;  // |u + v|^2
  const double r = length < kOpposite ? 0.0 : -2.0 * (ug + vg) / length;
  return {scale, static_cast<float>((r + 2.0 * vg) / z_norm), static_cast<float>(r / q_norm)};
}

}  // namespace

// partial[block] = the block's part of the sum behind the loss; NULL: no loss is wanted.
LACUNA_KERNEL(vq_quantize_forward, kThreads)
(Quantised x, float* q, int64_t ld_q, double* partial) {
  LACUNA_SHARED(double, sums, kWarps);
  if (lacuna::refused(x.gate)) return;
  const Matrix<const float> z = rows_of(x), codes = codes_of(x);
  const Matrix<float> out(q, x.n, x.d, ld_q);
  double sum = 0.0;
  for (int64_t r = warp_of(); r < kQuantizeRows; r += kWarps) {
    const int64_t i = static_cast<int64_t>(blockIdx.x) * kQuantizeRows + r;
    if (i >= x.n) break;
    const int32_t code = x.index[i];
    for (int64_t col = 4 * lane_of(); col < x.d; col += kColumns) {
      if (code < 0) {
        out.store(i, col, {0.0f, 0.0f, 0.0f, 0.0f});
        continue;
      }
      const float4 own = codes.load(code, col);
      out.store(i, col, own);
      if (!partial) continue;
      const float4 quad = z.load(i, col);
      double cross = 0.0;
      for (int64_t o = 1; o < x.m; ++o) {
        const int32_t other = x.index[o * x.n + i];
        if (other >= 0) cross = squared_distance(quad, codes.load(other, col), cross);
      }
      sum += x.own * squared_distance(quad, own, 0.0) + x.cross * cross;
    }
  }
  if (!partial) return;
  sum = lacuna::block_sum<kThreads>(sum, sums);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

// loss = the sum of the parts / divisor, 0 where that is 0.
LACUNA_KERNEL(vq_quantize_loss, kThreads)
(lacuna::IndexGate gate, const double* partial, int64_t count, double divisor, float* loss) {
  LACUNA_SHARED(double, sums, kWarps);
  if (lacuna::refused(gate)) return;
  double sum = 0.0;
  for (int64_t i = threadIdx.x; i < count; i += kThreads) sum += partial[i];
  sum = lacuna::block_sum<kThreads>(sum, sums);
  if (threadIdx.x == 0) *loss = divisor == 0.0 ? 0.0f : static_cast<float>(sum / divisor);
}

LACUNA_KERNEL(vq_quantize_backward, kThreads)
(Quantised x, const float* dq, int64_t ld_dq, const float* dloss, int64_t estimator, int64_t accumulate, float* dz,
 int64_t ld_dz) {
  if (lacuna::refused(x.gate)) return;
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kWarps + warp_of();
  if (i >= x.n) return;
  const double scale = dloss ? 2.0 * *dloss / (static_cast<double>(x.n) * static_cast<double>(x.d)) : 0.0;
  const float own = static_cast<float>(scale * x.own), cross = static_cast<float>(scale * x.cross);
  const int32_t code = x.index[i];
  const Matrix<const float> z = rows_of(x), codes = codes_of(x), g(dq, dq ? x.n : 0, x.d, ld_dq);
  const Matrix<float> out(dz, x.n, x.d, ld_dz);
  Rotation rotation{1.0f, 0.0f, 0.0f};
  if (estimator == kRotation && dq && code >= 0) rotation = rotation_of(g, z, codes, i, code);
  for (int64_t col = 4 * lane_of(); col < x.d; col += kColumns) {
    float4 sum = accumulate != 0 ? out.load(i, col) : float4{0.0f, 0.0f, 0.0f, 0.0f};
    if (code >= 0) {
      const float4 row = z.load(i, col), quantised = codes.load(code, col);
      float4 through = lacuna::multiply_add(rotation.q_factor, quantised, g.load(i, col));
      through = lacuna::scaled(rotation.scale, lacuna::multiply_add(rotation.z_factor, row, through));
      through = lacuna::multiply_add(own, difference(row, quantised), through);
      sum = lacuna::multiply_add(1.0f, through, sum);
      for (int64_t o = 1; o < x.m && cross != 0.0f; ++o) {
        const int32_t other = x.index[o * x.n + i];
        if (other >= 0) sum = lacuna::multiply_add(cross, difference(row, codes.load(other, col)), sum);
      }
    }
    out.store(i, col, sum);
  }
}
