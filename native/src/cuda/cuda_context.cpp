#include "cuda/cuda_context.h"

#include <cinttypes>
#include <memory>

#include "cuda/dispatch.h"
#include "lacuna/fault.h"
#include "op_table.h"

namespace lacuna::cuda {
namespace {

DevicePointer address_of(const void* pointer) { return reinterpret_cast<DevicePointer>(pointer); }

}  // namespace

CudaContext::CudaContext() : lacuna_context("CUDA", kOps.data(), 1, MemorySpace::kDevice) {}

lacuna_status CudaContext::open(const std::string& driver_path, int ordinal, std::string& error) {
  const auto refuse = [&error](const std::string& reason, DriverResult result = 0) {
    error = "CUDA: " + reason;
    return result == kOutOfMemory ? LACUNA_OUT_OF_MEMORY : LACUNA_UNSUPPORTED;
  };
  if (!driver_.load(driver_path, error)) return LACUNA_UNSUPPORTED;

  int count = 0;
  if (const DriverResult result = driver_.cuDeviceGetCount(&count)) return refuse(driver_.text(result));
  if (count == 0) return refuse("the driver finds no NVIDIA GPU on this machine");
  if (ordinal < 0 || ordinal >= count) {
    error = "CUDA: device is " + std::to_string(ordinal) + ", this machine has 0 to " + std::to_string(count - 1);
    return LACUNA_INVALID_ARGUMENT;
  }
  char name[256] = "";
  int major = 0, minor = 0;
  DriverResult result = driver_.cuDeviceGet(&device_, ordinal);
  if (result == 0) result = driver_.cuDeviceGetName(name, sizeof name, device_);
  if (result == 0) result = driver_.cuDeviceGetAttribute(&major, kAttributeMajor, device_);
  if (result == 0) result = driver_.cuDeviceGetAttribute(&minor, kAttributeMinor, device_);
  const std::string device = "device " + std::to_string(ordinal) + (*name ? " (" + std::string(name) + ")" : "");
  if (result != 0) return refuse(device + " cannot be asked: " + driver_.text(result));
  const std::string capability = std::to_string(major) + "." + std::to_string(minor);
  if (major < 8) return refuse(device + " has compute capability " + capability + ", want 8.0 or newer");

  if ((result = driver_.cuDevicePrimaryCtxRetain(&driver_context_, device_))) {
    driver_context_ = nullptr;
    return refuse(device + " cannot be used: " + driver_.text(result), result);
  }
  if ((result = driver_.cuCtxPushCurrent_v2(driver_context_))) {
    return refuse(device + " cannot be used: " + driver_.text(result), result);
  }
  description_ = "device=cuda;ordinal=" + std::to_string(ordinal) + ";name=" + name + ";compute=" + capability +
                 ";driver=" + version_text(driver_.version);
  call_ = "context_open";
  result = prepare();
  modules_.open(major, minor);
  const std::string reason = result == 0 ? "" : driver_.text(result);
  leave();
  if (result != 0) return refuse(device + " cannot be prepared: " + reason, result);
  return broken_.empty() ? LACUNA_OK : refuse(device + " cannot be used: " + broken_);
}

DriverResult CudaContext::prepare() {
  DriverResult result = driver_.cuStreamCreate(&own_stream_, kStreamNonBlocking);
  stream_ = own_stream_;
  if (result == 0) result = memory_.open();
  if (result == 0) result = staging_.open();
  if (result == 0) result = driver_.cuEventCreate(&handover_, kEventNoTiming);
  if (result == 0) result = driver_.cuEventCreate(&timer_start_, kEventTiming);
  if (result == 0) result = driver_.cuEventCreate(&timer_stop_, kEventTiming);
  void* fetched = nullptr;
  if (result == 0) result = driver_.cuMemAllocHost_v2(&fetched, sizeof(int32_t));
  fetched_fault_ = static_cast<int32_t*>(fetched);
  if (result == 0) result = driver_.cuMemAlloc_v2(&fault_, sizeof(int32_t));
  if (result == 0) result = driver_.cuMemsetD8Async(fault_, 0, sizeof(int32_t), stream_);
  return result;
}

const char* CudaContext::describe() noexcept {
  try {
    described_ = description_ + modules_.facts();
    return described_.c_str();
  } catch (const std::bad_alloc&) {
    return description_.c_str();
  }
}

CudaContext::~CudaContext() {
  if (!driver_context_) return;
  if (driver_.cuCtxPushCurrent_v2(driver_context_) == 0) {
    driver_.cuCtxSynchronize();  // stream_ may be a foreign one, whose owner has destroyed it
    modules_.close();
    staging_.close();
    memory_.close();
    if (fault_) driver_.cuMemFree_v2(fault_);
    if (fetched_fault_) driver_.cuMemFreeHost(fetched_fault_);
    for (const Event event : {handover_, timer_start_, timer_stop_}) {
      if (event) driver_.cuEventDestroy_v2(event);
    }
    if (own_stream_) driver_.cuStreamDestroy_v2(own_stream_);
    leave();
  }
  driver_.cuDevicePrimaryCtxRelease_v2(device_);
}

lacuna_status CudaContext::enter(const char* call) {
  call_ = call;
  if (!broken_.empty()) {
    return fail(LACUNA_DEVICE_ERROR, "the context is unusable since %s; open a new one", broken_.c_str());
  }
  return check(driver_.cuCtxPushCurrent_v2(driver_context_));
}

void CudaContext::leave() {
  DriverContext popped = nullptr;
  const DriverResult result = driver_.cuCtxPopCurrent_v2(&popped);
  if (result != 0 && broken_.empty()) broken_ = std::string(call_) + ": " + driver_.text(result);
}

lacuna_status CudaContext::check(DriverResult result) {
  if (result == 0) return LACUNA_OK;
  const std::string text = driver_.text(result);
  broken_ = std::string(call_) + ": " + text;
  return fail(LACUNA_DEVICE_ERROR, "%s", text.c_str());
}

lacuna_status CudaContext::check_device_memory(const char* role, const void* address, int64_t bytes) {
  if (knows(address, bytes)) return LACUNA_OK;
  return fail(LACUNA_INVALID_ARGUMENT, "%s %p, %" PRId64 " bytes, is not within this context's device memory", role,
              address, bytes);
}

lacuna_status CudaContext::allocate(int64_t bytes, void** out) {
  DevicePointer address = 0;
  const DriverResult result = memory_.allocate(static_cast<size_t>(bytes), address);
  if (result == kOutOfMemory) {
    return fail(LACUNA_OUT_OF_MEMORY, "no device memory for %" PRId64 " bytes", bytes);
  }
  *out = reinterpret_cast<void*>(address);
  return check(result);
}

lacuna_status CudaContext::deallocate(void* block) { return check(memory_.free(address_of(block))); }

lacuna_status CudaContext::check_foreign(const void* address, int64_t bytes) {
  // The driver refuses what it did not allocate. That breaks nothing, so it is no failure of the context.
  DriverContext owner = nullptr;
  DevicePointer start = 0;
  size_t size = 0;
  int device = -1;
  uint32_t type = 0, managed = 0;
  const DevicePointer pointer = address_of(address);
  DriverResult result = driver_.cuPointerGetAttribute(&owner, kPointerContext, pointer);
  if (result == 0) result = driver_.cuPointerGetAttribute(&device, kPointerDevice, pointer);
  if (result == 0) result = driver_.cuPointerGetAttribute(&type, kPointerMemoryType, pointer);
  if (result == 0) result = driver_.cuPointerGetAttribute(&managed, kPointerIsManaged, pointer);
  if (result == 0) result = driver_.cuPointerGetAttribute(&start, kPointerRangeStart, pointer);
  if (result == 0) result = driver_.cuPointerGetAttribute(&size, kPointerRangeSize, pointer);
  if (result != 0) {
    return fail(LACUNA_INVALID_ARGUMENT, "address %p is not device memory: %s", address, driver_.text(result).c_str());
  }
  if (type != kMemoryTypeDevice && !managed) {
    return fail(LACUNA_INVALID_ARGUMENT, "address %p is host memory, want memory of device %d", address, device_);
  }
  // Memory of a pool belongs to the device and to none of its contexts.
  if (owner ? owner != driver_context_ : device != device_) {
    return fail(LACUNA_INVALID_ARGUMENT,
                "address %p belongs to another device or CUDA context, want the primary context of device %d", address,
                device_);
  }
  if (memory_.holds(pointer)) {
    return fail(LACUNA_INVALID_ARGUMENT, "address %p lies in this context's own memory, which lacuna_alloc lends",
                address);
  }
  const uint64_t room = start + size - pointer;
  if (static_cast<uint64_t>(bytes) <= room) return LACUNA_OK;
  return fail(LACUNA_INVALID_ARGUMENT, "bytes is %" PRId64 ", %p has %" PRIu64 " to the end of its allocation", bytes,
              address, room);
}

lacuna_status CudaContext::upload(void* device, const void* host, int64_t bytes) {
  if (const lacuna_status status = check_device_memory("target", device, bytes)) return status;
  return check(
      staging_.upload(address_of(device), static_cast<const char*>(host), static_cast<size_t>(bytes), stream_));
}

lacuna_status CudaContext::download(void* host, const void* device, int64_t bytes) {
  if (const lacuna_status status = check_device_memory("source", device, bytes)) return status;
  if (const lacuna_status status = check(fetch_fault())) return status;
  if (const lacuna_status status =
          check(staging_.download(static_cast<char*>(host), address_of(device), static_cast<size_t>(bytes), stream_))) {
    return status;
  }
  return report_fault();
}

lacuna_status CudaContext::copy(void* target, const void* source, int64_t bytes) {
  if (const lacuna_status status = check_device_memory("target", target, bytes)) return status;
  if (const lacuna_status status = check_device_memory("source", source, bytes)) return status;
  return check(
      driver_.cuMemcpyDtoDAsync_v2(address_of(target), address_of(source), static_cast<size_t>(bytes), stream_));
}

lacuna_status CudaContext::synchronize() {
  if (const lacuna_status status = check(fetch_fault())) return status;
  if (const lacuna_status status = check(driver_.cuStreamSynchronize(stream_))) return status;
  return report_fault();
}

lacuna_status CudaContext::synchronize_device() { return check(driver_.cuCtxSynchronize()); }

DriverResult CudaContext::fetch_fault() {
  return driver_.cuMemcpyDtoHAsync_v2(fetched_fault_, fault_, sizeof *fetched_fault_, stream_);
}

lacuna_status CudaContext::report_fault() {
  const int32_t fault = *fetched_fault_;
  if (fault == 0) return LACUNA_OK;
  if (const lacuna_status status = check(driver_.cuMemsetD8Async(fault_, 0, sizeof fault, stream_))) return status;
  call_ = op_name(fault >> kFaultBits);
  const auto kind = static_cast<Fault>(fault & ((1 << kFaultBits) - 1));
  const char* const what = kind == Fault::kNonFinite ? "an input holds NaN or infinity"
                           : kind == Fault::kIndex   ? "an index is out of range"
                           : kind == Fault::kLabel   ? "a label is outside [0, c)"
                           : kind == Fault::kTarget  ? "a target is outside [0, 1]"
                                                     : "an input is out of range";
  return fail(kind == Fault::kNonFinite ? LACUNA_NON_FINITE : LACUNA_INVALID_ARGUMENT,
              "%s; an earlier call was refused on the device and changed nothing", what);
}

lacuna_status CudaContext::stream(void** out) {
  *out = stream_;
  return LACUNA_OK;
}

lacuna_status CudaContext::use_stream(void* stream) {
  const Stream next = stream ? static_cast<Stream>(stream) : own_stream_;
  if (next == stream_) return LACUNA_OK;
  if (reinterpret_cast<uintptr_t>(stream) == kStreamPerThread) {
    return fail(LACUNA_INVALID_ARGUMENT,
                "stream is CU_STREAM_PER_THREAD, another one in each thread; want one that is the same in all");
  }
  DriverContext owner = nullptr;
  if (const DriverResult result = driver_.cuStreamGetCtx(next, &owner)) {
    return fail(LACUNA_INVALID_ARGUMENT, "%p is not a stream: %s", stream, driver_.text(result).c_str());
  }
  if (owner != driver_context_) {
    return fail(LACUNA_INVALID_ARGUMENT,
                "stream %p belongs to another device or CUDA context, want the primary context of device %d", stream,
                device_);
  }
  if (const lacuna_status status = check(driver_.cuEventRecord(handover_, stream_))) return status;
  if (const lacuna_status status = check(driver_.cuStreamWaitEvent(next, handover_, 0))) return status;
  stream_ = next;
  return LACUNA_OK;
}

lacuna_status CudaContext::timer_start() {
  if (const lacuna_status status = check(driver_.cuEventRecord(timer_start_, stream_))) return status;
  timing_ = true;
  return LACUNA_OK;
}

lacuna_status CudaContext::timer_stop(double* milliseconds) {
  if (!timing_) return fail(LACUNA_INVALID_ARGUMENT, "no timer was started");
  timing_ = false;
  float elapsed = 0;
  DriverResult result = driver_.cuEventRecord(timer_stop_, stream_);
  if (result == 0) result = driver_.cuEventSynchronize(timer_stop_);
  if (result == 0) result = driver_.cuEventElapsedTime(&elapsed, timer_start_, timer_stop_);
  *milliseconds = elapsed;
  return check(result);
}

lacuna_status CudaContext::launch(const char* family, const char* kernel, int64_t blocks, int threads,
                                  void** arguments) {
  if (blocks == 0) return LACUNA_OK;
  if (blocks > INT32_MAX)
    return fail(LACUNA_UNSUPPORTED, "%s needs %" PRId64 " blocks, want <= %d", kernel, blocks, INT32_MAX);
  Function function = nullptr;
  std::string reason;
  DriverResult result = modules_.function(family, kernel, function, reason);
  if (result == 0) {
    result = driver_.cuLaunchKernel(function, static_cast<unsigned>(blocks), 1, 1, static_cast<unsigned>(threads), 1, 1,
                                    0, stream_, arguments, nullptr);
    if (result == 0) return LACUNA_OK;
    reason = driver_.text(result);
  }
  const std::string text = std::string(kernel) + ": " + reason;
  if (result == kOutOfMemory) return fail(LACUNA_OUT_OF_MEMORY, "%s", text.c_str());
  broken_ = std::string(call_) + ": " + text;
  return fail(LACUNA_DEVICE_ERROR, "%s", text.c_str());
}

}  // namespace lacuna::cuda

lacuna_status lacuna::open_context(const lacuna_open_args& args, std::unique_ptr<lacuna_context>& out,
                                   std::string& error) {
  auto ctx = std::make_unique<cuda::CudaContext>();
  const lacuna_status status = ctx->open(args.library_dir ? args.library_dir : "libcuda.so.1", args.device, error);
  if (status == LACUNA_OK) out = std::move(ctx);
  return status;
}
