// The op table: one line per op in LACUNA_OPS, one field list per op above it. Everything else is derived from here:
// the C argument structs below, their validation (native/src/op_table.cpp), dispatch, and Java's OpLayouts.
//
// A field list is LACUNA_FIELDS_<op>(SIZE, STRIDE, CODE, REAL, TENSOR) with
//   SIZE(name)                                   int64, extent >= 0
//   STRIDE(name)                                 int64, elements between two rows
//   CODE(name)                                   int64, enumeration, flag or count
//   REAL(name)                                   double
//   TENSOR(kind, dtype, name, rows, cols, stride)  pointer; kind IN, OPT_IN, OUT, OPT_OUT, INOUT, OPT_INOUT;
//                                                rows, cols and stride are names of fields above, whole
//                                                numbers, or products of them, the number first
// Every struct begins with struct_size, flags, workspace, workspace_bytes (24 bytes); every field is 8 bytes and
// follows in order, so field i lies at 24 + 8 i. New fields go to the end of a list, new ops to the end of the table.
//
// Conventions: row-major, last dimension contiguous. x input, y output, w weight, b bias, dx gradient of x. acc_dx = 1
// adds to dx instead of overwriting it. A NULL gradient is not wanted. Sizes of 0 are legal where the result is
// defined.
#ifndef LACUNA_LACUNA_OPS_H
#define LACUNA_LACUNA_OPS_H

#include "lacuna/lacuna.h"

// The table is laid out by hand: the formatter never settles on it.
// clang-format off

// y[n,o] = x[n,d] w[o,d]^T + b[o]
#define LACUNA_FIELDS_linear_fwd(SIZE, STRIDE, CODE, REAL, TENSOR) \
  SIZE(n) SIZE(d) SIZE(o) STRIDE(ld_x) STRIDE(ld_w) STRIDE(ld_y)   \
  TENSOR(IN, F32, x, n, d, ld_x)                                   \
  TENSOR(IN, F32, w, o, d, ld_w)                                   \
  TENSOR(OPT_IN, F32, b, 1, o, o)                                  \
  TENSOR(OUT, F32, y, n, o, ld_y)

// dx = dy w, dw = dy^T x, db = column sums of dy
#define LACUNA_FIELDS_linear_bwd(SIZE, STRIDE, CODE, REAL, TENSOR)                                               \
  SIZE(n) SIZE(d) SIZE(o) STRIDE(ld_dy) STRIDE(ld_x) STRIDE(ld_w) STRIDE(ld_dx) STRIDE(ld_dw)                    \
  CODE(acc_dx) CODE(acc_dw) CODE(acc_db)                                                                         \
  TENSOR(IN, F32, dy, n, o, ld_dy)                                                                               \
  TENSOR(IN, F32, x, n, d, ld_x)                                                                                 \
  TENSOR(IN, F32, w, o, d, ld_w)                                                                                 \
  TENSOR(OPT_INOUT, F32, dx, n, d, ld_dx)                                                                        \
  TENSOR(OPT_INOUT, F32, dw, o, d, ld_dw)                                                                        \
  TENSOR(OPT_INOUT, F32, db, 1, o, o)

// Cross-correlation as in torch.nn.Conv2d: x[n,c_in,h,w] * weight[c_out,c_in,kh,kw] + bias[c_out], zero padding `pad`
// on all sides, y[n,c_out,h_out,w_out] with h_out = (h + 2 pad - kh) / stride + 1. All four tensors are dense.
#define LACUNA_FIELDS_conv2d_fwd(SIZE, STRIDE, CODE, REAL, TENSOR)                             \
  SIZE(n) SIZE(c_in) SIZE(h) SIZE(w) SIZE(c_out) SIZE(kh) SIZE(kw) SIZE(h_out) SIZE(w_out)     \
  CODE(stride) CODE(pad)                                                                       \
  TENSOR(IN, F32, x, n*c_in*h, w, w)                                                           \
  TENSOR(IN, F32, weight, c_out*c_in*kh, kw, kw)                                               \
  TENSOR(OPT_IN, F32, bias, 1, c_out, c_out)                                                   \
  TENSOR(OUT, F32, y, n*c_out*h_out, w_out, w_out)

#define LACUNA_FIELDS_conv2d_bwd(SIZE, STRIDE, CODE, REAL, TENSOR)                             \
  SIZE(n) SIZE(c_in) SIZE(h) SIZE(w) SIZE(c_out) SIZE(kh) SIZE(kw) SIZE(h_out) SIZE(w_out)     \
  CODE(stride) CODE(pad) CODE(acc_dx) CODE(acc_dweight) CODE(acc_dbias)                        \
  TENSOR(IN, F32, dy, n*c_out*h_out, w_out, w_out)                                             \
  TENSOR(IN, F32, x, n*c_in*h, w, w)                                                           \
  TENSOR(IN, F32, weight, c_out*c_in*kh, kw, kw)                                               \
  TENSOR(OPT_INOUT, F32, dx, n*c_in*h, w, w)                                                   \
  TENSOR(OPT_INOUT, F32, dweight, c_out*c_in*kh, kw, kw)                                       \
  TENSOR(OPT_INOUT, F32, dbias, 1, c_out, c_out)

// k x k windows without padding, h_out = (h - k) / stride + 1; index is the flat position in [0, h w) of the first
// maximum. A NaN in a window wins, as in torch.
#define LACUNA_FIELDS_max_pool2d_fwd(SIZE, STRIDE, CODE, REAL, TENSOR) \
  SIZE(n) SIZE(c) SIZE(h) SIZE(w) SIZE(h_out) SIZE(w_out)              \
  CODE(k) CODE(stride)                                                 \
  TENSOR(IN, F32, x, n*c*h, w, w)                                      \
  TENSOR(OUT, F32, y, n*c*h_out, w_out, w_out)                         \
  TENSOR(OUT, I32, index, n*c*h_out, w_out, w_out)

#define LACUNA_FIELDS_max_pool2d_bwd(SIZE, STRIDE, CODE, REAL, TENSOR) \
  SIZE(n) SIZE(c) SIZE(h) SIZE(w) SIZE(h_out) SIZE(w_out)              \
  CODE(acc_dx)                                                         \
  TENSOR(IN, F32, dy, n*c*h_out, w_out, w_out)                         \
  TENSOR(IN, I32, index, n*c*h_out, w_out, w_out)                      \
  TENSOR(INOUT, F32, dx, n*c*h, w, w)

// out = f(x, y) by code, in place where out is x with x's stride: 0 ADD x + y, 1 SUB x - y, 2 MUL x y,
// 3 RELU max(x, 0), 4 AFFINE alpha x + beta, 5 GELU x Phi(x) with Phi the standard normal distribution function,
// 6 TANH, 7 EXP, 8 LOG (natural; -infinity of 0, NaN of negative numbers), 9 SQRT sqrt(max(x, alpha)), alpha > 0 and
// finite. y is [y_n, y_d] with y_n in {1, n} and y_d in {1, d} and is broadcast; codes from RELU on take no y (NULL,
// y_n = y_d = 0).
#define LACUNA_FIELDS_elementwise_fwd(SIZE, STRIDE, CODE, REAL, TENSOR)  \
  SIZE(n) SIZE(d) SIZE(y_n) SIZE(y_d) STRIDE(ld_x) STRIDE(ld_y) STRIDE(ld_out) \
  CODE(code) REAL(alpha) REAL(beta)                                      \
  TENSOR(IN, F32, x, n, d, ld_x)                                         \
  TENSOR(OPT_IN, F32, y, y_n, y_d, ld_y)                                 \
  TENSOR(OUT, F32, out, n, d, ld_out)

// dy sums dout df/dy over the broadcast axes. RELU passes nothing where x <= 0, SQRT nothing where x <= alpha.
#define LACUNA_FIELDS_elementwise_bwd(SIZE, STRIDE, CODE, REAL, TENSOR)                                    \
  SIZE(n) SIZE(d) SIZE(y_n) SIZE(y_d) STRIDE(ld_dout) STRIDE(ld_x) STRIDE(ld_y) STRIDE(ld_dx) STRIDE(ld_dy) \
  CODE(code) REAL(alpha) REAL(beta) CODE(acc_dx) CODE(acc_dy)                                              \
  TENSOR(IN, F32, dout, n, d, ld_dout)                                                                     \
  TENSOR(IN, F32, x, n, d, ld_x)                                                                           \
  TENSOR(OPT_IN, F32, y, y_n, y_d, ld_y)                                                                   \
  TENSOR(OPT_INOUT, F32, dx, n, d, ld_dx)                                                                  \
  TENSOR(OPT_INOUT, F32, dy, y_n, y_d, ld_dy)

// code 0 SUM, 1 MEAN; out is [out_n, out_d]: [1, d] reduces rows, [n, 1] reduces columns, [1, 1] both. The MEAN of
// nothing is an error.
#define LACUNA_FIELDS_reduce_fwd(SIZE, STRIDE, CODE, REAL, TENSOR)                        \
  SIZE(n) SIZE(d) SIZE(out_n) SIZE(out_d) STRIDE(ld_x) STRIDE(ld_out)                     \
  CODE(code)                                                                              \
  TENSOR(IN, F32, x, n, d, ld_x)                                                          \
  TENSOR(OUT, F32, out, out_n, out_d, ld_out)

#define LACUNA_FIELDS_reduce_bwd(SIZE, STRIDE, CODE, REAL, TENSOR)                        \
  SIZE(n) SIZE(d) SIZE(out_n) SIZE(out_d) STRIDE(ld_dout) STRIDE(ld_dx)                   \
  CODE(code) CODE(acc_dx)                                                                 \
  TENSOR(IN, F32, dout, out_n, out_d, ld_dout)                                            \
  TENSOR(INOUT, F32, dx, n, d, ld_dx)

// loss = mean over rows of -log softmax(logits)[label]; prob is kept for the backward pass. A label outside [0, c) is
// LACUNA_INVALID_ARGUMENT; n = 0 is too.
#define LACUNA_FIELDS_softmax_xent_fwd(SIZE, STRIDE, CODE, REAL, TENSOR) \
  SIZE(n) SIZE(c) STRIDE(ld_logits) STRIDE(ld_prob)                      \
  TENSOR(IN, F32, logits, n, c, ld_logits)                               \
  TENSOR(IN, I32, label, n, 1, 1)                                        \
  TENSOR(OUT, F32, prob, n, c, ld_prob)                                  \
  TENSOR(OUT, F32, loss, 1, 1, 1)

// dlogits = dloss (prob - onehot(label)) / n
#define LACUNA_FIELDS_softmax_xent_bwd(SIZE, STRIDE, CODE, REAL, TENSOR) \
  SIZE(n) SIZE(c) STRIDE(ld_prob) STRIDE(ld_dlogits)                     \
  CODE(acc_dlogits)                                                      \
  TENSOR(IN, F32, prob, n, c, ld_prob)                                   \
  TENSOR(IN, I32, label, n, 1, 1)                                        \
  TENSOR(IN, F32, dloss, 1, 1, 1)                                        \
  TENSOR(INOUT, F32, dlogits, n, c, ld_dlogits)

// e[i] = entropy in nats of softmax(logits[i]) = logsumexp(z) - sum p z (shifted by the row maximum)
#define LACUNA_FIELDS_entropy_fwd(SIZE, STRIDE, CODE, REAL, TENSOR) \
  SIZE(n) SIZE(c) STRIDE(ld_logits)                                 \
  TENSOR(IN, F32, logits, n, c, ld_logits)                          \
  TENSOR(OUT, F32, e, n, 1, 1)

// dlogits_j = -p_j (log p_j + e) de
#define LACUNA_FIELDS_entropy_bwd(SIZE, STRIDE, CODE, REAL, TENSOR) \
  SIZE(n) SIZE(c) STRIDE(ld_logits) STRIDE(ld_dlogits)              \
  CODE(acc_dlogits)                                                 \
  TENSOR(IN, F32, logits, n, c, ld_logits)                          \
  TENSOR(IN, F32, e, n, 1, 1)                                       \
  TENSOR(IN, F32, de, n, 1, 1)                                      \
  TENSOR(INOUT, F32, dlogits, n, c, ld_dlogits)

// out[i] = x[index[i]], added to out where acc_out = 1: gather, and the gradient of scatter_rows. An index outside
// [0, m) is LACUNA_INVALID_ARGUMENT.
#define LACUNA_FIELDS_gather_rows(SIZE, STRIDE, CODE, REAL, TENSOR) \
  SIZE(n) SIZE(m) SIZE(d) STRIDE(ld_x) STRIDE(ld_out)               \
  CODE(acc_out)                                                     \
  TENSOR(IN, F32, x, m, d, ld_x)                                    \
  TENSOR(IN, I32, index, n, 1, 1)                                   \
  TENSOR(INOUT, F32, out, n, d, ld_out)

// out = acc_out ? out : 0, then out[index[i]] += x[i] in the order of i: scatter, and the gradient of gather_rows
#define LACUNA_FIELDS_scatter_rows(SIZE, STRIDE, CODE, REAL, TENSOR) \
  SIZE(n) SIZE(m) SIZE(d) STRIDE(ld_x) STRIDE(ld_out)                \
  CODE(acc_out)                                                      \
  TENSOR(IN, F32, x, n, d, ld_x)                                     \
  TENSOR(IN, I32, index, n, 1, 1)                                    \
  TENSOR(INOUT, F32, out, m, d, ld_out)

// torch.optim.SGD over one slab: g' = g + weight_decay w (coupled) or w *= 1 - lr weight_decay first (decoupled = 1);
// v = momentum v + (1 - dampening) g' (v = g' when first = 1); w -= lr (nesterov ? g' + momentum v : v).
// velocity may be NULL when momentum is 0.
#define LACUNA_FIELDS_sgd_step(SIZE, STRIDE, CODE, REAL, TENSOR)                \
  SIZE(n) REAL(lr) REAL(momentum) REAL(dampening) REAL(weight_decay)            \
  CODE(nesterov) CODE(decoupled) CODE(first)                                    \
  TENSOR(INOUT, F32, w, 1, n, n)                                                \
  TENSOR(IN, F32, g, 1, n, n)                                                   \
  TENSOR(OPT_INOUT, F32, velocity, 1, n, n)

// Recursive least squares (methods of OWM and MLA): P starts as I and absorbs rows r,
//   P <- P - (P r)(P r)^T / (alpha + r.P r);  norm 1 (FRO) then divides P by its Frobenius norm, 0 (NONE) does not.
// A block r[b,s] gives what its rows would give one after the other with this alpha; FRO divides once, after the block.
// alpha >= 1e-6. state is [c, updates absorbed]; start with [1, 0]. c is the norm divided out of P, 1 where norm is
// NONE. form says how `factor` [rows,s] holds P:
//   0 POTTER    P = S S^T / c, positive semi-definite whatever is rounded; rows = s, start with S = I.
//   1 PLAIN     P = (M - u^T u) / c, rows = s + 1: M, symmetric, then u, an update that waits to be carried out; start
//               with M = I, u = 0.
//   2 LOW_RANK  P = (I - U^T U) / c, rows = 2 q: U[q,s], then A[q,s]; as many rows of each are in use as updates were
//               absorbed, q at most. P = (I + A^T A)^-1 / c too: absorbing the rows of A in form POTTER with norm NONE
//               and alpha 1 gives S.
// FRO would take S and M out of float's range after some 3,000 updates: a back end moves them and c by a power of two,
// so compare P and not `factor`. A non-finite r, or an alpha + r.P r that is infinite or (in PLAIN and LOW_RANK, by
// rounding) not positive, is LACUNA_NON_FINITE and leaves P as it was (in PLAIN, what waited in u may be in M by then,
// and u 0).
#define LACUNA_FIELDS_rls_absorb(SIZE, STRIDE, CODE, REAL, TENSOR) \
  SIZE(b) SIZE(s) SIZE(rows) STRIDE(ld_r) STRIDE(ld_factor)        \
  CODE(form) CODE(norm) REAL(alpha)                                \
  TENSOR(IN, F32, r, b, s, ld_r)                                   \
  TENSOR(INOUT, F32, factor, rows, s, ld_factor)                   \
  TENSOR(INOUT, F64, state, 1, 2, 2)

// out[c,s] = scale g P, the gradient given whole as g[c,s] (n = 0), or as the factors of g = e^T h, e[n,c] and h[n,s]
// (n > 0). out may be g itself (in place, same stride), else it must not overlap any input.
#define LACUNA_FIELDS_rls_project(SIZE, STRIDE, CODE, REAL, TENSOR)                               \
  SIZE(c) SIZE(s) SIZE(n) SIZE(rows)                                                              \
  STRIDE(ld_g) STRIDE(ld_e) STRIDE(ld_h) STRIDE(ld_factor) STRIDE(ld_out)                         \
  CODE(form) REAL(scale)                                                                          \
  TENSOR(OPT_IN, F32, g, c, s, ld_g)                                                              \
  TENSOR(OPT_IN, F32, e, n, c, ld_e)                                                              \
  TENSOR(OPT_IN, F32, h, n, s, ld_h)                                                              \
  TENSOR(IN, F32, factor, rows, s, ld_factor)                                                     \
  TENSOR(IN, F64, state, 1, 2, 2)                                                                 \
  TENSOR(OUT, F32, out, c, s, ld_out)

// rls_project and rls_absorb in one call with fewer passes over P. order: 0 PROJECT_THEN_ABSORB (out = scale g P with
// the P of before), 1 ABSORB_THEN_PROJECT.
#define LACUNA_FIELDS_rls_step(SIZE, STRIDE, CODE, REAL, TENSOR)                                  \
  SIZE(b) SIZE(c) SIZE(s) SIZE(n) SIZE(rows)                                                      \
  STRIDE(ld_r) STRIDE(ld_g) STRIDE(ld_e) STRIDE(ld_h) STRIDE(ld_factor) STRIDE(ld_out)            \
  CODE(form) CODE(norm) CODE(order) REAL(alpha) REAL(scale)                                       \
  TENSOR(IN, F32, r, b, s, ld_r)                                                                  \
  TENSOR(OPT_IN, F32, g, c, s, ld_g)                                                              \
  TENSOR(OPT_IN, F32, e, n, c, ld_e)                                                              \
  TENSOR(OPT_IN, F32, h, n, s, ld_h)                                                              \
  TENSOR(INOUT, F32, factor, rows, s, ld_factor)                                                  \
  TENSOR(INOUT, F64, state, 1, 2, 2)                                                              \
  TENSOR(OUT, F32, out, c, s, ld_out)

// index[i] = argmin_j |z_i - codebook_j|^2, lowest j on ties; distance[i] is that minimum. k >= 1. Non-finite z or
// codebook is LACUNA_NON_FINITE. In double, the distance of the returned code exceeds the minimum by at most
// 8 eps32 (|z|^2 + max |codebook|^2), both centred by the codebook mean. Every call may look for candidates in
// lower precision and settles them in higher: FAST permits nothing more.
#define LACUNA_FIELDS_vq_nearest(SIZE, STRIDE, CODE, REAL, TENSOR) \
  SIZE(n) SIZE(d) SIZE(k) STRIDE(ld_z) STRIDE(ld_codebook)         \
  TENSOR(IN, F32, z, n, d, ld_z)                                   \
  TENSOR(IN, F32, codebook, k, d, ld_codebook)                     \
  TENSOR(OUT, I32, index, n, 1, 1)                                 \
  TENSOR(OPT_OUT, F32, distance, n, 1, 1)

// VICReg (Bardes, Ponce, LeCun, ICLR 2022) of x and y [n, d], n >= 2, d >= 1, and its gradients. With zc = z minus its
// column means:
//   s = mean (x - y)^2, var = column sums of zc^2 / (n - 1), sd = sqrt(var + epsilon), v = mean max(0, gamma - sd),
//   cov = zc^T zc / (n - 1), c = sum over i != j of cov_ij^2 / d,
//   loss = lambda s + mu h (v(x) + v(y)) + nu (c(x) + c(y)); epsilon > 0.
// halving: 0 NONE h = 1 as in the paper, 1 HALVED h = 1/2 as in the official code. form: 0 AUTO, 1 COVARIANCE works on
// cov [d, d], 2 GRAM on zc zc^T [n, n]; AUTO takes GRAM where n < d. target: 0 FULL, 1 INVARIANCE_ONLY leaves v(y) and
// c(y) out of the loss, and out of terms as 0. terms = s, v(x), v(y), c(x), c(y) without coefficients. The hinge passes
// no gradient where sd >= gamma. NaN in x or y goes into the loss.
#define LACUNA_FIELDS_vicreg(SIZE, STRIDE, CODE, REAL, TENSOR)        \
  SIZE(n) SIZE(d) STRIDE(ld_x) STRIDE(ld_y) STRIDE(ld_dx) STRIDE(ld_dy) \
  REAL(lambda) REAL(mu) REAL(nu) REAL(gamma) REAL(epsilon)            \
  CODE(halving) CODE(form) CODE(target) CODE(acc_dx) CODE(acc_dy)     \
  TENSOR(IN, F32, x, n, d, ld_x)                                      \
  TENSOR(IN, F32, y, n, d, ld_y)                                      \
  TENSOR(OUT, F32, loss, 1, 1, 1)                                     \
  TENSOR(OPT_OUT, F32, terms, 1, 5, 5)                                \
  TENSOR(OPT_INOUT, F32, dx, n, d, ld_dx)                             \
  TENSOR(OPT_INOUT, F32, dy, n, d, ld_dy)

// What an update of the codebook by exponential moving averages needs to know of a batch. z holds m modalities one
// under the other, row a n + i is modality a at position i, index[a n + i] the code that it was quantised to, -1 where
// that modality is absent at that position (its row of z is not read; what is read and not finite is
// LACUNA_NON_FINITE). count[a, j] = positions of modality a with code j. W_a[j] = sum over those positions of 1/2 z^a +
// 1/2 mean of the other modalities present there, or of z^a where there is none.
//   groups = m   sum[a k + j] = W_a[j]: modalities are absorbed one after the other
//   groups = 1   sum[j] = sum_a decay^(m-1-a) W_a[j]: what the same update in closed form needs
// perplexity[a] = exp(-sum_j p log(p + 1e-10)), p = count[a, j] / sum count[a]; 1 where a modality is absent
// everywhere.
#define LACUNA_FIELDS_vq_statistics(SIZE, STRIDE, CODE, REAL, TENSOR)           \
  SIZE(m) SIZE(n) SIZE(d) SIZE(k) SIZE(groups) STRIDE(ld_z) STRIDE(ld_sum)      \
  REAL(decay)                                                                   \
  TENSOR(IN, F32, z, m*n, d, ld_z)                                              \
  TENSOR(IN, I32, index, m*n, 1, 1)                                             \
  TENSOR(OUT, I32, count, m, k, k)                                              \
  TENSOR(OUT, F32, sum, groups*k, d, ld_sum)                                    \
  TENSOR(OPT_OUT, F32, perplexity, m, 1, 1)

// Absorbs vq_statistics into c[k] (counts), w[k,d] (sums) and the codebook, with decay a in [0, 1], modality after
// modality:
//   c <- a c + (1 - a) count;  smoothed = (c + epsilon) / (sum c + k epsilon) sum c;  w <- a w + (1 - a) W
// or, with groups = 1, w <- a^m w + (1 - a) sum. smoothing: 0 NONE; 1 STORED: c <- smoothed each time (CMG's official
// code); 2 APPLIED: c stays and the codebook is divided by smoothed. codebook = w / c, a code with c = 0 is kept. Start
// with w = the codebook and c = 1: with c = 0 codes unused at the first step are divided by epsilon.
#define LACUNA_FIELDS_vq_ema(SIZE, STRIDE, CODE, REAL, TENSOR)                              \
  SIZE(m) SIZE(k) SIZE(d) SIZE(groups) STRIDE(ld_sum) STRIDE(ld_w) STRIDE(ld_codebook)      \
  REAL(decay) REAL(epsilon) CODE(smoothing)                                                 \
  TENSOR(IN, I32, count, m, k, k)                                                           \
  TENSOR(IN, F32, sum, groups*k, d, ld_sum)                                                 \
  TENSOR(INOUT, F32, c, 1, k, k)                                                            \
  TENSOR(INOUT, F32, w, k, d, ld_w)                                                         \
  TENSOR(INOUT, F32, codebook, k, d, ld_codebook)

// Replaces dead codes. age[j] <- 0 where any modality of count uses code j, else age[j] + 1; then every code older than
// `after` becomes a random one of those younger than `recent` plus U(-noise, noise): w = code c_reset, c = c_reset,
// codebook = w / c_reset, age 0, so that the next update does not undo it. Where no code is younger than `recent`, none
// is replaced. 0 <= recent <= after, noise >= 0, c_reset > 0. Draws are those of Philox 4x32-10 keyed by (seed, stream,
// step), as dev.lacuna.CounterRandom: j (d + 1) chooses the source of code j, the d draws after it are its noise.
// replaced = how many.
#define LACUNA_FIELDS_vq_reset(SIZE, STRIDE, CODE, REAL, TENSOR)                     \
  SIZE(m) SIZE(k) SIZE(d) STRIDE(ld_w) STRIDE(ld_codebook)                           \
  CODE(after) CODE(recent) CODE(seed) CODE(stream) CODE(step)                        \
  REAL(noise) REAL(c_reset)                                                          \
  TENSOR(IN, I32, count, m, k, k)                                                    \
  TENSOR(INOUT, I32, age, k, 1, 1)                                                   \
  TENSOR(INOUT, F32, c, 1, k, k)                                                     \
  TENSOR(INOUT, F32, w, k, d, ld_w)                                                  \
  TENSOR(INOUT, F32, codebook, k, d, ld_codebook)                                    \
  TENSOR(OUT, I32, replaced, 1, 1, 1)

// q[i] = codebook[index[0, i]] and the commitment loss = own MSE(z, q) + cross sum_{o>0} MSE(z, codebook[index[o]]):
// index[0] is this modality's own code, index[o] that of another one at the same position. MSE is the mean over n d, 0
// for n d = 0. -1 is an absent modality, whose pairs add 0; where index[0, i] = -1, row i of z is not read and q[i] is
// 0.
#define LACUNA_FIELDS_vq_quantize_fwd(SIZE, STRIDE, CODE, REAL, TENSOR)              \
  SIZE(m) SIZE(n) SIZE(d) SIZE(k) STRIDE(ld_z) STRIDE(ld_codebook) STRIDE(ld_q)      \
  REAL(own) REAL(cross)                                                              \
  TENSOR(IN, F32, z, n, d, ld_z)                                                     \
  TENSOR(IN, F32, codebook, k, d, ld_codebook)                                       \
  TENSOR(IN, I32, index, m, n, n)                                                    \
  TENSOR(OUT, F32, q, n, d, ld_q)                                                    \
  TENSOR(OPT_OUT, F32, loss, 1, 1, 1)

// dz = J^T dq + dloss 2 / (n d) [own (z - q) + cross sum_o (z - codebook[index[o]])]; the codebook gets no gradient,
// and neither do rows with index[0, i] = -1. estimator: 0 STRAIGHT_THROUGH, J = 1; 1 ROTATION (Fifty et al., 2024),
// J = |q|/|z| R with the rotation R of z's direction u onto q's direction v in their plane: R = 1 - 2 r r^T + 2 v u^T,
// r = (u + v) / |u + v|. Where |u + v|^2 < 1e-8 the term r r^T is left out (R reflects), where z = 0, J = 1, where
// q = 0, J = 0.
#define LACUNA_FIELDS_vq_quantize_bwd(SIZE, STRIDE, CODE, REAL, TENSOR)                             \
  SIZE(m) SIZE(n) SIZE(d) SIZE(k) STRIDE(ld_dq) STRIDE(ld_z) STRIDE(ld_codebook) STRIDE(ld_dz)      \
  REAL(own) REAL(cross) CODE(estimator) CODE(acc_dz)                                                \
  TENSOR(OPT_IN, F32, dq, n, d, ld_dq)                                                              \
  TENSOR(OPT_IN, F32, dloss, 1, 1, 1)                                                               \
  TENSOR(IN, F32, z, n, d, ld_z)                                                                    \
  TENSOR(IN, F32, codebook, k, d, ld_codebook)                                                      \
  TENSOR(IN, I32, index, m, n, n)                                                                   \
  TENSOR(INOUT, F32, dz, n, d, ld_dz)

// Masked read-only attention, per head out = softmax(scale q k^T) v: n inputs read the inputs, p prompts read the
// inputs and, by `prompts`, 0 NONE: nothing else, 1 SELF: themselves, 2 FULL: all prompts. Inputs never read prompts,
// and their results are bit-equal with and without them. Token-major: row i n + t is token t of batch entry i, and head
// e owns columns [e d, (e + 1) d) of all h*d; tensors [b, h, n, d] go as b*h entries of one head. key_mask is 1 where
// an input may be read and 0 where it is padding, which is skipped whatever it holds; any other byte is
// LACUNA_INVALID_ARGUMENT. A row that may read nothing gets 0 and lse -infinity. lse[i h + e, t] = log sum exp of the
// row's logits. scale > 0 and finite. Either stream may be left out: q with out and lse, for prompts that read cached
// keys and values; or prompt_q with prompt_out and prompt_lse. prompt_k and prompt_v are wanted for SELF and FULL, and
// not looked at otherwise.
#define LACUNA_FIELDS_attention_fwd(SIZE, STRIDE, CODE, REAL, TENSOR)               \
  SIZE(b) SIZE(h) SIZE(n) SIZE(p) SIZE(d)                                           \
  STRIDE(ld_q) STRIDE(ld_k) STRIDE(ld_v) STRIDE(ld_out)                             \
  STRIDE(ld_prompt_q) STRIDE(ld_prompt_k) STRIDE(ld_prompt_v) STRIDE(ld_prompt_out) \
  CODE(prompts) REAL(scale)                                                         \
  TENSOR(OPT_IN, F32, q, b*n, h*d, ld_q)                                            \
  TENSOR(IN, F32, k, b*n, h*d, ld_k)                                                \
  TENSOR(IN, F32, v, b*n, h*d, ld_v)                                                \
  TENSOR(OPT_IN, U8, key_mask, b, n, n)                                             \
  TENSOR(OPT_IN, F32, prompt_q, b*p, h*d, ld_prompt_q)                              \
  TENSOR(OPT_IN, F32, prompt_k, b*p, h*d, ld_prompt_k)                              \
  TENSOR(OPT_IN, F32, prompt_v, b*p, h*d, ld_prompt_v)                              \
  TENSOR(OPT_OUT, F32, out, b*n, h*d, ld_out)                                       \
  TENSOR(OPT_OUT, F32, lse, b*h, n, n)                                              \
  TENSOR(OPT_OUT, F32, prompt_out, b*p, h*d, ld_prompt_out)                         \
  TENSOR(OPT_OUT, F32, prompt_lse, b*h, p, p)

// Gradients of attention_fwd from its inputs, its results and theirs. dout comes with q, out and lse, prompt_dout with
// prompt_q, prompt_out and prompt_lse; a stream without its dout counts as one whose gradient is 0. encoder_grad:
// 0 STOP: prompts give nothing to dk and dv, 1 FLOW: they do. In NONE dprompt_k and dprompt_v are 0.
#define LACUNA_FIELDS_attention_bwd(SIZE, STRIDE, CODE, REAL, TENSOR)                                    \
  SIZE(b) SIZE(h) SIZE(n) SIZE(p) SIZE(d)                                                                \
  STRIDE(ld_q) STRIDE(ld_k) STRIDE(ld_v) STRIDE(ld_prompt_q) STRIDE(ld_prompt_k) STRIDE(ld_prompt_v)     \
  STRIDE(ld_out) STRIDE(ld_dout) STRIDE(ld_prompt_out) STRIDE(ld_prompt_dout)                            \
  STRIDE(ld_dq) STRIDE(ld_dk) STRIDE(ld_dv) STRIDE(ld_dprompt_q) STRIDE(ld_dprompt_k) STRIDE(ld_dprompt_v) \
  CODE(prompts) CODE(encoder_grad) REAL(scale)                                                           \
  CODE(acc_dq) CODE(acc_dk) CODE(acc_dv) CODE(acc_dprompt_q) CODE(acc_dprompt_k) CODE(acc_dprompt_v)     \
  TENSOR(OPT_IN, F32, q, b*n, h*d, ld_q)                                                                 \
  TENSOR(IN, F32, k, b*n, h*d, ld_k)                                                                     \
  TENSOR(IN, F32, v, b*n, h*d, ld_v)                                                                     \
  TENSOR(OPT_IN, U8, key_mask, b, n, n)                                                                  \
  TENSOR(OPT_IN, F32, prompt_q, b*p, h*d, ld_prompt_q)                                                   \
  TENSOR(OPT_IN, F32, prompt_k, b*p, h*d, ld_prompt_k)                                                   \
  TENSOR(OPT_IN, F32, prompt_v, b*p, h*d, ld_prompt_v)                                                   \
  TENSOR(OPT_IN, F32, out, b*n, h*d, ld_out)                                                             \
  TENSOR(OPT_IN, F32, lse, b*h, n, n)                                                                    \
  TENSOR(OPT_IN, F32, dout, b*n, h*d, ld_dout)                                                           \
  TENSOR(OPT_IN, F32, prompt_out, b*p, h*d, ld_prompt_out)                                               \
  TENSOR(OPT_IN, F32, prompt_lse, b*h, p, p)                                                             \
  TENSOR(OPT_IN, F32, prompt_dout, b*p, h*d, ld_prompt_dout)                                             \
  TENSOR(OPT_INOUT, F32, dq, b*n, h*d, ld_dq)                                                            \
  TENSOR(OPT_INOUT, F32, dk, b*n, h*d, ld_dk)                                                            \
  TENSOR(OPT_INOUT, F32, dv, b*n, h*d, ld_dv)                                                            \
  TENSOR(OPT_INOUT, F32, dprompt_q, b*p, h*d, ld_dprompt_q)                                              \
  TENSOR(OPT_INOUT, F32, dprompt_k, b*p, h*d, ld_dprompt_k)                                              \
  TENSOR(OPT_INOUT, F32, dprompt_v, b*p, h*d, ld_dprompt_v)

// y = gamma (x - mean) rstd + beta, row by row as torch.nn.LayerNorm: rstd = 1 / sqrt(var + eps) with the biased
// variance. No gamma is 1, no beta 0. mean and rstd are kept for the backward pass; of a row of no columns they are NaN.
// eps >= 0.
#define LACUNA_FIELDS_layer_norm_fwd(SIZE, STRIDE, CODE, REAL, TENSOR) \
  SIZE(n) SIZE(d) STRIDE(ld_x) STRIDE(ld_y)                            \
  REAL(eps)                                                            \
  TENSOR(IN, F32, x, n, d, ld_x)                                       \
  TENSOR(OPT_IN, F32, gamma, 1, d, d)                                  \
  TENSOR(OPT_IN, F32, beta, 1, d, d)                                   \
  TENSOR(OUT, F32, y, n, d, ld_y)                                      \
  TENSOR(OUT, F32, mean, n, 1, 1)                                      \
  TENSOR(OUT, F32, rstd, n, 1, 1)

// With xhat = (x - mean) rstd and g = dy gamma, averaged over a row: dx = rstd (g - avg(g) - xhat avg(g xhat)).
// dgamma = column sums of dy xhat, dbeta = column sums of dy.
#define LACUNA_FIELDS_layer_norm_bwd(SIZE, STRIDE, CODE, REAL, TENSOR) \
  SIZE(n) SIZE(d) STRIDE(ld_dy) STRIDE(ld_x) STRIDE(ld_dx)             \
  CODE(acc_dx) CODE(acc_dgamma) CODE(acc_dbeta)                        \
  TENSOR(IN, F32, dy, n, d, ld_dy)                                     \
  TENSOR(IN, F32, x, n, d, ld_x)                                       \
  TENSOR(OPT_IN, F32, gamma, 1, d, d)                                  \
  TENSOR(IN, F32, mean, n, 1, 1)                                       \
  TENSOR(IN, F32, rstd, n, 1, 1)                                       \
  TENSOR(OPT_INOUT, F32, dx, n, d, ld_dx)                              \
  TENSOR(OPT_INOUT, F32, dgamma, 1, d, d)                              \
  TENSOR(OPT_INOUT, F32, dbeta, 1, d, d)

// torch.nn.BCEWithLogitsLoss: loss = mean over all n c of max(z, 0) - z t + log(1 + exp(-|z|)) for logits z and targets
// t in [0, 1], which need not be 0 or 1. A target outside, or NaN, is LACUNA_INVALID_ARGUMENT; n c = 0 is too.
#define LACUNA_FIELDS_bce_logits_fwd(SIZE, STRIDE, CODE, REAL, TENSOR) \
  SIZE(n) SIZE(c) STRIDE(ld_logits) STRIDE(ld_target)                  \
  TENSOR(IN, F32, logits, n, c, ld_logits)                             \
  TENSOR(IN, F32, target, n, c, ld_target)                             \
  TENSOR(OUT, F32, loss, 1, 1, 1)

// dlogits = dloss (sigmoid(z) - t) / (n c)
#define LACUNA_FIELDS_bce_logits_bwd(SIZE, STRIDE, CODE, REAL, TENSOR)    \
  SIZE(n) SIZE(c) STRIDE(ld_logits) STRIDE(ld_target) STRIDE(ld_dlogits)  \
  CODE(acc_dlogits)                                                       \
  TENSOR(IN, F32, logits, n, c, ld_logits)                                \
  TENSOR(IN, F32, target, n, c, ld_target)                                \
  TENSOR(IN, F32, dloss, 1, 1, 1)                                         \
  TENSOR(INOUT, F32, dlogits, n, c, ld_dlogits)

// torch.optim.AdamW (decoupled = 1: w *= 1 - lr weight_decay, g' = g) or torch.optim.Adam (0: g' = g + weight_decay w)
// over one slab: m = beta1 m + (1 - beta1) g', v = beta2 v + (1 - beta2) g'^2,
// w -= lr / (1 - beta1^step) m / (sqrt(v / (1 - beta2^step)) + epsilon). step counts from 1.
#define LACUNA_FIELDS_adamw_step(SIZE, STRIDE, CODE, REAL, TENSOR)              \
  SIZE(n) REAL(lr) REAL(beta1) REAL(beta2) REAL(epsilon) REAL(weight_decay)     \
  CODE(decoupled) CODE(step)                                                    \
  TENSOR(INOUT, F32, w, 1, n, n)                                                \
  TENSOR(IN, F32, g, 1, n, n)                                                   \
  TENSOR(INOUT, F32, m, 1, n, n)                                                \
  TENSOR(INOUT, F32, v, 1, n, n)

// prob = softmax(x), row by row: exp(x - max) / sum exp(x - max).
#define LACUNA_FIELDS_softmax_fwd(SIZE, STRIDE, CODE, REAL, TENSOR) \
  SIZE(n) SIZE(c) STRIDE(ld_x) STRIDE(ld_prob)                      \
  TENSOR(IN, F32, x, n, c, ld_x)                                    \
  TENSOR(OUT, F32, prob, n, c, ld_prob)

// dx_j = prob_j (dprob_j - sum_k dprob_k prob_k)
#define LACUNA_FIELDS_softmax_bwd(SIZE, STRIDE, CODE, REAL, TENSOR)     \
  SIZE(n) SIZE(c) STRIDE(ld_prob) STRIDE(ld_dprob) STRIDE(ld_dx)        \
  CODE(acc_dx)                                                          \
  TENSOR(IN, F32, prob, n, c, ld_prob)                                  \
  TENSOR(IN, F32, dprob, n, c, ld_dprob)                                \
  TENSOR(INOUT, F32, dx, n, c, ld_dx)

// out = x / (1 - p) where an element is kept, 0 where it is dropped, whatever x is there; added to out where
// acc_out = 1. Element i d + j is kept where its draw, that number's uniform of Philox 4x32-10 keyed by (seed, stream,
// step) as dev.lacuna.CounterRandom, is >= p: bit-equal everywhere. 0 <= p < 1. The gradient is the same op on dout.
#define LACUNA_FIELDS_dropout(SIZE, STRIDE, CODE, REAL, TENSOR) \
  SIZE(n) SIZE(d) STRIDE(ld_x) STRIDE(ld_out)                   \
  CODE(seed) CODE(stream) CODE(step) REAL(p) CODE(acc_out)      \
  TENSOR(IN, F32, x, n, d, ld_x)                                \
  TENSOR(INOUT, F32, out, n, d, ld_out)

// One layer of torch.nn.LSTM in one direction over t steps of b sequences, d units: with gates_x = x w_ih^T + b_ih + b_hh
// and h, c before the first step h0 and c0 (absent: 0),
//   (i, f, g, o) = gates_x + h_before w_hh^T;  i, f, o <- sigmoid, g <- tanh;  c = f c_before + i g;  h = o tanh(c)
// Time-major: row s b + e is step s of sequence e; reverse = 1 runs from the last step to the first. gates holds i, f, g
// and o after their functions and is kept for the backward pass, as c is.
#define LACUNA_FIELDS_lstm_fwd(SIZE, STRIDE, CODE, REAL, TENSOR)  \
  SIZE(t) SIZE(b) SIZE(d) STRIDE(ld_gates_x) STRIDE(ld_w_hh) STRIDE(ld_h) \
  CODE(reverse)                                                   \
  TENSOR(IN, F32, gates_x, t*b, 4*d, ld_gates_x)                  \
  TENSOR(IN, F32, w_hh, 4*d, d, ld_w_hh)                          \
  TENSOR(OPT_IN, F32, h0, b, d, d)                                \
  TENSOR(OPT_IN, F32, c0, b, d, d)                                \
  TENSOR(OUT, F32, h, t*b, d, ld_h)                               \
  TENSOR(OUT, F32, c, t*b, d, d)                                  \
  TENSOR(OUT, F32, gates, t*b, 4*d, 4*d)

// Back through time from dh and dc, the gradients of every step's h and c (absent: 0): dgates_x, which is that of
// x w_ih^T and of both biases too, dw_hh = sum over steps of dgates_x^T h_before, and the gradients of h0 and c0. h, c
// and gates are those of lstm_fwd.
#define LACUNA_FIELDS_lstm_bwd(SIZE, STRIDE, CODE, REAL, TENSOR)                  \
  SIZE(t) SIZE(b) SIZE(d)                                                         \
  STRIDE(ld_dh) STRIDE(ld_w_hh) STRIDE(ld_h) STRIDE(ld_dgates_x) STRIDE(ld_dw_hh) \
  CODE(reverse) CODE(acc_dgates_x) CODE(acc_dw_hh) CODE(acc_dh0) CODE(acc_dc0)    \
  TENSOR(OPT_IN, F32, dh, t*b, d, ld_dh)                                          \
  TENSOR(OPT_IN, F32, dc, t*b, d, d)                                              \
  TENSOR(IN, F32, w_hh, 4*d, d, ld_w_hh)                                          \
  TENSOR(OPT_IN, F32, h0, b, d, d)                                                \
  TENSOR(OPT_IN, F32, c0, b, d, d)                                                \
  TENSOR(IN, F32, h, t*b, d, ld_h)                                                \
  TENSOR(IN, F32, c, t*b, d, d)                                                   \
  TENSOR(IN, F32, gates, t*b, 4*d, 4*d)                                           \
  TENSOR(OPT_INOUT, F32, dgates_x, t*b, 4*d, ld_dgates_x)                         \
  TENSOR(OPT_INOUT, F32, dw_hh, 4*d, d, ld_dw_hh)                                 \
  TENSOR(OPT_INOUT, F32, dh0, b, d, d)                                            \
  TENSOR(OPT_INOUT, F32, dc0, b, d, d)

// OP(id, name), ascending and without gaps.
#define LACUNA_OPS(OP)     \
  OP(0, linear_fwd)        \
  OP(1, linear_bwd)        \
  OP(2, conv2d_fwd)        \
  OP(3, conv2d_bwd)        \
  OP(4, max_pool2d_fwd)    \
  OP(5, max_pool2d_bwd)    \
  OP(6, elementwise_fwd)   \
  OP(7, elementwise_bwd)   \
  OP(8, reduce_fwd)        \
  OP(9, reduce_bwd)        \
  OP(10, softmax_xent_fwd) \
  OP(11, softmax_xent_bwd) \
  OP(12, entropy_fwd)      \
  OP(13, entropy_bwd)      \
  OP(14, gather_rows)      \
  OP(15, scatter_rows)     \
  OP(16, sgd_step)         \
  OP(17, rls_absorb)       \
  OP(18, rls_project)      \
  OP(19, vq_nearest)       \
  OP(20, vicreg)           \
  OP(21, rls_step)         \
  OP(22, vq_statistics)    \
  OP(23, vq_ema)           \
  OP(24, vq_reset)         \
  OP(25, vq_quantize_fwd)  \
  OP(26, vq_quantize_bwd)  \
  OP(27, attention_fwd)    \
  OP(28, attention_bwd)    \
  OP(29, layer_norm_fwd)   \
  OP(30, layer_norm_bwd)   \
  OP(31, bce_logits_fwd)   \
  OP(32, bce_logits_bwd)   \
  OP(33, adamw_step)       \
  OP(34, softmax_fwd)      \
  OP(35, softmax_bwd)      \
  OP(36, dropout)          \
  OP(37, lstm_fwd)         \
  OP(38, lstm_bwd)

// clang-format on

// The argument structs: lacuna_<op>_args.
#define LACUNA_STRUCT_INT(name) int64_t name;
#define LACUNA_STRUCT_REAL(name) double name;
#define LACUNA_POINTER_F32 float
#define LACUNA_POINTER_F64 double
#define LACUNA_POINTER_I32 int32_t
#define LACUNA_POINTER_U8 uint8_t
#define LACUNA_STRUCT_TENSOR(kind, dtype, name, rows, cols, stride) LACUNA_POINTER_##dtype* name;
#define LACUNA_STRUCT(id, op)                                                                       \
  typedef struct lacuna_##op##_args {                                                               \
    uint32_t struct_size, flags;                                                                    \
    void* workspace;                                                                                \
    int64_t workspace_bytes;                                                                        \
    LACUNA_FIELDS_##op(LACUNA_STRUCT_INT, LACUNA_STRUCT_INT, LACUNA_STRUCT_INT, LACUNA_STRUCT_REAL, \
                       LACUNA_STRUCT_TENSOR)                                                        \
  } lacuna_##op##_args;
LACUNA_OPS(LACUNA_STRUCT)

// Op ids: LACUNA_OP_<op>.
#define LACUNA_ENUM(id, op) LACUNA_OP_##op = id,
typedef enum lacuna_op_id { LACUNA_OPS(LACUNA_ENUM) LACUNA_OP_COUNT } lacuna_op_id;

#endif
