// The few functions of oneDNN that Lacuna calls, loaded at the first GEMM: libdnnl is 85 MB, and a process that needs
// no GEMM should not pay for it.
#ifndef LACUNA_SRC_CPU_DNNL_H
#define LACUNA_SRC_CPU_DNNL_H

#include <string>

#include "oneapi/dnnl/dnnl.h"

#if DNNL_VERSION_MAJOR != 3
#error "Lacuna needs the headers of oneDNN 3"
#endif

namespace lacuna {

#define LACUNA_DNNL_FUNCTIONS(FUNCTION) \
  FUNCTION(dnnl_sgemm)                  \
  FUNCTION(dnnl_version)

struct Dnnl {
#define LACUNA_DNNL_MEMBER(name) decltype(&::name) name;
  LACUNA_DNNL_FUNCTIONS(LACUNA_DNNL_MEMBER)
#undef LACUNA_DNNL_MEMBER
  int (*omp_get_max_threads)();
  void (*omp_set_num_threads)(int);

  // The table of the process, loaded by the first call that succeeds: libgomp.so.1, then libdnnl.so.3, from `folder`,
  // or where the system finds them if folder is empty. nullptr and the reason in `error` where that fails.
  static const Dnnl* load(const std::string& folder, std::string& error);

  // The table if it has been loaded.
  static const Dnnl* loaded();
};

// Makes oneDNN run on the calling thread alone while this lives: Lacuna's own pool does the sharing out.
class SingleThreadedDnnl {
 public:
  explicit SingleThreadedDnnl(const Dnnl& dnnl) : dnnl_(dnnl), saved_(dnnl.omp_get_max_threads()) {
    if (saved_ != 1) dnnl_.omp_set_num_threads(1);
  }
  ~SingleThreadedDnnl() {
    if (saved_ != 1) dnnl_.omp_set_num_threads(saved_);
  }
  SingleThreadedDnnl(const SingleThreadedDnnl&) = delete;
  SingleThreadedDnnl& operator=(const SingleThreadedDnnl&) = delete;

 private:
  const Dnnl& dnnl_;
  const int saved_;
};

}  // namespace lacuna
#endif
