// The embedded kernels, loaded into a GPU's context as they are needed.
#ifndef LACUNA_SRC_CUDA_MODULES_H
#define LACUNA_SRC_CUDA_MODULES_H

#include <string>
#include <string_view>
#include <unordered_map>

#include "cuda/driver.h"
#include "cuda/images.h"

namespace lacuna::cuda {

class Modules {
 public:
  explicit Modules(const Driver& driver) : driver_(driver) {}

  // For a card of that compute capability. Loads nothing yet.
  void open(int major, int minor) { arch_ = 10 * major + minor; }
  void close();

  // Looked up once; kernel is a literal. family is one of kernels/*.cu and is loaded at its first kernel: machine code
  // where the driver reads it and the card runs it, else PTX. `reason` says why that failed, both refusals included.
  DriverResult function(std::string_view family, const char* kernel, Function& out, std::string& reason);

  // What was taken of the families loaded so far: ";rls=sm_90".
  const std::string& facts() const { return facts_; }

 private:
  DriverResult find_or_load(std::string_view family, Module& out, std::string& reason);
  DriverResult load(const Image& image, Module& out, std::string& reason);

  const Driver& driver_;
  int arch_ = 0;
  std::string facts_;
  std::unordered_map<std::string_view, Module> modules_;  // by family
  std::unordered_map<std::string_view, Function> functions_;
};

}  // namespace lacuna::cuda
#endif
