#include "registry.h"

namespace lacuna::emulator {

namespace {

// Made by the first registration: the order of static objects in different files is not defined.
std::vector<KernelEntry>& entries() {
  static std::vector<KernelEntry> list;
  return list;
}

}  // namespace

Registration::Registration(const KernelEntry& entry) { entries().push_back(entry); }

const KernelEntry* find_kernel(std::string_view name) {
  for (const KernelEntry& entry : entries()) {
    if (name == entry.name) return &entry;
  }
  return nullptr;
}

std::span<const KernelEntry> all_kernels() { return entries(); }

}  // namespace lacuna::emulator
