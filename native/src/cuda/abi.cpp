// The extern "C" wall of the CUDA library: the same symbols as liblacuna.so. Every body that works on a context runs
// inside guarded(): one thread at a time, the GPU's context current, and no exception escapes.
#include <cinttypes>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <thread>

#include "cuda/context.h"
#include "cuda/ops.h"
#include "op_table.h"

namespace {

constexpr char kOverlap[] = "context: used by two threads at once; hand it over or open one context per thread";

// The one place where exceptions become statuses; report(status, text) says it where the caller can read it.
template <class Body, class Report>
lacuna_status without_exceptions(Body&& body, Report&& report) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return report(LACUNA_OUT_OF_MEMORY, "no memory");
  } catch (const std::exception& exception) {
    return report(LACUNA_INTERNAL, exception.what());
  } catch (...) {
    return report(LACUNA_INTERNAL, "unknown exception");
  }
}

template <class Body>
lacuna_status guarded(lacuna_context* ctx, const char* call, Body&& body) noexcept {
  if (!ctx || !ctx->claim()) return LACUNA_INVALID_ARGUMENT;
  const lacuna_status status = without_exceptions(
      [&] {
        if (const lacuna_status refused = ctx->enter(call)) return refused;
        struct Leave {
          lacuna_context* ctx;
          ~Leave() { ctx->leave(); }
        } leave{ctx};
        return body();
      },
      [ctx](lacuna_status code, const char* text) { return ctx->fail(code, "%s", text); });
  ctx->release();
  return status;
}

// op_table.cpp is compiled here with every tier standing for the CUDA launchers, so that any tier leads to them.
constexpr int32_t kTier = LACUNA_TIER_SCALAR;

template <int32_t op>
lacuna_status call_op(lacuna_context* ctx, const void* args) noexcept {
  return guarded(ctx, lacuna::op_name(op), [=] { return lacuna::run_op(*ctx, kTier, op, args); });
}

#define LACUNA_OP_FUNCTION(id, op) &call_op<id>,
constexpr lacuna_op_fn kOpFunctions[] = {LACUNA_OPS(LACUNA_OP_FUNCTION)};

lacuna_status check_op(lacuna_context* ctx, int32_t op) {
  if (op < 0 || op >= LACUNA_OP_COUNT) {
    return ctx->fail(LACUNA_UNSUPPORTED, "op is %d, this library has 0 to %d", op, LACUNA_OP_COUNT - 1);
  }
  if (!lacuna::cuda::has_kernel(op)) {
    return ctx->fail(LACUNA_UNSUPPORTED, "the CUDA back end has no %s", lacuna::op_name(op));
  }
  return LACUNA_OK;
}

lacuna_status check_copy(lacuna_context* ctx, const void* target, const void* source, int64_t bytes) {
  if (bytes < 0) return ctx->fail(LACUNA_INVALID_ARGUMENT, "bytes is %" PRId64 ", want >= 0", bytes);
  if (bytes > 0 && (!target || !source)) {
    return ctx->fail(LACUNA_INVALID_ARGUMENT, "the %s is NULL", target ? "source" : "target");
  }
  return LACUNA_OK;
}

}  // namespace

extern "C" {

lacuna_status lacuna_context_open(const lacuna_open_args* args, lacuna_context** out, char* error,
                                  int64_t error_capacity) {
  const auto report = [=](lacuna_status code, const char* text) {
    if (error && error_capacity > 0) std::snprintf(error, static_cast<size_t>(error_capacity), "%s", text);
    return code;
  };
  if (!out) return report(LACUNA_INVALID_ARGUMENT, "context_open: out is NULL");
  *out = nullptr;
  if (!args) return report(LACUNA_INVALID_ARGUMENT, "context_open: args is NULL");
  return without_exceptions(
      [&] {
        if (args->struct_size < sizeof *args) {
          const std::string text = "context_open: struct_size is " + std::to_string(args->struct_size) +
                                   ", want >= " + std::to_string(sizeof *args);
          return report(LACUNA_ABI_MISMATCH, text.c_str());
        }
        auto ctx = std::make_unique<lacuna_context>();
        std::string text;
        const char* path = args->library_dir ? args->library_dir : "libcuda.so.1";
        if (const lacuna_status status = ctx->open(path, args->device, text)) return report(status, text.c_str());
        *out = ctx.release();
        return LACUNA_OK;
      },
      report);
}

void lacuna_context_close(lacuna_context* ctx) {
  if (!ctx) return;
  while (!ctx->claim()) std::this_thread::yield();
  delete ctx;
}

const char* lacuna_last_error(lacuna_context* ctx) {
  if (!ctx) return "context: is NULL";
  if (!ctx->claim()) return kOverlap;
  const char* text = ctx->overlap() ? kOverlap : ctx->error();
  ctx->release();
  return text;
}

const char* lacuna_describe(lacuna_context* ctx) { return ctx ? ctx->describe() : ""; }

lacuna_status lacuna_alloc(lacuna_context* ctx, int64_t bytes, void** out) {
  return guarded(ctx, "alloc", [=] {
    if (!out) return ctx->fail(LACUNA_INVALID_ARGUMENT, "out is NULL");
    return ctx->alloc(bytes, out);
  });
}

lacuna_status lacuna_free(lacuna_context* ctx, void* address) {
  return guarded(ctx, "free", [=] { return ctx->free(address); });
}

lacuna_status lacuna_upload(lacuna_context* ctx, void* device, const void* host, int64_t bytes) {
  return guarded(ctx, "upload", [=] {
    const lacuna_status status = check_copy(ctx, device, host, bytes);
    return status || bytes == 0 ? status : ctx->upload(device, host, bytes);
  });
}

lacuna_status lacuna_download(lacuna_context* ctx, void* host, const void* device, int64_t bytes) {
  return guarded(ctx, "download", [=] {
    const lacuna_status status = check_copy(ctx, host, device, bytes);
    return status || bytes == 0 ? status : ctx->download(host, device, bytes);
  });
}

lacuna_status lacuna_copy(lacuna_context* ctx, void* target, const void* source, int64_t bytes) {
  return guarded(ctx, "copy", [=] {
    const lacuna_status status = check_copy(ctx, target, source, bytes);
    return status || bytes == 0 ? status : ctx->copy(target, source, bytes);
  });
}

lacuna_status lacuna_synchronize(lacuna_context* ctx) {
  return guarded(ctx, "synchronize", [=] { return ctx->synchronize(); });
}

lacuna_status lacuna_op_lookup(lacuna_context* ctx, int32_t op, lacuna_op_fn* out) {
  return guarded(ctx, "op_lookup", [=] {
    if (!out) return ctx->fail(LACUNA_INVALID_ARGUMENT, "out is NULL");
    *out = nullptr;
    const lacuna_status status = check_op(ctx, op);
    if (!status) *out = kOpFunctions[op];
    return status;
  });
}

lacuna_status lacuna_workspace(lacuna_context* ctx, int32_t op, const void* args, int64_t* bytes) {
  const bool known = op >= 0 && op < LACUNA_OP_COUNT;
  return guarded(ctx, known ? lacuna::op_name(op) : "workspace", [=] {
    if (!bytes) return ctx->fail(LACUNA_INVALID_ARGUMENT, "bytes is NULL");
    *bytes = 0;
    const lacuna_status status = check_op(ctx, op);
    return status ? status : lacuna::op_workspace(*ctx, op, args, bytes);
  });
}

int32_t lacuna_abi_version(void) { return LACUNA_ABI_MAJOR << 16 | LACUNA_ABI_MINOR; }
int32_t lacuna_op_count(void) { return LACUNA_OP_COUNT; }
const lacuna_op_info* lacuna_op_table(void) { return lacuna::op_table(); }

}  // extern "C"
