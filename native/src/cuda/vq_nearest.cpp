// Launchers of kernels/vq_nearest.cu and kernels/vq_nearest_bf16.cu.
#include <algorithm>

#include "cuda/kernel.h"
#include "cuda/sizes.h"
#include "lacuna/vq_shape.h"
#include "ops/vq.h"
#include "room.h"

namespace lacuna::cuda {
namespace {

using namespace vq;

constexpr Kernel<const float*, int64_t, int64_t, int64_t, int64_t, double*, int32_t*, int64_t> kColumnSums{
    "vq_nearest", "vq_nearest_columns", kThreads};
constexpr Kernel<int64_t, int64_t, int64_t, int64_t, const double*, float*> kCentre{"vq_nearest", "vq_nearest_centre",
                                                                                    kThreads};
constexpr Kernel<Vectors, int64_t, const float*, float*, int32_t*> kMeasure{"vq_nearest", "vq_nearest_measure",
                                                                            kThreads};
constexpr Kernel<Search, Rows> kSieve{"vq_nearest", "vq_nearest_sieve", kThreads};
constexpr Kernel<Search, Rows> kSieveBf16{"vq_nearest_bf16", "vq_nearest_bf16_sieve", kThreads};
constexpr Kernel<Search, Rows, int32_t, int32_t*> kSettle{"vq_nearest", "vq_nearest_settle", kThreads};
constexpr Kernel<Search, Rows, int64_t> kCompare{"vq_nearest", "vq_nearest_compare", kThreads};

int64_t round_up(int64_t a, int64_t to) { return ceil_div(a, to) * to; }

// How a call is cut, and where the parts of its workspace lie.
struct Plan {
  int64_t n, d, k;
  bool bf16;
  int64_t padded_k, padded_d, passes, pass_rows, splits, split_tiles, chunks, chunk_rows, words;
  int64_t state, partial, centre, base, code_length, code_lost, codes_packed, codes_centred, z_length, z_lost, z_packed,
      candidates, limit, noted, left, bytes;

  explicit Plan(const lacuna_vq_nearest_args& args)
      : n(args.n), d(args.d), k(args.d == 0 ? 1 : args.k), bf16((args.flags & LACUNA_FLAG_FAST) != 0 && d > 0) {
    // Without dimensions all codes are equal, and the first is the answer.
    padded_k = round_up(k, kTile);
    padded_d = round_up(d, kDepth);
    passes = ceil_div(n, kPassRows);
    pass_rows = std::min(n, kPassRows);
    const int64_t tiles = padded_k / kTile;
    split_tiles = ceil_div(tiles, std::clamp<int64_t>(kBlocks / ceil_div(pass_rows, kTile), 1, tiles));
    splits = ceil_div(tiles, split_tiles);
    chunk_rows = std::max(kCentreChunk, ceil_div(k, kCentreChunks));
    chunks = ceil_div(k, chunk_rows);
    words = 1 + 2 * passes;
    const Extent rows{pass_rows}, lists = rows * Extent{splits}, padded_rows{round_up(pass_rows, kTile)},
                                  codes{padded_k}, in_bf16{bf16 ? 1 : 0}, words_a_row{padded_d / 2};
    Room room;
    state = room.take<int32_t>({words});
    partial = room.take<double>(Extent{chunks} * Extent{d});
    centre = room.take<float>({padded_d});
    base = room.take<float>({padded_k});
    code_length = room.take<float>({padded_k});
    code_lost = room.take<float>(in_bf16 * codes);
    codes_packed = room.take<uint32_t>(in_bf16 * codes * words_a_row);
    codes_centred = room.take<float>(codes * Extent{padded_d});
    z_length = room.take<float>(padded_rows);
    z_lost = room.take<float>(in_bf16 * padded_rows);
    z_packed = room.take<uint32_t>(in_bf16 * padded_rows * words_a_row);
    candidates = room.take<Candidate>(lists * Extent{kMost});
    limit = room.take<float>(lists);
    noted = room.take<int32_t>(lists);
    left = room.take<int32_t>(rows * Extent{2});
    bytes = room.bytes();
  }

  // What the kernels know of rows [first, first + rows) of z.
  Search search(const lacuna_vq_nearest_args& args, int64_t first, int64_t rows) const {
    void* const workspace = args.workspace;
    const auto vectors = [&](const float* data, int64_t count, int64_t ld, int64_t length, int64_t lost, int64_t packed,
                             float* centred) {
      return Vectors{data,
                     count,
                     d,
                     ld,
                     padded_d,
                     part<float>(workspace, length),
                     bf16 ? part<float>(workspace, lost) : nullptr,
                     bf16 ? part<uint32_t>(workspace, packed) : nullptr,
                     centred};
    };
    return {vectors(args.z + first * args.ld_z, rows, args.ld_z, z_length, z_lost, z_packed, nullptr),
            vectors(args.codebook, k, args.ld_codebook, code_length, code_lost, codes_packed,
                    part<float>(workspace, codes_centred)),
            args.index + first,
            args.distance ? args.distance + first : nullptr,
            part<float>(workspace, centre),
            part<float>(workspace, base),
            splits,
            split_tiles * kTile,
            part<Candidate>(workspace, candidates),
            part<float>(workspace, limit),
            part<int32_t>(workspace, noted),
            part<int32_t>(workspace, state)};
  }
};

// The search of the rows of a pass; counts: of rows that the first and the second form of it leave.
lacuna_status enqueue(CudaContext& ctx, const Search& search, bool bf16, int32_t* left, int32_t* counts) {
  const int64_t rows = search.z.rows, blocks = ceil_div(rows, kTile) * search.splits;
  const int64_t settle_blocks = ceil_div(rows, kWarps), compare_blocks = std::min(rows, kCompareBlocks);
  int32_t* const last_left = left + rows;
  const int32_t op = LACUNA_OP_vq_nearest;
  lacuna_status status = LACUNA_OK;
  Rows open{nullptr, nullptr, last_left, counts + 1};
  if (bf16) {
    const Rows all{nullptr, nullptr, left, counts};
    status = kSieveBf16(ctx, blocks, search, all);
    if (!status) status = kSettle(ctx, settle_blocks, search, all, op, ctx.fault_word());
    open.left = left;
    open.left_count = counts;
  }
  if (!status) status = kSieve(ctx, blocks, search, open);
  if (!status) status = kSettle(ctx, settle_blocks, search, open, op, ctx.fault_word());
  const Rows compared{last_left, counts + 1, nullptr, nullptr};
  return status ? status : kCompare(ctx, compare_blocks, search, compared, compare_blocks);
}

}  // namespace

int64_t vq_nearest_workspace(int, const lacuna_vq_nearest_args& args) {
  return args.n == 0 || args.k < 1 ? 0 : Plan(args).bytes;
}

lacuna_status vq_nearest(CudaContext& ctx, const lacuna_vq_nearest_args& args) {
  if (const lacuna_status status = vq::check(ctx, args)) return status;
  if (args.n == 0) return LACUNA_OK;
  const Plan plan(args);
  int32_t* const state = part<int32_t>(args.workspace, plan.state);
  double* const partial = part<double>(args.workspace, plan.partial);
  const auto search_of = [&](int64_t pass) {
    const int64_t first = pass * kPassRows;
    return plan.search(args, first, std::min(plan.n - first, kPassRows));
  };
  const auto measure_rows = [&](const Search& search) {
    const int64_t count = round_up(search.z.rows, kTile);
    return kMeasure(ctx, count / kWarps, search.z, count, search.centre, nullptr, search.refused);
  };
  const Search any = search_of(0);
  lacuna_status status = kColumnSums(ctx, std::max<int64_t>(1, plan.chunks * ceil_div(plan.d, kColumns)), args.codebook,
                                     plan.k, plan.d, args.ld_codebook, plan.chunk_rows, partial, state, plan.words);
  if (!status) {
    status = kCentre(ctx, ceil_div(plan.padded_d, kThreads), plan.k, plan.d, plan.padded_d, plan.chunks, partial,
                     any.centre);
  }
  if (!status) {
    status = kMeasure(ctx, plan.padded_k / kWarps, any.codes, plan.padded_k, any.centre, any.base, any.refused);
  }
  // All of z must have proved finite before the first pass writes.
  for (int64_t pass = 0; pass < plan.passes - 1 && !status; ++pass) status = measure_rows(search_of(pass));
  for (int64_t pass = plan.passes - 1; pass >= 0 && !status; --pass) {
    const Search search = search_of(pass);
    status = measure_rows(search);
    if (status) break;
    status = enqueue(ctx, search, plan.bf16, part<int32_t>(args.workspace, plan.left), state + 1 + 2 * pass);
  }
  return status;
}

}  // namespace lacuna::cuda
