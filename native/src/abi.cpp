// The extern "C" wall of every back end. Every body that works on a context runs inside guarded(): one thread at a
// time, and no exception escapes.
#include <cinttypes>
#include <cstdio>
#include <exception>
#include <new>
#include <thread>

#include "context.h"
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

template <int32_t op>
lacuna_status call_op(lacuna_context* ctx, const void* args) noexcept {
  return guarded(ctx, lacuna::op_name(op), [=] { return lacuna::run_op(*ctx, op, args); });
}

#define LACUNA_OP_FUNCTION(id, op) &call_op<id>,
constexpr lacuna_op_fn kOpFunctions[] = {LACUNA_OPS(LACUNA_OP_FUNCTION)};

bool is_op(int32_t op) { return op >= 0 && op < LACUNA_OP_COUNT; }

lacuna_status check_op(lacuna_context* ctx, int32_t op) {
  if (!is_op(op)) {
    return ctx->fail(LACUNA_UNSUPPORTED, "op is %d, this library has 0 to %d", op, LACUNA_OP_COUNT - 1);
  }
  if (!ctx->op(op).run) {
    return ctx->fail(LACUNA_UNSUPPORTED, "the %s back end has no %s", ctx->back_end(), lacuna::op_name(op));
  }
  return LACUNA_OK;
}

bool overlap(const void* a, const void* b, int64_t bytes) {
  const auto x = reinterpret_cast<uintptr_t>(a), y = reinterpret_cast<uintptr_t>(b);
  return (x < y ? y - x : x - y) < static_cast<uintptr_t>(bytes);
}

lacuna_status copy(lacuna_context* ctx, const char* call,
                   lacuna_status (lacuna_context::*run)(void*, const void*, int64_t), void* target, const void* source,
                   int64_t bytes) {
  return guarded(ctx, call, [=] {
    if (bytes < 0) return ctx->fail(LACUNA_INVALID_ARGUMENT, "bytes is %" PRId64 ", want >= 0", bytes);
    if (bytes == 0) return LACUNA_OK;
    if (!target || !source) {
      return ctx->fail(LACUNA_INVALID_ARGUMENT, "the %s is NULL", target ? "source" : "target");
    }
    if (overlap(target, source, bytes)) {
      return ctx->fail(LACUNA_INVALID_ARGUMENT, "source and target overlap within %" PRId64 " bytes", bytes);
    }
    return (ctx->*run)(target, source, bytes);
  });
}

}  // namespace

extern "C" {

lacuna_status lacuna_context_open(const lacuna_open_args* args, lacuna_context** out, char* error,
                                  int64_t error_capacity) {
  const auto write = [=](lacuna_status code, const char* prefix, const char* text) {
    if (error && error_capacity > 0) {
      std::snprintf(error, static_cast<size_t>(error_capacity), "%s%s", prefix, text);
    }
    return code;
  };
  const auto report = [=](lacuna_status code, const char* text) { return write(code, "context_open: ", text); };
  if (!out) return report(LACUNA_INVALID_ARGUMENT, "out is NULL");
  *out = nullptr;
  if (!args) return report(LACUNA_INVALID_ARGUMENT, "args is NULL");
  return without_exceptions(
      [&] {
        std::string text;
        if (args->struct_size < sizeof *args) {
          text = "struct_size is " + std::to_string(args->struct_size) + ", want >= " + std::to_string(sizeof *args);
          return report(LACUNA_ABI_MISMATCH, text.c_str());
        }
        std::unique_ptr<lacuna_context> ctx;
        const lacuna_status status = lacuna::open_context(*args, ctx, text);
        *out = ctx.release();
        return status ? write(status, "", text.c_str()) : status;
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
  const char* text = ctx->overlapped() ? kOverlap : ctx->error();
  ctx->release();
  return text;
}

const char* lacuna_describe(lacuna_context* ctx) {
  if (!ctx || !ctx->claim()) return "";
  const char* text = ctx->describe();
  ctx->release();
  return text;
}

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
  return copy(ctx, "upload", &lacuna_context::upload, device, host, bytes);
}

lacuna_status lacuna_download(lacuna_context* ctx, void* host, const void* device, int64_t bytes) {
  return copy(ctx, "download", &lacuna_context::download, host, device, bytes);
}

lacuna_status lacuna_copy(lacuna_context* ctx, void* target, const void* source, int64_t bytes) {
  return copy(ctx, "copy", &lacuna_context::copy, target, source, bytes);
}

lacuna_status lacuna_synchronize(lacuna_context* ctx) {
  return guarded(ctx, "synchronize", [=] { return ctx->synchronize(); });
}

lacuna_status lacuna_synchronize_device(lacuna_context* ctx) {
  return guarded(ctx, "synchronize_device", [=] { return ctx->synchronize_device(); });
}

lacuna_status lacuna_adopt(lacuna_context* ctx, void* address, int64_t bytes) {
  return guarded(ctx, "adopt", [=] { return ctx->adopt(address, bytes); });
}

lacuna_status lacuna_release(lacuna_context* ctx, void* address) {
  return guarded(ctx, "release", [=] { return ctx->release(address); });
}

lacuna_status lacuna_stream(lacuna_context* ctx, void** out) {
  return guarded(ctx, "stream", [=] {
    if (!out) return ctx->fail(LACUNA_INVALID_ARGUMENT, "out is NULL");
    return ctx->stream(out);
  });
}

lacuna_status lacuna_use_stream(lacuna_context* ctx, void* stream) {
  return guarded(ctx, "use_stream", [=] { return ctx->use_stream(stream); });
}

lacuna_status lacuna_timer_start(lacuna_context* ctx) {
  return guarded(ctx, "timer_start", [=] { return ctx->timer_start(); });
}

lacuna_status lacuna_timer_stop(lacuna_context* ctx, double* milliseconds) {
  return guarded(ctx, "timer_stop", [=] {
    if (!milliseconds) return ctx->fail(LACUNA_INVALID_ARGUMENT, "milliseconds is NULL");
    return ctx->timer_stop(milliseconds);
  });
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

lacuna_status lacuna_run_keeping(lacuna_context* ctx, lacuna_op_fn op, const void* args, ...) {
  return op ? op(ctx, args) : guarded(ctx, "run", [=] { return ctx->fail(LACUNA_INVALID_ARGUMENT, "op is NULL"); });
}

lacuna_status lacuna_workspace(lacuna_context* ctx, int32_t op, const void* args, int64_t* bytes) {
  return guarded(ctx, is_op(op) ? lacuna::op_name(op) : "workspace", [=] {
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
