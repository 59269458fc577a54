// Products and sums of sizes that notice overflow.
#ifndef LACUNA_SRC_EXTENT_H
#define LACUNA_SRC_EXTENT_H

#include <cstdint>
#include <limits>

namespace lacuna {

struct Extent {
  int64_t value;
  bool overflow = false;

  friend Extent operator*(Extent a, Extent b) {
    Extent product{0, a.overflow || b.overflow};
    product.overflow |= __builtin_mul_overflow(a.value, b.value, &product.value);
    return product;
  }
  friend Extent operator*(int64_t a, Extent b) { return Extent{a} * b; }
  friend Extent operator+(Extent a, Extent b) {
    Extent sum{0, a.overflow || b.overflow};
    sum.overflow |= __builtin_add_overflow(a.value, b.value, &sum.value);
    return sum;
  }

  // The largest number where the true one does not fit.
  int64_t saturated() const { return overflow ? std::numeric_limits<int64_t>::max() : value; }
};

}  // namespace lacuna
#endif
