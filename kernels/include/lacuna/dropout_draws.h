// What dropout keeps and by how much it scales: for kernels, launchers and the CPU.
#ifndef LACUNA_DROPOUT_DRAWS_H
#define LACUNA_DROPOUT_DRAWS_H

#include "lacuna/philox.h"

namespace lacuna::dropout {

struct Draws {
  Philox random;
  int32_t least;  // an element is kept where the 24 leading bits of its draw are at least this
  float scale;    // of what is kept
};

}  // namespace lacuna::dropout
#endif
