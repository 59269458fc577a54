// Warp-wide operations: each takes place when every live lane of the warp has arrived at it.
#ifndef LACUNA_EMULATOR_WARP_H
#define LACUNA_EMULATOR_WARP_H

#include "block.h"

namespace lacuna::emulator {

// Brings payload to the operation and returns when it has taken place: what each lane brought. `action`, if any, is
// called once, by the lane that arrived last. Lanes that meet here from other operations or lines are a fault.
const Gathering& collect(uint64_t payload, const char* operation, Warp::Action action, Location where);

// Every live lane has arrived.
void complete(Warp& warp);

}  // namespace lacuna::emulator
#endif
