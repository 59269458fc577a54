// Launchers of kernels/rows.cu.
#include <algorithm>

#include "cuda/indices.h"
#include "cuda/kernel.h"
#include "cuda/tiled.h"
#include "lacuna/rows_shape.h"
#include "ops/checks.h"

namespace lacuna::cuda {
namespace {

using namespace rows;

constexpr Kernel<IndexGate, Tiling, int64_t, const float*, int64_t, const int32_t*, float*, int64_t, int32_t> kGather{
    "rows", "rows_gather", kTilingThreads};
constexpr Kernel<IndexGate, int64_t, int64_t, int64_t, const float*, int64_t, const int32_t*, float*, int64_t, int32_t>
    kScatter{"rows", "rows_scatter", kThreads};

}  // namespace

int64_t gather_rows_workspace(int, const lacuna_gather_rows_args&) { return kIndexGateBytes; }

int64_t scatter_rows_workspace(int, const lacuna_scatter_rows_args&) { return kIndexGateBytes; }

lacuna_status gather_rows(CudaContext& ctx, const lacuna_gather_rows_args& args) {
  if (const lacuna_status status = check_flag(ctx, "acc_out", args.acc_out)) return status;
  IndexGate gate;
  if (const lacuna_status status = check_indices(ctx, LACUNA_OP_gather_rows, Fault::kIndex, args.index, args.n, 0,
                                                 args.m, args.workspace, gate)) {
    return status;
  }
  const Tiling tiling(args.n, args.d);
  return kGather(ctx, std::max<int64_t>(tiling.tiles(), args.n > 0), gate, tiling, args.m, args.x, args.ld_x,
                 args.index, args.out, args.ld_out, static_cast<int32_t>(args.acc_out));
}

lacuna_status scatter_rows(CudaContext& ctx, const lacuna_scatter_rows_args& args) {
  if (const lacuna_status status = check_flag(ctx, "acc_out", args.acc_out)) return status;
  IndexGate gate;
  if (const lacuna_status status = check_indices(ctx, LACUNA_OP_scatter_rows, Fault::kIndex, args.index, args.n, 0,
                                                 args.m, args.workspace, gate)) {
    return status;
  }
  return kScatter(ctx, std::max<int64_t>(ScatterCut(args.m, args.d).blocks(), args.n > 0), gate, args.n, args.m, args.d,
                  args.x, args.ld_x, args.index, args.out, args.ld_out, static_cast<int32_t>(args.acc_out));
}

}  // namespace lacuna::cuda
