// One pool of worker threads per process, shared by every context and every calling thread.
#ifndef LACUNA_SRC_CPU_THREAD_POOL_H
#define LACUNA_SRC_CPU_THREAD_POOL_H

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace lacuna {

class ThreadPool {
 public:
  using Body = void (*)(void* self, int64_t chunk, int worker);

  static ThreadPool& instance();

  // Calls body(self, chunk, worker) once for every chunk in [0, chunks) and returns when all are done. The caller takes
  // part as worker 0, idle pool threads join as workers 1 .. threads - 1. The first exception of a body is thrown again
  // here, after which the chunks not yet begun are skipped. Any number of threads may call at once, from inside a body
  // too.
  void run(int64_t chunks, int threads, Body body, void* self);

 private:
  struct Job;

  ThreadPool() = default;
  void grow(int workers);
  void work();
  void drain(Job& job, int worker);
  Job* joinable();

  std::mutex mutex_;
  std::condition_variable posted_changed_, job_done_;
  std::atomic<uint32_t> posted_{0};  // jobs ever posted: what idle workers watch
  Job* jobs_ = nullptr;              // doubly linked, newest first
  int workers_ = 0;
  int workers_limit_ = 1 << 20;  // lowered when the system refuses a thread
  int asleep_ = 0;
};

}  // namespace lacuna
#endif
