// polyak: averages neural-network checkpoints. Parse, run, print, return.
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <exception>
#include <iostream>
#include <new>

#include "command_line.h"
#include "core/error.h"
#include "io/memory_use.h"
#include "messages.h"
#include "signals.h"

namespace {

using polyak::command::PrintError;

// Exit status: 0 done (3 from a command: done, maybe not durable), 2 wrong usage, failed: 1, or
// what the command says (diff, whose 1 is another answer).
int Fail(const polyak::Error& error, int failure_status) {
  if (error.kind() == polyak::ErrorKind::kCancelled) {
    PrintError(std::cerr, "stopped");  // in whatever file it was
  } else {
    PrintError(std::cerr, error);
  }
  polyak::command::EndBySignal();
  return error.kind() == polyak::ErrorKind::kUsage ? 2 : failure_status;
}

// Files that are opened must not get the numbers of standard streams that are closed: what is
// printed would go into them. What stands in their place can't be written to: a result that nobody
// can have got is an error.
void KeepStandardStreamsApart() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) < 0) open("/dev/null", O_RDONLY);
  }
}

// As many open files as the system allows: each input stays open for the whole run. What a shell
// gives at first is meant for programs that use select(2).
void AllowManyFiles() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Whoever read it, as in "polyak inspect model.onnx | head", has seen enough: no fault. Which write
// failed first, and why, the stream doesn't tell.
bool NobodyReadsStandardOutput() {
  pollfd output{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  return poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP)) != 0;
}

// Without allocating anything.
void PrintOutOfMemory(const char* what) {
  std::cerr << "polyak: error: " << what << "\npolyak: hint: "
            << (polyak::IsMemoryLimited()
                    ? "a higher limit of the system's (ulimit -v, ulimit -d) gives it more, and "
                      "fewer threads (-j) take less\n"
                    : "fewer threads (-j) and a smaller --memory take less\n");
}

int Run(const polyak::command::Command& command) {
  const int status = command.action({std::cout, std::cerr});
  if (std::cout.flush()) return status;
  polyak::command::EndBySignal();
  if (NobodyReadsStandardOutput()) return status;
  PrintError(std::cerr, "cannot write to standard output (a file that was asked for is there)");
  return command.failure_status;
}

// Sets `failure_status` as soon as the command is known.
int Run(int argc, char** argv, int& failure_status) {
  try {
    const polyak::command::Command command = polyak::command::Parse(argc, argv);
    failure_status = command.failure_status;
    return Run(command);
  } catch (const polyak::Error& error) {
    return Fail(error, failure_status);
  } catch (const std::bad_alloc& error) {
    const auto* const known = dynamic_cast<const polyak::command::OutOfMemory*>(&error);
    PrintOutOfMemory(known ? known->what() : "out of memory");
  } catch (const std::exception& error) {
    PrintError(std::cerr, error.what());
  }
  return failure_status;
}

}  // namespace

int main(int argc, char** argv) {
  KeepStandardStreamsApart();
  polyak::command::HandleSignals();
  AllowManyFiles();
  int failure_status = 1;
  try {
    return Run(argc, argv, failure_status);
  } catch (const std::bad_alloc&) {
    PrintOutOfMemory("out of memory, even for saying what is wrong");
    return failure_status;
  }
}
