// The extern "C" wall. Every body that works on a context runs inside guarded(): one thread at a time, and no exception
// escapes.
#include <sched.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <thread>

#include "context.h"
#include "cpu_features.h"
#include "op_table.h"

namespace {

constexpr int kMaxThreads = 1024;
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
  ctx->begin(call);
  const lacuna_status status =
      without_exceptions(body, [ctx](lacuna_status code, const char* text) { return ctx->fail(code, "%s", text); });
  ctx->release();
  return status;
}

template <int32_t op>
lacuna_status call_op(lacuna_context* ctx, const void* args) noexcept {
  return guarded(ctx, lacuna::op_name(op), [=] { return lacuna::run_op(*ctx, ctx->tier(), op, args); });
}

#define LACUNA_OP_FUNCTION(id, op) &call_op<id>,
constexpr lacuna_op_fn kOpFunctions[] = {LACUNA_OPS(LACUNA_OP_FUNCTION)};

int usable_cores() {
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) == 0) return std::max(1, CPU_COUNT(&cores));
  return std::max(1u, std::thread::hardware_concurrency());
}

template <class Report>
lacuna_status open(const lacuna_open_args* args, lacuna_context** out, Report&& report) {
  const auto wrong = [&](const char* field, int64_t got, const char* want) {
    return report(LACUNA_INVALID_ARGUMENT,
                  (std::string(field) + " is " + std::to_string(got) + ", want " + want).c_str());
  };
  if (!args) return report(LACUNA_INVALID_ARGUMENT, "args is NULL");
  if (args->struct_size < sizeof(lacuna_open_args)) {
    const std::string text =
        "struct_size is " + std::to_string(args->struct_size) + ", want >= " + std::to_string(sizeof *args);
    return report(LACUNA_ABI_MISMATCH, text.c_str());
  }
  if (args->tier < LACUNA_TIER_BEST || args->tier > LACUNA_TIER_AVX512) return wrong("tier", args->tier, "0 to 3");
  if (args->threads < 0 || args->threads > kMaxThreads) return wrong("threads", args->threads, "0 to 1024");

  int32_t tier = args->tier;
  if (tier == LACUNA_TIER_BEST) {
    tier = LACUNA_TIER_AVX512;
    while (lacuna::tier_obstacle(tier)) --tier;
  } else if (const char* obstacle = lacuna::tier_obstacle(tier)) {
    return report(LACUNA_UNSUPPORTED, (std::string("tier ") + lacuna::tier_name(tier) + ": " + obstacle).c_str());
  }
  *out = new lacuna_context(tier, args->threads ? args->threads : usable_cores(),
                            args->library_dir ? args->library_dir : "");
  return LACUNA_OK;
}

bool overlap(const void* a, const void* b, int64_t bytes) {
  const auto x = reinterpret_cast<uintptr_t>(a), y = reinterpret_cast<uintptr_t>(b);
  return (x < y ? y - x : x - y) < static_cast<uintptr_t>(bytes);
}

// Device memory is host memory here, so that the three copies are one.
lacuna_status copy(lacuna_context* ctx, const char* call, void* target, const void* source, int64_t bytes) {
  return guarded(ctx, call, [=] {
    if (bytes < 0) return ctx->fail(LACUNA_INVALID_ARGUMENT, "bytes is %" PRId64 ", want >= 0", bytes);
    if (bytes == 0) return LACUNA_OK;
    if (!target || !source) {
      return ctx->fail(LACUNA_INVALID_ARGUMENT, "the %s is NULL", target ? "source" : "target");
    }
    if (overlap(target, source, bytes)) {
      return ctx->fail(LACUNA_INVALID_ARGUMENT, "source and target overlap within %" PRId64 " bytes", bytes);
    }
    std::memcpy(target, source, static_cast<size_t>(bytes));
    return LACUNA_OK;
  });
}

}  // namespace

extern "C" {

lacuna_status lacuna_context_open(const lacuna_open_args* args, lacuna_context** out, char* error,
                                  int64_t error_capacity) {
  const auto report = [=](lacuna_status code, const char* text) {
    if (error && error_capacity > 0)
      std::snprintf(error, static_cast<size_t>(error_capacity), "context_open: %s", text);
    return code;
  };
  if (!out) return report(LACUNA_INVALID_ARGUMENT, "out is NULL");
  *out = nullptr;
  return without_exceptions([&] { return open(args, out, report); }, report);
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

const char* lacuna_describe(lacuna_context* ctx) {
  const char* text = "";
  guarded(ctx, "describe", [&] {
    text = ctx->describe();
    return LACUNA_OK;
  });
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
  return copy(ctx, "upload", device, host, bytes);
}

lacuna_status lacuna_download(lacuna_context* ctx, void* host, const void* device, int64_t bytes) {
  return copy(ctx, "download", host, device, bytes);
}

lacuna_status lacuna_copy(lacuna_context* ctx, void* target, const void* source, int64_t bytes) {
  return copy(ctx, "copy", target, source, bytes);
}

lacuna_status lacuna_synchronize(lacuna_context* ctx) {
  return guarded(ctx, "synchronize", [] { return LACUNA_OK; });
}

lacuna_status lacuna_op_lookup(lacuna_context* ctx, int32_t op, lacuna_op_fn* out) {
  return guarded(ctx, "op_lookup", [=] {
    if (!out) return ctx->fail(LACUNA_INVALID_ARGUMENT, "out is NULL");
    *out = nullptr;
    if (op < 0 || op >= LACUNA_OP_COUNT) {
      return ctx->fail(LACUNA_UNSUPPORTED, "op is %d, this library has 0 to %d", op, LACUNA_OP_COUNT - 1);
    }
    *out = kOpFunctions[op];
    return LACUNA_OK;
  });
}

lacuna_status lacuna_workspace(lacuna_context* ctx, int32_t op, const void* args, int64_t* bytes) {
  if (op < 0 || op >= LACUNA_OP_COUNT) {
    return guarded(ctx, "workspace", [=] {
      return ctx->fail(LACUNA_UNSUPPORTED, "op is %d, this library has 0 to %d", op, LACUNA_OP_COUNT - 1);
    });
  }
  return guarded(ctx, lacuna::op_name(op), [=] {
    if (!bytes) return ctx->fail(LACUNA_INVALID_ARGUMENT, "bytes is NULL");
    *bytes = 0;
    return lacuna::op_workspace(*ctx, op, args, bytes);
  });
}

int32_t lacuna_abi_version(void) { return LACUNA_ABI_MAJOR << 16 | LACUNA_ABI_MINOR; }
int32_t lacuna_op_count(void) { return LACUNA_OP_COUNT; }
const lacuna_op_info* lacuna_op_table(void) { return lacuna::op_table(); }

}  // extern "C"
