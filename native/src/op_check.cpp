#include "op_check.h"

#include <cinttypes>
#include <cstring>

namespace lacuna {
namespace {

bool optional(lacuna_field_kind kind) {
  return kind == LACUNA_FIELD_OPT_IN || kind == LACUNA_FIELD_OPT_OUT || kind == LACUNA_FIELD_OPT_INOUT;
}

bool written(lacuna_field_kind kind) { return kind != LACUNA_FIELD_IN && kind != LACUNA_FIELD_OPT_IN; }

}  // namespace

void OpCheck::size(const char* name, int64_t value) {
  if (status_ == LACUNA_OK && value < 0) {
    status_ = ctx_.fail(LACUNA_INVALID_ARGUMENT, "%s is %" PRId64 ", want >= 0", name, value);
  }
}

void OpCheck::tensor(const Tensor& t) {
  if (status_ != LACUNA_OK) return;
  const bool sizes_only = scope_ == CheckScope::kSizes;
  if (!t.address && optional(t.kind)) return;

  const int64_t rows = t.rows.value, cols = t.cols.value, stride = t.stride.value;
  if (!t.rows.overflow && !t.cols.overflow && (rows == 0 || cols == 0)) return;
  if (!t.stride.overflow && rows > 1 && stride < cols) {
    status_ = ctx_.fail(LACUNA_INVALID_ARGUMENT, "%s is %" PRId64 ", want >= %" PRId64 " (= %s)", t.stride_name, stride,
                        cols, t.cols_name);
    return;
  }
  // Far beyond any machine, so that ops may multiply such numbers by a few without overflow.
  constexpr int64_t kMaxBytes = int64_t{1} << 56;
  int64_t span = 0;  // bytes from the first element to the end of the last
  bool overflow = t.rows.overflow || t.cols.overflow || t.stride.overflow;
  overflow = overflow || (rows > 1 && __builtin_mul_overflow(rows - 1, stride, &span));
  overflow = overflow || __builtin_add_overflow(span, cols, &span) ||
             __builtin_mul_overflow(span, t.element_bytes, &span) || span > kMaxBytes;
  if (overflow) {
    status_ = ctx_.fail(LACUNA_INVALID_ARGUMENT, "%s [%s, %s] is larger than memory", t.name, t.rows_name, t.cols_name);
    return;
  }
  if (sizes_only) return;

  const auto address = reinterpret_cast<uintptr_t>(t.address);
  if (!t.address) {
    status_ = ctx_.fail(LACUNA_INVALID_ARGUMENT, "%s is NULL, want [%s, %s] = [%" PRId64 ", %" PRId64 "]", t.name,
                        t.rows_name, t.cols_name, rows, cols);
  } else if (address % t.element_bytes != 0) {
    status_ = ctx_.fail(LACUNA_INVALID_ARGUMENT, "%s is at %p, want a multiple of %" PRId64 " bytes", t.name, t.address,
                        t.element_bytes);
  } else if (address + static_cast<uintptr_t>(span) < address) {
    status_ =
        ctx_.fail(LACUNA_INVALID_ARGUMENT, "%s is at %p, want room for %" PRId64 " bytes", t.name, t.address, span);
  } else if (!ctx_.reaches(t.address, span)) {
    status_ = ctx_.fail(LACUNA_INVALID_ARGUMENT,
                        "%s is at %p, want [%s, %s] = [%" PRId64 ", %" PRId64 "], %" PRId64
                        " bytes within memory that this context lent or adopted",
                        t.name, t.address, t.rows_name, t.cols_name, rows, cols, span);
  } else {
    add(t.name, written(t.kind), t.address, rows, cols * t.element_bytes, stride * t.element_bytes);
  }
}

void OpCheck::workspace(const void* address, int64_t bytes, int64_t wanted) {
  if (status_ != LACUNA_OK || wanted == 0) return;
  if (bytes < wanted) {
    status_ = ctx_.fail(LACUNA_INVALID_ARGUMENT, "workspace_bytes is %" PRId64 ", want >= %" PRId64, bytes, wanted);
  } else if (!address || reinterpret_cast<uintptr_t>(address) % 64 != 0) {
    status_ = ctx_.fail(LACUNA_INVALID_ARGUMENT, "workspace is at %p, want a multiple of 64", address);
  } else if (!ctx_.reaches(address, wanted)) {
    status_ = ctx_.fail(LACUNA_INVALID_ARGUMENT,
                        "workspace is at %p, want %" PRId64 " bytes within memory that this context lent or adopted",
                        address, wanted);
  } else {
    add("workspace", true, address, 1, wanted, wanted);
  }
}

void OpCheck::add(const char* name, bool is_written, const void* address, int64_t rows, int64_t cols, int64_t stride) {
  spans_[count_++] = Span{name, is_written, reinterpret_cast<uintptr_t>(address), rows, cols, stride};
}

lacuna_status OpCheck::finish() {
  for (int i = 0; i < count_ && status_ == LACUNA_OK; ++i) {
    for (int j = i + 1; j < count_; ++j) {
      const Span &a = spans_[i], &b = spans_[j];
      if ((!a.written && !b.written) || !overlap(a, b) || in_place(a, b) || in_place(b, a)) continue;
      const Span& out = b.written ? b : a;
      const Span& other = b.written ? a : b;
      status_ = ctx_.fail(LACUNA_INVALID_ARGUMENT, "%s overlaps %s", out.name, other.name);
      break;
    }
  }
  return status_;
}

bool OpCheck::overlap(const Span& a, const Span& b) {
  const int64_t a_bytes = (a.rows - 1) * a.stride + a.cols, b_bytes = (b.rows - 1) * b.stride + b.cols;
  if (a.address + a_bytes <= b.address || b.address + b_bytes <= a.address) return false;
  if ((a.rows == 1 && b.rows == 1) || (a.rows > 1 && b.rows > 1 && a.stride != b.stride)) return true;
  // Rows i of a and j of b meet where k = i - j satisfies distance - a.cols < k stride < distance + b.cols: column
  // slices of one matrix interleave without meeting.
  const int64_t stride = a.rows > 1 ? a.stride : b.stride;
  const int64_t distance = static_cast<int64_t>(b.address - a.address);
  const auto floor_div = [](int64_t x, int64_t y) { return x / y - (x % y < 0); };
  const int64_t first = floor_div(distance - a.cols, stride) + 1;
  const int64_t last = -floor_div(-(distance + b.cols), stride) - 1;
  return first <= last && first <= a.rows - 1 && last >= 1 - b.rows;
}

bool OpCheck::in_place(const Span& out, const Span& in) const {
  return std::strcmp(out.name, in_place_out_) == 0 && std::strcmp(in.name, in_place_in_) == 0 &&
         out.address == in.address && out.rows == in.rows && out.cols == in.cols &&
         (out.rows == 1 || out.stride == in.stride);
}

}  // namespace lacuna
