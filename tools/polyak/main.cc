// polyak: averages neural-network checkpoints. Parse, run, print, return.
#include <exception>
#include <iostream>
#include <new>

#include "command_line.h"
#include "core/error.h"
#include "report/printable.h"
#include "signals.h"

namespace {

// Exit status: 0 done (3 from a command: done, maybe not durable), 1 failed, 2 wrong usage.
int StatusOf(const polyak::Error& error) {
  return error.kind() == polyak::ErrorKind::kUsage ? 2 : 1;
}

int Fail(const polyak::Error& error) {
  std::cerr << "polyak: error: " << polyak::PrintableMessage(error.what()) << '\n';
  if (!error.hint().empty()) {
    std::cerr << "polyak: hint: " << polyak::PrintableMessage(error.hint()) << '\n';
  }
  if (error.kind() == polyak::ErrorKind::kCancelled) polyak::command::EndBySignal();
  return StatusOf(error);
}

int Run(int argc, char** argv) {
  const int status = polyak::command::Parse(argc, argv)({std::cout, std::cerr});
  if (std::cout.flush()) return status;
  std::cerr << "polyak: error: cannot write to standard output\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  polyak::command::HandleSignals();
  try {
    return Run(argc, argv);
  } catch (const polyak::Error& error) {
    return Fail(error);
  } catch (const std::bad_alloc&) {
    std::cerr << "polyak: error: out of memory\n";
  } catch (const std::exception& error) {
    std::cerr << "polyak: error: " << polyak::PrintableMessage(error.what()) << '\n';
  }
  return 1;
}
