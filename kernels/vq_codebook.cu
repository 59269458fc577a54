// What moves a codebook: the statistics of a batch, their moving averages, and dead codes replaced (lacuna_ops.h has
// the formulas). z [m n, d], codebook and w [k, d], count [m, k], fp32 and int32.
//
// vq_statistics sorts the positions of each modality by code, stably and by counting, cuts each code's positions into
// slices of kSlice and adds up the slices in double, in the order of positions. So a code that owns all positions is
// shared out like any other. Results wait in the workspace until all that is read is known to be in range and finite.
//   kernel               grid                        threads  block's work
//   indices_check        (indices.cu)
//   vq_codebook_count    m chunks / 8                256      a warp counts the codes of a chunk of positions
//   vq_codebook_offsets  m k / 256                   256      where each chunk's positions of a code begin
//   vq_codebook_first    m                           256      a modality: where each code begins, perplexity
//   vq_codebook_place    m chunks / 8                256      a warp sorts a chunk of positions, 32 at a time
//   vq_codebook_slices   m slices x d/128            256      up to 128 positions of one code x 128 columns
//   vq_codebook_publish  groups k / 8                256      8 codes: slices added up, counts
// slices: at most min(k, n) + n/128; the blocks beyond those there are return at once.
//
// vq_ema and vq_reset run through counts and ages in one block, then through codes.
//   vq_codebook_weights  1                           256      the counts, modality after modality
//   vq_codebook_average  k / 8                       256      8 codes: w and codebook
//   vq_codebook_age      1                           256      ages, and the list of recent codes
//   vq_codebook_replace  k / 8                       256      8 codes: those too old are replaced
//
// Bytes: statistics 4 m^2 n d of z (by rows, out of L2 but the first m n d), 8 m (slices) d written and read, 4 groups
// k d written; 2 m^2 n d operations in double. ema 4 k d (groups + 3). reset 12 m k, and 12 d for each code replaced.
//   m = 3, n = 16,384, d = 256, k = 512: 151 MB, of them 50 MB from memory, 75 MFLOP in double: 25 us at 2 TB/s
//   (A100), 50 us at 1 TB/s, 58 us at the 1.3 TFLOP/s of doubles of an RTX 4090 (computed, not measured).
#include "lacuna/indices.cuh"
#include "lacuna/matrix.cuh"
#include "lacuna/philox.h"
#include "lacuna/vq_codes.h"
#include "lacuna/vq_shape.h"

using lacuna::Fault;
using lacuna::kWarp;
using lacuna::lane_of;
using lacuna::Matrix;
using lacuna::warp_of;
using namespace lacuna::vq;

namespace {

constexpr int32_t kOldest = INT32_MAX;

LACUNA_DEVICE int64_t warp_in_grid() { return static_cast<int64_t>(blockIdx.x) * kWarps + warp_of(); }

// The sum of the values of the threads before this one; total: of all. scratch holds one element a warp and is free
// again after.
LACUNA_DEVICE int32_t exclusive_scan(int32_t value, int32_t* scratch, int32_t& total) {
  const int lane = lane_of(), warp = warp_of();
  int32_t sum = value;
  for (int step = 1; step < kWarp; step *= 2) {
    const int32_t before = lacuna::shuffle(sum, lane >= step ? lane - step : lane);
    if (lane >= step) sum += before;
  }
  if (lane == kWarp - 1) scratch[warp] = sum;
  lacuna::barrier();
  int32_t offset = 0;
  total = 0;
  for (int i = 0; i < kWarps; ++i) {
    if (i < warp) offset += scratch[i];
    total += scratch[i];
  }
  lacuna::barrier();
  return offset + sum - value;
}

}  // namespace

LACUNA_KERNEL(vq_codebook_count, kThreads)(Statistics s) {
  const int64_t chunk = warp_in_grid();
  if (lacuna::refused(s.gate) || chunk >= s.m * s.chunks) return;
  const int lane = lane_of();
  int32_t* const histogram = s.histogram + chunk * s.k;
  for (int64_t j = lane; j < s.k; j += kWarp) histogram[j] = 0;
  lacuna::warp_barrier();
  const int32_t* const index = s.index + chunk / s.chunks * s.n;
  const int64_t begin = chunk % s.chunks * s.chunk_rows;
  const int64_t end = begin + s.chunk_rows < s.n ? begin + s.chunk_rows : s.n;
  for (int64_t i = begin + lane; i < end; i += kWarp) {
    if (index[i] >= 0) lacuna::atomic_add(histogram + index[i], 1);
  }
}

LACUNA_KERNEL(vq_codebook_offsets, kThreads)(Statistics s) {
  const int64_t at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (lacuna::refused(s.gate) || at >= s.m * s.k) return;
  int32_t* const histogram = s.histogram + at / s.k * s.chunks * s.k + at % s.k;
  int32_t sum = 0;
  for (int64_t chunk = 0; chunk < s.chunks; ++chunk) {
    const int32_t count = histogram[chunk * s.k];
    histogram[chunk * s.k] = sum;
    sum += count;
  }
  s.total[at] = sum;
}

LACUNA_KERNEL(vq_codebook_first, kThreads)(Statistics s) {
  LACUNA_SHARED(int32_t, scratch, kWarps);
  LACUNA_SHARED(double, sums, kWarps);
  if (lacuna::refused(s.gate)) return;
  const int64_t a = blockIdx.x;
  const int thread = static_cast<int>(threadIdx.x);
  const int32_t* const total = s.total + a * s.k;
  int32_t* const first = s.first + a * (s.k + 1);
  int32_t* const first_slice = s.first_slice + a * (s.k + 1);
  int32_t positions = 0, slices = 0;
  for (int64_t base = 0; base < s.k; base += kThreads) {
    const int64_t j = base + thread;
    const int32_t own = j < s.k ? total[j] : 0;
    int32_t all, all_slices;
    const int32_t before = exclusive_scan(own, scratch, all);
    const int32_t slices_before = exclusive_scan(own / kSlice + (own % kSlice != 0), scratch, all_slices);
    if (j < s.k) {
      first[j] = positions + before;
      first_slice[j] = slices + slices_before;
    }
    positions += all;
    slices += all_slices;
  }
  double entropy = 0.0;
  for (int64_t j = thread; j < s.k; j += kThreads) {
    const double p = total[j] / static_cast<double>(positions);
    if (total[j] > 0) entropy -= p * log(p + 1e-10);
  }
  entropy = lacuna::block_sum<kThreads>(entropy, sums);
  if (thread != 0) return;
  first[s.k] = positions;
  first_slice[s.k] = slices;
  s.spread[a] = static_cast<float>(exp(entropy));
  s.non_finite[a] = 0;
}

LACUNA_KERNEL(vq_codebook_place, kThreads)(Statistics s) {
  const int64_t chunk = warp_in_grid();
  if (lacuna::refused(s.gate) || chunk >= s.m * s.chunks) return;
  const int lane = lane_of();
  const int64_t a = chunk / s.chunks;
  int32_t* const next = s.histogram + chunk * s.k;
  const int32_t* const first = s.first + a * (s.k + 1);
  const int64_t begin = chunk % s.chunks * s.chunk_rows;
  const int64_t end = begin + s.chunk_rows < s.n ? begin + s.chunk_rows : s.n;
  for (int64_t base = begin; base < end; base += kWarp) {
    const int64_t i = base + lane;
    const int32_t code = i < end ? s.index[a * s.n + i] : -1;
    const uint32_t same = lacuna::match(code), before = same & ((1u << lane) - 1);
    const int32_t rank = lacuna::count_bits(before);
    const bool is_last = same >> lane == 1;
    const int32_t place = code < 0 ? 0 : next[code] + rank;
    lacuna::warp_barrier();
    if (code >= 0) {
      s.positions[a * s.n + first[code] + place] = static_cast<int32_t>(i);
      if (is_last) next[code] = place + 1;
    }
    lacuna::warp_barrier();
  }
}

// partial[a, slice] = sum over the slice's positions of z^a, or of 1/2 z^a + 1/2 mean of the others there.
LACUNA_KERNEL(vq_codebook_slices, kThreads)(Statistics s) {
  LACUNA_SHARED(double, sums, kWarps* kColumns);
  if (lacuna::refused(s.gate)) return;
  const int64_t col_blocks = (s.d + kColumns - 1) / kColumns;
  const int64_t block = blockIdx.x / col_blocks, col0 = blockIdx.x % col_blocks * kColumns;
  const int64_t a = block / s.most_slices, slice = block % s.most_slices;
  const int32_t* const first_slice = s.first_slice + a * (s.k + 1);
  if (slice >= first_slice[s.k]) return;
  int64_t code = 0;
  for (int64_t end = s.k; code + 1 < end;) {
    const int64_t middle = (code + end) / 2;
    (first_slice[middle] <= slice ? code : end) = middle;
  }
  const int32_t* const first = s.first + a * (s.k + 1);
  const int64_t begin = first[code] + (slice - first_slice[code]) * kSlice;
  const int64_t end = begin + kSlice < first[code + 1] ? begin + kSlice : first[code + 1];

  const Matrix<const float> z(s.z, s.m * s.n, s.d, s.ld_z);
  const int lane = lane_of(), warp = warp_of(), thread = static_cast<int>(threadIdx.x);
  double sum[4] = {0.0, 0.0, 0.0, 0.0};
  const auto add_row = [&](int64_t row, double weight) {
    const float4 quad = z.load(row, col0 + 4 * lane);
    sum[0] = fma(weight, static_cast<double>(quad.x), sum[0]);
    sum[1] = fma(weight, static_cast<double>(quad.y), sum[1]);
    sum[2] = fma(weight, static_cast<double>(quad.z), sum[2]);
    sum[3] = fma(weight, static_cast<double>(quad.w), sum[3]);
  };
  for (int64_t p = begin + warp; p < end; p += kWarps) {
    const int32_t position = s.positions[a * s.n + p];
    int64_t others = 0;
    for (int64_t o = 0; o < s.m; ++o) others += o != a && s.index[o * s.n + position] >= 0;
    add_row(a * s.n + position, others != 0 ? 0.5 : 1.0);
    if (others == 0) continue;
    for (int64_t o = 0; o < s.m; ++o) {
      if (o != a && s.index[o * s.n + position] >= 0) add_row(o * s.n + position, 0.5 / static_cast<double>(others));
    }
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) sums[warp * kColumns + i * kWarp + lane] = sum[i];
  lacuna::barrier();
  const int64_t col = col0 + 4 * (thread % kWarp) + thread / kWarp;
  if (thread >= kColumns || col >= s.d) return;
  double total = 0.0;
  for (int part = 0; part < kWarps; ++part) total += sums[part * kColumns + thread];
  if (!isfinite(total)) lacuna::atomic_add(s.non_finite + a, 1);
  s.partial[(a * s.most_slices + slice) * s.d + col] = total;
}

LACUNA_KERNEL(vq_codebook_publish, kThreads)(Statistics s) {
  if (lacuna::refused(s.gate)) return;
  bool non_finite = false;
  for (int64_t a = 0; a < s.m; ++a) non_finite = non_finite || s.non_finite[a] != 0;
  if (non_finite) {
    if (blockIdx.x == 0 && threadIdx.x == 0) lacuna::set_fault(s.gate.fault_word, s.gate.op, Fault::kNonFinite);
    return;
  }
  const int lane = lane_of();
  if (blockIdx.x == 0 && s.perplexity) {
    for (int64_t a = threadIdx.x; a < s.m; a += kThreads) s.perplexity[a] = s.spread[a];
  }
  const int64_t row = warp_in_grid();
  if (row >= s.groups * s.k) return;
  const int64_t code = row % s.k;
  const int64_t first_modality = s.groups == s.m ? row / s.k : 0;
  const int64_t last_modality = s.groups == s.m ? first_modality : s.m - 1;
  for (int64_t a = first_modality + lane; a <= last_modality; a += kWarp)
    s.count[a * s.k + code] = s.total[a * s.k + code];
  for (int64_t col = lane; col < s.d; col += kWarp) {
    double sum = 0.0, factor = 1.0;
    for (int64_t a = last_modality; a >= first_modality; --a, factor *= s.decay) {
      const int32_t* const first_slice = s.first_slice + a * (s.k + 1) + code;
      double own = 0.0;
      for (int64_t slice = first_slice[0]; slice < first_slice[1]; ++slice)
        own += s.partial[(a * s.most_slices + slice) * s.d + col];
      sum = fma(factor, own, sum);
    }
    s.sum[row * s.ld_sum + col] = static_cast<float>(sum);
  }
}

// divisor[j] = what the sums of code j are divided by; c moves on.
LACUNA_KERNEL(vq_codebook_weights, kThreads)
(int64_t m, int64_t k, double decay, double epsilon, int64_t smoothing, const int32_t* count, float* c,
 double* divisor) {
  LACUNA_SHARED(double, scratch, kWarps);
  const double all_epsilon = static_cast<double>(k) * epsilon;
  for (int64_t j = threadIdx.x; j < k; j += kThreads) divisor[j] = c[j];
  double sum = 0.0;
  for (int64_t a = 0; a < m; ++a) {
    sum = 0.0;
    for (int64_t j = threadIdx.x; j < k; j += kThreads) {
      divisor[j] = decay * divisor[j] + (1.0 - decay) * count[a * k + j];
      sum += divisor[j];
    }
    sum = lacuna::block_sum<kThreads>(sum, scratch);
    for (int64_t j = threadIdx.x; j < k && smoothing == kStored; j += kThreads)
      divisor[j] = (divisor[j] + epsilon) / (sum + all_epsilon) * sum;
  }
  for (int64_t j = threadIdx.x; j < k; j += kThreads) {
    c[j] = static_cast<float>(divisor[j]);
    if (smoothing == kApplied && m > 0) divisor[j] = (divisor[j] + epsilon) / (sum + all_epsilon) * sum;
  }
}

// w <- keep w + take sum, group after group; codebook = w / divisor.
LACUNA_KERNEL(vq_codebook_average, kThreads)
(int64_t k, int64_t d, int64_t groups, double keep, double take, const double* divisor, const float* sum,
 int64_t ld_sum, float* w, int64_t ld_w, float* codebook, int64_t ld_codebook) {
  const int64_t code = warp_in_grid();
  if (code >= k) return;
  const double weight = divisor[code], inverse = 1.0 / weight;
  const Matrix<const float> sums(sum, groups * k, d, ld_sum);
  const Matrix<float> averages(w, k, d, ld_w), codes(codebook, k, d, ld_codebook);
  for (int64_t col = 4 * lane_of(); col < d; col += kColumns) {
    const float4 old = averages.load(code, col);
    double x = old.x, y = old.y, z = old.z, t = old.w;
    for (int64_t group = 0; group < groups; ++group) {
      const float4 quad = sums.load(group * k + code, col);
      x = fma(keep, x, take * quad.x);
      y = fma(keep, y, take * quad.y);
      z = fma(keep, z, take * quad.z);
      t = fma(keep, t, take * quad.w);
    }
    averages.store(code, col,
                   {static_cast<float>(x), static_cast<float>(y), static_cast<float>(z), static_cast<float>(t)});
    if (!(weight > 0.0)) continue;
    codes.store(code, col,
                {static_cast<float>(x * inverse), static_cast<float>(y * inverse), static_cast<float>(z * inverse),
                 static_cast<float>(t * inverse)});
  }
}

// age[j] moves on; recent lists the codes younger than `young`, *recent_count of them; *replaced = how many are older
// than `after`, where there is a recent one.
LACUNA_KERNEL(vq_codebook_age, kThreads)
(int64_t m, int64_t k, int32_t after, int32_t young, const int32_t* count, int32_t* age, int32_t* recent,
 int32_t* recent_count, int32_t* replaced) {
  LACUNA_SHARED(int32_t, scratch, kWarps);
  int32_t recent_codes = 0, old_codes = 0;
  for (int64_t base = 0; base < k; base += kThreads) {
    const int64_t j = base + threadIdx.x;
    int32_t years = 0;
    if (j < k) {
      bool used = false;
      for (int64_t a = 0; a < m; ++a) used = used || count[a * k + j] > 0;
      years = age[j];
      years = used ? 0 : years + (years < kOldest);
      age[j] = years;
    }
    int32_t all_recent, all_old;
    const bool is_recent = j < k && years < young;
    const int32_t place = exclusive_scan(is_recent, scratch, all_recent);
    exclusive_scan(j < k && years > after, scratch, all_old);
    if (is_recent) recent[recent_codes + place] = static_cast<int32_t>(j);
    recent_codes += all_recent;
    old_codes += all_old;
  }
  if (threadIdx.x != 0) return;
  *recent_count = recent_codes;
  *replaced = recent_codes > 0 ? old_codes : 0;
}

// A code older than `after` becomes a noisy copy of a recent one: w first, and the codebook from it, as every update
// does. Recent codes are never replaced, so copies are taken of what was there before.
LACUNA_KERNEL(vq_codebook_replace, kThreads)
(int64_t k, int64_t d, int32_t after, double noise, double c_reset, lacuna::Philox random, const int32_t* recent,
 const int32_t* recent_count, int32_t* age, float* c, float* w, int64_t ld_w, float* codebook, int64_t ld_codebook) {
  const int64_t code = warp_in_grid();
  if (code >= k) return;
  const int32_t sources = *recent_count;
  if (sources == 0 || age[code] <= after) return;
  const int lane = lane_of();
  const int64_t draw = code * (d + 1);
  const float* const from = codebook + recent[random.below(draw, sources)] * ld_codebook;
  const float weight = static_cast<float>(c_reset);
  for (int64_t i = lane; i < d; i += kWarp) {
    const double offset = noise * (2.0 * random.uniform(draw + 1 + i) - 1.0);
    const float sum = static_cast<float>((from[i] + offset) * weight);
    w[code * ld_w + i] = sum;
    codebook[code * ld_codebook + i] = sum / weight;
  }
  lacuna::warp_barrier();
  if (lane != 0) return;
  c[code] = weight;
  age[code] = 0;
}
