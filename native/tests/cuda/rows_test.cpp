#include "parity.h"

namespace {

using namespace lacuna::test;

struct Size {
  int64_t n, m, d;
};
// The last ones: more columns than a warp holds, more rows of out than warps, an index of more than one warp's reading.
constexpr Size kSizes[] = {{0, 3, 4},   {3, 3, 0},    {0, 0, 5},    {1, 1, 1},     {5, 3, 4},      {3, 7, 31},
                           {33, 5, 33}, {31, 64, 10}, {64, 31, 65}, {17, 9, 127},  {9, 17, 128},   {40, 6, 129},
                           {65, 1, 3},  {12, 7, 700}, {33, 50, 64}, {90, 5000, 3}, {5000, 300, 5}, {130, 20, 1100}};

std::vector<int32_t> indices_of(Size size) {
  std::mt19937 random(5);
  std::vector<int32_t> index(static_cast<size_t>(std::max<int64_t>(size.n, 1)));
  for (int32_t& i : index) {
    i = static_cast<int32_t>(size.m > 0 ? random() % static_cast<uint64_t>(size.m) : 0);
    if (random() % 4 == 0 && size.m > 1) i = static_cast<int32_t>(size.m - 2);
  }
  return index;
}

lacuna_gather_rows_args gather_args(Size size, int64_t gap) {
  lacuna_gather_rows_args args{};
  args.n = size.n, args.m = size.m, args.d = size.d, args.ld_x = size.d + gap, args.ld_out = size.d + 2 * gap;
  return args;
}

lacuna_scatter_rows_args scatter_args(Size size, int64_t gap) {
  lacuna_scatter_rows_args args{};
  args.n = size.n, args.m = size.m, args.d = size.d, args.ld_x = size.d + gap, args.ld_out = size.d + 2 * gap;
  return args;
}

TEST(CudaRows, GathersAsTheCpuDoesBitByBit) {
  const DeviceContext ctx;
  for (const Size size : kSizes) {
    for (const int64_t gap : {0, 1, 4}) {
      for (const int64_t accumulate : {0, 1}) {
        SCOPED_TRACE(testing::Message() << size.n << " of " << size.m << " rows of " << size.d << ", gaps of " << gap
                                        << ", accumulate " << accumulate);
        std::vector<float> x = random_values(size.m * (size.d + gap) + 1, 1);
        std::vector<float> out = random_values(size.n * (size.d + 2 * gap) + 1, 2);
        std::vector<int32_t> index = indices_of(size);
        lacuna_gather_rows_args args = gather_args(size, gap);
        args.acc_out = accumulate, args.x = x.data(), args.index = index.data(), args.out = out.data();
        expect_parity(ctx, LACUNA_OP_gather_rows, args, 0);
      }
    }
  }
}

TEST(CudaRows, ScattersInTheOrderOfTheIndex) {
  const DeviceContext ctx;
  for (const Size size : kSizes) {
    for (const int64_t gap : {0, 1, 4}) {
      for (const int64_t accumulate : {0, 1}) {
        SCOPED_TRACE(testing::Message() << size.n << " onto " << size.m << " rows of " << size.d << ", gaps of " << gap
                                        << ", accumulate " << accumulate);
        std::vector<float> x = random_values(size.n * (size.d + gap) + 1, 1);
        std::vector<float> out = random_values(size.m * (size.d + 2 * gap) + 1, 2);
        std::vector<int32_t> index = indices_of(size);
        lacuna_scatter_rows_args args = scatter_args(size, gap);
        args.acc_out = accumulate, args.x = x.data(), args.index = index.data(), args.out = out.data();
        expect_parity(ctx, LACUNA_OP_scatter_rows, args, 0);
      }
    }
  }
}

TEST(CudaRows, ChangeNothingWhereAnIndexIsWrong) {
  const DeviceContext ctx;
  for (const Size size : {Size{5, 3, 4}, Size{9000, 7, 5}, Size{4, 3, 0}}) {
    std::vector<float> few = random_values(size.m * size.d + 1, 1), many = random_values(size.n * size.d + 1, 2);
    std::vector<int32_t> index = indices_of(size);
    lacuna_gather_rows_args gather = gather_args(size, 0);
    gather.x = few.data(), gather.index = index.data(), gather.out = many.data();
    lacuna_scatter_rows_args scatter = scatter_args(size, 0);
    scatter.x = many.data(), scatter.index = index.data(), scatter.out = few.data();
    for (const size_t at : {size_t{0}, index.size() / 2, index.size() - 1}) {
      for (const int32_t wrong : {-1, static_cast<int32_t>(size.m), INT32_MAX, INT32_MIN}) {
        SCOPED_TRACE(testing::Message() << "index[" << at << "] = " << wrong << " of " << size.m);
        const int32_t right = index[at];
        index[at] = wrong;
        expect_refused(ctx, LACUNA_OP_gather_rows, gather, "gather_rows: an index is out of range");
        expect_refused(ctx, LACUNA_OP_scatter_rows, scatter, "scatter_rows: an index is out of range");
        index[at] = right;
      }
    }
    expect_parity(ctx, LACUNA_OP_gather_rows, gather);
    expect_parity(ctx, LACUNA_OP_scatter_rows, scatter);
  }
}

TEST(CudaRows, RefuseIndicesIntoNothing) {
  const DeviceContext ctx;
  std::vector<float> values = random_values(8, 1);
  std::vector<int32_t> index(2, 0);
  lacuna_gather_rows_args gather = gather_args({2, 0, 4}, 0);
  gather.x = values.data(), gather.index = index.data(), gather.out = values.data();
  expect_refused(ctx, LACUNA_OP_gather_rows, gather, "an index is out of range");
  lacuna_scatter_rows_args scatter = scatter_args({2, 0, 4}, 0);
  scatter.x = values.data(), scatter.index = index.data(), scatter.out = values.data();
  expect_refused(ctx, LACUNA_OP_scatter_rows, scatter, "an index is out of range");
}

TEST(CudaRows, RefuseWhatTheCpuRefuses) {
  const DeviceContext ctx;
  std::vector<float> x = random_values(12, 1), out = random_values(12, 2);
  std::vector<int32_t> index(3, 1);
  lacuna_gather_rows_args gather = gather_args({3, 3, 4}, 0);
  gather.x = x.data(), gather.index = index.data(), gather.out = out.data(), gather.acc_out = 2;
  expect_refused(ctx, LACUNA_OP_gather_rows, gather, "acc_out is 2, want 0 or 1");
  lacuna_scatter_rows_args scatter = scatter_args({3, 3, 4}, 0);
  scatter.x = x.data(), scatter.index = index.data(), scatter.out = out.data(), scatter.acc_out = -1;
  expect_refused(ctx, LACUNA_OP_scatter_rows, scatter, "acc_out is -1, want 0 or 1");
}

}  // namespace
