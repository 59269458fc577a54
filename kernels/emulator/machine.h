// What the stand-in driver simulates: cards, streams, events and modules. Handles are never used twice, so that a stale
// one is recognised.
#ifndef LACUNA_EMULATOR_MACHINE_H
#define LACUNA_EMULATOR_MACHINE_H

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "cuda/driver.h"
#include "emulator/arena.h"
#include "emulator/emulator.h"
#include "emulator/image.h"
#include "emulator/standin.h"

namespace lacuna::standin {

using cuda::DriverResult;

constexpr DriverResult kSuccess = 0, kInvalidValue = 1, kOutOfMemory = 2, kNotInitialized = 3, kNoDevice = 100,
                       kInvalidDevice = 101, kInvalidContext = 201, kInvalidHandle = 400, kNotFound = 500,
                       kNotReady = 600, kIllegalAddress = 700, kLaunchOutOfResources = 701, kLaunchFailed = 719,
                       kDriverMismatch = 803;

template <class Handle, class Object>
class Objects {
 public:
  Handle add(Object object) {
    const uintptr_t key = next_;
    next_ += 16;
    objects_.emplace(key, std::move(object));
    return reinterpret_cast<Handle>(key);
  }
  Object* find(Handle handle) {
    const auto found = objects_.find(reinterpret_cast<uintptr_t>(handle));
    return found == objects_.end() ? nullptr : &found->second;
  }
  // Whether that was a handle once.
  bool is_stale(Handle handle) {
    const auto key = reinterpret_cast<uintptr_t>(handle);
    return key >= kFirst && key < next_ && !find(handle);
  }
  void erase(Handle handle) { objects_.erase(reinterpret_cast<uintptr_t>(handle)); }
  template <class Predicate>
  void erase_if(Predicate&& predicate) {
    std::erase_if(objects_, [&](const auto& entry) { return predicate(entry.second); });
  }
  int64_t count() const { return static_cast<int64_t>(objects_.size()); }
  auto begin() { return objects_.begin(); }
  auto end() { return objects_.end(); }

 private:
  std::map<uintptr_t, Object> objects_;  // entries stay where they are
  static constexpr uintptr_t kFirst = 0x10000;
  uintptr_t next_ = kFirst;
};

// A card and its primary context, the only context there is.
struct Card {
  const char* name;
  int major, minor;
  int64_t retained = 0;
  int64_t used = 0;               // bytes of device memory
  DriverResult fatal = kSuccess;  // what every call answers since some work failed
};

// Work that was issued and is not done yet, in order.
struct StreamState {
  Card* card;
  std::deque<std::function<DriverResult()>> work;
  int64_t issued = 0, done = 0;
};

struct EventState {
  Card* card;
  cuda::Stream stream = nullptr;
  int64_t ticket = 0;  // happened when the stream has done so many pieces; 0 = never recorded
  double milliseconds = 0;
};

struct ModuleState {
  Card* card;
  Image image;
};

struct FunctionState {
  Card* card;
  cuda::Module module;
  std::string kernel;
};

struct PinnedState {
  Card* card;
  int64_t bytes;
};

// The driver functions, cuDriverGetVersion included, by number.
enum FunctionId {
  kId_cuDriverGetVersion,
#define LACUNA_FUNCTION_ID(name, ...) kId_##name,
  LACUNA_DRIVER_FUNCTIONS(LACUNA_FUNCTION_ID)
#undef LACUNA_FUNCTION_ID
      kFunctionCount
};
const char* function_name(int id);

// How often a driver function was called, and which calls to come shall fail.
struct Calls {
  int64_t count = 0;
  std::map<int64_t, DriverResult> failures;  // by the count that the call will have
};

class Machine {
 public:
  // Never destroyed: programs call a driver until their end.
  static Machine& instance();

  void reset();
  // Notes what is wrong, for standin_reports and on standard error.
  void report(const std::string& line);

  // Puts work at the end of a stream and, unless deferred, runs it.
  DriverResult issue(cuda::Stream stream, std::function<DriverResult()> work);
  // Runs the first `ticket` pieces of work that were ever issued to the stream, as far as they are not done.
  DriverResult run(StreamState& stream, int64_t ticket);
  DriverResult finish(Card& card);
  // Runs what an event waits for. True where the event happened.
  bool happened(const EventState& event);
  // Frees everything that lies on a card.
  void wipe(Card& card);

  std::recursive_mutex mutex;
  std::string variant;
  int version = 0;
  bool initialised = false, deferred = false, pooled = false;
  int64_t memory = 0;         // of each card
  emulator::Options options;  // of launches; a negative first_block or last_block counts from the end

  std::array<Card, 2> cards{Card{"Lacuna stand-in 0", 8, 0}, Card{"Lacuna stand-in 1", 9, 0}};
  Objects<cuda::Stream, StreamState> streams;
  Objects<cuda::Event, EventState> events;
  Objects<cuda::Module, ModuleState> modules;
  Objects<cuda::Function, FunctionState> functions;
  std::map<uintptr_t, PinnedState> pinned;  // by address
  std::array<Calls, kFunctionCount> calls;
  Arena arena{[this](const char* text) { report(text); }};
  std::string reports;
  std::deque<standin_launch> launches;
  int64_t launched = 0, synchronisations = 0, pageable_copies = 0;

 private:
  Machine() { reset(); }
};

}  // namespace lacuna::standin
#endif
