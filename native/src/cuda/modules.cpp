#include "cuda/modules.h"

#include <algorithm>

namespace lacuna::cuda {
namespace {

// The machine code to try first: of the same major capability and the highest minor that the card runs.
const Image* best_cubin(std::string_view family, int arch) {
  const Image* best = nullptr;
  for (const Image& image : images()) {
    if (image.family == family && image.arch / 10 == arch / 10 && image.arch <= arch &&
        (!best || image.arch > best->arch)) {
      best = &image;
    }
  }
  return best;
}

const Image& ptx_of(std::string_view family) {
  return *std::ranges::find_if(images(), [=](const Image& image) { return image.family == family && image.arch == 0; });
}

std::string form(const Image& image) { return image.arch == 0 ? "PTX" : "sm_" + std::to_string(image.arch); }

}  // namespace

DriverResult Modules::load(const Image& image, Module& out, std::string& reason) {
  std::string log(1024, '\0');
  int options[] = {kJitErrorLog, kJitErrorLogBytes};
  void* values[] = {log.data(), reinterpret_cast<void*>(log.size())};
  const DriverResult result = driver_.cuModuleLoadDataEx(&out, image.data, 2, options, values);
  if (result == 0) {
    modules_.emplace(image.family, out);
    facts_ += std::string(";") + image.family + "=" + form(image) + (reason.empty() ? "" : " (" + reason + ")");
  } else {
    reason += (reason.empty() ? "" : "; ") + form(image) + " refused: " + driver_.text(result);
    if (log[0]) reason += std::string(", ") + log.c_str();
  }
  return result;
}

DriverResult Modules::find_or_load(std::string_view family, Module& out, std::string& reason) {
  if (const auto known = modules_.find(family); known != modules_.end()) {
    out = known->second;
    return 0;
  }
  const Image* cubin = driver_.version >= kCubinDriver ? best_cubin(family, arch_) : nullptr;
  DriverResult result = cubin ? load(*cubin, out, reason) : kNoBinary;
  // PTX takes no less memory.
  if (result != 0 && result != kOutOfMemory) result = load(ptx_of(family), out, reason);
  if (result != 0) reason = "the driver refuses the kernels of " + std::string(family) + ": " + reason;
  return result;
}

void Modules::close() {
  for (const auto& [family, module] : modules_) driver_.cuModuleUnload(module);
}

DriverResult Modules::function(std::string_view family, const char* kernel, Function& out, std::string& reason) {
  if (const auto known = functions_.find(kernel); known != functions_.end()) {
    out = known->second;
    return 0;
  }
  Module module = nullptr;
  if (const DriverResult result = find_or_load(family, module, reason)) return result;
  const DriverResult result = driver_.cuModuleGetFunction(&out, module, kernel);
  if (result == 0) {
    functions_.emplace(kernel, out);
  } else {
    reason = driver_.text(result);
  }
  return result;
}

}  // namespace lacuna::cuda
