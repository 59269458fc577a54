#include "module.h"

#include <link.h>

#include <cstdint>
#include <vector>

namespace lacuna::emulator {

namespace {

struct Segment {
  uintptr_t begin, end;
  bool writable;
};

// Sets *out to the loaded segments of the module that this code lies in, and tells whether this one is it.
int collect_segments(dl_phdr_info* info, size_t, void* out) {
  auto& segments = *static_cast<std::vector<Segment>*>(out);
  std::vector<Segment> mine;
  bool holds = false;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD) continue;
    const uintptr_t begin = info->dlpi_addr + header.p_vaddr;
    mine.push_back({begin, begin + header.p_memsz, (header.p_flags & PF_W) != 0});
    const auto self = reinterpret_cast<uintptr_t>(&is_constant);
    holds = holds || (self >= mine.back().begin && self < mine.back().end);
  }
  if (holds) segments = mine;
  return holds ? 1 : 0;
}

}  // namespace

bool is_constant(const void* address, size_t bytes) {
  static const std::vector<Segment> segments = [] {
    std::vector<Segment> found;
    dl_iterate_phdr(collect_segments, &found);
    return found;
  }();
  const auto begin = reinterpret_cast<uintptr_t>(address);
  for (const Segment& segment : segments) {
    if (begin >= segment.begin && begin + bytes <= segment.end) return !segment.writable;
  }
  return false;
}

}  // namespace lacuna::emulator
