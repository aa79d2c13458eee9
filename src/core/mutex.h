// std::mutex with the annotations by which clang's -Wthread-safety checks who holds what.
// https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
#pragma once

#include <mutex>

#if defined(__clang__)
#define POLYAK_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define POLYAK_THREAD_ANNOTATION(x)
#endif
#define POLYAK_CAPABILITY(x) POLYAK_THREAD_ANNOTATION(capability(x))
#define POLYAK_SCOPED_CAPABILITY POLYAK_THREAD_ANNOTATION(scoped_lockable)
#define POLYAK_GUARDED_BY(x) POLYAK_THREAD_ANNOTATION(guarded_by(x))
#define POLYAK_REQUIRES(...) POLYAK_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define POLYAK_ACQUIRE(...) POLYAK_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define POLYAK_RELEASE(...) POLYAK_THREAD_ANNOTATION(release_capability(__VA_ARGS__))

namespace polyak {

class POLYAK_CAPABILITY("mutex") Mutex {
 public:
  void Lock() POLYAK_ACQUIRE() { mutex_.lock(); }
  void Unlock() POLYAK_RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class POLYAK_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) POLYAK_ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() POLYAK_RELEASE() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace polyak
