// The quantised rows, the commitment loss and their gradients (lacuna_ops.h).
//
//   forward    q = code; loss = 1/(n d) sum_i (own |z_i - q_i|^2 + cross sum_o |z_i - e_o|^2), in double
//   backward   dz = J^T dq + 2 dloss / (n d) (own (z - q) + cross sum_o (z - e_o))
//
// The rotation's J^T dq = s (g - 2 r (r.g) + 2 u (v.g)) with g = dq, u = z / |z|, v = q / |q|, s = |q| / |z| is
// s (g + A z + B q): five dot products of a row, in double, while it lies in the first-level cache, then one pass.
//
// Cut by rows; the loss is added up by chunks that depend on sizes alone. Cost: forward 8 n d bytes, backward 12 n d;
// the codes come out of the caches.
#include <algorithm>
#include <cmath>

#include "cpu/cpu_context.h"
#include "ops/checks.h"
#include "ops/partition.h"
#include "ops/vq.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/vq_quantize.cpp"
#include "cpu/tiers.h"

#include "ops/distance-inl.h"
#include "ops/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

double mean_of(double sum, int64_t n, int64_t d) {
  return n * d == 0 ? 0 : sum / (static_cast<double>(n) * static_cast<double>(d));
}

// index[i], -1 unless it is a code: what another thread writes there after the check is not followed.
int32_t code_of(const int32_t* index, int64_t i, int64_t k) {
  const int32_t code = static_cast<const volatile int32_t*>(index)[i];
  return code < k ? code : -1;
}

// own |z - q|^2 + cross sum_o |z - e_o|^2 of row i
double commitment(const lacuna_vq_quantize_fwd_args& args, int64_t i) {
  double cross = 0, own = 0;
  for (int64_t o = 0; o < args.m; ++o) {
    const int32_t code = code_of(args.index, o * args.n + i, args.k);
    if (code < 0) continue;
    const double distance =
        squared_distance<double>(args.z + i * args.ld_z, args.codebook + code * args.ld_codebook, args.d);
    (o == 0 ? own : cross) += distance;
  }
  return args.own * own + args.cross * cross;
}

// J^T g = scale (g + z_factor z + q_factor q) of the rotation trick
struct Rotation {
  float scale = 1, z_factor = 0, q_factor = 0;

  HWY_INLINE Rotation(const float* g, const float* z, const float* q, int64_t d) {
    const Doubles wide;
    auto zz = hn::Zero(wide), qq = zz, zq = zz, zg = zz, qg = zz;
    for_vectors(wide, 0, d, [&](int64_t j, auto lanes) {
      const auto x = load(wide, z + j, lanes), y = load(wide, q + j, lanes), v = load(wide, g + j, lanes);
      zz = hn::MulAdd(x, x, zz);
      qq = hn::MulAdd(y, y, qq);
      zq = hn::MulAdd(x, y, zq);
      zg = hn::MulAdd(x, v, zg);
      qg = hn::MulAdd(y, v, qg);
    });
    const double z_norm = std::sqrt(sum_of_lanes(wide, zz)), q_norm = std::sqrt(sum_of_lanes(wide, qq));
    if (z_norm == 0) return;
    scale = static_cast<float>(q_norm / z_norm);
    if (q_norm == 0) return;
    const double ug = sum_of_lanes(wide, zg) / z_norm, vg = sum_of_lanes(wide, qg) / q_norm;
    const double length = 2 + 2 * sum_of_lanes(wide, zq) / z_norm / q_norm;  // |u + v|^2
    const double r = length < 1e-8 ? 0 : -2 * (ug + vg) / length;
    z_factor = static_cast<float>((r + 2 * vg) / z_norm);
    q_factor = static_cast<float>(r / q_norm);
  }
};

struct Backward {
  const lacuna_vq_quantize_bwd_args& args;
  float own, cross;  // 2 dloss / (n d) times the weights

  void row(int64_t i) const {
    const int32_t code = code_of(args.index, i, args.k);
    float* const dz = args.dz + i * args.ld_dz;
    if (code < 0) {
      if (!args.acc_dz) std::fill_n(dz, args.d, 0.0f);
      return;
    }
    const Floats f;
    const float* const z = args.z + i * args.ld_z;
    const float* const q = args.codebook + code * args.ld_codebook;
    const float* const g = args.dq ? args.dq + i * args.ld_dq : nullptr;
    if (g && args.estimator == vq::kRotation) {
      const Rotation rotation(g, z, q, args.d);
      const auto scale = hn::Set(f, rotation.scale), a = hn::Set(f, rotation.z_factor),
                 b = hn::Set(f, rotation.q_factor);
      each(dz, z, q, [&](int64_t j, auto lanes, auto x, auto y) {
        return hn::Mul(scale, hn::MulAdd(a, x, hn::MulAdd(b, y, load(f, g + j, lanes))));
      });
    } else if (g) {
      each(dz, z, q, [&](int64_t j, auto lanes, auto, auto) { return load(f, g + j, lanes); });
    } else {
      each(dz, z, q, [&](int64_t, auto, auto, auto) { return hn::Zero(f); });
    }
    for (int64_t o = 1; o < args.m && cross != 0; ++o) {
      const int32_t other = code_of(args.index, o * args.n + i, args.k);
      if (other < 0) continue;
      const float* const e = args.codebook + other * args.ld_codebook;
      for_vectors(f, 0, args.d, [&](int64_t j, auto lanes) {
        const auto difference = hn::Sub(load(f, z + j, lanes), load(f, e + j, lanes));
        store(f, hn::MulAdd(hn::Set(f, cross), difference, load(f, dz + j, lanes)), dz + j, lanes);
      });
    }
  }

 private:
  // dz = through + own (z - q)
  template <class Through>
  HWY_INLINE void each(float* dz, const float* z, const float* q, Through&& through) const {
    const Floats f;
    for_vectors(f, 0, args.d, [&](int64_t j, auto lanes) {
      const auto x = load(f, z + j, lanes), y = load(f, q + j, lanes);
      const auto sum = hn::MulAdd(hn::Set(f, own), hn::Sub(x, y), through(j, lanes, x, y));
      write(f, sum, dz + j, lanes, args.acc_dz);
    });
  }
};

}  // namespace

lacuna_status vq_quantize_fwd(CpuContext& ctx, const lacuna_vq_quantize_fwd_args& args) {
  if (const lacuna_status status = vq::check(ctx, args)) return status;
  if (const lacuna_status status = check_indices(ctx, "index", args.index, args.m * args.n, args.k, -1)) return status;
  double partial[kMaxChunks] = {};
  const Partition parts = partition(args.n, args.d * (args.loss ? args.m + 1 : 1));
  ctx.parallel_for(parts.chunks, [&](int64_t chunk, int) {
    for (int64_t i = parts.begin(chunk); i < parts.end(chunk); ++i) {
      float* const q = args.q + i * args.ld_q;
      const int32_t code = code_of(args.index, i, args.k);
      if (code < 0) {
        std::fill_n(q, args.d, 0.0f);
        continue;
      }
      if (args.loss) partial[chunk] += commitment(args, i);
      std::copy_n(args.codebook + code * args.ld_codebook, args.d, q);
    }
  });
  if (args.loss) {
    double sum = 0;
    for (int64_t chunk = 0; chunk < parts.chunks; ++chunk) sum += partial[chunk];
    *args.loss = static_cast<float>(mean_of(sum, args.n, args.d));
  }
  return LACUNA_OK;
}

lacuna_status vq_quantize_bwd(CpuContext& ctx, const lacuna_vq_quantize_bwd_args& args) {
  if (const lacuna_status status = vq::check(ctx, args)) return status;
  if (const lacuna_status status = check_indices(ctx, "index", args.index, args.m * args.n, args.k, -1)) return status;
  const double scale = args.dloss ? mean_of(2 * static_cast<double>(*args.dloss), args.n, args.d) : 0;
  const Backward backward{args, static_cast<float>(scale * args.own), static_cast<float>(scale * args.cross)};
  parallel_ranges(ctx, args.n, args.d * (args.dloss ? args.m + 1 : 2), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) backward.row(i);
  });
  return LACUNA_OK;
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t vq_quantize_fwd_workspace(int, const lacuna_vq_quantize_fwd_args&) { return 0; }

int64_t vq_quantize_bwd_workspace(int, const lacuna_vq_quantize_bwd_args&) { return 0; }

}  // namespace lacuna
#endif
