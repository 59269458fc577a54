// Sums over rows, columns or both, for the tier being compiled. Everything is accumulated in double, so that the order
// of a sum costs no accuracy; the loops stay bound by memory. value(row, col, lanes) gives a vector of doubles, 0 in
// the lanes beyond the row.
#if defined(LACUNA_SRC_OPS_SUMS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_SUMS_INL_H
#undef LACUNA_SRC_OPS_SUMS_INL_H
#else
#define LACUNA_SRC_OPS_SUMS_INL_H
#endif

#include <algorithm>
#include <cstdint>

#include "hwy/highway.h"
#include "ops/lanes-inl.h"
#include "ops/partition.h"
#include "ops/sums.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

template <class Value>
HWY_INLINE double sum_row(int64_t row, int64_t begin, int64_t end, Value&& value) {
  const Doubles d;
  const int64_t width = static_cast<int64_t>(hn::Lanes(d));
  auto a = hn::Zero(d), b = a, c = a, e = a;
  int64_t j = begin;
  for (; j + 4 * width <= end; j += 4 * width) {
    a = hn::Add(a, value(row, j, AllLanes{}));
    b = hn::Add(b, value(row, j + width, AllLanes{}));
    c = hn::Add(c, value(row, j + 2 * width, AllLanes{}));
    e = hn::Add(e, value(row, j + 3 * width, AllLanes{}));
  }
  for_vectors(d, j, end, [&](int64_t i, auto lanes) { a = hn::Add(a, value(row, i, lanes)); });
  return sum_of_lanes(d, hn::Add(hn::Add(a, b), hn::Add(c, e)));
}

// partial[begin, end) = sums of the columns over rows [row_begin, row_end), four rows at a time
template <class Value>
void sum_block(int64_t row_begin, int64_t row_end, int64_t begin, int64_t end, double* partial, Value&& value) {
  const Doubles d;
  std::fill(partial + begin, partial + end, 0.0);
  int64_t row = row_begin;
  const auto add = [&](int64_t j, auto lanes, hn::Vec<Doubles> v) {
    if constexpr (std::is_same_v<decltype(lanes), AllLanes>) {
      hn::StoreU(hn::Add(hn::LoadU(d, partial + j), v), d, partial + j);
    } else {
      const auto mask = hn::FirstN(d, lanes.count);
      hn::BlendedStore(hn::Add(hn::MaskedLoad(mask, d, partial + j), v), mask, d, partial + j);
    }
  };
  for (; row + 4 <= row_end; row += 4) {
    for_vectors(d, begin, end, [&](int64_t j, auto lanes) {
      add(j, lanes,
          hn::Add(hn::Add(value(row, j, lanes), value(row + 1, j, lanes)),
                  hn::Add(value(row + 2, j, lanes), value(row + 3, j, lanes))));
    });
  }
  for (; row < row_end; ++row) {
    for_vectors(d, begin, end, [&](int64_t j, auto lanes) { add(j, lanes, value(row, j, lanes)); });
  }
}

// Sums [n, d] to [out_n, out_d], each extent kept or 1, and calls write(row, col, sum) for every result. dense:
// value(0, j) reaches all n d elements. workspace: sums_workspace bytes.
template <class Value, class Write>
void sum_to(CpuContext& ctx, int64_t n, int64_t d, int64_t out_n, int64_t out_d, bool dense, void* workspace,
            Value&& value, Write&& write) {
  if (out_n == 1 && out_d == 1) {
    double partial[kMaxChunks] = {};
    const Partition parts = dense ? partition(n * d, 1) : partition(n, d);
    ctx.parallel_for(parts.chunks, [&](int64_t chunk, int) {
      if (dense) {
        partial[chunk] = sum_row(0, parts.begin(chunk), parts.end(chunk), value);
      } else {
        for (int64_t row = parts.begin(chunk); row < parts.end(chunk); ++row)
          partial[chunk] += sum_row(row, 0, d, value);
      }
    });
    double sum = 0;
    for (int64_t chunk = 0; chunk < parts.chunks; ++chunk) sum += partial[chunk];
    write(int64_t{0}, int64_t{0}, sum);
  } else if (out_d == 1) {
    parallel_ranges(ctx, n, d, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) write(row, int64_t{0}, sum_row(row, 0, d, value));
    });
  } else {
    const ColumnSums cut(n, d);
    double* const partial = static_cast<double*>(workspace);
    ctx.parallel_for(cut.row_blocks * cut.column_blocks, [&](int64_t chunk, int) {
      const int64_t block = chunk / cut.column_blocks, begin = chunk % cut.column_blocks * ColumnSums::kColumns;
      const int64_t row = block * cut.rows;
      sum_block(row, std::min(n, row + cut.rows), begin, std::min(d, begin + ColumnSums::kColumns), partial + block * d,
                value);
    });
    parallel_ranges(ctx, d, cut.row_blocks, [&](int64_t begin, int64_t end) {
      for (int64_t j = begin; j < end; ++j) {
        double sum = 0;
        for (int64_t block = 0; block < cut.row_blocks; ++block) sum += partial[block * d + j];
        write(int64_t{0}, j, sum);
      }
    });
  }
}

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
