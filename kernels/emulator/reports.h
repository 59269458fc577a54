// What check mode has found, as text, each fault once.
#ifndef LACUNA_EMULATOR_REPORTS_H
#define LACUNA_EMULATOR_REPORTS_H

#include <cstdint>
#include <string>

namespace lacuna::emulator {

// The source lines of the instruction before a return address, from the kernel in to what was inlined last:
// "kernels/x.cu:12 > kernels/include/lacuna/matrix.cuh:29"; "" for nullptr.
const std::string& source_of(const void* place);

// A kind of fault at one line, or between two: other is nullptr where no second party is known.
struct Finding {
  const char* kind;
  const void* place;
  const void* other;
};
// Whether it is new to this launch and wants a report.
bool is_new(const Finding& finding);
void add_report(const Finding& finding, const std::string& text);

void begin_launch_reports();
// The reports of this launch, a line each; empty: none.
std::string launch_reports();

}  // namespace lacuna::emulator
#endif
