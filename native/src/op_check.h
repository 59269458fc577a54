// Checks the arguments of one call against the op table. The first fault is recorded in the context, later ones are not
// looked for.
#ifndef LACUNA_SRC_OP_CHECK_H
#define LACUNA_SRC_OP_CHECK_H

#include <array>
#include <cstdint>

#include "context.h"
#include "extent.h"

namespace lacuna {

// What a call is checked for: lacuna_workspace is asked before there are addresses.
enum class CheckScope { kSizes, kAddresses };

class OpCheck {
 public:
  static constexpr int kMaxTensors = 32;  // the workspace counts as one

  // A tensor as an op's field list has it. The names are for the error text.
  struct Tensor {
    const char* name;
    const char* rows_name;
    const char* cols_name;
    const char* stride_name;
    lacuna_field_kind kind;
    int64_t element_bytes;
    const void* address;
    Extent rows, cols, stride;
  };

  // in_place names an output and the input that it may replace ("" for none).
  OpCheck(lacuna_context& ctx, CheckScope scope, const char* in_place_out, const char* in_place_in)
      : ctx_(ctx), scope_(scope), in_place_out_(in_place_out), in_place_in_(in_place_in) {}

  void size(const char* name, int64_t value);
  void tensor(const Tensor& tensor);
  void workspace(const void* address, int64_t bytes, int64_t wanted);

  bool passed() const { return status_ == LACUNA_OK; }

  // To be called last: compares every output with every other tensor.
  lacuna_status finish();

 private:
  // A tensor in memory, in bytes. cols > 0, rows > 0.
  struct Span {
    const char* name;
    bool written;
    uintptr_t address;
    int64_t rows, cols, stride;
  };

  static bool overlap(const Span& a, const Span& b);
  bool in_place(const Span& out, const Span& in) const;
  void add(const char* name, bool written, const void* address, int64_t rows, int64_t cols, int64_t stride);

  lacuna_context& ctx_;
  const CheckScope scope_;
  const char* const in_place_out_;
  const char* const in_place_in_;
  lacuna_status status_ = LACUNA_OK;
  int count_ = 0;
  std::array<Span, kMaxTensors> spans_;
};

}  // namespace lacuna
#endif
