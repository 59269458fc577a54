// Division of numbers >= 0 by a number that the launcher knows: a multiplication and a shift.
#ifndef LACUNA_DIVISOR_H
#define LACUNA_DIVISOR_H

#include <cstdint>
#include <type_traits>

#include "lacuna/both.h"

namespace lacuna {

// Int is int32_t or int64_t; with b = 31 or 63 its dividends lie in [0, 2^b) and divisors d in [1, 2^b).
//   l = ceil(log2 d)   magic = ceil(2^(b + l) / d) < 2^(b + 1)   x / d = floor(x magic / 2^(b + l))
// is exact: magic d exceeds 2^(b + l) by less than d <= 2^l, so that x times the excess stays below 2^(b + l).
template <class Int>
class Divisor {
  using Word = std::make_unsigned_t<Int>;
  using Product = std::conditional_t<sizeof(Int) == 4, uint64_t, unsigned __int128>;
  static constexpr int kBits = 8 * sizeof(Int);

 public:
  Divisor() = default;
  constexpr explicit Divisor(Int divisor) : divisor_(static_cast<Word>(divisor)) {
    while (Word{1} << shift_ < divisor_) ++shift_;
    magic_ = static_cast<Word>(((Product{1} << (kBits - 1 + shift_)) + divisor_ - 1) / divisor_);
  }

  LACUNA_BOTH constexpr Int divisor() const { return static_cast<Int>(divisor_); }
  LACUNA_BOTH constexpr Int quotient(Int x) const {
    return static_cast<Int>(static_cast<Word>(Product{2 * static_cast<Word>(x)} * magic_ >> kBits) >> shift_);
  }

  struct Division {
    Int quotient, remainder;
  };
  LACUNA_BOTH constexpr Division divide(Int x) const {
    const Int q = quotient(x);
    return {q, static_cast<Int>(x - q * divisor())};
  }

 private:
  Word divisor_ = 1, magic_ = Word{1} << (kBits - 1);
  int32_t shift_ = 0;
};

}  // namespace lacuna
#endif
