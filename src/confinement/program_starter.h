// Starts one program for a process that can't any more: a process of its own, forked before the
// confinement, which waits for nothing but the word to start it, or to kill one that it started.
// It gives the program a socket as descriptor 3 and /dev/null as 0 to 2, nothing else.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "core/mutex.h"

namespace polyak {

class ProgramStarter {
 public:
  // Forks, before the second thread. What it forks ends when the forking process has; one that is
  // stopped then, when it goes on. All programs will get `last_argument` behind the one that Start
  // gives. Throws Error (kSystem).
  ProgramStarter(std::string program, std::string last_argument);
  ProgramStarter(const ProgramStarter&) = delete;
  ProgramStarter& operator=(const ProgramStarter&) = delete;
  // Ends the process that starts, and what it started for a Start that didn't wait for it; what
  // else it started lives on.
  ~ProgramStarter();

  struct Started {
    pid_t process;  // a child of ours: to be waited for
    int socket;     // the other end, ours to close
  };
  // Any thread. Throws Error: kSystem, kCancelled once *stop is set (may be null); after that this
  // object is good for nothing but destruction.
  Started Start(std::uint64_t argument, const std::atomic<bool>* stop = nullptr);
  // One that was started and hasn't been waited for. Any thread. It has the order only: whoever
  // carries it out may be stopped.
  void Kill(pid_t process) noexcept;

 private:
  // When the process that starts has ended: takes the answer that nobody waited for.
  void EndUnclaimed() noexcept POLYAK_REQUIRES(mutex_);

  Mutex mutex_;  // one question and its answer at a time
  int socket_ POLYAK_GUARDED_BY(mutex_) = -1;
  pid_t process_ = -1;
};

}  // namespace polyak
