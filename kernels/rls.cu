// Recursive least squares: what its three forms share. rls_potter.cu, rls_plain.cu and rls_low_rank.cu say how each
// form holds P and in which order its kernels run. b rows r[b, s] are absorbed, m rows x[m, s] are projected; alpha is
// the regularisation, c = state[0] the norm divided out of P, a = alpha c.
//
// With F, K [b, s] and a Gram matrix G = F F^T (POTTER) or K r^T (PLAIN, LOW_RANK), a block is absorbed by
//   a I + G = L L^T in double, then rows such as L^-1 K, and a matrix less the product of two such blocks.
// A gradient e^T h of n < c rows is projected as e^T (h P), one of n >= c is multiplied out first.
//   kernel                   grid                              threads  block's work
//   rls_multiply             (m+b)/64 x s/64 x slices <= s/64  256      64 x 64 tile of [x; r] M over a slice of s
//   rls_multiply_transposed  the same                          256      the same of [x; r] M^T
//   rls_combine              c/64 x s/64                       256      64 x 64 tile of e^T h
//   rls_dots                 (m+b) count / 8                   256      8 dot products of rows, one a warp, in double
//   rls_cross                (m+b) count / 8                   256      the same in float
//   rls_decompose            1                                 256      the checks of state and r, L
//   rls_solve                s/256                             256      (L + shift I)^-1 x, a column a thread
//   rls_correct              (m+b) s / 4096                    256      sum of slices less cross V, 16 of it a thread
//   rls_downdate             s/64 x s/64                       256      64 x 64 tile of M - Z^T Y, its sum of squares
// Few rows make few tiles: slices of the depth keep the multiprocessors busy, and rls_correct, which finishes a product
// anyway, adds them up. Blocks are cut by sizes alone, sums run in a fixed order and there are no atomics: equal input
// gives equal bits.
//
// A non-finite r makes every dot product with it non-finite, and so the diagonal of G: rls_decompose finds it there,
// with what else must stop a call, before anything that the caller can see is written (PLAIN may carry out what
// waited). It sets the context's fault word, and the kernels after it return at once.
//
// Bytes and operations: products 2 (m+b) s^2 flops over 4 s^2 bytes; rls_dots, rls_correct 2 (m+b) count s flops;
// rls_solve b^2 s flops over 8 b s bytes; rls_downdate 2 b s^2 flops over 8 s^2 bytes.
#include "lacuna/rls.cuh"

using lacuna::Fault;
using lacuna::kWarp;
using lacuna::lane_of;
using lacuna::Matrix;
using lacuna::Quads;
using lacuna::Stored;
using lacuna::warp_of;
using namespace lacuna::rls;

namespace {

// partial[slice][m + b, s] = a tile of [x; r] M or [x; r] M^T over the slice's part of the depth.
template <Quads quads>
LACUNA_DEVICE void multiply_slice(int64_t s, const Joined& rows, const float* matrix, int64_t ld_matrix,
                                  int64_t slice_depth, float* partial, int64_t ld_partial, float* shared) {
  const int64_t count = rows.x.rows + rows.r.rows;
  const int64_t tiles = (count + kTile - 1) / kTile * ((s + kTile - 1) / kTile);
  const int64_t slice = blockIdx.x / tiles, begin = slice * slice_depth;
  const TileOrigin origin(blockIdx.x % tiles, s);
  TileSums sums = {};
  Tile::add(rows, Stored<quads>{Matrix<const float>(matrix, s, s, ld_matrix)}, origin.row, origin.col, begin,
            begin + slice_depth < s ? begin + slice_depth : s, shared, sums);
  const Matrix<float> to(partial + slice * count * ld_partial, count, s, ld_partial);
  for_quads(origin, sums, [&](int64_t row, int64_t col, float4 quad) { to.store(row, col, quad); });
}

}  // namespace

// The slices of [x; r] M; a multiple of 16 deep.
LACUNA_KERNEL(rls_multiply, kThreads, 2)
(int64_t s, int64_t m, const float* x, int64_t ld_x, int64_t b, const float* r, int64_t ld_r, const float* matrix,
 int64_t ld_matrix, int64_t slice_depth, const Call* decided, float* partial, int64_t ld_partial) {
  LACUNA_SHARED(float, shared, Tile::kShared);
  if (stopped(decided)) return;
  const Joined rows{Matrix<const float>(x, m, s, ld_x), Matrix<const float>(r, b, s, ld_r)};
  multiply_slice<Quads::kAcrossDepth>(s, rows, matrix, ld_matrix, slice_depth, partial, ld_partial, shared);
}

// The slices of [x; r] M^T.
LACUNA_KERNEL(rls_multiply_transposed, kThreads, 2)
(int64_t s, int64_t m, const float* x, int64_t ld_x, int64_t b, const float* r, int64_t ld_r, const float* matrix,
 int64_t ld_matrix, int64_t slice_depth, const Call* decided, float* partial, int64_t ld_partial) {
  LACUNA_SHARED(float, shared, Tile::kShared);
  if (stopped(decided)) return;
  const Joined rows{Matrix<const float>(x, m, s, ld_x), Matrix<const float>(r, b, s, ld_r)};
  multiply_slice<Quads::kAlongDepth>(s, rows, matrix, ld_matrix, slice_depth, partial, ld_partial, shared);
}

// to[c, s] = e^T h for e[n, c], h[n, s]; unless state is NULL, only if the gate opens.
LACUNA_KERNEL(rls_combine, kThreads, 2)
(int64_t c, int64_t s, int64_t n, const float* e, int64_t ld_e, const float* h, int64_t ld_h, const Call* call,
 const double* state, int64_t capacity, int32_t op, int32_t* fault_word, float* to, int64_t ld_to) {
  LACUNA_SHARED(float, shared, Tile::kShared);
  if (state && !Gate{call, state, capacity, op, fault_word}.opens()) return;
  const TileOrigin origin(blockIdx.x, s);
  TileSums sums = {};
  Tile::add(Stored<Quads::kAcrossDepth>{Matrix<const float>(e, n, c, ld_e)},
            Stored<Quads::kAcrossDepth>{Matrix<const float>(h, n, s, ld_h)}, origin.row, origin.col, 0, n, shared,
            sums);
  const Matrix<float> result(to, c, s, ld_to);
  for_quads(origin, sums, [&](int64_t row, int64_t col, float4 quad) { result.store(row, col, quad); });
}

namespace {

LACUNA_DEVICE double add_dot(float4 x, float4 y, double sum) {
  sum = fma(static_cast<double>(x.x), static_cast<double>(y.x), sum);
  sum = fma(static_cast<double>(x.y), static_cast<double>(y.y), sum);
  sum = fma(static_cast<double>(x.z), static_cast<double>(y.z), sum);
  return fma(static_cast<double>(x.w), static_cast<double>(y.w), sum);
}
LACUNA_DEVICE float add_dot(float4 x, float4 y, float sum) { return lacuna::dot(x, y, sum); }

// The dot product of a row of `rows` and a row of y in every lane of the warp.
template <class Real, class Rows>
LACUNA_DEVICE Real row_dot(int64_t s, const Rows& rows, int64_t i, const Matrix<const float>& y, int64_t k) {
  Real sum = 0;
  for (int64_t col = lane_of() * 4; col < s; col += 4 * kWarp) {
    sum = add_dot(rows.load(i, col), y.load(k, col), sum);
  }
  return lacuna::warp_sum(sum);
}

template <class Real>
LACUNA_DEVICE void warp_dot(int64_t s, const Joined& rows, int64_t count, int64_t in_use, const float* y, int64_t ld_y,
                            double* to) {
  const int64_t pair = static_cast<int64_t>(blockIdx.x) * kWarps + warp_of();
  const int64_t i = pair / count, k = pair % count;
  if (i >= rows.x.rows + rows.r.rows || k >= in_use) return;
  const Real sum = row_dot<Real>(s, rows, i, Matrix<const float>(y, count, s, ld_y), k);
  if (lane_of() == 0) to[pair] = sum;
}

}  // namespace

// to[m + b, count] = [x; r] y^T; unless state is NULL, the columns of the rows of U in use alone.
LACUNA_KERNEL(rls_dots, kThreads)
(int64_t s, int64_t m, const float* x, int64_t ld_x, int64_t b, const float* r, int64_t ld_r, int64_t count,
 const double* state, const float* y, int64_t ld_y, const Call* decided, double* to) {
  if (stopped(decided)) return;
  const Joined rows{Matrix<const float>(x, m, s, ld_x), Matrix<const float>(r, b, s, ld_r)};
  warp_dot<double>(s, rows, count, state ? rows_in_use(state, count) : count, y, ld_y, to);
}

LACUNA_KERNEL(rls_cross, kThreads)
(int64_t s, int64_t m, const float* x, int64_t ld_x, int64_t b, const float* r, int64_t ld_r, int64_t count,
 const double* state, const float* y, int64_t ld_y, const Call* decided, double* to) {
  if (stopped(decided)) return;
  const Joined rows{Matrix<const float>(x, m, s, ld_x), Matrix<const float>(r, b, s, ld_r)};
  warp_dot<float>(s, rows, count, state ? rows_in_use(state, count) : count, y, ld_y, to);
}

namespace {

// gram[b, b], its lower triangle given, becomes the L of a I + gram = L L^T. Every thread receives whether there is
// one.
LACUNA_DEVICE bool cholesky(int64_t b, double a, double* gram, int32_t* failed) {
  const int64_t thread = threadIdx.x;
  if (thread == 0) *failed = 0;
  for (int64_t j = 0; j < b; ++j) {
    lacuna::barrier();
    if (thread == 0) {
      const double pivot = gram[j * b + j] + a;
      if (!(pivot > 0.0)) *failed = 1;
      gram[j * b + j] = sqrt(pivot);
    }
    lacuna::barrier();
    if (*failed != 0) return false;
    for (int64_t i = j + 1 + thread; i < b; i += kThreads) gram[i * b + j] /= gram[j * b + j];
    lacuna::barrier();
    for (int64_t i = j + 1 + thread / 16; i < b; i += kThreads / 16) {
      for (int64_t k = j + 1 + thread % 16; k <= i; k += 16) gram[i * b + k] -= gram[i * b + j] * gram[k * b + j];
    }
  }
  return true;
}

}  // namespace

// Decides whether b rows may be absorbed, and decomposes a I + gram for them; gram[b, b] = rows r^T is given, its lower
// triangle at least, or formed here where b is 1. power is 2 where c is the square of the matrix's scale (POTTER), 1
// where it is that scale (PLAIN), 0 where the matrix is not moved (LOW_RANK). counts: b joins state[1] at once.
LACUNA_KERNEL(rls_decompose, kThreads, 1)
(int64_t b, int64_t s, const float* rows, const float* r, int32_t norm, double alpha, int32_t power, int64_t capacity,
 int32_t counts, int64_t counted, double* gram, double* state, Call* call, int32_t op, int32_t* fault_word) {
  LACUNA_SHARED(double, scratch, kWarps);
  LACUNA_SHARED(int32_t, failed, 1);
  const double c = state[0], updates = state[1], a = alpha * c;
  const bool in_range = (norm == kNormFrobenius ? positive(c) : c == 1.0) && holds(updates, capacity) &&
                        (capacity < 0 || static_cast<double>(counted) <= static_cast<double>(capacity) - updates);
  Fault fault = in_range ? Fault::kNone : Fault::kOutOfRange;
  if (in_range) {
    if (b == 1) {
      double part = 0.0;
      for (int64_t i = threadIdx.x; i < s; i += kThreads) part += static_cast<double>(rows[i]) * r[i];
      part = lacuna::block_sum<kThreads>(part, scratch);
      if (threadIdx.x == 0) gram[0] = part;
      lacuna::barrier();
    }
    double out_of_float = 0.0;
    for (int64_t i = threadIdx.x; i < b; i += kThreads) {
      if (!isfinite(static_cast<float>(gram[i * b + i] + a))) out_of_float = 1.0;
    }
    if (lacuna::block_sum<kThreads>(out_of_float, scratch) != 0.0) fault = Fault::kNonFinite;
  }
  // Rounding may have made P indefinite (PLAIN, LOW_RANK).
  if (fault == Fault::kNone && !cholesky(b, a, gram, failed)) fault = Fault::kNonFinite;
  lacuna::barrier();
  if (threadIdx.x != 0) return;

  const double root = b > 0 && in_range ? gram[b * b - 1] : 0.0;
  *call = {c, updates, a, root * root, 1.0, static_cast<int32_t>(fault), 0};
  if (fault != Fault::kNone) {
    lacuna::set_fault(fault_word, op, fault);
    return;
  }
  // FRO: S and M shrink without end, since the norm is divided out of P alone. Before they could underflow, the update
  // multiplies them by a power of two: no digit changes, nor does P.
  if (norm == kNormFrobenius && power > 0 && c < 0x1p-32) call->rescale = ldexp(1.0, -(ilogb(c) >> (power - 1)));
  if (counts != 0) state[1] = updates + static_cast<double>(counted);
}

// to[b, s] = (L + shift I)^-1 x, shift = sqrt(a) where `root` is set and 0 elsewhere. to may be x.
LACUNA_KERNEL(rls_solve, kThreads)
(int64_t b, int64_t s, const double* lower, int32_t root, const float* x, int64_t ld_x, const Call* call, float* to,
 int64_t ld_to) {
  const int64_t col = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (call->stop != 0 || col >= s) return;
  const double shift = root != 0 ? sqrt(call->a) : 0.0;
  for (int64_t i = 0; i < b; ++i) {
    double sum = x[i * ld_x + col];
    for (int64_t k = 0; k < i; ++k) sum -= lower[i * b + k] * to[k * ld_to + col];
    to[i * ld_to + col] = static_cast<float>(sum / (lower[i * b + i] + shift));
  }
}

// to[m + b, s] = [x; r] - cross[m + b, ld_cross] v, where x is the sum of `slices` matrices, `stride` floats apart, and
// v[count, s] or, unless in_use is NULL, its rows of U in use. With `projects` that is multiplied by scale / c and
// written only if the gate opens. to may be x. call may be NULL: the call is not decided, or `projects` and the op has
// no r.
LACUNA_KERNEL(rls_correct, kThreads)
(int64_t s, int64_t m, const float* x, int64_t ld_x, int64_t slices, int64_t stride, int64_t b, const float* r,
 int64_t ld_r, int64_t count, const double* in_use, const double* cross, int64_t ld_cross, const float* v, int64_t ld_v,
 int32_t projects, double scale, int32_t after, const Call* call, const double* state, int64_t capacity, int32_t op,
 int32_t* fault_word, float* to, int64_t ld_to) {
  const Gate gate{call, state, capacity, op, fault_word};
  if (projects != 0 ? !gate.opens() : stopped(call)) return;
  const float factor = projects != 0 ? gate.factor(scale, after != 0) : 1.0f;
  const int64_t quads = (s + 3) / 4, at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const int64_t row0 = at / quads * kCorrectRows, col = at % quads * 4, rows = m + b;
  const int64_t terms = in_use ? rows_in_use(in_use, count) : count;
  if (row0 >= rows) return;
  const Joined from{Matrix<const float>(x, m, s, ld_x), Matrix<const float>(r, b, s, ld_r)};
  const Matrix<const float> v_matrix(v, terms, s, ld_v);
  float4 sums[kCorrectRows] = {};
  for (int64_t k = 0; k < terms; ++k) {
    const float4 quad = v_matrix.load(k, col);
#pragma unroll
    for (int i = 0; i < kCorrectRows; ++i) {
      const int64_t row = row0 + i < rows ? row0 + i : row0;
      sums[i] = lacuna::multiply_add(static_cast<float>(cross[row * ld_cross + k]), quad, sums[i]);
    }
  }
  const Matrix<float> result(to, rows, s, ld_to);
#pragma unroll
  for (int i = 0; i < kCorrectRows; ++i) {
    if (row0 + i >= rows) continue;
    float4 quad = from.load(row0 + i, col);
    for (int64_t slice = 1; slice < slices; ++slice) {
      const Matrix<const float> more(x + slice * stride, m, s, ld_x);
      quad = lacuna::multiply_add(1.0f, more.load(row0 + i, col), quad);
    }
    const float4 difference = lacuna::multiply_add(-1.0f, sums[i], quad);
    result.store(row0 + i, col, lacuna::scaled(factor, difference));
  }
}

// M <- rescale (M - Z^T Y) for Z, Y [b, s]; unless squares is NULL, squares[tile] = the sum of the squares of the
// result.
LACUNA_KERNEL(rls_downdate, kThreads, 2)
(int64_t s, int64_t b, const float* z, int64_t ld_z, const float* y, int64_t ld_y, const Call* call, float* matrix,
 int64_t ld_matrix, double* squares) {
  LACUNA_SHARED(float, shared, Tile::kShared);
  LACUNA_SHARED(double, scratch, kWarps);
  if (call->stop != 0) return;
  const float scale = static_cast<float>(call->rescale);
  const TileOrigin origin(blockIdx.x, s);
  TileSums sums = {};
  Tile::add(Stored<Quads::kAcrossDepth>{Matrix<const float>(z, b, s, ld_z)},
            Stored<Quads::kAcrossDepth>{Matrix<const float>(y, b, s, ld_y)}, origin.row, origin.col, 0, b, shared,
            sums);
  const Matrix<float> to(matrix, s, s, ld_matrix);
  double square = 0.0;
  for_quads(origin, sums, [&](int64_t row, int64_t col, float4 quad) {
    quad = lacuna::scaled(scale, lacuna::multiply_add(-1.0f, quad, to.load(row, col)));
    to.store(row, col, quad);
    square = add_squares(quad, square);
  });
  if (!squares) return;
  square = lacuna::block_sum<kThreads>(square, scratch);
  if (threadIdx.x == 0) squares[blockIdx.x] = square;
}
