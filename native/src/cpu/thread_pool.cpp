#include "cpu/thread_pool.h"

#include <signal.h>

#include <algorithm>
#include <exception>
#include <thread>

namespace lacuna {
namespace {

// 125 microseconds on Zen 4: longer than the gaps between the ops of a model that Java records one by one, shorter than
// anyone notices. A transformer of six layers over 16 tokens took 4.1 ms with a tenth of it, since waking a thread that
// sleeps costs as much as such an op, and 3.3 ms with this.
constexpr int kSpins = 5000;

template <class Ready>
void spin_until(Ready&& ready) {
  for (int i = 0; i < kSpins && !ready(); ++i) __builtin_ia32_pause();
}

// Blocks the signals that a host program handles on threads of its own; faults stay deliverable.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP}) sigdelset(&blocked, fault);
    pthread_sigmask(SIG_SETMASK, &blocked, &saved_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &saved_, nullptr); }

 private:
  sigset_t saved_;
};

}  // namespace

// Lives on the caller's stack. What is not atomic is guarded by the pool's mutex.
struct ThreadPool::Job {
  Body body;
  void* self;
  int64_t chunks;
  int seats;  // helpers that may still join
  int joined = 0;
  std::atomic<int> active{0};  // helpers inside; the last touch of a helper is its decrement
  std::atomic<int64_t> next{0};
  std::exception_ptr error = nullptr;
  Job* newer = nullptr;
  Job* older = nullptr;
};

ThreadPool& ThreadPool::instance() {
  // Never destroyed: workers may outlive the static destructors of the process.
  static ThreadPool& pool = *new ThreadPool;
  return pool;
}

void ThreadPool::run(int64_t chunks, int threads, Body body, void* self) {
  const int helpers = static_cast<int>(std::min<int64_t>(threads, chunks)) - 1;
  if (helpers <= 0) {
    for (int64_t chunk = 0; chunk < chunks; ++chunk) body(self, chunk, 0);
    return;
  }
  Job job{body, self, chunks, helpers};
  int wake;
  {
    std::lock_guard lock(mutex_);
    if (workers_ < std::min(helpers, workers_limit_)) grow(helpers);
    job.older = jobs_;
    if (jobs_) jobs_->newer = &job;
    jobs_ = &job;
    posted_.fetch_add(1, std::memory_order_release);
    wake = std::min(helpers, asleep_);
  }
  for (; wake > 0; --wake) posted_changed_.notify_one();
  drain(job, 0);
  {
    std::lock_guard lock(mutex_);
    (job.newer ? job.newer->older : jobs_) = job.older;
    if (job.older) job.older->newer = job.newer;
  }
  const auto done = [&job] { return job.active.load(std::memory_order_acquire) == 0; };
  spin_until(done);
  if (!done()) {
    std::unique_lock lock(mutex_);
    job_done_.wait(lock, done);
  }
  if (job.error) std::rethrow_exception(job.error);
}

void ThreadPool::grow(int workers) {
  const SignalsBlocked blocked;
  try {
    for (; workers_ < workers; ++workers_) std::thread(&ThreadPool::work, this).detach();
  } catch (const std::exception&) {
    workers_limit_ = workers_;  // the callers do the work with the threads there are
  }
}

ThreadPool::Job* ThreadPool::joinable() {
  for (Job* job = jobs_; job; job = job->older) {
    if (job->seats > 0 && job->next.load(std::memory_order_relaxed) < job->chunks) return job;
  }
  return nullptr;
}

void ThreadPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (Job* job = joinable()) {
      --job->seats;
      const int worker = ++job->joined;
      job->active.fetch_add(1, std::memory_order_relaxed);
      lock.unlock();
      drain(*job, worker);
      lock.lock();
      if (job->active.fetch_sub(1, std::memory_order_release) == 1) job_done_.notify_all();
      continue;
    }
    const uint32_t seen = posted_.load(std::memory_order_relaxed);
    const auto posted = [this, seen] { return posted_.load(std::memory_order_relaxed) != seen; };
    lock.unlock();
    spin_until(posted);
    lock.lock();
    ++asleep_;
    posted_changed_.wait(lock, posted);
    --asleep_;
  }
}

void ThreadPool::drain(Job& job, int worker) {
  try {
    for (int64_t chunk; (chunk = job.next.fetch_add(1, std::memory_order_relaxed)) < job.chunks;) {
      job.body(job.self, chunk, worker);
    }
  } catch (...) {
    job.next.store(job.chunks, std::memory_order_relaxed);
    std::lock_guard lock(mutex_);
    if (!job.error) job.error = std::current_exception();
  }
}

}  // namespace lacuna
