// Launchers of kernels/vq_codebook.cu.
#include <algorithm>
#include <cmath>

#include "cuda/indices.h"
#include "cuda/kernel.h"
#include "cuda/sizes.h"
#include "lacuna/philox.h"
#include "lacuna/vq_shape.h"
#include "ops/vq.h"
#include "room.h"

namespace lacuna::cuda {
namespace {

using namespace vq;

constexpr Kernel<Statistics> kCount{"vq_codebook", "vq_codebook_count", kThreads};
constexpr Kernel<Statistics> kOffsets{"vq_codebook", "vq_codebook_offsets", kThreads};
constexpr Kernel<Statistics> kFirst{"vq_codebook", "vq_codebook_first", kThreads};
constexpr Kernel<Statistics> kPlace{"vq_codebook", "vq_codebook_place", kThreads};
constexpr Kernel<Statistics> kSlices{"vq_codebook", "vq_codebook_slices", kThreads};
constexpr Kernel<Statistics> kPublish{"vq_codebook", "vq_codebook_publish", kThreads};
constexpr Kernel<int64_t, int64_t, double, double, int64_t, const int32_t*, float*, double*> kWeights{
    "vq_codebook", "vq_codebook_weights", kThreads};
constexpr Kernel<int64_t, int64_t, int64_t, double, double, const double*, const float*, int64_t, float*, int64_t,
                 float*, int64_t>
    kAverage{"vq_codebook", "vq_codebook_average", kThreads};
constexpr Kernel<int64_t, int64_t, int32_t, int32_t, const int32_t*, int32_t*, int32_t*, int32_t*, int32_t*> kAge{
    "vq_codebook", "vq_codebook_age", kThreads};
constexpr Kernel<int64_t, int64_t, int32_t, double, double, Philox, const int32_t*, const int32_t*, int32_t*, float*,
                 float*, int64_t, float*, int64_t>
    kReplace{"vq_codebook", "vq_codebook_replace", kThreads};

// How vq_statistics is cut, and where the parts of its workspace lie.
struct Plan {
  int64_t chunks, chunk_rows, most_slices;
  int64_t gate, histogram, total, first, first_slice, positions, spread, non_finite, partial, bytes;

  explicit Plan(const lacuna_vq_statistics_args& args) {
    chunks = std::clamp<int64_t>(ceil_div(args.n, kChunkRows), 1, kMostChunks);
    chunk_rows = ceil_div(args.n, chunks);
    most_slices = std::min(args.k, args.n) + args.n / kSlice;
    const Extent m{args.m}, k{args.k}, firsts = m * (k + Extent{1});
    Room room;
    gate = room.take<char>({kIndexGateBytes});
    histogram = room.take<int32_t>(m * Extent{chunks} * k);
    total = room.take<int32_t>(m * k);
    first = room.take<int32_t>(firsts);
    first_slice = room.take<int32_t>(firsts);
    positions = room.take<int32_t>(m * Extent{args.n});
    spread = room.take<float>(m);
    non_finite = room.take<int32_t>(m);
    partial = room.take<double>(m * Extent{most_slices} * Extent{args.d});
    bytes = room.bytes();
  }
};

}  // namespace

int64_t vq_statistics_workspace(int, const lacuna_vq_statistics_args& args) { return Plan(args).bytes; }

int64_t vq_ema_workspace(int, const lacuna_vq_ema_args& args) {
  Room room;
  room.take<double>({args.k});
  return room.bytes();
}

int64_t vq_reset_workspace(int, const lacuna_vq_reset_args& args) {
  Room room;
  room.take<int32_t>(Extent{args.k} + Extent{1});
  return room.bytes();
}

lacuna_status vq_statistics(CudaContext& ctx, const lacuna_vq_statistics_args& args) {
  if (const lacuna_status status = vq::check(ctx, args)) return status;
  const Plan plan(args);
  void* const workspace = args.workspace;
  IndexGate gate;
  if (const lacuna_status status = check_indices(ctx, LACUNA_OP_vq_statistics, Fault::kIndex, args.index,
                                                 args.m * args.n, -1, args.k, part<char>(workspace, plan.gate), gate)) {
    return status;
  }
  const Statistics s{args.m,
                     args.n,
                     args.d,
                     args.k,
                     args.groups,
                     args.z,
                     args.ld_z,
                     args.index,
                     args.decay,
                     args.count,
                     args.sum,
                     args.ld_sum,
                     args.perplexity,
                     gate,
                     plan.chunks,
                     plan.chunk_rows,
                     plan.most_slices,
                     part<int32_t>(workspace, plan.histogram),
                     part<int32_t>(workspace, plan.total),
                     part<int32_t>(workspace, plan.first),
                     part<int32_t>(workspace, plan.first_slice),
                     part<int32_t>(workspace, plan.positions),
                     part<float>(workspace, plan.spread),
                     part<int32_t>(workspace, plan.non_finite),
                     part<double>(workspace, plan.partial)};
  const int64_t chunk_blocks = ceil_div(s.m * s.chunks, kWarps);
  lacuna_status status = kCount(ctx, chunk_blocks, s);
  if (!status) status = kOffsets(ctx, ceil_div(s.m * s.k, kThreads), s);
  if (!status) status = kFirst(ctx, s.m, s);
  if (!status) status = kPlace(ctx, chunk_blocks, s);
  if (!status) status = kSlices(ctx, s.m * s.most_slices * ceil_div(s.d, kColumns), s);
  // One block at least, for the perplexities and the fault of a call that leaves no code to publish.
  return status ? status : kPublish(ctx, std::max<int64_t>(1, ceil_div(s.groups * s.k, kWarps)), s);
}

lacuna_status vq_ema(CudaContext& ctx, const lacuna_vq_ema_args& args) {
  if (const lacuna_status status = vq::check(ctx, args)) return status;
  double* const divisor = static_cast<double*>(args.workspace);
  const double keep = args.groups == args.m ? args.decay : std::pow(args.decay, static_cast<double>(args.m));
  const lacuna_status status =
      kWeights(ctx, args.k > 0, args.m, args.k, args.decay, args.epsilon, args.smoothing, args.count, args.c, divisor);
  if (status) return status;
  return kAverage(ctx, ceil_div(args.k, kWarps), args.k, args.d, args.groups, keep, 1 - args.decay, divisor, args.sum,
                  args.ld_sum, args.w, args.ld_w, args.codebook, args.ld_codebook);
}

lacuna_status vq_reset(CudaContext& ctx, const lacuna_vq_reset_args& args) {
  if (const lacuna_status status = vq::check(ctx, args)) return status;
  int32_t* const recent_count = static_cast<int32_t*>(args.workspace);
  int32_t* const recent = recent_count + 1;
  const auto after = static_cast<int32_t>(args.after);
  const lacuna_status status = kAge(ctx, 1, args.m, args.k, after, static_cast<int32_t>(args.recent), args.count,
                                    args.age, recent, recent_count, args.replaced);
  if (status) return status;
  const Philox random{args.seed, static_cast<int32_t>(args.stream), static_cast<int32_t>(args.step)};
  return kReplace(ctx, ceil_div(args.k, kWarps), args.k, args.d, after, args.noise, args.c_reset, random, recent,
                  recent_count, args.age, args.c, args.w, args.ld_w, args.codebook, args.ld_codebook);
}

}  // namespace lacuna::cuda
