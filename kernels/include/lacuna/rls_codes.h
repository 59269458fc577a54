// The codes that the RLS ops take (lacuna_ops.h), for kernels and launchers of every back end.
#ifndef LACUNA_RLS_CODES_H
#define LACUNA_RLS_CODES_H

#include <cstdint>

namespace lacuna::rls {

enum Form : int64_t { kPotter = 0, kPlain = 1, kLowRank = 2 };
enum Norm : int64_t { kNormNone = 0, kNormFrobenius = 1 };
enum Order : int64_t { kProjectThenAbsorb = 0, kAbsorbThenProject = 1 };

}  // namespace lacuna::rls
#endif
