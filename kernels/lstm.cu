// The cells of an LSTM at one step of b sequences with d units each, and their gradients.
//
//   fwd   (i, f, g, o) = gates_x + recurrent, then sigmoid, tanh of g; c = f c_before + i g; h = o tanh(c)
//   bwd   dh and dc are the caller's and those of the step run after this one, added up
//         do = dh tanh(c), dc += dh o (1 - tanh(c)^2), di = dc g, df = dc c_before, dg = dc i, each times its
//         function's slope; dc_before = dc f
//
//   kernel    grid           threads  block's work
//   lstm_fwd  b d / 4 / 128  128      128 x 4 units, four a thread
//   lstm_bwd  b d / 4 / 128  128      the same
//
// recurrent = h_before w_hh^T, dh = dgates w_hh and dw_hh = dgates^T h_before are products of linear.cu, between the
// steps and, the last, over all of them at once. A step waits for the one before, so launches and not bytes bound short
// ones.
//
// fwd 60 b d bytes, 5 exponentials a unit; bwd 56 b d bytes, one. b = 80, d = 128: 0.6 MB, 0.3 us at 2.04 TB/s.
#include "lacuna/lstm_shape.h"
#include "lacuna/tiling.cuh"

using namespace lacuna;
using namespace lacuna::lstm;

namespace {

// One of the gates' matrices [b, d], which lie side by side.
template <class Number>
LACUNA_DEVICE Matrix<Number> part(Number* gates, int gate, int64_t b, int64_t d, int64_t ld) {
  return Matrix<Number>(gates + gate * d, b, d, ld);
}

LACUNA_DEVICE float4 sigmoid(float4 x) {
  const auto one = [](float value, float) {
    const float e = expf(-fabsf(value));
    return (value > 0.0f ? 1.0f : e) / (1.0f + e);
  };
  return each(one, x, x);
}

LACUNA_DEVICE float4 tanh_of(float4 x) {
  return each([](float value, float) { return tanhf(value); }, x, x);
}

LACUNA_DEVICE float4 product(float4 x, float4 y) {
  return each([](float p, float q) { return p * q; }, x, y);
}

LACUNA_DEVICE float4 sum(float4 x, float4 y) { return multiply_add(1.0f, x, y); }

// y (1 - y), the slope of a sigmoid where it is y, times x.
LACUNA_DEVICE float4 through_sigmoid(float4 x, float4 y) {
  return each([](float p, float q) { return p * (q * (1.0f - q)); }, x, y);
}

// 1 - y^2, the slope of tanh where it is y, times x.
LACUNA_DEVICE float4 through_tanh(float4 x, float4 y) {
  return each([](float p, float q) { return p * fmaf(-q, q, 1.0f); }, x, y);
}

// What this thread works on; col is beyond the columns where there is nothing left.
struct Place {
  int64_t row, col;

  LACUNA_DEVICE Place(int64_t d) {
    const int64_t quad = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x, in_row = quads(d);
    row = quad / in_row, col = quad % in_row * 4;
  }
};

}  // namespace

// recurrent [b, 4 d]: NULL for zeros, as c_before.
LACUNA_KERNEL(lstm_fwd, kThreads)
(int64_t b, int64_t d, const float* gates_x, int64_t ld_gates_x, const float* recurrent, const float* c_before,
 float* h, int64_t ld_h, float* c, float* gates) {
  const Place at(d);
  if (at.row >= b) return;
  float4 gate[kGates];
#pragma unroll
  for (int k = 0; k < kGates; ++k) {
    gate[k] = part(gates_x, k, b, d, ld_gates_x).load(at.row, at.col);
    if (recurrent) gate[k] = sum(gate[k], part(recurrent, k, b, d, kGates * d).load(at.row, at.col));
    gate[k] = k == 2 ? tanh_of(gate[k]) : sigmoid(gate[k]);
    part(gates, k, b, d, kGates * d).store(at.row, at.col, gate[k]);
  }
  float4 cell = product(gate[0], gate[2]);
  if (c_before) cell = sum(cell, product(gate[1], Matrix<const float>(c_before, b, d, d).load(at.row, at.col)));
  Matrix<float>(c, b, d, d).store(at.row, at.col, cell);
  Matrix<float>(h, b, d, ld_h).store(at.row, at.col, product(gate[3], tanh_of(cell)));
}

// dh, dc: of the caller; dh_after, dc_after: of the step run after this one; all four NULL for zeros, as c_before.
// dgates_sum: NULL, or what the gates' gradients are added to as well. dc_before may be dc_after.
LACUNA_KERNEL(lstm_bwd, kThreads)
(int64_t b, int64_t d, const float* dh, int64_t ld_dh, const float* dc, const float* dh_after, const float* dc_after,
 const float* gates, const float* c, const float* c_before, float* dgates, int64_t ld_dgates, float* dgates_sum,
 int64_t ld_sum, float* dc_before, int32_t accumulate) {
  const Place at(d);
  if (at.row >= b) return;
  const auto load = [&](const float* from, int64_t ld) {
    const float4 zeros = {0.0f, 0.0f, 0.0f, 0.0f};
    return from ? Matrix<const float>(from, b, d, ld).load(at.row, at.col) : zeros;
  };
  const auto gate = [&](int k) { return part(gates, k, b, d, kGates * d).load(at.row, at.col); };
  const auto store = [&](int k, float4 value) {
    part(dgates, k, b, d, ld_dgates).store(at.row, at.col, value);
    if (dgates_sum) write(part(dgates_sum, k, b, d, ld_sum), at.row, at.col, value, true);
  };
  const float4 in = gate(0), forget = gate(1), candidate = gate(2), out = gate(3);
  const float4 squashed = tanh_of(load(c, d)), dhidden = sum(load(dh, ld_dh), load(dh_after, d));
  const float4 dcell = sum(sum(load(dc, d), load(dc_after, d)), through_tanh(product(dhidden, out), squashed));
  store(0, through_sigmoid(product(dcell, candidate), in));
  store(1, through_sigmoid(product(dcell, load(c_before, d)), forget));
  store(2, through_tanh(product(dcell, in), candidate));
  store(3, through_sigmoid(product(dhidden, squashed), out));
  write(Matrix<float>(dc_before, b, d, d), at.row, at.col, product(dcell, forget), accumulate != 0);
}
