// Tensor-core instructions against the fragment layouts of the PTX ISA, and the conversions that feed them.
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <sstream>

#include "cuda/emulated.h"

namespace lacuna::test {
namespace {

#include "emulator/tests/fragment_layouts.inc"

struct Place {
  int lane, element;
};

// places[row][col] of one of the tables.
template <size_t rows>
std::vector<std::vector<Place>> places(const char* const (&table)[rows]) {
  std::vector<std::vector<Place>> result;
  for (const char* line : table) {
    std::istringstream words(line);
    std::vector<Place> row;
    char dot;
    for (Place place; words >> place.lane >> dot >> place.element;) row.push_back(place);
    result.push_back(row);
  }
  return result;
}

using Layout = std::vector<std::vector<Place>>;

uint32_t bf16(float value) { return std::bit_cast<uint32_t>(value) >> 16; }

constexpr int kDepth = 16;

class MatrixProduct {
 public:
  MatrixProduct()
      : a_places_(places(kMmaA)),
        b_places_(places(kMmaB)),
        c_places_(places(kMmaC)),
        a_(32 * 4),
        b_(32 * 2),
        c_(32 * 4) {}

  void set_a(int row, int k, float value) { set(a_, 4, a_places_[row][k], value); }
  void set_b(int k, int col, float value) { set(b_, 2, b_places_[k][col], value); }
  void set_c(int row, int col, float value) { c_[at_c(row, col)] = value; }
  float c(int row, int col) const { return c_[at_c(row, col)]; }

  void run() {
    DeviceArray<uint32_t> a(a_), b(b_);
    DeviceArray<float> c(c_);
    const uint32_t *a_address = a.get(), *b_address = b.get();
    ASSERT_EQ("", launch("fragment_mma", 1, 32, {}, a_address, b_address, c.get()).error);
    c_ = c.values();
  }

 private:
  size_t at_c(int row, int col) const {
    const Place place = c_places_[row][col];
    return 4 * place.lane + place.element;
  }
  // A register holds two elements.
  static void set(std::vector<uint32_t>& registers, int per_lane, Place place, float value) {
    uint32_t& pair = registers[per_lane * place.lane + place.element / 2];
    const int shift = place.element % 2 * 16;
    pair = (pair & ~(0xffffu << shift)) | bf16(value) << shift;
  }

  const Layout a_places_, b_places_, c_places_;
  std::vector<uint32_t> a_, b_;
  std::vector<float> c_;
};

// Each table names each element of each lane once.
TEST(EmulatorFragments, TablesAreComplete) {
  const auto expect_complete = [](const Layout& layout, size_t rows, size_t cols, int elements) {
    ASSERT_EQ(rows, layout.size());
    std::vector<int> seen(32 * elements);
    for (const auto& row : layout) {
      ASSERT_EQ(cols, row.size());
      for (const Place place : row) ++seen.at(place.lane * elements + place.element);
    }
    EXPECT_EQ(std::vector<int>(32 * elements, 1), seen);
  };
  expect_complete(places(kMmaA), 16, 16, 8);
  expect_complete(places(kMmaB), 16, 8, 4);
  expect_complete(places(kMmaC), 16, 8, 4);
  expect_complete(places(kLoadMatrix), 8, 8, 2);
  expect_complete(places(kLoadMatrixTransposed), 8, 8, 2);
}

// One element of a, one of b: their product is added at exactly one place.
TEST(EmulatorFragments, ProductsLandWhereTheTablesSay) {
  for (int row = 0; row < 16; ++row) {
    for (int k = 0; k < kDepth; ++k) {
      MatrixProduct product;
      product.set_a(row, k, 3.0f);
      for (int col = 0; col < 8; ++col) product.set_b(k, col, 1.0f + col);
      for (int i = 0; i < 16; ++i) {
        for (int j = 0; j < 8; ++j) product.set_c(i, j, 100.0f * i + j);
      }
      product.run();
      for (int i = 0; i < 16; ++i) {
        for (int j = 0; j < 8; ++j) {
          ASSERT_EQ(100.0f * i + j + (i == row ? 3.0f * (1 + j) : 0.0f), product.c(i, j))
              << "a[" << row << ", " << k << "]";
        }
      }
    }
  }
}

// Whole matrices whose sums need more digits than a float has.
TEST(EmulatorFragments, SumsAreRoundedOnce) {
  std::mt19937 random(7);
  std::uniform_int_distribution<int> digits(-127, 127);
  MatrixProduct product;
  std::vector<double> want(16 * 8);
  std::vector<float> a(16 * kDepth), b(kDepth * 8);
  for (float& x : a) x = std::ldexp(static_cast<float>(digits(random)), -7);
  for (float& x : b) x = std::ldexp(static_cast<float>(digits(random)), -9);
  for (int i = 0; i < 16; ++i) {
    for (int k = 0; k < kDepth; ++k) product.set_a(i, k, a[i * kDepth + k]);
  }
  for (int k = 0; k < kDepth; ++k) {
    for (int j = 0; j < 8; ++j) product.set_b(k, j, b[8 * k + j]);
  }
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 8; ++j) {
      const float c = std::ldexp(static_cast<float>(digits(random)), 12);
      product.set_c(i, j, c);
      double sum = 0.0;
      for (int k = 0; k < kDepth; ++k) sum += static_cast<double>(a[i * kDepth + k]) * b[8 * k + j];
      want[8 * i + j] = sum + c;
    }
  }
  product.run();
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 8; ++j) EXPECT_EQ(static_cast<float>(want[8 * i + j]), product.c(i, j));
  }
}

TEST(EmulatorFragments, NonFiniteElementsStayInTheirRow) {
  const float infinity = std::numeric_limits<float>::infinity();
  MatrixProduct product;
  for (int j = 0; j < 8; ++j) product.set_b(2, j, 1.0f);
  product.set_a(3, 2, std::numeric_limits<float>::quiet_NaN());
  product.set_a(5, 2, -infinity);
  product.run();
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 8; ++j) {
      if (i == 3) {
        EXPECT_TRUE(std::isnan(product.c(i, j)));
      } else {
        EXPECT_EQ(i == 5 ? -infinity : 0.0f, product.c(i, j));
      }
    }
  }
}

TEST(EmulatorFragments, LoadsMatricesAsTheTablesSay) {
  std::vector<uint32_t> words(128);
  const auto element = [](int matrix, int row, int col) { return 64u * matrix + 8 * row + col; };
  for (int matrix = 0; matrix < 4; ++matrix) {
    for (int row = 0; row < 8; ++row) {
      for (int col = 0; col < 8; col += 2) {
        words[32 * matrix + 4 * row + col / 2] = element(matrix, row, col) | element(matrix, row, col + 1) << 16;
      }
    }
  }
  for (const int32_t transposed : {0, 1}) {
    DeviceArray<uint32_t> matrices(words), out(128);
    const uint32_t* from = matrices.get();
    ASSERT_EQ("", launch("fragment_load", 1, 32, {}, from, transposed, out.get()).error);
    const Layout layout = transposed == 1 ? places(kLoadMatrixTransposed) : places(kLoadMatrix);
    for (int matrix = 0; matrix < 4; ++matrix) {
      for (int row = 0; row < 8; ++row) {
        for (int col = 0; col < 8; ++col) {
          const auto [lane, half] = layout[row][col];
          EXPECT_EQ(element(matrix, row, col), out.get()[4 * lane + matrix] >> 16 * half & 0xffff)
              << "matrix " << matrix << "[" << row << ", " << col << "], transposed " << transposed;
        }
      }
    }
  }
}

struct Conversion {
  uint32_t bits, bf16;
};

// float, its nearest bf16 (ties to even).
constexpr Conversion kConversions[] = {
    {0x00000000, 0x0000},  // 0
    {0x80000000, 0x8000},  // -0
    {0x3f800000, 0x3f80},  // 1
    {0x3f807fff, 0x3f80},  // below a tie
    {0x3f808000, 0x3f80},  // the tie, down to even
    {0x3f808001, 0x3f81},  // above it
    {0x3f80ffff, 0x3f81},  // below the next number
    {0x3f818000, 0x3f82},  // the next tie, up to even
    {0xbf807fff, 0xbf80},  // negative: below a tie
    {0xbf808000, 0xbf80},  // the tie
    {0xbf808001, 0xbf81},  // beyond it
    {0xbf818000, 0xbf82},  // the next tie
    {0x3fffffff, 0x4000},  // carries into the exponent
    {0x7f7fffff, 0x7f80},  // the largest number becomes infinity
    {0xff7fffff, 0xff80},  // and the lowest
    {0x7f7f0000, 0x7f7f},  // the largest bf16 number
    {0x7f800000, 0x7f80},  // infinity
    {0xff800000, 0xff80},  // -infinity
    {0x7fc00000, 0x7fff},  // NaN
    {0x7f800001, 0x7fff},  // a NaN that rounding alone would make infinite
    {0xffffffff, 0x7fff},  // and one that it would make 0
    {0x00000001, 0x0000},  // the smallest subnormal number
    {0x80000001, 0x8000},  // and the same, negative
    {0x00008000, 0x0000},  // a tie among subnormal numbers
    {0x00018000, 0x0002},  // the next one
    {0x007fffff, 0x0080},  // becomes normal
    {0x40490fdb, 0x4049},  // pi
    {0xc0490fdb, 0xc049},  // -pi
    {0x3eaaaaab, 0x3eab},  // 1/3
    {0x3dcccccd, 0x3dcd},  // 1/10
    {0x501502f9, 0x5015},  // 1e10
    {0x2edbe6ff, 0x2edc},  // 1e-10
};
static_assert(std::size(kConversions) == 32);

TEST(EmulatorFragments, ConversionsRoundToNearest) {
  std::vector<float> in;
  for (const Conversion& conversion : kConversions) in.push_back(std::bit_cast<float>(conversion.bits));
  DeviceArray<float> device_in(in);
  DeviceArray<uint32_t> bf16_pairs(32);
  const float* from = device_in.get();
  ASSERT_EQ("", launch("convert", 1, 32, {}, from, bf16_pairs.get()).error);
  for (int i = 0; i < 32; ++i) {
    EXPECT_EQ(kConversions[i].bf16 | kConversions[i ^ 1].bf16 << 16, bf16_pairs.get()[i])
        << std::hex << kConversions[i].bits;
  }
}

}  // namespace
}  // namespace lacuna::test
