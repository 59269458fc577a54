#include "emulator/machine.h"

#include <cstdio>
#include <cstdlib>

namespace lacuna::standin {

const char* function_name(int id) {
  static constexpr const char* kNames[] = {"cuDriverGetVersion",
#define LACUNA_FUNCTION_NAME(name, ...) #name,
                                           LACUNA_DRIVER_FUNCTIONS(LACUNA_FUNCTION_NAME)
#undef LACUNA_FUNCTION_NAME
  };
  return kNames[id];
}

Machine& Machine::instance() {
  static Machine* machine = new Machine;
  return *machine;
}

void Machine::reset() {
  arena.release_freed();
  calls = {};
  reports.clear();
  launches.clear();
  launched = synchronisations = pageable_copies = 0;
  deferred = pooled = false;

  const char* chosen = std::getenv("LACUNA_STANDIN");
  variant = chosen ? chosen : "";
  version = variant == "too-old" ? 10020 : variant == "old-ptx-only" ? 12040 : 13000;
  memory = variant == "out-of-memory" ? 0 : int64_t{24} << 30;
  options = {};
  if (variant == "miscomputing") options.last_block = -1;
}

void Machine::report(const std::string& line) {
  reports += line + "\n";
  std::fprintf(stderr, "stand-in driver: %s\n", line.c_str());
}

DriverResult Machine::issue(cuda::Stream handle, std::function<DriverResult()> work) {
  StreamState& stream = *streams.find(handle);
  stream.work.push_back(std::move(work));
  ++stream.issued;
  return deferred ? kSuccess : run(stream, stream.issued);
}

DriverResult Machine::run(StreamState& stream, int64_t ticket) {
  while (stream.done < ticket && !stream.work.empty()) {
    const auto work = std::move(stream.work.front());
    stream.work.pop_front();
    if (!stream.card->fatal) stream.card->fatal = work();
    ++stream.done;
  }
  return stream.card->fatal;
}

DriverResult Machine::finish(Card& card) {
  for (auto& [key, stream] : streams) {
    if (stream.card == &card) run(stream, stream.issued);
  }
  return card.fatal;
}

bool Machine::happened(const EventState& event) {
  StreamState* stream = streams.find(event.stream);
  if (event.ticket > 0 && stream) run(*stream, event.ticket);
  return event.ticket > 0;
}

void Machine::wipe(Card& card) {
  finish(card);
  const auto lies_here = [&card](const auto& object) { return object.card == &card; };
  streams.erase_if(lies_here);
  events.erase_if(lies_here);
  functions.erase_if(lies_here);
  modules.erase_if(lies_here);
  arena.free_all(&card);
  for (auto block = pinned.begin(); block != pinned.end();) {
    if (block->second.card == &card) {
      std::free(reinterpret_cast<void*>(block->first));
      block = pinned.erase(block);
    } else {
      ++block;
    }
  }
  card.retained = card.used = 0;
  card.fatal = kSuccess;
}

}  // namespace lacuna::standin
