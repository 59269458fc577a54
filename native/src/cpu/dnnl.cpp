#include "cpu/dnnl.h"

#include <dlfcn.h>

#include <atomic>
#include <mutex>

namespace lacuna {
namespace {

std::atomic<const Dnnl*> table{nullptr};

// Libraries are never closed: their threads and thread-locals outlive every context.
void* open_library(const std::string& folder, const char* name, std::string& error) {
  const std::string path = folder.empty() ? name : folder + "/" + name;
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) error = dlerror();
  return library;
}

template <class Function>
bool find(void* library, const char* name, Function& function, std::string& error) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (!function) error = dlerror();
  return function != nullptr;
}

}  // namespace

const Dnnl* Dnnl::loaded() { return table.load(std::memory_order_acquire); }

const Dnnl* Dnnl::load(const std::string& folder, std::string& error) {
  if (const Dnnl* ready = loaded()) return ready;
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  if (const Dnnl* ready = loaded()) return ready;

  static Dnnl functions;
  if (!open_library(folder, "libgomp.so.1", error)) return nullptr;
  void* dnnl = open_library(folder, "libdnnl.so.3", error);
  if (!dnnl) return nullptr;
#define LACUNA_DNNL_FIND(name) \
  if (!find(dnnl, #name, functions.name, error)) return nullptr;
  LACUNA_DNNL_FUNCTIONS(LACUNA_DNNL_FIND)
#undef LACUNA_DNNL_FIND
  // Looked up through libdnnl: where the process holds two copies of libgomp, these must be of the one that oneDNN
  // calls.
  if (!find(dnnl, "omp_get_max_threads", functions.omp_get_max_threads, error)) return nullptr;
  if (!find(dnnl, "omp_set_num_threads", functions.omp_set_num_threads, error)) return nullptr;
  if (const int major = functions.dnnl_version()->major; major != DNNL_VERSION_MAJOR) {
    error = "oneDNN has major version " + std::to_string(major) + ", want " + std::to_string(DNNL_VERSION_MAJOR);
    return nullptr;
  }
  table.store(&functions, std::memory_order_release);
  return &functions;
}

}  // namespace lacuna
