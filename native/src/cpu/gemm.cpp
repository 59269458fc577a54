#include "cpu/gemm.h"

#include <algorithm>
#include <new>
#include <stdexcept>
#include <string>

#include "cpu/dnnl.h"

namespace lacuna {
namespace {

constexpr double kChunkFlops =
    4e6;  // some 40 microseconds of one core: a hundred times the cost of handing out a chunk
constexpr int64_t kMaxChunks = 64;
constexpr int64_t kMinSide = 128;    // narrower chunks repack too much: 3 % slower at 128, up to 50 % at 64
constexpr int64_t kMinDepth = 1024;  // shorter sums are not worth a second pass over the result
constexpr int64_t kMaxDepthParts = 16;
constexpr int64_t kRounding = 16;  // block edges on whole vectors

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// How many blocks there are along an axis and how long they are, the last one excepted.
struct Cut {
  int64_t parts, length;

  Cut(int64_t size, int64_t wanted, int64_t shortest) {
    const int64_t most = std::max<int64_t>(1, size / shortest);
    const int64_t even = ceil_div(size, std::clamp<int64_t>(wanted, 1, most));
    length = std::max<int64_t>(1, ceil_div(even, kRounding) * kRounding);
    parts = std::max<int64_t>(1, ceil_div(size, length));
  }
  int64_t begin(int64_t part) const { return part * length; }
  int64_t size(int64_t part, int64_t total) const { return std::min(length, total - begin(part)); }
};

// The longer side of the result is cut first, then the other; the sum over k only where the result is too small to
// share out.
struct GemmCut {
  Cut rows, cols, depth;

  GemmCut(int64_t m, int64_t n, int64_t k) : GemmCut(m, n, k, wanted_chunks(m, n, k)) {}

 private:
  GemmCut(int64_t m, int64_t n, int64_t k, int64_t chunks)
      : rows(m, m >= n ? chunks : ceil_div(chunks, Cut(n, chunks, kMinSide).parts), kMinSide),
        cols(n, ceil_div(chunks, rows.parts), kMinSide),
        depth(k, std::min(chunks / (rows.parts * cols.parts), kMaxDepthParts), kMinDepth) {}

  static int64_t wanted_chunks(int64_t m, int64_t n, int64_t k) {
    const double flops = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
    return static_cast<int64_t>(std::clamp(flops / kChunkFlops, 1.0, static_cast<double>(kMaxChunks)));
  }
};

const float* at(const GemmFactor& factor, int64_t row, int64_t col) {
  return factor.transposed ? factor.data + col * factor.ld + row : factor.data + row * factor.ld + col;
}

}  // namespace

void gemm_chunk(const Dnnl& dnnl, int64_t m, int64_t n, int64_t k, GemmFactor a, GemmFactor b, bool accumulate,
                float* c, int64_t ldc) {
  if (m == 0 || n == 0) return;
  if (k == 0) {
    if (!accumulate) {
      for (int64_t row = 0; row < m; ++row) std::fill_n(c + row * ldc, n, 0.0f);
    }
    return;
  }
  // A matrix of one row may come with any ld; oneDNN wants at least the row.
  const auto ld = [](const GemmFactor& factor, int64_t rows, int64_t cols) {
    return std::max(factor.ld, factor.transposed ? rows : cols);
  };
  const SingleThreadedDnnl single(dnnl);
  const dnnl_status_t status =
      dnnl.dnnl_sgemm(a.transposed ? 'T' : 'N', b.transposed ? 'T' : 'N', m, n, k, 1.0f, a.data, ld(a, m, k), b.data,
                      ld(b, k, n), accumulate ? 1.0f : 0.0f, c, std::max(ldc, n));
  if (status == dnnl_out_of_memory) throw std::bad_alloc();
  if (status != dnnl_success) throw std::runtime_error("dnnl_sgemm answered status " + std::to_string(status));
}

int64_t gemm_workspace(int64_t m, int64_t n, int64_t k) {
  const int64_t parts = GemmCut(m, n, k).depth.parts;
  return parts == 1 ? 0 : parts * m * n * static_cast<int64_t>(sizeof(float));
}

int64_t gemm_workspace_up_to(int64_t m, int64_t n, int64_t k) {
  const int64_t parts = std::clamp<int64_t>(k / kMinDepth, 1, kMaxDepthParts);
  return parts == 1 ? 0 : parts * m * n * static_cast<int64_t>(sizeof(float));
}

lacuna_status gemm(CpuContext& ctx, int64_t m, int64_t n, int64_t k, GemmFactor a, GemmFactor b, bool accumulate,
                   float* c, int64_t ldc, float* workspace) {
  const Dnnl* dnnl = ctx.dnnl();
  if (!dnnl) return LACUNA_UNSUPPORTED;
  const GemmCut cut(m, n, k);
  const bool split = cut.depth.parts > 1;
  ctx.parallel_for(cut.rows.parts * cut.cols.parts * cut.depth.parts, [&](int64_t chunk, int) {
    const int64_t col_part = chunk % cut.cols.parts, row_part = chunk / cut.cols.parts % cut.rows.parts;
    const int64_t part = chunk / (cut.cols.parts * cut.rows.parts);
    const int64_t row = cut.rows.begin(row_part), col = cut.cols.begin(col_part), first = cut.depth.begin(part);
    float* out = split ? workspace + (part * m + row) * n + col : c + row * ldc + col;
    gemm_chunk(*dnnl, cut.rows.size(row_part, m), cut.cols.size(col_part, n), cut.depth.size(part, k),
               {at(a, row, first), a.ld, a.transposed}, {at(b, first, col), b.ld, b.transposed}, accumulate && !split,
               out, split ? n : ldc);
  });
  if (!split) return LACUNA_OK;

  for (int64_t row = 0; row < m; ++row) {
    float* out = c + row * ldc;
    if (!accumulate) std::fill_n(out, n, 0.0f);
    for (int64_t part = 0; part < cut.depth.parts; ++part) {
      const float* partial = workspace + (part * m + row) * n;
      for (int64_t col = 0; col < n; ++col) out[col] += partial[col];
    }
  }
  return LACUNA_OK;
}

}  // namespace lacuna
