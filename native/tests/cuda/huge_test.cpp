// Tensors of 3 x 2^31 elements: the kernels' last blocks on the emulator, over memory that is reserved and not there
// until it is touched.
#include "emulator/emulator.h"
#include "lacuna/conv2d_shape.h"
#include "lacuna/linear_shape.h"
#include "test_util.h"

namespace lacuna::test {
namespace {

constexpr int64_t kElements = 3LL << 31;

// Zeros, but for the last `count` of kElements numbers, which are random.
class Sparse {
 public:
  explicit Sparse(int64_t count, uint32_t seed = 0)
      : data_(static_cast<float*>(
            mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
    if (data_ == MAP_FAILED) throw std::bad_alloc();
    if (seed != 0) std::ranges::copy(random_values(count, seed), data_ + kElements - count);
  }
  ~Sparse() { munmap(data_, kBytes); }
  Sparse(const Sparse&) = delete;
  Sparse& operator=(const Sparse&) = delete;

  float* data() const { return data_; }

 private:
  static constexpr size_t kBytes = kElements * sizeof(float);
  float* data_;
};

template <class Argument>
void run_block(const char* kernel, int64_t blocks, int64_t block, Argument argument) {
  void* arguments[] = {&argument};
  emulator::Options options;
  options.first_block = block, options.last_block = block + 1;
  const emulator::KernelEntry* const entry = emulator::find_kernel(kernel);
  ASSERT_TRUE(entry) << kernel;
  const emulator::Result result = emulator::run_grid(*entry, blocks, 256, arguments, options);
  ASSERT_TRUE(result.ok()) << result.error;
}

TEST(Huge, linear_reaches_the_last_rows) {
  constexpr int64_t d = 16, n = kElements / d, o = 3;
  const Sparse x(64 * d, 1), y(0);
  const std::vector<float> w = random_values(o * d, 2);
  const GemmCut cut{n, o, 0, d, d, 0};
  run_block("linear_fwd_64x64", n / 64, n / 64 - 1,
            linear::Multiplication{cut, d, x.data(), d, w.data(), d, {y.data(), d, nullptr, 0}});
  for (int64_t row : {n - 64, n - 1}) {
    for (int64_t col = 0; col < o; ++col) {
      double sum = 0;
      for (int64_t t = 0; t < d; ++t) sum += static_cast<double>(x.data()[row * d + t]) * w[col * d + t];
      EXPECT_NEAR(sum, y.data()[row * d + col], 1e-5);
    }
  }
}

// 3 x 3 windows over images of 4 x 4, one channel each way.
constexpr int64_t kSide = 4, kPlane = kSide * kSide, kImages = kElements / kPlane;

conv2d::Shape shape() {
  const conv2d::Side side{1, kSide, kSide, Divisor<int64_t>(kPlane), Divisor<int32_t>(kSide)};
  return {kImages, side, side, 1, 1, 1, Divisor<int64_t>(9), Divisor<int32_t>(3), Divisor<int32_t>(1)};
}

float at(const Sparse& images, int64_t image, int64_t row, int64_t col) {
  const bool inside = row >= 0 && row < kSide && col >= 0 && col < kSide;
  return inside ? images.data()[image * kPlane + row * kSide + col] : 0.0f;
}

TEST(Huge, conv2d_reaches_the_last_images) {
  const Sparse x(64, 3), y(0);
  const std::vector<float> weight = random_values(9, 4);
  const GemmCut cut{1, kElements, 0, 9, 16, 0};
  run_block("conv2d_fwd_64x64", kElements / 64, kElements / 64 - 1,
            conv2d::Multiplication{cut, shape(), weight.data(), x.data(), {y.data(), nullptr, 0}});
  for (int64_t image : {kImages - 4, kImages - 1}) {
    for (int64_t pixel = 0; pixel < kPlane; ++pixel) {
      double sum = 0;
      for (int64_t t = 0; t < 9; ++t) {
        sum += static_cast<double>(at(x, image, pixel / kSide + t / 3 - 1, pixel % kSide + t % 3 - 1)) * weight[t];
      }
      EXPECT_NEAR(sum, y.data()[image * kPlane + pixel], 1e-5);
    }
  }
}

TEST(Huge, conv2d_sums_weights_over_the_last_images) {
  const Sparse x(64, 5), dy(64, 6);
  std::vector<float> dweight(9, kNaN);
  const GemmCut cut{1, 9, kElements - 64, kElements, 64, 0};
  run_block("conv2d_dweight_64x64", 1, 0,
            conv2d::Multiplication{cut, shape(), dy.data(), x.data(), {dweight.data(), nullptr, 0}});
  for (int64_t t = 0; t < 9; ++t) {
    double sum = 0;
    for (int64_t p = kElements - 64; p < kElements; ++p) {
      const int64_t pixel = p % kPlane;
      sum +=
          static_cast<double>(dy.data()[p]) * at(x, p / kPlane, pixel / kSide + t / 3 - 1, pixel % kSide + t % 3 - 1);
    }
    EXPECT_NEAR(sum, dweight[t], 1e-5);
  }
}

}  // namespace
}  // namespace lacuna::test
