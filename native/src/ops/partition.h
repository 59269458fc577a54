// How ops cut their work into chunks: by sizes alone, so that results do not depend on the number of threads.
#ifndef LACUNA_SRC_OPS_PARTITION_H
#define LACUNA_SRC_OPS_PARTITION_H

#include <algorithm>
#include <cstdint>

#include "cpu/cpu_context.h"

namespace lacuna {

// Elements of a memory-bound loop that are worth a chunk: 13 microseconds for x + y out of the second-level cache,
// where waking a worker costs about 5. Whatever is smaller than two of them runs on the caller alone.
constexpr int64_t kGrain = 1 << 16;

// Bounds the arrays of partial sums, one entry a chunk, that ops keep on the stack.
constexpr int64_t kMaxChunks = 64;

// [0, n) in at most kMaxChunks equal chunks, but for the last.
struct Partition {
  int64_t n, size, chunks;
  int64_t begin(int64_t chunk) const { return chunk * size; }
  int64_t end(int64_t chunk) const { return std::min(n, (chunk + 1) * size); }
};

// cost: elements that one of the n items touches.
inline Partition partition(int64_t n, int64_t cost) {
  const int64_t wanted = kGrain / std::max<int64_t>(cost, 1);
  const int64_t size = std::max({(n + kMaxChunks - 1) / kMaxChunks, wanted, int64_t{1}});
  return {n, size, (n + size - 1) / size};
}

// body(begin, end) over the chunks of partition(n, cost).
template <class Body>
void parallel_ranges(CpuContext& ctx, int64_t n, int64_t cost, Body&& body) {
  const Partition parts = partition(n, cost);
  ctx.parallel_for(parts.chunks, [&](int64_t chunk, int) { body(parts.begin(chunk), parts.end(chunk)); });
}

// body(row, begin, end) over all elements of [n, d]. Rows without gaps between them count as one long row 0.
template <class Body>
void parallel_rows(CpuContext& ctx, int64_t n, int64_t d, bool dense, Body&& body) {
  if (d == 0) return;
  if (dense || n == 1) {
    parallel_ranges(ctx, n * d, 1, [&](int64_t begin, int64_t end) { body(int64_t{0}, begin, end); });
  } else {
    parallel_ranges(ctx, n, d, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) body(row, int64_t{0}, d);
    });
  }
}

}  // namespace lacuna
#endif
