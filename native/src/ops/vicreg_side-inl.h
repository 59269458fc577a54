// One of the two matrices of vicreg with the parts of the workspace that are its own, for the tier being compiled.
#if defined(LACUNA_SRC_OPS_VICREG_SIDE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_VICREG_SIDE_INL_H
#undef LACUNA_SRC_OPS_VICREG_SIDE_INL_H
#else
#define LACUNA_SRC_OPS_VICREG_SIDE_INL_H
#endif

#include <cstdint>
#include <numeric>

#include "ops/panels-inl.h"
#include "ops/vicreg_cut.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {
namespace {

static_assert(VicregCut::kPanel % kPanel == 0 && VicregCut::kUnit % kUnit == 0);

// Rows that are fetched before they are read: a row is a page of its own where d is large, and no prefetcher follows.
constexpr int64_t kAhead = 16;

// The loss's weights as they appear in the gradient.
struct Weights {
  explicit Weights(const lacuna_vicreg_args& args)
      : degrees(static_cast<double>(args.n - 1)),
        elements(static_cast<double>(args.n) * static_cast<double>(args.d)),
        slope(-args.mu * (args.halving ? 0.5 : 1.0) / (static_cast<double>(args.d) * degrees)),
        scale(4 * args.nu / (static_cast<double>(args.d) * degrees)),
        product(static_cast<float>(scale / degrees)),
        invariance(static_cast<float>(2 * args.lambda / elements)) {}

  double degrees, elements;
  double slope;      // of the hinge, over sd
  double scale;      // of zc cov
  float product;     // of zc S
  float invariance;  // of x - y
};

// x or y: one of the two matrices, with what is known of it.
struct Side {
  const lacuna_vicreg_args& args;
  const VicregCut& cut;
  const Weights& weights;
  int index;
  const float* z;
  int64_t ld;
  const float* other;
  int64_t other_ld;
  float* gradient;  // NULL where it is not wanted
  int64_t gradient_ld;
  bool accumulate;

  template <class T>
  T* part(int64_t offset) const {
    return reinterpret_cast<T*>(static_cast<char*>(args.workspace) + offset);
  }
  float* mean() const { return part<float>(cut.mean[index]); }
  float* factor() const { return part<float>(cut.factor[index]); }
  double* square() const { return part<double>(cut.square[index]); }
  double* difference() const { return part<double>(cut.difference); }
  Panels packed(int64_t rows) const { return {part<float>(cut.packed[index]), cut.order, rows}; }
  Panels product() const { return {part<float>(cut.product[index]), cut.order, cut.product_rows}; }

  double variance_term() const { return total(cut.hinge[index], cut.groups) / static_cast<double>(args.d); }
  double covariance_term() const {
    const double squares = total(cut.covariance[index], cut.tiles) / (weights.degrees * weights.degrees);
    return (squares - (cut.gram ? total(cut.variance[index], cut.groups) : 0.0)) / static_cast<double>(args.d);
  }
  double invariance_term() const { return total(cut.difference, args.d) / weights.elements; }

  double total(int64_t numbers, int64_t count) const {
    return std::accumulate(part<double>(numbers), part<double>(numbers) + count, 0.0);
  }
};

}  // namespace
}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
