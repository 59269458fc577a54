// How max_pool2d_bwd shares out its work: read by the kernel and by its launcher.
#ifndef LACUNA_MAX_POOL2D_SHAPE_H
#define LACUNA_MAX_POOL2D_SHAPE_H

#include <cstdint>

#include "lacuna/both.h"

namespace lacuna::max_pool2d {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / 32;
constexpr int64_t kWantedWarps = 2048;  // where there are fewer planes, each is cut into bands
constexpr int64_t kBandNumbers = 1024;  // at least

// A warp's part of dx: a band of one plane of `in` numbers.
struct BandCut {
  int64_t bands, band;  // of a plane; numbers of a band

  LACUNA_BOTH BandCut(int64_t planes, int64_t in) : bands(1) {
    const int64_t wanted = (kWantedWarps + planes - 1) / (planes > 0 ? planes : 1), most = in / kBandNumbers;
    bands = wanted < most ? wanted : most;
    if (bands < 1) bands = 1;
    band = (in + bands - 1) / bands;
  }
  LACUNA_BOTH int64_t blocks(int64_t planes) const { return (planes * bands + kWarps - 1) / kWarps; }
};

}  // namespace lacuna::max_pool2d
#endif
