// Nearest code of a codebook: index[i] = argmin_j |z_i - e_j|^2, the lowest j on ties, and that distance.
// z [n, d], codebook e [k, d], fp32, row-major.
//
// With centre = the mean code, z' = z - centre and e' = e - centre, argmax_j (z'.e'_j - |e'_j|^2 / 2) is a matrix
// product whose result is never stored: its epilogue keeps the few codes of a row that rounding leaves open, at most
// kMost, in lists (vq_sieve.cuh, with the bound and its proof). They are then compared by |z - e|^2 itself, in fp32
// and, where that leaves several, in double. A row with more candidates is compared with all codes the same way. So
// index[i] is the first minimum of distances computed in double, and FAST, which sieves in bf16 first and leaves only
// the rows with too many candidates to fp32, returns the same.
//
// A chain of launches on one stream. The steps from sieve on take rows in passes of kPassRows, which bounds the lists;
// all of z is measured before the first of them. Where z or e is not finite, measure says so and later kernels return
// at once. Integer atomics count candidates and rows left; only the order of lists depends on theirs, and no result on
// that order. With more than one pass, rows but those of the last are measured twice.
//   kernel              grid                     threads  block's work
//   vq_nearest_columns  min(k/64, 32) x d/128    256      column sums of a chunk of codes in double
//   vq_nearest_centre   d/256                    256      256 columns of the centre
//   vq_nearest_measure  k/8, then n/8            256      8 rows, a warp each: |x'|, finiteness, copies to multiply
//   vq_nearest_sieve    n/128 x splits           256      scores of 128 rows with a share of the codes, 128 at a time
//   vq_nearest_settle   n/8                      256      8 rows: their candidates compared
//   vq_nearest_compare  min(n, 1024)             256      rows with too many candidates: all codes compared
// splits: as many shares of the codes as make 512 blocks, where n alone gives less.
//
// Bytes and operations, FAST apart: z is read by measure, sieve and settle, 12 n d, and by sieve once more for every
// further 128 codes, out of L2, as are 4 k d n / 128 of codes; 2 n d k operations of the product, 3 n k of its
// epilogue.
//   n = 16,384, d = 256, k = 512: 50 MB, 4.3 GFLOP: 64 us at 67 TFLOP/s, 15 us at 3.35 TB/s (computed, not measured).
#include "lacuna/fault.cuh"
#include "lacuna/product.cuh"
#include "lacuna/vq_sieve.cuh"

using lacuna::difference;
using lacuna::Fault;
using lacuna::kWarp;
using lacuna::lane_of;
using lacuna::Matrix;
using lacuna::warp_of;
using namespace lacuna::vq;

namespace {

LACUNA_DEVICE bool is_finite(float4 x) { return isfinite(x.x) && isfinite(x.y) && isfinite(x.z) && isfinite(x.w); }

LACUNA_DEVICE Matrix<const float> matrix_of(const Vectors& x) { return {x.data, x.rows, x.d, x.ld}; }

// What |x|^2 in float quads and double sums may lack is added; the root is rounded up.
LACUNA_DEVICE float length_of(double square, int64_t d) {
  const double root = sqrt(square * (1.0 + 0x1p-20) + static_cast<double>(d) * 0x1p-140) * (1.0 + 0x1p-22);
  return root < kHugeLength ? static_cast<float>(root) : kInfinity;
}

LACUNA_DEVICE float low_half(uint32_t pair) { return __uint_as_float(pair << 16); }
LACUNA_DEVICE float high_half(uint32_t pair) { return __uint_as_float(pair & 0xffff0000u); }

// The operands of Product: the rows that the search goes through, and all codes.
struct CentredRows {
  static constexpr lacuna::Quads kQuads = lacuna::Quads::kAlongDepth;
  Matrix<const float> matrix;
  const float* centre;
  const int32_t* left;
  int64_t lines;

  LACUNA_DEVICE float4 load(int64_t line, int64_t depth) const {
    if (line >= lines || depth >= matrix.cols) return {0.0f, 0.0f, 0.0f, 0.0f};
    return difference(matrix.load(left ? left[line] : line, depth), lacuna::load_wide(centre + depth));
  }
};
struct CentredCodes {
  static constexpr lacuna::Quads kQuads = lacuna::Quads::kAlongDepth;
  const float* centred;
  int64_t padded;

  LACUNA_DEVICE float4 load(int64_t line, int64_t depth) const {
    return lacuna::load_wide(centred + line * padded + depth);
  }
};

struct Scores : lacuna::Product<kTile, kTile> {
  static constexpr bool kPacked = false;
  static constexpr float kRoundings = 1.0f;
  static constexpr int kSlots = 16;
  static LACUNA_DEVICE int slot() { return col(0) / 4; }
};

// |z - e|^2 of a row and a code, added up by a warp in quads: every lane has the same bits.
template <class Real>
LACUNA_DEVICE Real squared_distance(const Matrix<const float>& z, int64_t row, const Matrix<const float>& e,
                                    int64_t code) {
  Real sum = 0;
  for (int64_t col = 4 * lane_of(); col < z.cols; col += kColumns) {
    const float4 x = z.load(row, col), y = e.load(code, col);
    const Real a = static_cast<Real>(x.x) - y.x, b = static_cast<Real>(x.y) - y.y;
    const Real c = static_cast<Real>(x.z) - y.z, f = static_cast<Real>(x.w) - y.w;
    sum = fma(f, f, fma(c, c, fma(b, b, fma(a, a, sum))));
  }
  return lacuna::warp_sum(sum);
}

// The nearest of the codes that a warp has compared its row with: the least distance in double, the lowest code on
// ties. Distances are computed in double only where those in fp32 do not decide. All lanes hold the same.
struct Nearest {
  Matrix<const float> z, codes;
  int64_t row;
  float margin;  // a distance in fp32 that is so many times another's is greater
  int32_t code = -1;
  float distance = kInfinity;
  double exact = -1.0;  // < 0: not computed yet

  LACUNA_DEVICE Nearest(const Search& search, int64_t row)
      : z(matrix_of(search.z)), codes(matrix_of(search.codes)), row(row) {
    // A lane adds up d / 32 squares and a few more, the differences are rounded too.
    const float x = (static_cast<float>(z.cols) / kWarp + 16.0f) * 0x1p-24f;
    margin = x < 0.25f ? 1.0f + 3.0f * x : kInfinity;
  }

  LACUNA_DEVICE bool is_farther(float than, float nearer) const {
    return nearer > 1e-30f && nearer < 1e36f && than > nearer * margin;  // no underflow, no overflow
  }

  LACUNA_DEVICE double measure(int32_t other) const { return squared_distance<double>(z, row, codes, other); }

  LACUNA_DEVICE void settle_distance() {
    if (exact < 0.0) exact = measure(code);
  }

  LACUNA_DEVICE void consider(int32_t other) {
    const float direct = squared_distance<float>(z, row, codes, other);
    if (code >= 0) {
      if (is_farther(direct, distance)) return;
      if (is_farther(distance, direct)) {
        exact = -1.0;
      } else {
        settle_distance();
        const double other_exact = measure(other);
        if (other_exact > exact || (other_exact == exact && other > code)) return;
        exact = other_exact;
      }
    }
    code = other;
    distance = direct;
  }
};

LACUNA_DEVICE void publish(const Search& search, int64_t row, int32_t code, float distance) {
  search.index[row] = code;
  if (search.distance) search.distance[row] = distance;
}

}  // namespace

// partial[chunk, j] = sum of e[i, j] over the codes of a chunk. Clears `words` as well.
LACUNA_KERNEL(vq_nearest_columns, kThreads)
(const float* data, int64_t k, int64_t d, int64_t ld, int64_t chunk_rows, double* partial, int32_t* words,
 int64_t word_count) {
  LACUNA_SHARED(double, sums, kWarps* kColumns);
  for (int64_t i = blockIdx.x == 0 ? threadIdx.x : word_count; i < word_count; i += kThreads) words[i] = 0;
  const Matrix<const float> codes(data, k, d, ld);
  const int64_t col_blocks = (d + kColumns - 1) / kColumns;
  if (col_blocks == 0) return;
  const int64_t chunk = blockIdx.x / col_blocks, col0 = blockIdx.x % col_blocks * kColumns;
  const int lane = lane_of(), warp = warp_of();
  double sum[4] = {0.0, 0.0, 0.0, 0.0};
  const int64_t end = (chunk + 1) * chunk_rows < k ? (chunk + 1) * chunk_rows : k;
  for (int64_t row = chunk * chunk_rows + warp; row < end; row += kWarps) {
    const float4 quad = codes.load(row, col0 + 4 * lane);
    sum[0] += quad.x;
    sum[1] += quad.y;
    sum[2] += quad.z;
    sum[3] += quad.w;
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) sums[warp * kColumns + i * kWarp + lane] = sum[i];
  lacuna::barrier();
  const int thread = static_cast<int>(threadIdx.x);
  const int64_t col = col0 + 4 * (thread % kWarp) + thread / kWarp;
  if (thread >= kColumns || col >= d) return;
  double total = 0.0;
  for (int part = 0; part < kWarps; ++part) total += sums[part * kColumns + thread];
  partial[chunk * d + col] = total;
}

// centre = the mean code, zero in [d, padded).
LACUNA_KERNEL(vq_nearest_centre, kThreads)
(int64_t k, int64_t d, int64_t padded, int64_t chunks, const double* partial, float* centre) {
  const int64_t col = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (col >= padded) return;
  double sum = 0.0;
  for (int64_t chunk = 0; chunk < chunks && col < d; ++chunk) sum += partial[chunk * d + col];
  centre[col] = static_cast<float>(sum / static_cast<double>(k));
}

// |x'| of rows [0, count), the copies that x has room for, and how far that in bf16 is off; base: -|x'|^2 / 2. Rows
// beyond x.rows are zero, with base -infinity.
LACUNA_KERNEL(vq_nearest_measure, kThreads)
(Vectors x, int64_t count, const float* centre, float* base, int32_t* refused) {
  const int lane = lane_of();
  const int64_t row = static_cast<int64_t>(blockIdx.x) * kWarps + warp_of();
  if (row >= count) return;
  const Matrix<const float> matrix = matrix_of(x);
  double square = 0.0, lost = 0.0;
  bool finite = true;
  for (int64_t col = 4 * lane; col < x.padded; col += kColumns) {
    float4 quad = matrix.load(row, col);
    finite = finite && is_finite(quad);
    if (matrix.contains(row, col)) quad = difference(quad, lacuna::load_wide(centre + col));
    square += lacuna::dot(quad, quad, 0.0f);
    if (x.centred) lacuna::store_wide(x.centred + row * x.padded + col, quad);
    if (!x.packed) continue;
    const uint32_t low = lacuna::pack_bf16(quad.x, quad.y), high = lacuna::pack_bf16(quad.z, quad.w);
    uint32_t* const to = x.packed + (row * x.padded + col) / 2;
    to[0] = low;
    to[1] = high;
    const float4 off = difference(quad, {low_half(low), high_half(low), low_half(high), high_half(high)});
    lost += lacuna::dot(off, off, 0.0f);
  }
  square = lacuna::warp_sum(square);
  lost = lacuna::warp_sum(lost);
  const bool bad = lacuna::ballot(!finite) != 0;
  if (lane != 0) return;
  if (bad) lacuna::atomic_add(refused, 1);
  x.length[row] = length_of(square, x.d);
  if (x.packed) x.lost[row] = length_of(lost, x.d);
  if (base) base[row] = row < x.rows ? static_cast<float>(-0.5 * square) : -kInfinity;
}

LACUNA_KERNEL(vq_nearest_sieve, kThreads)(Search search, Rows rows) {
  LACUNA_SHARED(float, panels, Scores::kShared);
  LACUNA_SHARED(float, state, Sieve<Scores>::kShared);
  if (*search.refused != 0) return;
  Sieve<Scores> sieve(search, rows, state);
  if (!sieve.has_rows()) return;
  const CentredRows z{matrix_of(search.z), search.centre, rows.left, count_of(rows, search)};
  const CentredCodes codes{search.codes.centred, search.codes.padded};
  for (int64_t code0 = sieve.first_code(); code0 < sieve.last_code(); code0 += kTile) {
    float sums[Scores::kRowsPerThread][Scores::kColsPerThread] = {};
    Scores::add(z, codes, sieve.row0(), code0, 0, search.z.d, panels, sums);
    sieve.note(code0, sums);
  }
  sieve.finish();
}

// The nearest of each row's candidates. Rows of which some are missing go to the next list.
LACUNA_KERNEL(vq_nearest_settle, kThreads)(Search search, Rows rows, int32_t op, int32_t* fault_word) {
  if (*search.refused != 0) {
    if (blockIdx.x == 0 && threadIdx.x == 0) lacuna::set_fault(fault_word, op, Fault::kNonFinite);
    return;
  }
  const int64_t at = static_cast<int64_t>(blockIdx.x) * kWarps + warp_of();
  if (at >= count_of(rows, search)) return;
  const int64_t row = row_of(rows, at), list = row * search.splits;
  const int lane = lane_of();
  float limit = -kInfinity;
  bool too_many = false;
  for (int64_t split = lane; split < search.splits; split += kWarp) {
    limit = fmaxf(limit, search.limit[list + split]);
    too_many = too_many || search.noted[list + split] > kMost;
  }
  if (lacuna::ballot(too_many) != 0) {
    if (lane == 0) rows.next[lacuna::atomic_add(rows.next_count, 1)] = static_cast<int32_t>(row);
    return;
  }
  limit = warp_max(limit);
  Nearest nearest(search, row);
  for (int64_t split = 0; split < search.splits; ++split) {
    const int32_t noted = search.noted[list + split];
    for (int32_t c = 0; c < noted; ++c) {
      const Candidate candidate = search.candidates[(list + split) * kMost + c];
      if (candidate.score >= limit) nearest.consider(candidate.code);
    }
  }
  if (lane == 0) publish(search, row, nearest.code, nearest.distance);
}

// Rows that are compared with all codes, a block each.
LACUNA_KERNEL(vq_nearest_compare, kThreads)(Search search, Rows rows, int64_t blocks) {
  LACUNA_SHARED(double, exact, kWarps);
  LACUNA_SHARED(float, distance, kWarps);
  LACUNA_SHARED(int32_t, code, kWarps);
  if (*search.refused != 0) return;
  const int warp = warp_of();
  for (int64_t at = blockIdx.x; at < count_of(rows, search); at += blocks) {
    const int64_t row = row_of(rows, at);
    Nearest nearest(search, row);
    for (int64_t other = warp; other < search.codes.rows; other += kWarps)
      nearest.consider(static_cast<int32_t>(other));
    if (nearest.code >= 0) nearest.settle_distance();
    if (lane_of() == 0) {
      exact[warp] = nearest.exact;
      distance[warp] = nearest.distance;
      code[warp] = nearest.code;
    }
    lacuna::barrier();
    if (threadIdx.x == 0) {
      int first = 0;
      for (int i = 1; i < kWarps && code[i] >= 0; ++i) {
        if (exact[i] < exact[first] || (exact[i] == exact[first] && code[i] < code[first])) first = i;
      }
      publish(search, row, code[first], distance[first]);
    }
    lacuna::barrier();
  }
}
