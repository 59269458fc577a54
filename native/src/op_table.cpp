#include "op_table.h"

#include <cinttypes>
#include <cstddef>
#include <iterator>

#include "op_check.h"

namespace lacuna {

namespace {

// Descriptions.
template <class Args>
struct Fields;

#define LACUNA_INFO(kind, dtype, name, rows, cols, stride) \
  lacuna_field_info{#name, kind, dtype, static_cast<int32_t>(offsetof(Args, name)), 0, rows, cols, stride},
#define LACUNA_INFO_SIZE(name) LACUNA_INFO(LACUNA_FIELD_SIZE, LACUNA_NONE, name, "", "", "")
#define LACUNA_INFO_STRIDE(name) LACUNA_INFO(LACUNA_FIELD_STRIDE, LACUNA_NONE, name, "", "", "")
#define LACUNA_INFO_CODE(name) LACUNA_INFO(LACUNA_FIELD_CODE, LACUNA_NONE, name, "", "", "")
#define LACUNA_INFO_REAL(name) LACUNA_INFO(LACUNA_FIELD_REAL, LACUNA_NONE, name, "", "", "")
#define LACUNA_INFO_TENSOR(kind, dtype, name, rows, cols, stride) \
  LACUNA_INFO(LACUNA_FIELD_##kind, LACUNA_##dtype, name, #rows, #cols, #stride)
#define LACUNA_INFO_FIELDS(id, op)                                                                      \
  template <>                                                                                           \
  struct Fields<lacuna_##op##_args> {                                                                   \
    using Args = lacuna_##op##_args;                                                                    \
    static constexpr lacuna_field_info kList[] = {LACUNA_FIELDS_##op(                                   \
        LACUNA_INFO_SIZE, LACUNA_INFO_STRIDE, LACUNA_INFO_CODE, LACUNA_INFO_REAL, LACUNA_INFO_TENSOR)}; \
  };
LACUNA_OPS(LACUNA_INFO_FIELDS)

#define LACUNA_INFO_OP(id, op)                                                       \
  lacuna_op_info{#op,                                                                \
                 id,                                                                 \
                 static_cast<int32_t>(sizeof(lacuna_##op##_args)),                   \
                 static_cast<int32_t>(std::size(Fields<lacuna_##op##_args>::kList)), \
                 0,                                                                  \
                 Fields<lacuna_##op##_args>::kList},
constexpr lacuna_op_info kInfos[] = {LACUNA_OPS(LACUNA_INFO_OP)};

constexpr bool tensors_fit_check() {
  for (const lacuna_op_info& info : kInfos) {
    int tensors = 1;
    for (int i = 0; i < info.field_count; ++i) tensors += info.fields[i].kind >= LACUNA_FIELD_IN;
    if (tensors > OpCheck::kMaxTensors) return false;
  }
  return true;
}
static_assert(tensors_fit_check());

// Checks: every size field becomes a constant of its own name, so that rows, cols and stride of the table are
// expressions here.
#define LACUNA_CHECK_SIZE(name)                  \
  [[maybe_unused]] const Extent name{args.name}; \
  check.size(#name, args.name);
#define LACUNA_CHECK_STRIDE(name) [[maybe_unused]] const Extent name{args.name};
#define LACUNA_CHECK_NOTHING(name)
#define LACUNA_CHECK_TENSOR(kind, dtype, name, rows, cols, stride)                                            \
  check.tensor({#name, #rows, #cols, #stride, LACUNA_FIELD_##kind, sizeof(LACUNA_POINTER_##dtype), args.name, \
                Extent{rows}, Extent{cols}, Extent{stride}});
#define LACUNA_CHECK_OP(id, op)                                                                            \
  [](OpCheck& check, const void* untyped) {                                                                \
    const auto& args = *static_cast<const lacuna_##op##_args*>(untyped);                                   \
    LACUNA_FIELDS_##op(LACUNA_CHECK_SIZE, LACUNA_CHECK_STRIDE, LACUNA_CHECK_NOTHING, LACUNA_CHECK_NOTHING, \
                       LACUNA_CHECK_TENSOR)                                                                \
  },
constexpr void (*kChecks[])(OpCheck&, const void* args) = {LACUNA_OPS(LACUNA_CHECK_OP)};

// Outputs that may be the very tensor of an input: same address, same stride.
struct InPlace {
  const char* out = "";
  const char* in = "";
};
constexpr InPlace in_place(int32_t op) {
  switch (op) {
    case LACUNA_OP_elementwise_fwd:
      return {"out", "x"};
    case LACUNA_OP_rls_project:
    case LACUNA_OP_rls_step:
      return {"out", "g"};
    default:
      return {};
  }
}

// Every args struct begins with these.
struct Header {
  uint32_t struct_size, flags;
  void* workspace;
  int64_t workspace_bytes;
};

lacuna_status check_header(lacuna_context& ctx, int32_t op, const void* args) {
  if (!args) return ctx.fail(LACUNA_INVALID_ARGUMENT, "args is NULL");
  const Header& header = *static_cast<const Header*>(args);
  if (header.struct_size < static_cast<uint32_t>(kInfos[op].struct_size)) {
    return ctx.fail(LACUNA_ABI_MISMATCH, "struct_size is %u, want >= %d", header.struct_size, kInfos[op].struct_size);
  }
  if (header.flags & ~LACUNA_FLAG_FAST)
    return ctx.fail(LACUNA_INVALID_ARGUMENT, "flags is %u, want 0 or %u (FAST)", header.flags, LACUNA_FLAG_FAST);
  return LACUNA_OK;
}

}  // namespace

const lacuna_op_info* op_table() { return kInfos; }

const char* op_name(int32_t op) { return kInfos[op].name; }

lacuna_status run_op(lacuna_context& ctx, int32_t id, const void* args) {
  if (const lacuna_status status = check_header(ctx, id, args)) return status;
  const Op& op = ctx.op(id);
  const InPlace pair = in_place(id);
  OpCheck check(ctx, CheckScope::kAddresses, pair.out, pair.in);
  kChecks[id](check, args);
  if (check.passed()) {
    const Header& header = *static_cast<const Header*>(args);
    check.workspace(header.workspace, header.workspace_bytes, op.workspace(ctx.threads(), args));
  }
  if (const lacuna_status status = check.finish()) return status;
  return op.run(ctx, args);
}

lacuna_status op_workspace(lacuna_context& ctx, int32_t id, const void* args, int64_t* bytes) {
  if (const lacuna_status status = check_header(ctx, id, args)) return status;
  OpCheck check(ctx, CheckScope::kSizes, "", "");
  kChecks[id](check, args);
  if (const lacuna_status status = check.finish()) return status;
  *bytes = ctx.op(id).workspace(ctx.threads(), args);
  return LACUNA_OK;
}

}  // namespace lacuna
