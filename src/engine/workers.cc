#include "engine/workers.h"

#include <chrono>
#include <exception>
#include <limits>
#include <semaphore>
#include <system_error>
#include <thread>
#include <vector>

#include "arithmetic/fp_environment.h"
#include "core/error.h"
#include "core/mutex.h"

namespace polyak {
namespace {

constexpr std::chrono::milliseconds kProgressInterval(100);

// What the threads of one run share.
class Crew {
 public:
  Crew(std::size_t jobs, const std::function<DoJob()>& make_worker, const RunControl& control)
      : jobs_(jobs), make_worker_(make_worker), control_(control) {}

  // The life of one thread.
  void Work() noexcept {
    std::size_t job = 0;  // a worker that can't be made counts as its first job's failure
    try {
      const FpEnvironment environment;
      const DoJob do_job = make_worker_();
      while (!control_.is_stopped() && !failed_.load(std::memory_order_relaxed)) {
        job = next_job_.fetch_add(1, std::memory_order_relaxed);
        if (job >= jobs_) break;
        do_job(job);
      }
    } catch (...) {
      Note(job, std::current_exception());
    }
    finished_.release();
  }

  // True when one more thread has ended within the interval.
  bool WaitForOne() { return finished_.try_acquire_for(kProgressInterval); }

  void Rethrow() {
    const MutexLock lock(mutex_);
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void Note(std::size_t job, std::exception_ptr failure) noexcept {
    const MutexLock lock(mutex_);
    failed_ = true;
    if (failure_ && failed_job_ <= job) return;
    failed_job_ = job;
    failure_ = std::move(failure);
  }

  const std::size_t jobs_;
  const std::function<DoJob()>& make_worker_;
  const RunControl& control_;
  std::atomic<std::size_t> next_job_ = 0;
  std::atomic<bool> failed_ = false;
  std::counting_semaphore<> finished_{0};
  Mutex mutex_;  // guards which failure is the lowest job's
  std::size_t failed_job_ POLYAK_GUARDED_BY(mutex_) = std::numeric_limits<std::size_t>::max();
  std::exception_ptr failure_ POLYAK_GUARDED_BY(mutex_);
};

// As many threads as the system gives, at least one.
std::vector<std::jthread> Start(std::size_t workers, Crew& crew) {
  std::vector<std::jthread> threads;
  threads.reserve(workers);
  try {
    while (threads.size() < workers) threads.emplace_back([&crew] { crew.Work(); });
  } catch (const std::system_error& error) {
    if (!threads.empty()) return threads;
    throw Error(ErrorKind::kSystem,
                SystemError("cannot start a thread", error.code().value()).what(),
                "a limit of the system's on memory or processes (ulimit -v, -d or -u) is too low");
  }
  return threads;
}

}  // namespace

void CheckStop(const RunControl& control) {
  if (control.is_stopped()) throw Error(ErrorKind::kCancelled, "stopped");
}

void RunJobs(std::size_t workers, std::size_t jobs, const std::function<DoJob()>& make_worker,
             const RunControl& control, const std::atomic<std::uint64_t>& done_bytes,
             std::uint64_t total_bytes) {
  CheckStop(control);
  if (jobs == 0) return;
  Crew crew(jobs, make_worker, control);
  {
    const std::vector<std::jthread> threads = Start(workers, crew);
    for (std::size_t ended = 0; ended < threads.size();) {
      ended += crew.WaitForOne() ? 1U : 0U;
      if (control.progress) control.progress(done_bytes.load(), total_bytes);
    }
  }
  crew.Rethrow();
  CheckStop(control);
}

}  // namespace polyak
