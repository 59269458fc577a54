// One op on the CPU and on liblacuna_cuda.so over a driver, from the same arguments. The op table says what every
// argument is, so that a test fills an argument struct with host addresses and no more.
#ifndef LACUNA_TESTS_CUDA_PARITY_H
#define LACUNA_TESTS_CUDA_PARITY_H

#include <cctype>
#include <map>
#include <memory>

#include "cuda_library.h"
#include "test_util.h"

namespace lacuna::test {

// A tensor argument of a call, as the op table and the struct's sizes have it.
struct Operand {
  const lacuna_field_info* field;
  int64_t rows, cols, stride, bytes;  // stride in elements; bytes from the first element to the end of the last
  void** pointer;                     // in the argument struct

  bool written() const { return field->kind != LACUNA_FIELD_IN && field->kind != LACUNA_FIELD_OPT_IN; }
  int64_t element() const { return field->dtype == LACUNA_F64 ? 8 : field->dtype == LACUNA_U8 ? 1 : 4; }
};

// The value of "n*c_in*h" or "5" over the fields of a struct.
inline int64_t extent_of(const lacuna_op_info& op, const void* args, const std::string& product) {
  int64_t value = 1;
  for (size_t begin = 0; begin < product.size();) {
    const size_t end = std::min(product.find('*', begin), product.size());
    const std::string name = product.substr(begin, end - begin);
    begin = end + 1;
    if (std::isdigit(static_cast<unsigned char>(name[0]))) value *= std::stoll(name);
    for (int i = 0; i < op.field_count; ++i) {
      if (name == op.fields[i].name) {
        value *= *reinterpret_cast<const int64_t*>(static_cast<const char*>(args) + op.fields[i].offset);
      }
    }
  }
  return value;
}

// The tensors that are there and not empty.
inline std::vector<Operand> operands_of(int32_t id, void* args) {
  const lacuna_op_info& op = lacuna_op_table()[id];
  std::vector<Operand> operands;
  for (int i = 0; i < op.field_count; ++i) {
    const lacuna_field_info& field = op.fields[i];
    if (field.kind < LACUNA_FIELD_IN) continue;
    Operand operand{&field,
                    extent_of(op, args, field.rows),
                    extent_of(op, args, field.cols),
                    extent_of(op, args, field.stride),
                    0,
                    reinterpret_cast<void**>(static_cast<char*>(args) + field.offset)};
    if (!*operand.pointer || operand.rows <= 0 || operand.cols <= 0) continue;
    operand.bytes = ((operand.rows - 1) * operand.stride + operand.cols) * operand.element();
    operands.push_back(operand);
  }
  return operands;
}

// How a call ended, and what the context said of it where that was not OK.
struct Outcome {
  lacuna_status status;
  std::string text;
};

// Runs op on the device. args holds host addresses; what the op writes comes back to them, gaps between rows included,
// whatever the outcome. A tensor that two arguments name travels once. The outcome is that of the call or, where that
// is OK, of the wait behind it.
template <class Args>
Outcome run_on_device(const DeviceContext& ctx, int32_t op, Args args, uint32_t flags = 0) {
  args.struct_size = sizeof args;
  args.flags = flags;
  const auto outcome = [&ctx](lacuna_status status) {
    return Outcome{status, status == LACUNA_OK ? std::string() : ctx.error()};
  };
  struct Travel {
    Operand operand;
    void* host;
    std::unique_ptr<DeviceBlock> block;
  };
  std::vector<Travel> travels;
  for (const Operand& operand : operands_of(op, &args)) {
    void* const host = *operand.pointer;
    const auto first =
        std::find_if(travels.begin(), travels.end(), [=](const Travel& travel) { return travel.host == host; });
    if (first != travels.end()) {
      *operand.pointer = first->block->address();
      first->operand.bytes = std::max(first->operand.bytes, operand.bytes);
      continue;
    }
    auto block = std::make_unique<DeviceBlock>(ctx, operand.bytes);
    *operand.pointer = block->address();
    EXPECT_EQ(LACUNA_OK, ctx.cuda.lacuna_upload(ctx, block->address(), host, operand.bytes)) << ctx.error();
    travels.push_back({operand, host, std::move(block)});
  }
  int64_t bytes = 0;
  if (const lacuna_status status = ctx.cuda.lacuna_workspace(ctx, op, &args, &bytes)) return outcome(status);
  std::unique_ptr<DeviceBlock> workspace;
  if (bytes > 0) {
    workspace = std::make_unique<DeviceBlock>(ctx, bytes);
    args.workspace = workspace->address();
    args.workspace_bytes = bytes;
  }
  lacuna_op_fn function = nullptr;
  if (const lacuna_status status = ctx.cuda.lacuna_op_lookup(ctx, op, &function)) return outcome(status);
  Outcome result = outcome(function(ctx, &args));
  if (result.status == LACUNA_OK) result = outcome(ctx.cuda.lacuna_synchronize(ctx));
  for (const Travel& travel : travels) {
    EXPECT_EQ(LACUNA_OK, ctx.cuda.lacuna_download(ctx, travel.host, travel.block->address(), travel.operand.bytes))
        << ctx.error();
  }
  return result;
}

// A call's tensors, copied: the copy's struct names the copies, and two arguments that share a tensor share its copy.
template <class Args>
class CallCopy {
 public:
  CallCopy(int32_t op, const Args& original) : args(original) {
    for (const Operand& operand : operands_of(op, &args)) {
      const char* const from = static_cast<const char*>(*operand.pointer);
      auto& copy = copies_[from];
      if (copy.size() < static_cast<size_t>(operand.bytes)) copy.assign(from, from + operand.bytes);
    }
    for (const Operand& operand : operands_of(op, &args)) {
      *operand.pointer = copies_[static_cast<const char*>(*operand.pointer)].data();
    }
  }
  CallCopy(const CallCopy&) = delete;
  CallCopy& operator=(const CallCopy&) = delete;

  Args args;

 private:
  std::map<const char*, std::vector<char>> copies_;
};

// The largest difference of two tensors by the largest finite number of the first; infinity where NaN, an infinity or
// an integer differs, or a byte in a gap between rows.
inline double difference(const Operand& want, const Operand& got) {
  const auto real = [](const Operand& operand, int64_t index) -> double {
    const void* const data = *operand.pointer;
    switch (operand.field->dtype) {
      case LACUNA_F32:
        return static_cast<const float*>(data)[index];
      case LACUNA_F64:
        return static_cast<const double*>(data)[index];
      case LACUNA_I32:
        return static_cast<const int32_t*>(data)[index];
      default:
        return static_cast<const uint8_t*>(data)[index];
    }
  };
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const bool exact = want.field->dtype == LACUNA_I32 || want.field->dtype == LACUNA_U8;
  double largest = 0, error = 0;
  for (int64_t row = 0; row < want.rows; ++row) {
    for (int64_t col = 0; col < want.cols; ++col) {
      const double a = real(want, row * want.stride + col), b = real(got, row * want.stride + col);
      if (std::isfinite(a) && std::isfinite(b) && !(exact && a != b)) {
        largest = std::max(largest, std::abs(a));
        error = std::max(error, std::abs(a - b));
      } else if (exact || !(a == b || (std::isnan(a) && std::isnan(b)))) {
        return kInfinity;
      }
    }
    const int64_t gap = (row * want.stride + want.cols) * want.element();
    if (row + 1 < want.rows &&
        std::memcmp(static_cast<const char*>(*want.pointer) + gap, static_cast<const char*>(*got.pointer) + gap,
                    static_cast<size_t>((want.stride - want.cols) * want.element())) != 0) {
      return kInfinity;
    }
  }
  return error == 0 ? 0 : error / largest;
}

// Runs op on the CPU and on the device, and holds every tensor that it writes to the tolerance, by the largest number
// in it.
template <class Args>
void expect_parity(const DeviceContext& ctx, int32_t op, const Args& args, double tolerance = 1e-5,
                   uint32_t flags = 0) {
  CallCopy<Args> host(op, args), device(op, args);
  static Context cpu(1);
  ASSERT_EQ(LACUNA_OK, call(cpu, op, host.args, flags)) << cpu.error();
  const Outcome outcome = run_on_device(ctx, op, device.args, flags);
  ASSERT_EQ(LACUNA_OK, outcome.status) << outcome.text;
  const std::vector<Operand> want = operands_of(op, &host.args), got = operands_of(op, &device.args);
  // An input that an output replaces is looked at as the output.
  const auto replaced = [&](const Operand& input) {
    return std::any_of(want.begin(), want.end(),
                       [&](const Operand& operand) { return operand.written() && *operand.pointer == *input.pointer; });
  };
  for (size_t i = 0; i < want.size(); ++i) {
    if (want[i].written()) {
      EXPECT_LE(difference(want[i], got[i]), tolerance) << lacuna_op_table()[op].name << ": " << want[i].field->name;
    } else if (!replaced(want[i])) {
      EXPECT_EQ(0, std::memcmp(*want[i].pointer, *got[i].pointer, static_cast<size_t>(want[i].bytes)))
          << want[i].field->name << " is an input and was written";
    }
  }
}

// Both refuse the call with the same status; the device with a text that holds `text`; and no tensor changes.
template <class Args>
void expect_refused(const DeviceContext& ctx, int32_t op, const Args& args, const std::string& text,
                    uint32_t flags = 0) {
  CallCopy<Args> host(op, args), device(op, args), before(op, args);
  static Context cpu(1);
  const lacuna_status status = call(cpu, op, host.args, flags);
  EXPECT_NE(LACUNA_OK, status);
  const Outcome outcome = run_on_device(ctx, op, device.args, flags);
  EXPECT_EQ(status, outcome.status) << "the CPU says " << cpu.error() << ", the device " << outcome.text;
  EXPECT_NE(outcome.text.find(text), std::string::npos) << outcome.text;
  const std::vector<Operand> want = operands_of(op, &before.args), got = operands_of(op, &device.args);
  for (size_t i = 0; i < want.size(); ++i) {
    EXPECT_EQ(0, std::memcmp(*want[i].pointer, *got[i].pointer, static_cast<size_t>(want[i].bytes)))
        << want[i].field->name << " was changed by a refused call";
  }
}

}  // namespace lacuna::test
#endif
