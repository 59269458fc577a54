// From the stand-in driver to the emulated kernels.
#ifndef LACUNA_EMULATOR_LAUNCH_H
#define LACUNA_EMULATOR_LAUNCH_H

#include <string>

#include "emulator/machine.h"

namespace lacuna::standin {

bool is_emulated(const std::string& kernel);

// Copies the arguments and puts the launch into the stream.
DriverResult issue_launch(Machine& machine, Card& card, const std::string& kernel, cuda::Stream stream, unsigned blocks,
                          unsigned threads, void** arguments);

}  // namespace lacuna::standin
#endif
