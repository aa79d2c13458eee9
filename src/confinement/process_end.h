// Waiting for a child's end, but not for ever: whoever is to end it may be stopped.
#pragma once

#include <sys/types.h>

namespace polyak {

// For a child that holds the other end of `socket` as long as it lives: waits until it has ended, a
// second at most. Returns what waitpid does, 0 where it lives on.
pid_t WaitForEnd(pid_t process, int socket, int& status) noexcept;

}  // namespace polyak
