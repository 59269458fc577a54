// The tiles of a symmetric matrix on and above its diagonal.
#ifndef LACUNA_SYMMETRIC_CUH
#define LACUNA_SYMMETRIC_CUH

#include "lacuna/device.cuh"

namespace lacuna {

// Row and column of tile t in (0, 0), (0, 1), (1, 1), (0, 2), ...
struct UpperTile {
  int64_t row, col;

  LACUNA_DEVICE explicit UpperTile(int64_t t) {
    col = static_cast<int64_t>((sqrt(8.0 * static_cast<double>(t) + 1.0) - 1.0) / 2.0);
    // The root may be off by one where 8 t has more digits than a double.
    if (col * (col + 1) / 2 > t) --col;
    if ((col + 1) * (col + 2) / 2 <= t) ++col;
    row = t - col * (col + 1) / 2;
  }
};

}  // namespace lacuna
#endif
