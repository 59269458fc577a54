// How the LSTM's kernels lie over the units of a step: read by the kernels and by their launchers.
#ifndef LACUNA_LSTM_SHAPE_H
#define LACUNA_LSTM_SHAPE_H

#include <cstdint>

#include "lacuna/both.h"

namespace lacuna::lstm {

constexpr int kGates = 4;
constexpr int kThreads = 128;  // few: a step of some ten thousand units is to reach many multiprocessors

// Four units of a sequence to a thread.
LACUNA_BOTH constexpr int64_t quads(int64_t d) { return d / 4 + (d % 4 != 0); }

}  // namespace lacuna::lstm
#endif
