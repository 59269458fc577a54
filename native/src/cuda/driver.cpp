#include "cuda/driver.h"

#include <dlfcn.h>

namespace lacuna::cuda {
namespace {

constexpr DriverResult kNoDevice = 100;

template <class Pointer>
bool find(void* library, const char* name, Pointer& function) {
  function = reinterpret_cast<Pointer>(dlsym(library, name));
  return function != nullptr;
}

}  // namespace

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

bool Driver::load(const std::string& path, std::string& error) {
  const auto refuse = [&error](const std::string& reason) {
    error = "CUDA: " + reason;
    return false;
  };
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char* reason = dlerror();
    return refuse(path + " cannot be loaded (" + (reason ? reason : "no reason given") + "); install an NVIDIA driver");
  }
  // The version comes first: an old driver shall be called old, not incomplete.
  DriverResult (*get_version)(int*) = nullptr;
  if (!find(library, "cuDriverGetVersion", get_version)) {
    return refuse(path + " lacks cuDriverGetVersion: it is no CUDA driver; install an NVIDIA driver");
  }
  if (const DriverResult result = get_version(&version)) {
    return refuse(path + ": cuDriverGetVersion failed with code " + std::to_string(result));
  }
  if (version < kOldestDriver) {
    return refuse("the driver is of CUDA " + version_text(version) + ", want CUDA " + version_text(kOldestDriver) +
                  " (R450) or newer; install a newer NVIDIA driver");
  }
#define LACUNA_DRIVER_FIND(name, ...) \
  if (!find(library, #name, name.address)) return refuse(path + " lacks " #name "; install an NVIDIA driver");
  LACUNA_DRIVER_FUNCTIONS(LACUNA_DRIVER_FIND)
#undef LACUNA_DRIVER_FIND

  const DriverResult result = cuInit(0);
  if (result == kNoDevice) return refuse("the driver finds no NVIDIA GPU on this machine (" + text(result) + ")");
  if (result != 0) return refuse("the driver does not start: " + text(result));
  return true;
}

std::string Driver::text(DriverResult result) const {
  const char *const function = failed, *name = nullptr, *explanation = nullptr;
  if (cuGetErrorName(result, &name) != 0 || !name) name = "unknown error";
  if (cuGetErrorString(result, &explanation) != 0 || !explanation) explanation = "no explanation given";
  failed = function;
  return std::string(function) + ": " + name + " (" + std::to_string(result) + "): " + explanation;
}

}  // namespace lacuna::cuda
