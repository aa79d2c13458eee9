#include "confinement/process_end.h"

#include <poll.h>
#include <sys/wait.h>

#include <chrono>
#include <thread>

namespace polyak {

pid_t WaitForEnd(pid_t process, int socket, int& status) noexcept {
  using std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kPatience{1000};
  // The socket is closed a little before waitpid knows.
  constexpr std::chrono::microseconds kStep{100};
  const auto deadline = steady_clock::now() + kPatience;
  pollfd hanging_up{.fd = socket, .events = 0, .revents = 0};
  poll(&hanging_up, 1, static_cast<int>(kPatience.count()));
  while (true) {
    const pid_t ended = waitpid(process, &status, WNOHANG);
    if (ended != 0 || steady_clock::now() >= deadline) return ended;
    std::this_thread::sleep_for(kStep);
  }
}

}  // namespace polyak
