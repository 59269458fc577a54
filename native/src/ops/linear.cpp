// y = x w^T + b and its gradients.
//
//   fwd   y = x w^T + b
//   bwd   dx = dy w, dw = dy^T x, db = column sums of dy
//
// Forward, w [o, d] is read where it lies, row by row: a block of up to kPair rows of x is transposed instead, so that
// a vector holds the same number of several rows, and 12 (6) rows of w meet it in registers. A matrix product of oneDNN
// copies both factors into an order of its own first, which with few rows costs as much as the product. From kLeastRows
// on a row of y is the same numbers whatever other rows there are. Fewer than kLeastRows rows, and the scalar tier, go
// to oneDNN, and so do the products backward, cut into chunks as gemm.cpp says. db is summed in double (sums-inl.h).
//
// sgemm's AVX2 kernel takes 6 rows at a time, and sums 1 to 3 that remain in another order, so that a row's bits would
// hang on where it stands. The scalar tier hands it 4 instead, the missing ones filled up with zeros. The kernels for
// older CPUs sum all rows alike, and so do those for AVX-512, by their source.
//
// Cost: 2 n d o flops fwd, 4 n d o bwd. One thread, Zen 4, GFLOP/s fwd, beside oneDNN's of the same minutes on a
// machine that others used too: 100 and 54 for n = 16, d = 1,536, o = 384; 104 and 98 for n = 64, d = o = 384; 95 and
// 85 for n = 2,048, d = 384, o = 1,536; 93 and 80 with d = 1,536, o = 384; 24 and 40 rows of 384 are 15 and 10 % slower
// than oneDNN's, since a part of a block costs as much as a whole one. bwd 106 for n = 2,048, d = o = 512; 102 for n =
// 64, d = 1,024, o = 512. w out of memory, as a whole model reads it: fetching the next rows by hand takes 10 % off.
#include <algorithm>

#include "cpu/cpu_context.h"
#include "cpu/gemm.h"
#include "extent.h"
#include "ops/checks.h"
#include "ops/partition.h"
#include "ops/sums.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/linear.cpp"
#include "cpu/tiers.h"

#include "ops/lanes-inl.h"
#include "ops/products-inl.h"
#include "ops/sums-inl.h"

#ifndef LACUNA_SRC_OPS_LINEAR_TILE
#define LACUNA_SRC_OPS_LINEAR_TILE
namespace lacuna {

constexpr int64_t kTile = 6;                 // rows that sgemm's AVX2 kernel takes at a time
constexpr int64_t kAlike = 4;                // so many in the last tile are summed as in a whole one
constexpr int64_t kFilled = kTile + kAlike;  // the last two tiles, filled up

// How many rows at the end are to be filled up to kFilled: 0, or the last two tiles.
inline int64_t rows_to_fill(int64_t n) {
  const int64_t rest = n % kTile;
  return n < kTile || rest == 0 || rest >= kAlike ? 0 : kTile + rest;
}

}  // namespace lacuna
#endif

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

constexpr int64_t kOutputs = 384;    // of a block at most
constexpr int64_t kStep = 96;        // whole blocks of rows and pairs of vectors in every tier
constexpr double kChunkFlops = 2e6;  // some 20 microseconds of one core

#if HWY_TARGET == HWY_SCALAR

constexpr int64_t kBlockRows = 16 * kTile;  // sgemm takes more in parts, which need not be whole tiles
constexpr int64_t kLeastRows = kTile;       // fewer share a tile and are summed alike

// Blocks of y by oneDNN. Rows that are to be filled up are copied: x[kFilled, d], then y[kFilled, o] in the workspace.
class LinearBlocks {
 public:
  LinearBlocks(const Dnnl& dnnl, const lacuna_linear_fwd_args& args)
      : dnnl_(dnnl),
        args_(args),
        rows_(args.n - rows_to_fill(args.n)),
        last_x_(static_cast<float*>(args.workspace)),
        last_y_(last_x_ + kFilled * args.d) {
    if (rows_ == args.n) return;
    std::fill_n(last_x_, kFilled * args.d, 0.0f);
    for (int64_t row = rows_; row < args.n; ++row) {
      std::copy_n(args.x + row * args.ld_x, args.d, last_x_ + (row - rows_) * args.d);
    }
  }

  // Columns [first, first + outputs) of up to kBlockRows rows of y.
  void compute(int64_t row, int64_t first, int64_t outputs) const {
    multiply(std::min(kBlockRows, rows_ - row), args_.x + row * args_.ld_x, args_.ld_x, first, outputs,
             args_.y + row * args_.ld_y + first, args_.ld_y);
    if (rows_ == args_.n || row + kBlockRows < args_.n) return;
    multiply(kFilled, last_x_, args_.d, first, outputs, last_y_ + first, args_.o);
    for (int64_t r = rows_; r < args_.n; ++r) {
      std::copy_n(last_y_ + (r - rows_) * args_.o + first, outputs, args_.y + r * args_.ld_y + first);
    }
  }

 private:
  void multiply(int64_t rows, const float* x, int64_t ld_x, int64_t first, int64_t outputs, float* y,
                int64_t ld_y) const {
    if (rows <= 0) return;
    for (int64_t r = 0; r < rows && args_.b; ++r) std::copy_n(args_.b + first, outputs, y + r * ld_y);
    gemm_chunk(dnnl_, rows, outputs, args_.d, {x, ld_x}, {args_.w + first * args_.ld_w, args_.ld_w, true},
               args_.b != nullptr, y, ld_y);
  }

  const Dnnl& dnnl_;
  const lacuna_linear_fwd_args& args_;
  const int64_t rows_;  // that lie in whole tiles
  float* const last_x_;
  float* const last_y_;
};

#else

constexpr int64_t kBlockRows = kPair;
constexpr int64_t kLeastRows = 3 * kLanes / 4;  // fewer leave too many lanes empty
constexpr int64_t kDepth = 512;                 // what a block takes of x lies in the second-level cache at most
constexpr int64_t kShare = 32;                  // so much at a time is fetched of the rows of w that come next

// Has kRows rows of numbers fetched that are read soon. Inlined, or GCC takes it for a function without effect.
__attribute__((always_inline)) inline void fetch(const float* from, int64_t ld, int64_t count) {
  for (int r = 0; r < kRows; ++r) {
    for (int64_t j = 0; j < count; j += 16) __builtin_prefetch(from + r * ld + j);
  }
}

// Columns [first, first + outputs) of up to kBlockRows rows of y: x is transposed, a pair of vectors wide, and w read
// where it lies.
void linear_block(const lacuna_linear_fwd_args& args, int64_t row, int64_t first, int64_t outputs) {
  const Floats f;
  const int64_t rows = std::min(kPair, args.n - row), ld = rows <= kLanes ? kLanes : kPair;
  HWY_ALIGN float x[kDepth * kPair];
  HWY_ALIGN float sums[kOutputs * kPair];
  if (rows < ld) std::fill_n(x, kDepth * ld, 0.0f);
  for (int64_t o = 0; o < outputs; ++o) std::fill_n(sums + o * ld, ld, args.b ? args.b[first + o] : 0.0f);
  for (int64_t k = 0; k < args.d; k += kDepth) {
    const int64_t depth = std::min(kDepth, args.d - k);
    transpose(args.x + row * args.ld_x + k, args.ld_x, rows, depth, x, ld);
    for (int64_t o = 0; o < outputs; o += kRows) {
      const float* const w = args.w + (first + o) * args.ld_w + k;
      with_constant<kRows>(std::min<int64_t>(kRows, outputs - o), [&](auto count) {
        with_constant<2>(ld / kLanes, [&](auto vectors) {
          Vector acc[count()][vectors()];
          clear(acc);
          for (int64_t j = 0; j < depth; j += kShare) {
            const int64_t share = std::min(kShare, depth - j);
            if (o + 2 * kRows <= outputs) fetch(w + kRows * args.ld_w + j, args.ld_w, share);
            multiply<Exact>(RowsOf<count()>(w + j, args.ld_w), x + j * ld, ld, share, AllLanes{}, acc);
          }
          for_block(acc, [&](int r, int v, Vector sum) {
            float* const to = sums + (o + r) * ld + v * kLanes;
            hn::Store(hn::Add(hn::Load(f, to), sum), f, to);
          });
        });
      });
    }
  }
  transpose(sums, ld, outputs, rows, args.y + row * args.ld_y + first, args.ld_y);
}

#endif

}  // namespace

lacuna_status linear_fwd(CpuContext& ctx, const lacuna_linear_fwd_args& args) {
  if (!ctx.dnnl()) return LACUNA_UNSUPPORTED;
  if (args.n >= kLeastRows) {
    const double flops =
        2.0 * static_cast<double>(std::min(args.n, kBlockRows)) * static_cast<double>(std::max<int64_t>(args.d, 1));
    const int64_t wanted = static_cast<int64_t>(std::min(kChunkFlops / flops, static_cast<double>(kOutputs)));
    const int64_t outputs = std::min(kOutputs, (wanted / kStep + 1) * kStep);
    const int64_t row_blocks = (args.n + kBlockRows - 1) / kBlockRows, blocks = (args.o + outputs - 1) / outputs;
#if HWY_TARGET == HWY_SCALAR
    const LinearBlocks linear(*ctx.dnnl(), args);
    const auto compute = [&](int64_t row, int64_t first, int64_t count) { linear.compute(row, first, count); };
#else
    const auto compute = [&](int64_t row, int64_t first, int64_t count) { linear_block(args, row, first, count); };
#endif
    // Rows first: neighbours meet the same part of w.
    ctx.parallel_for(row_blocks * blocks, [&](int64_t chunk, int) {
      const int64_t first = chunk / row_blocks * outputs;
      compute(chunk % row_blocks * kBlockRows, first, std::min(outputs, args.o - first));
    });
    return LACUNA_OK;
  }
  if (args.b) {
    parallel_ranges(ctx, args.n, args.o, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) std::copy_n(args.b, args.o, args.y + row * args.ld_y);
    });
  }
  return gemm(ctx, args.n, args.o, args.d, {args.x, args.ld_x}, {args.w, args.ld_w, true}, args.b != nullptr, args.y,
              args.ld_y, static_cast<float*>(args.workspace));
}

lacuna_status linear_bwd(CpuContext& ctx, const lacuna_linear_bwd_args& args) {
  if (const lacuna_status status = check_flag(ctx, "acc_dx", args.acc_dx)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_dw", args.acc_dw)) return status;
  if (const lacuna_status status = check_flag(ctx, "acc_db", args.acc_db)) return status;
  if (!ctx.dnnl()) return LACUNA_UNSUPPORTED;
  float* const workspace = static_cast<float*>(args.workspace);
  if (args.dx) {
    const lacuna_status status = gemm(ctx, args.n, args.d, args.o, {args.dy, args.ld_dy}, {args.w, args.ld_w},
                                      args.acc_dx, args.dx, args.ld_dx, workspace);
    if (status != LACUNA_OK) return status;
  }
  if (args.dw) {
    const lacuna_status status = gemm(ctx, args.o, args.d, args.n, {args.dy, args.ld_dy, true}, {args.x, args.ld_x},
                                      args.acc_dw, args.dw, args.ld_dw, workspace);
    if (status != LACUNA_OK) return status;
  }
  if (args.db) {
    const auto value = [&](int64_t row, int64_t col, auto lanes) {
      return load(Doubles(), args.dy + row * args.ld_dy + col, lanes);
    };
    sum_to(ctx, args.n, args.o, 1, args.o, args.ld_dy == args.o || args.n == 1, workspace, value,
           [&](int64_t, int64_t col, double sum) {
             args.db[col] = static_cast<float>(args.acc_db ? args.db[col] + sum : sum);
           });
  }
  return LACUNA_OK;
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lacuna {

int64_t linear_fwd_workspace(int, const lacuna_linear_fwd_args& args) {
  const Extent filled = Extent{kFilled} * (Extent{args.d} + Extent{args.o}) * Extent{sizeof(float)};
  return std::max(gemm_workspace(args.n, args.o, args.d), rows_to_fill(args.n) == 0 ? 0 : filled.saturated());
}

int64_t linear_bwd_workspace(int, const lacuna_linear_bwd_args& args) {
  return std::max({gemm_workspace(args.n, args.d, args.o), gemm_workspace(args.o, args.d, args.n),
                   sums_workspace(args.n, args.o, 1, args.o)});
}

}  // namespace lacuna
#endif
