// The tile of a matrix product by itself, on the emulator: every size of tile with every way in which operands lie.
#include "lacuna/product.cuh"

#include "emulator/registry.h"
#include "test_util.h"

namespace lacuna::test {
namespace {

struct Problem {
  int64_t m, n, k;
  const float* a;  // [m, k], or [k, m] where its quads lie across the depth; ld is a column more
  const float* b;  // [n, k] or [k, n]
  float* sums;     // [m, n]; added to
  int64_t begin, end;
};

template <Quads quads>
Stored<quads> operand(const float* data, int64_t lines, int64_t depth) {
  const bool along = quads == Quads::kAlongDepth;
  return {Matrix<const float>(data, along ? lines : depth, along ? depth : lines, (along ? depth : lines) + 1)};
}

template <Quads a_quads, Quads b_quads, int rows, int cols>
void product(Problem p) {
  using Tile = Product<rows, cols>;
  LACUNA_SHARED(float, shared, Tile::kShared);
  const int64_t col_tiles = (p.n + cols - 1) / cols;
  const int64_t row0 = blockIdx.x / col_tiles * rows, col0 = blockIdx.x % col_tiles * cols;
  float sums[Tile::kRowsPerThread][Tile::kColsPerThread];
  const auto each = [&](auto&& body) {
    for (int i = 0; i < Tile::kRowsPerThread; ++i) {
      for (int j = 0; j < Tile::kColsPerThread; ++j) {
        const int64_t row = row0 + Tile::row(i), col = col0 + Tile::col(j);
        body(sums[i][j], row < p.m && col < p.n ? p.sums + row * p.n + col : nullptr);
      }
    }
  };
  each([](float& sum, const float* place) { sum = place ? *place : 0.0f; });
  // In two calls, so that the second meets what the first leaves in shared memory.
  const int64_t middle = p.begin + (p.end - p.begin) / 32 * 16;
  const auto a = operand<a_quads>(p.a, p.m, p.k);
  const auto b = operand<b_quads>(p.b, p.n, p.k);
  Tile::add(a, b, row0, col0, p.begin, middle, shared, sums);
  Tile::add(a, b, row0, col0, middle, p.end, shared, sums);
  each([](float sum, float* place) {
    if (place) *place = sum;
  });
}

constexpr Quads kQuads[] = {Quads::kAlongDepth, Quads::kAcrossDepth};

template <int a, int b, int rows, int cols>
void expect_sums(int64_t m, int64_t n, int64_t k, int64_t begin, int64_t end, emulator::Order order) {
  const std::vector<float> left = random_values(m * k, 1), right = random_values(n * k, 2);
  std::vector<float> got = random_values(m * n, 3), naive = got;
  std::vector<double> exact(got.begin(), got.end());
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      for (int64_t t = begin; t < end; ++t) {
        exact[i * n + j] += static_cast<double>(left[i * k + t]) * right[j * k + t];
        naive[i * n + j] += left[i * k + t] * right[j * k + t];
      }
    }
  }
  // Behind each row stands a NaN.
  const auto laid = [](const std::vector<float>& lines, int64_t count, int64_t depth, Quads quads) {
    const bool along = quads == Quads::kAlongDepth;
    const int64_t rows_stored = along ? count : depth, cols_stored = along ? depth : count;
    std::vector<float> data(rows_stored * (cols_stored + 1), kNaN);
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t t = 0; t < depth; ++t) {
        data[along ? i * (depth + 1) + t : t * (count + 1) + i] = lines[i * depth + t];
      }
    }
    return data;
  };
  const std::vector<float> a_data = laid(left, m, k, kQuads[a]), b_data = laid(right, n, k, kQuads[b]);
  Problem problem{m, n, k, a_data.data(), b_data.data(), got.data(), begin, end};
  void* arguments[] = {&problem};
  using Call = emulator::Invocation<&product<kQuads[a], kQuads[b], rows, cols>>;
  const emulator::KernelEntry entry{"product_test", "product", 256, Call::kSizes, &Call::run, emulator::kChecked};
  const int64_t blocks = (m + rows - 1) / rows * ((n + cols - 1) / cols);
  emulator::Options options;
  options.order = order;
  const emulator::Result result = emulator::run_grid(entry, blocks, 256, arguments, options);
  ASSERT_TRUE(result.ok()) << result.error;
  expect_close(got, exact, naive, 2);
}

template <int rows, int cols>
void expect_every_layout(int64_t m, int64_t n, int64_t k, int64_t begin, int64_t end) {
  for (emulator::Order order : {emulator::Order::kForward, emulator::Order::kReverse, emulator::Order::kRandom}) {
    expect_sums<0, 0, rows, cols>(m, n, k, begin, end, order);
    expect_sums<0, 1, rows, cols>(m, n, k, begin, end, order);
    expect_sums<1, 0, rows, cols>(m, n, k, begin, end, order);
    expect_sums<1, 1, rows, cols>(m, n, k, begin, end, order);
  }
}

template <class Tile>
class ProductTile : public testing::Test {};
template <int r, int c>
struct TileSize {
  static constexpr int kRows = r, kCols = c;
};
using TileSizes = testing::Types<TileSize<64, 64>, TileSize<64, 128>, TileSize<128, 64>, TileSize<128, 128>>;
TYPED_TEST_SUITE(ProductTile, TileSizes);

TYPED_TEST(ProductTile, adds_what_the_definition_says) {
  constexpr int rows = TypeParam::kRows, cols = TypeParam::kCols;
  expect_every_layout<rows, cols>(rows, cols, 48, 0, 48);
  expect_every_layout<rows, cols>(rows + 1, 2 * cols - 1, 83, 0, 83);
  expect_every_layout<rows, cols>(3, 2, 1, 0, 1);
  expect_every_layout<rows, cols>(37, 41, 100, 32, 64);
  expect_every_layout<rows, cols>(5, 7, 20, 16, 16);
}

}  // namespace
}  // namespace lacuna::test
