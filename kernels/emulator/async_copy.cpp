#include "async_copy.h"

#include <cstring>
#include <vector>

#include "block.h"
#include "shadow.h"
#include "shared_memory.h"

namespace lacuna::emulator {

namespace {

struct Copy {
  char* to;
  const char* from;
  int bytes;
  int group;
  const void* place;
};

struct Thread {
  std::vector<Copy> under_way;  // oldest first
  int group = 0;                // that the next copy belongs to
};

std::array<Thread, kMostThreads> threads;

void perform(const Copy& copy) {
  std::memcpy(copy.to, copy.from, copy.bytes);
  std::memset(copy.to + copy.bytes, 0, 16 - copy.bytes);
}

}  // namespace

void begin_copies() {
  for (int i = 0; i < block.threads; ++i) {
    threads[i].under_way.clear();
    threads[i].group = 0;
  }
}

void abandon_copies() { threads[block.thread].under_way.clear(); }

void copy_async16(void* shared, const void* global, int bytes, Location where) {
  const auto wrong = [&](const char* what) {
    record_fault("copy_async16 in " + to_string(where) + what);
    end_grid();
  };
  if (bytes < 0 || bytes > 16) wrong(": bytes outside 0 .. 16");
  if (reinterpret_cast<uintptr_t>(shared) % 16 != 0) wrong(" writes to an address that is no multiple of 16");
  if (reinterpret_cast<uintptr_t>(global) % 16 != 0) wrong(" reads from an address that is no multiple of 16");
  if (!in_shared_memory(shared, 16)) wrong(" writes outside shared memory");
  Thread& thread = threads[block.thread];
  const Copy copy = {static_cast<char*>(shared), static_cast<const char*>(global), bytes, thread.group,
                     __builtin_return_address(0)};
  if (watching) {
    if (bytes != 0) shadow_access<Access::kRead>(global, bytes, copy.place);
    shadow_copy_issued(shared, 16, copy.place);
  }
  if (!block.options.late_copies) perform(copy);
  if (block.options.late_copies || watching) thread.under_way.push_back(copy);
}

void copy_async_commit() { ++threads[block.thread].group; }

void copy_async_wait(int pending) {
  Thread& thread = threads[block.thread];
  auto copy = thread.under_way.begin();
  for (; copy != thread.under_way.end() && copy->group < thread.group - pending; ++copy) {
    if (block.options.late_copies) perform(*copy);
    if (watching) shadow_copy_done(copy->to, 16, copy->place);
  }
  thread.under_way.erase(thread.under_way.begin(), copy);
}

}  // namespace lacuna::emulator
