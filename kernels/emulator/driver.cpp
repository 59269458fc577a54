// The driver's functions, as native/src/cuda/driver.h declares them for the real one. What CUDA leaves to the driver is
// done here in the way that hides the least: copies from page-locked memory read their source as late as may be, copies
// from other host memory happen at once, every address must lie in one live block of the context's own card.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

#include "emulator/launch.h"
#include "emulator/machine.h"

using namespace lacuna::standin;
using lacuna::cuda::Device;
using lacuna::cuda::DevicePointer;
using lacuna::cuda::DriverContext;
using lacuna::cuda::Event;
using lacuna::cuda::Function;
using lacuna::cuda::Module;
using lacuna::cuda::Stream;

namespace {

constexpr uint32_t kMemoryTypeHost = 1;

struct ErrorText {
  DriverResult result;
  const char* name;
  const char* explanation;
};
constexpr ErrorText kErrors[] = {
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {200, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {209, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for execution on the device"},
    {218, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "the provided PTX was compiled with an unsupported toolchain."},
    {400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {600, "CUDA_ERROR_NOT_READY", "device not ready"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"},
    {719, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "system has unsupported display driver / cuda driver combination"},
};

const ErrorText* find_error(DriverResult result) {
  for (const ErrorText& error : kErrors) {
    if (error.result == result) return &error;
  }
  return nullptr;
}

// The contexts that this thread pushed.
std::vector<Card*>& pushed() {
  thread_local std::vector<Card*> cards;
  return cards;
}

DriverContext context_of(Card& card) { return reinterpret_cast<DriverContext>(&card); }

Card* card_of(Machine& machine, DriverContext context) {
  for (Card& card : machine.cards) {
    if (context_of(card) == context && card.retained > 0) return &card;
  }
  return nullptr;
}

// Every driver function's way in: counts the call, lets it fail where a test wants that.
template <class Body>
DriverResult enter(FunctionId id, Body&& body) {
  Machine& machine = Machine::instance();
  const std::lock_guard lock(machine.mutex);
  Calls& calls = machine.calls[id];
  const auto failure = calls.failures.find(++calls.count);
  const DriverResult wanted = failure == calls.failures.end() ? kSuccess : failure->second;
  return body(machine, wanted);
}

template <class Body>
DriverResult call(FunctionId id, Body&& body) {
  return enter(id, [&](Machine& machine, DriverResult wanted) {
    if (wanted) return wanted;
    return machine.initialised ? body(machine) : kNotInitialized;
  });
}

// Functions that work in the current context. They repeat the error of work that failed.
template <class Body>
DriverResult call_in_context(FunctionId id, Body&& body) {
  return call(id, [&](Machine& machine) {
    if (pushed().empty() || pushed().back()->retained == 0) return kInvalidContext;
    Card& card = *pushed().back();
    return card.fatal ? card.fatal : body(machine, card);
  });
}

// Functions that release something do so whatever they answer.
template <class Body>
DriverResult release(FunctionId id, Body&& body) {
  return enter(id, [&](Machine& machine, DriverResult wanted) {
    if (!machine.initialised) return kNotInitialized;
    const DriverResult result = body(machine);
    return wanted ? wanted : result;
  });
}

// Of objects that live in a context: any thread may release them, whatever its current context.
template <class Object, class Body>
DriverResult release_from(FunctionId id, Object&& object_of, Body&& body) {
  return release(id, [&](Machine& machine) {
    auto* object = object_of(machine);
    if (!object) {
      machine.report(std::string(function_name(id)) + ": no such thing is alive");
      return kInvalidValue;
    }
    Card& card = *object->card;
    const DriverResult fatal = machine.finish(card);
    body(machine, card);
    return fatal;
  });
}

std::string range_text(DevicePointer address, size_t bytes) {
  char text[80];
  std::snprintf(text, sizeof text, "[0x%llx, + %zu bytes]", static_cast<unsigned long long>(address), bytes);
  return text;
}

bool is_device_range(Machine& machine, Card& card, FunctionId id, DevicePointer address, size_t bytes) {
  const Arena::Block* block = machine.arena.find(address, static_cast<int64_t>(bytes));
  if (block && block->owner == &card) return true;
  machine.report(std::string(function_name(id)) + ": " + range_text(address, bytes) +
                 (block ? " lies on another card" : " lies in no block of device memory"));
  return false;
}

// The block of page-locked memory that holds the range, or the end.
std::map<uintptr_t, PinnedState>::const_iterator pinned_block(const Machine& machine, uintptr_t address, size_t bytes) {
  auto block = machine.pinned.upper_bound(address);
  if (block == machine.pinned.begin()) return machine.pinned.end();
  --block;
  const auto offset = static_cast<int64_t>(address - block->first);
  const bool holds = offset < block->second.bytes && static_cast<int64_t>(bytes) <= block->second.bytes - offset;
  return holds ? block : machine.pinned.end();
}

bool is_pinned(const Machine& machine, const void* host, size_t bytes) {
  return pinned_block(machine, reinterpret_cast<uintptr_t>(host), bytes) != machine.pinned.end();
}

// The stream of that handle, if it is one of the card's.
StreamState* stream_of(Machine& machine, Card& card, Stream handle) {
  StreamState* stream = machine.streams.find(handle);
  if (machine.streams.is_stale(handle)) machine.report("a stream is used that was destroyed");
  return stream && stream->card == &card ? stream : nullptr;
}

EventState* event_of(Machine& machine, Card& card, Event handle) {
  EventState* event = machine.events.find(handle);
  return event && event->card == &card ? event : nullptr;
}

void* at(DevicePointer address) { return reinterpret_cast<void*>(address); }

// A copy between device memory and host memory `host`.
DriverResult host_copy(Machine& machine, Card& card, FunctionId id, Stream handle, const void* host,
                       DevicePointer device, size_t bytes, std::function<void()> copy) {
  StreamState* stream = stream_of(machine, card, handle);
  if (!stream) return kInvalidHandle;
  if (bytes == 0) return kSuccess;
  if (machine.arena.contains(reinterpret_cast<uintptr_t>(host))) {
    machine.report(std::string(function_name(id)) + ": a device address where host memory is wanted");
    return kInvalidValue;
  }
  if (!is_device_range(machine, card, id, device, bytes)) return kInvalidValue;
  const DriverResult issued = machine.issue(handle, [copy = std::move(copy)] { return copy(), kSuccess; });
  if (is_pinned(machine, host, bytes)) return issued;
  ++machine.pageable_copies;
  return machine.run(*stream, stream->issued);
}

double now_milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

}  // namespace

extern "C" {

#define DRIVER_API __attribute__((visibility("default")))
DRIVER_API DriverResult cuDriverGetVersion(int* version);
#define LACUNA_DRIVER_DECLARE(name, ...) DRIVER_API DriverResult name(__VA_ARGS__);
LACUNA_DRIVER_FUNCTIONS(LACUNA_DRIVER_DECLARE)
#undef LACUNA_DRIVER_DECLARE

DriverResult cuDriverGetVersion(int* version) {
  return enter(kId_cuDriverGetVersion, [=](Machine& machine, DriverResult wanted) {
    *version = machine.version;
    return wanted;
  });
}

DriverResult cuInit(unsigned) {
  return enter(kId_cuInit, [](Machine& machine, DriverResult wanted) {
    if (wanted) return wanted;
    if (machine.variant == "no-device") return kNoDevice;
    if (machine.variant == "broken") return kDriverMismatch;
    machine.initialised = true;
    return kSuccess;
  });
}

DriverResult cuGetErrorName(DriverResult result, const char** text) {
  return enter(kId_cuGetErrorName, [=](Machine&, DriverResult wanted) {
    const ErrorText* error = find_error(result);
    *text = error && !wanted ? error->name : nullptr;
    return wanted ? wanted : error ? kSuccess : kInvalidValue;
  });
}

DriverResult cuGetErrorString(DriverResult result, const char** text) {
  return enter(kId_cuGetErrorString, [=](Machine&, DriverResult wanted) {
    const ErrorText* error = find_error(result);
    *text = error && !wanted ? error->explanation : nullptr;
    return wanted ? wanted : error ? kSuccess : kInvalidValue;
  });
}

DriverResult cuDeviceGetCount(int* count) {
  return call(kId_cuDeviceGetCount, [=](Machine& machine) {
    *count = static_cast<int>(machine.cards.size());
    return kSuccess;
  });
}

DriverResult cuDeviceGet(Device* device, int ordinal) {
  return call(kId_cuDeviceGet, [=](Machine& machine) {
    if (ordinal < 0 || ordinal >= static_cast<int>(machine.cards.size())) return kInvalidDevice;
    *device = ordinal;
    return kSuccess;
  });
}

DriverResult cuDeviceGetName(char* name, int capacity, Device device) {
  return call(kId_cuDeviceGetName, [=](Machine& machine) {
    if (device < 0 || device >= static_cast<int>(machine.cards.size())) return kInvalidDevice;
    std::snprintf(name, static_cast<size_t>(capacity), "%s", machine.cards[device].name);
    return kSuccess;
  });
}

DriverResult cuDeviceGetAttribute(int* value, int attribute, Device device) {
  return call(kId_cuDeviceGetAttribute, [=](Machine& machine) {
    if (device < 0 || device >= static_cast<int>(machine.cards.size())) return kInvalidDevice;
    switch (attribute) {
      case lacuna::cuda::kAttributeMajor:
        *value = machine.cards[device].major;
        return kSuccess;
      case lacuna::cuda::kAttributeMinor:
        *value = machine.cards[device].minor;
        return kSuccess;
      default:
        return kInvalidValue;
    }
  });
}

DriverResult cuDevicePrimaryCtxRetain(DriverContext* context, Device device) {
  return call(kId_cuDevicePrimaryCtxRetain, [=](Machine& machine) {
    if (device < 0 || device >= static_cast<int>(machine.cards.size())) return kInvalidDevice;
    ++machine.cards[device].retained;
    *context = context_of(machine.cards[device]);
    return kSuccess;
  });
}

DriverResult cuDevicePrimaryCtxRelease_v2(Device device) {
  return release(kId_cuDevicePrimaryCtxRelease_v2, [=](Machine& machine) {
    if (device < 0 || device >= static_cast<int>(machine.cards.size())) return kInvalidDevice;
    Card& card = machine.cards[device];
    if (card.retained == 0) {
      machine.report("cuDevicePrimaryCtxRelease: released more often than retained");
      return kInvalidContext;
    }
    if (--card.retained == 0) machine.wipe(card);
    return kSuccess;
  });
}

DriverResult cuCtxPushCurrent_v2(DriverContext context) {
  return call(kId_cuCtxPushCurrent_v2, [=](Machine& machine) {
    Card* card = card_of(machine, context);
    if (!card) return kInvalidContext;
    pushed().push_back(card);
    return kSuccess;
  });
}

DriverResult cuCtxPopCurrent_v2(DriverContext* context) {
  return release(kId_cuCtxPopCurrent_v2, [=](Machine& machine) {
    if (pushed().empty()) {
      machine.report("cuCtxPopCurrent: more often popped than pushed");
      return kInvalidContext;
    }
    *context = context_of(*pushed().back());
    pushed().pop_back();
    return kSuccess;
  });
}

DriverResult cuCtxSynchronize() {
  return call_in_context(kId_cuCtxSynchronize, [](Machine& machine, Card& card) {
    ++machine.synchronisations;
    const DriverResult result = machine.finish(card);
    return result || machine.arena.check("at synchronisation") ? result : kIllegalAddress;
  });
}

DriverResult cuStreamCreate(Stream* stream, unsigned) {
  return call_in_context(kId_cuStreamCreate, [=](Machine& machine, Card& card) {
    *stream = machine.streams.add(StreamState{&card, {}});
    return kSuccess;
  });
}

DriverResult cuStreamGetCtx(Stream stream, DriverContext* context) {
  return call_in_context(kId_cuStreamGetCtx, [=](Machine& machine, Card&) {
    const StreamState* state = machine.streams.find(stream);
    if (!state) return kInvalidHandle;
    *context = context_of(*state->card);
    return kSuccess;
  });
}

DriverResult cuStreamWaitEvent(Stream stream, Event event, unsigned) {
  return call_in_context(kId_cuStreamWaitEvent, [=](Machine& machine, Card& card) {
    const EventState* state = event_of(machine, card, event);
    if (!stream_of(machine, card, stream) || !state) return kInvalidHandle;
    return machine.issue(stream, [&machine, recorded = *state] {
      machine.happened(recorded);
      return recorded.card->fatal;
    });
  });
}

DriverResult cuStreamSynchronize(Stream stream) {
  return call_in_context(kId_cuStreamSynchronize, [=](Machine& machine, Card& card) {
    StreamState* state = stream_of(machine, card, stream);
    if (!state) return kInvalidHandle;
    ++machine.synchronisations;
    const DriverResult result = machine.run(*state, state->issued);
    return result || machine.arena.check("at synchronisation") ? result : kIllegalAddress;
  });
}

DriverResult cuStreamDestroy_v2(Stream stream) {
  return release_from(
      kId_cuStreamDestroy_v2, [=](Machine& machine) { return machine.streams.find(stream); },
      [=](Machine& machine, Card&) { machine.streams.erase(stream); });
}

DriverResult cuEventCreate(Event* event, unsigned) {
  return call_in_context(kId_cuEventCreate, [=](Machine& machine, Card& card) {
    *event = machine.events.add(EventState{&card});
    return kSuccess;
  });
}

DriverResult cuEventRecord(Event event, Stream stream) {
  return call_in_context(kId_cuEventRecord, [=](Machine& machine, Card& card) {
    EventState* state = event_of(machine, card, event);
    StreamState* recorder = stream_of(machine, card, stream);
    if (!state || !recorder) return kInvalidHandle;
    state->stream = stream;
    state->ticket = recorder->issued + 1;
    return machine.issue(stream, [&machine, event] {
      if (EventState* recorded = machine.events.find(event)) recorded->milliseconds = now_milliseconds();
      return kSuccess;
    });
  });
}

DriverResult cuEventSynchronize(Event event) {
  return call_in_context(kId_cuEventSynchronize, [=](Machine& machine, Card& card) {
    const EventState* state = event_of(machine, card, event);
    if (!state) return kInvalidHandle;
    ++machine.synchronisations;
    machine.happened(*state);
    return card.fatal;
  });
}

DriverResult cuEventElapsedTime(float* milliseconds, Event start, Event stop) {
  return call_in_context(kId_cuEventElapsedTime, [=](Machine& machine, Card& card) {
    const EventState* from = event_of(machine, card, start);
    const EventState* to = event_of(machine, card, stop);
    if (!from || !to || from->ticket == 0 || to->ticket == 0) return kInvalidHandle;
    for (const EventState* event : {from, to}) {
      const StreamState* stream = machine.streams.find(event->stream);
      if (stream && stream->done < event->ticket) return kNotReady;
    }
    *milliseconds = static_cast<float>(to->milliseconds - from->milliseconds);
    return kSuccess;
  });
}

DriverResult cuEventDestroy_v2(Event event) {
  return release_from(
      kId_cuEventDestroy_v2, [=](Machine& machine) { return machine.events.find(event); },
      [=](Machine& machine, Card&) { machine.events.erase(event); });
}

DriverResult cuMemAlloc_v2(DevicePointer* address, size_t bytes) {
  return call_in_context(kId_cuMemAlloc_v2, [=](Machine& machine, Card& card) {
    if (bytes == 0) return kInvalidValue;
    if (bytes > static_cast<size_t>(machine.memory - card.used)) return kOutOfMemory;
    *address = machine.arena.allocate(static_cast<int64_t>(bytes), &card);
    if (!*address) return kOutOfMemory;
    card.used += static_cast<int64_t>(bytes);
    return kSuccess;
  });
}

DriverResult cuMemFree_v2(DevicePointer address) {
  struct Found {
    Card* card;
    int64_t bytes;
  } found{};
  return release_from(
      kId_cuMemFree_v2,
      [&](Machine& machine) {
        uintptr_t first = 0;
        const Arena::Block* block = machine.arena.find(address, 1, &first);
        if (block && first == address) {
          for (Card& card : machine.cards) {
            if (block->owner == &card) found = {&card, block->bytes};
          }
        }
        return found.card ? &found : nullptr;
      },
      [&](Machine& machine, Card& card) {
        machine.arena.free(address, &card);
        card.used -= found.bytes;
      });
}

DriverResult cuMemAllocHost_v2(void** address, size_t bytes) {
  return call_in_context(kId_cuMemAllocHost_v2, [=](Machine& machine, Card& card) {
    if (bytes == 0) return kInvalidValue;
    if (posix_memalign(address, 4096, bytes) != 0) return kOutOfMemory;
    std::memset(*address, 0xFF, bytes);
    machine.pinned[reinterpret_cast<uintptr_t>(*address)] = {&card, static_cast<int64_t>(bytes)};
    return kSuccess;
  });
}

DriverResult cuMemFreeHost(void* address) {
  const auto key = reinterpret_cast<uintptr_t>(address);
  return release_from(
      kId_cuMemFreeHost,
      [=](Machine& machine) {
        const auto block = machine.pinned.find(key);
        return block == machine.pinned.end() ? nullptr : &block->second;
      },
      [=](Machine& machine, Card&) {
        machine.pinned.erase(key);
        std::free(address);
      });
}

DriverResult cuPointerGetAttribute(void* value, int attribute, DevicePointer address) {
  return call(kId_cuPointerGetAttribute, [=](Machine& machine) {
    struct Found {
      Card* card;
      DevicePointer first;
      int64_t bytes;
      uint32_t type;
    } found{};
    uintptr_t first = 0;
    if (const Arena::Block* block = machine.arena.find(address, 1, &first)) {
      auto* card = const_cast<Card*>(static_cast<const Card*>(block->owner));
      found = {card, first, block->bytes, lacuna::cuda::kMemoryTypeDevice};
    } else if (const auto pinned = pinned_block(machine, address, 1); pinned != machine.pinned.end()) {
      found = {pinned->second.card, pinned->first, pinned->second.bytes, kMemoryTypeHost};
    } else {
      return kInvalidValue;
    }
    const auto answer = [=](auto what) {
      std::memcpy(value, &what, sizeof what);
      return kSuccess;
    };
    switch (attribute) {
      case lacuna::cuda::kPointerContext:
        return answer(machine.pooled ? nullptr : context_of(*found.card));
      case lacuna::cuda::kPointerMemoryType:
        return answer(found.type);
      case lacuna::cuda::kPointerIsManaged:
        return answer(uint32_t{0});
      case lacuna::cuda::kPointerDevice:
        return answer(static_cast<int>(found.card - machine.cards.data()));
      case lacuna::cuda::kPointerRangeStart:
        return answer(found.first);
      case lacuna::cuda::kPointerRangeSize:
        return answer(static_cast<size_t>(found.bytes));
      default:
        return kInvalidValue;
    }
  });
}

DriverResult cuMemsetD8Async(DevicePointer address, unsigned char value, size_t bytes, Stream stream) {
  return call_in_context(kId_cuMemsetD8Async, [=](Machine& machine, Card& card) {
    if (!stream_of(machine, card, stream)) return kInvalidHandle;
    if (bytes == 0) return kSuccess;
    if (!is_device_range(machine, card, kId_cuMemsetD8Async, address, bytes)) return kInvalidValue;
    return machine.issue(stream, [=] {
      std::memset(at(address), value, bytes);
      lacuna::emulator::check_initialise(at(address), bytes);
      return kSuccess;
    });
  });
}

DriverResult cuMemcpyHtoDAsync_v2(DevicePointer target, const void* source, size_t bytes, Stream stream) {
  return call_in_context(kId_cuMemcpyHtoDAsync_v2, [=](Machine& machine, Card& card) {
    return host_copy(machine, card, kId_cuMemcpyHtoDAsync_v2, stream, source, target, bytes, [=] {
      std::memcpy(at(target), source, bytes);
      lacuna::emulator::check_initialise(at(target), bytes);
    });
  });
}

DriverResult cuMemcpyDtoHAsync_v2(void* target, DevicePointer source, size_t bytes, Stream stream) {
  return call_in_context(kId_cuMemcpyDtoHAsync_v2, [=](Machine& machine, Card& card) {
    return host_copy(machine, card, kId_cuMemcpyDtoHAsync_v2, stream, target, source, bytes,
                     [=] { std::memcpy(target, at(source), bytes); });
  });
}

DriverResult cuMemcpyDtoDAsync_v2(DevicePointer target, DevicePointer source, size_t bytes, Stream stream) {
  return call_in_context(kId_cuMemcpyDtoDAsync_v2, [=](Machine& machine, Card& card) {
    if (!stream_of(machine, card, stream)) return kInvalidHandle;
    if (bytes == 0) return kSuccess;
    for (const DevicePointer address : {target, source}) {
      if (!is_device_range(machine, card, kId_cuMemcpyDtoDAsync_v2, address, bytes)) return kInvalidValue;
    }
    return machine.issue(stream, [=] {
      std::memcpy(at(target), at(source), bytes);
      lacuna::emulator::check_copy(at(target), at(source), bytes);
      return kSuccess;
    });
  });
}

DriverResult cuModuleLoadDataEx(Module* module, const void* data, unsigned count, int* options, void** values) {
  return call_in_context(kId_cuModuleLoadDataEx, [=](Machine& machine, Card& card) {
    char* log = nullptr;
    size_t capacity = 0;
    for (unsigned i = 0; i < count; ++i) {
      if (options[i] == lacuna::cuda::kJitErrorLog) log = static_cast<char*>(values[i]);
      if (options[i] == lacuna::cuda::kJitErrorLogBytes) capacity = reinterpret_cast<size_t>(values[i]);
    }
    ModuleState state{&card, {}};
    std::string text;
    const DriverResult result = read_image(data, card.major, card.minor, machine.version, state.image, text);
    if (log && capacity > 0) std::snprintf(log, capacity, "%s", text.c_str());
    if (result) return result;
    *module = machine.modules.add(std::move(state));
    return kSuccess;
  });
}

DriverResult cuModuleUnload(Module module) {
  return release_from(
      kId_cuModuleUnload, [=](Machine& machine) { return machine.modules.find(module); },
      [=](Machine& machine, Card&) {
        machine.functions.erase_if([=](const FunctionState& function) { return function.module == module; });
        machine.modules.erase(module);
      });
}

DriverResult cuModuleGetFunction(Function* function, Module module, const char* kernel) {
  return call_in_context(kId_cuModuleGetFunction, [=](Machine& machine, Card& card) {
    const ModuleState* state = machine.modules.find(module);
    if (!state || state->card != &card) return kInvalidHandle;
    if (state->image.kernels.count(kernel) == 0) return kNotFound;
    if (!is_emulated(kernel)) {
      machine.report(std::string("cuModuleGetFunction: ") + kernel + " is in the image but not in the emulator");
      return kNotFound;
    }
    *function = machine.functions.add(FunctionState{&card, module, kernel});
    return kSuccess;
  });
}

DriverResult cuLaunchKernel(Function function, unsigned blocks, unsigned grid_y, unsigned grid_z, unsigned threads,
                            unsigned block_y, unsigned block_z, unsigned shared_bytes, Stream stream, void** arguments,
                            void** extra) {
  return call_in_context(kId_cuLaunchKernel, [=](Machine& machine, Card& card) {
    const FunctionState* state = machine.functions.find(function);
    if (!state || state->card != &card || !stream_of(machine, card, stream)) return kInvalidHandle;
    if (blocks == 0 || blocks > INT32_MAX || threads == 0 || grid_y != 1 || grid_z != 1 || block_y != 1 ||
        block_z != 1 || shared_bytes != 0 || !arguments || extra) {
      machine.report("cuLaunchKernel: " + state->kernel +
                     " wants one dimension, at least one block of one thread, no "
                     "dynamic shared memory and a list of arguments");
      return kInvalidValue;
    }
    return issue_launch(machine, card, state->kernel, stream, blocks, threads, arguments);
  });
}

}  // extern "C"
