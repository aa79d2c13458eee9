// polyak: averages neural-network checkpoints. Parse, run, print, return.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <iostream>
#include <new>

#include "command_line.h"
#include "core/error.h"
#include "report/printable.h"
#include "signals.h"

namespace {

// Exit status: 0 done (3 from a command: done, maybe not durable), 2 wrong usage, failed: 1, or
// what the command says (diff, whose 1 is another answer).
int Fail(const polyak::Error& error, int failure_status) {
  std::cerr << "polyak: error: " << polyak::PrintableMessage(error.what()) << '\n';
  if (!error.hint().empty()) {
    std::cerr << "polyak: hint: " << polyak::PrintableMessage(error.hint()) << '\n';
  }
  if (error.kind() == polyak::ErrorKind::kCancelled) polyak::command::EndBySignal();
  return error.kind() == polyak::ErrorKind::kUsage ? 2 : failure_status;
}

// Files that are opened must not get the numbers of standard streams that are closed: what is
// printed would go into them.
void KeepStandardStreamsApart() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) < 0) open("/dev/null", O_RDWR);
  }
}

int Run(const polyak::command::Command& command) {
  const int status = command.action({std::cout, std::cerr});
  errno = 0;
  if (std::cout.flush()) return status;
  polyak::command::EndBySignal();
  if (errno == EPIPE) return status;  // whoever read it has seen enough
  std::cerr << "polyak: error: cannot write to standard output (the work itself is done)\n";
  return command.failure_status;
}

}  // namespace

int main(int argc, char** argv) {
  KeepStandardStreamsApart();
  polyak::command::HandleSignals();
  int failure_status = 1;
  try {
    const polyak::command::Command command = polyak::command::Parse(argc, argv);
    failure_status = command.failure_status;
    return Run(command);
  } catch (const polyak::Error& error) {
    return Fail(error, failure_status);
  } catch (const std::bad_alloc&) {
    std::cerr << "polyak: error: out of memory\n";
  } catch (const std::exception& error) {
    std::cerr << "polyak: error: " << polyak::PrintableMessage(error.what()) << '\n';
  }
  return failure_status;
}
