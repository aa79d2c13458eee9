#include "fuzz/forked_trial.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <exception>
#include <stdexcept>
#include <typeinfo>

namespace polyak::test {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif
#else
constexpr bool kIsSanitized = false;
#endif

constexpr rlim_t kDataBytes = rlim_t{1} << 30;
constexpr long kResidentKib = 300L << 10;  // the budget, and what the test itself has

void Limit(int resource, rlim_t most) {
  const rlimit limit{most, most};
  setrlimit(static_cast<__rlimit_resource>(resource), &limit);
}

TrialResult RunCaught(const std::function<TrialResult()>& trial) {
  try {
    return trial();
  } catch (const std::exception& error) {
    return {Judgement::kWrong, std::string(typeid(error).name()) + ": " + error.what()};
  }
}

[[noreturn]] void RunHere(const std::function<TrialResult()>& trial, unsigned seconds,
                          int answers) {
  Limit(RLIMIT_CORE, 0);
  if (!kIsSanitized) Limit(RLIMIT_DATA, kDataBytes);
  alarm(seconds);
  const TrialResult result = RunCaught(trial);
  if (write(answers, result.complaint.data(), result.complaint.size()) < 0) _exit(255);
  _exit(static_cast<int>(result.judgement));
}

std::string ReadAll(int descriptor) {
  std::string text;
  std::array<char, 4096> piece{};
  while (true) {
    const ssize_t count = read(descriptor, piece.data(), piece.size());
    if (count <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace

TrialResult RunForked(const std::function<TrialResult()>& trial, unsigned seconds) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process");
  if (child == 0) {
    close(ends[0]);
    RunHere(trial, seconds, ends[1]);
  }
  close(ends[1]);
  TrialResult result;
  result.complaint = ReadAll(ends[0]);
  close(ends[0]);
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    result.complaint += number == SIGALRM ? "hangs" : "ended by signal " + std::to_string(number);
    return result;
  }
  result.judgement = static_cast<Judgement>(WEXITSTATUS(status));
  if (result.judgement > Judgement::kWrong) {
    return {Judgement::kWrong, "exit status " + std::to_string(WEXITSTATUS(status))};
  }
  if (!kIsSanitized && usage.ru_maxrss > kResidentKib) {
    return {Judgement::kWrong, std::to_string(usage.ru_maxrss) + " KiB resident"};
  }
  return result;
}

}  // namespace polyak::test
