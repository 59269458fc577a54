#include "cuda/cuda_context.h"

#include <algorithm>
#include <cinttypes>
#include <memory>

#include "cuda/dispatch.h"
#include "cuda/images.h"
#include "lacuna/fault.h"
#include "op_table.h"

namespace lacuna::cuda {
namespace {

DevicePointer address_of(const void* pointer) { return reinterpret_cast<DevicePointer>(pointer); }

// The machine code to try first: of the same major capability and the highest minor that the card runs.
const Image* best_cubin(std::string_view family, int arch) {
  const Image* best = nullptr;
  for (const Image& image : images()) {
    if (image.family == family && image.arch / 10 == arch / 10 && image.arch <= arch &&
        (!best || image.arch > best->arch)) {
      best = &image;
    }
  }
  return best;
}

}  // namespace

CudaContext::CudaContext() : lacuna_context("CUDA", kOps.data(), 1) {}

lacuna_status CudaContext::open(const std::string& driver_path, int ordinal, std::string& error) {
  const auto refuse = [&error](const std::string& reason) {
    error = "CUDA: " + reason;
    return LACUNA_UNSUPPORTED;
  };
  if (!driver_.load(driver_path, error)) return LACUNA_UNSUPPORTED;

  int count = 0;
  if (const DriverResult result = driver_.cuDeviceGetCount(&count))
    return refuse("cuDeviceGetCount: " + driver_.text(result));
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
    return refuse(device + " cannot be used: cuDevicePrimaryCtxRetain: " + driver_.text(result));
  }
  if ((result = driver_.cuCtxPushCurrent_v2(driver_context_))) {
    return refuse(device + " cannot be used: cuCtxPushCurrent: " + driver_.text(result));
  }
  description_ = "device=cuda;ordinal=" + std::to_string(ordinal) + ";name=" + name + ";compute=" + capability +
                 ";driver=" + version_text(driver_.version);
  result = driver_.cuStreamCreate(&stream_, kStreamNonBlocking);
  if (result == 0) result = driver_.cuMemAlloc_v2(&fault_, sizeof(int32_t));
  if (result == 0) result = driver_.cuMemsetD8Async(fault_, 0, sizeof(int32_t), stream_);
  if (result == 0) result = driver_.cuStreamSynchronize(stream_);
  const bool loaded = result == 0 && load_images(major, minor, error);
  leave();
  if (result != 0) return refuse(device + " cannot be prepared: " + driver_.text(result));
  return loaded ? LACUNA_OK : LACUNA_UNSUPPORTED;
}

bool CudaContext::load_images(int major, int minor, std::string& error) {
  std::string log(4096, '\0');
  const auto load = [&](const Image& image, std::string& reason) {
    int options[] = {kJitErrorLog, kJitErrorLogBytes};
    void* values[] = {log.data(), reinterpret_cast<void*>(log.size())};
    Module module = nullptr;
    log[0] = '\0';
    const DriverResult result = driver_.cuModuleLoadDataEx(&module, image.data, 2, options, values);
    if (result == 0) {
      modules_.push_back({image.family, module});
      return true;
    }
    reason = driver_.text(result);
    if (log[0]) reason += std::string(", ") + log.c_str();
    return false;
  };
  for (const Image& ptx : images()) {
    if (ptx.arch != 0) continue;
    const Image* cubin = driver_.version >= kCubinDriver ? best_cubin(ptx.family, 10 * major + minor) : nullptr;
    std::string cubin_reason, ptx_reason;
    if (cubin && load(*cubin, cubin_reason)) {
      description_ += std::string(";") + ptx.family + "=sm_" + std::to_string(cubin->arch);
      continue;
    }
    if (!cubin_reason.empty()) cubin_reason = "sm_" + std::to_string(cubin->arch) + " refused: " + cubin_reason;
    if (!load(ptx, ptx_reason)) {
      error = std::string("CUDA: the driver refuses the kernels of ") + ptx.family + ": " + cubin_reason +
              (cubin_reason.empty() ? "" : "; ") + "PTX refused: " + ptx_reason;
      return false;
    }
    description_ += std::string(";") + ptx.family + "=PTX" + (cubin_reason.empty() ? "" : " (" + cubin_reason + ")");
  }
  return true;
}

CudaContext::~CudaContext() {
  if (!driver_context_) return;
  if (driver_.cuCtxPushCurrent_v2(driver_context_) == 0) {
    if (stream_) driver_.cuStreamSynchronize(stream_);
    for (const auto& [address, bytes] : blocks_) driver_.cuMemFree_v2(address);
    if (fault_) driver_.cuMemFree_v2(fault_);
    for (const LoadedModule& loaded : modules_) driver_.cuModuleUnload(loaded.module);
    if (stream_) driver_.cuStreamDestroy_v2(stream_);
    leave();
  }
  driver_.cuDevicePrimaryCtxRelease_v2(device_);
}

lacuna_status CudaContext::enter(const char* call) {
  call_ = call;
  if (!broken_.empty()) {
    return fail(LACUNA_DEVICE_ERROR, "the context is unusable since %s; open a new one", broken_.c_str());
  }
  return check(driver_.cuCtxPushCurrent_v2(driver_context_), "cuCtxPushCurrent");
}

void CudaContext::leave() {
  DriverContext popped = nullptr;
  driver_.cuCtxPopCurrent_v2(&popped);
}

lacuna_status CudaContext::check(DriverResult result, const char* what) {
  if (result == 0) return LACUNA_OK;
  broken_ = std::string(call_) + ": " + what + ": " + driver_.text(result);
  return fail(LACUNA_DEVICE_ERROR, "%s: %s", what, driver_.text(result).c_str());
}

bool CudaContext::lent(const void* address, int64_t bytes) const {
  const uintptr_t first = reinterpret_cast<uintptr_t>(address);
  auto block = blocks_.upper_bound(first);
  if (block == blocks_.begin()) return false;
  --block;
  const auto offset = static_cast<int64_t>(first - block->first);
  return offset < block->second && bytes <= block->second - offset;
}

lacuna_status CudaContext::allocate(int64_t bytes, void** out) {
  DevicePointer address = 0;
  const DriverResult result = driver_.cuMemAlloc_v2(&address, static_cast<size_t>(bytes));
  if (result == kOutOfMemory) {
    return fail(LACUNA_OUT_OF_MEMORY, "no device memory for %" PRId64 " bytes", bytes);
  }
  *out = reinterpret_cast<void*>(address);
  return check(result, "cuMemAlloc");
}

lacuna_status CudaContext::deallocate(void* block) {
  return check(driver_.cuMemFree_v2(address_of(block)), "cuMemFree");
}

lacuna_status CudaContext::upload(void* device, const void* host, int64_t bytes) {
  if (!lent(device, bytes)) {
    return fail(LACUNA_INVALID_ARGUMENT, "target %p, %" PRId64 " bytes, is not within this context's device memory",
                device, bytes);
  }
  const auto size = static_cast<size_t>(bytes);
  if (const lacuna_status status =
          check(driver_.cuMemcpyHtoDAsync_v2(address_of(device), host, size, stream_), "cuMemcpyHtoDAsync")) {
    return status;
  }
  return check(driver_.cuStreamSynchronize(stream_), "cuStreamSynchronize");
}

lacuna_status CudaContext::download(void* host, const void* device, int64_t bytes) {
  if (!lent(device, bytes)) {
    return fail(LACUNA_INVALID_ARGUMENT, "source %p, %" PRId64 " bytes, is not within this context's device memory",
                device, bytes);
  }
  const auto size = static_cast<size_t>(bytes);
  if (const lacuna_status status =
          check(driver_.cuMemcpyDtoHAsync_v2(host, address_of(device), size, stream_), "cuMemcpyDtoHAsync")) {
    return status;
  }
  return synchronize();
}

lacuna_status CudaContext::copy(void* target, const void* source, int64_t bytes) {
  for (const void* address : {static_cast<const void*>(target), source}) {
    if (!lent(address, bytes)) {
      return fail(LACUNA_INVALID_ARGUMENT, "%s %p, %" PRId64 " bytes, is not within this context's device memory",
                  address == source ? "source" : "target", address, bytes);
    }
  }
  const auto size = static_cast<size_t>(bytes);
  return check(driver_.cuMemcpyDtoDAsync_v2(address_of(target), address_of(source), size, stream_),
               "cuMemcpyDtoDAsync");
}

lacuna_status CudaContext::synchronize() {
  int32_t fault = 0;
  if (const lacuna_status status =
          check(driver_.cuMemcpyDtoHAsync_v2(&fault, fault_, sizeof fault, stream_), "cuMemcpyDtoHAsync")) {
    return status;
  }
  if (const lacuna_status status = check(driver_.cuStreamSynchronize(stream_), "cuStreamSynchronize")) return status;
  if (fault == 0) return LACUNA_OK;
  if (const lacuna_status status =
          check(driver_.cuMemsetD8Async(fault_, 0, sizeof fault, stream_), "cuMemsetD8Async")) {
    return status;
  }
  call_ = op_name(fault >> kFaultBits);
  const auto kind = static_cast<Fault>(fault & ((1 << kFaultBits) - 1));
  if (kind == Fault::kNonFinite) {
    return fail(LACUNA_NON_FINITE,
                "an input holds NaN or infinity; an earlier call was refused on the device and changed nothing");
  }
  return fail(LACUNA_INVALID_ARGUMENT,
              "an input is out of range; an earlier call was refused on the device and changed nothing");
}

lacuna_status CudaContext::function(const char* family, const char* kernel, Function& out) {
  if (const auto known = functions_.find(kernel); known != functions_.end()) {
    out = known->second;
    return LACUNA_OK;
  }
  const auto loaded =
      std::find_if(modules_.begin(), modules_.end(), [=](const LoadedModule& m) { return m.family == family; });
  if (loaded == modules_.end()) return fail(LACUNA_INTERNAL, "no module %s", family);
  if (const lacuna_status status = check(driver_.cuModuleGetFunction(&out, loaded->module, kernel), kernel))
    return status;
  functions_.emplace(kernel, out);
  return LACUNA_OK;
}

lacuna_status CudaContext::launch(const char* family, const char* kernel, int64_t blocks, int threads,
                                  void** arguments) {
  if (blocks == 0) return LACUNA_OK;
  if (blocks > INT32_MAX)
    return fail(LACUNA_UNSUPPORTED, "%s needs %" PRId64 " blocks, want <= %d", kernel, blocks, INT32_MAX);
  Function loaded = nullptr;
  if (const lacuna_status status = function(family, kernel, loaded)) return status;
  return check(driver_.cuLaunchKernel(loaded, static_cast<unsigned>(blocks), 1, 1, static_cast<unsigned>(threads), 1, 1,
                                      0, stream_, arguments, nullptr),
               kernel);
}

}  // namespace lacuna::cuda

lacuna_status lacuna::open_context(const lacuna_open_args& args, std::unique_ptr<lacuna_context>& out,
                                   std::string& error) {
  auto ctx = std::make_unique<cuda::CudaContext>();
  const lacuna_status status = ctx->open(args.library_dir ? args.library_dir : "libcuda.so.1", args.device, error);
  if (status == LACUNA_OK) out = std::move(ctx);
  return status;
}
