#include "confinement.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>

#include "allowed_calls.h"
#include "confinement/landlock.h"
#include "confinement/sanitized.h"
#include "core/error.h"
#include "formats/hdf5/protocol.h"

namespace polyak::hdf5 {
namespace {

void Require(bool done, int exit_status = kExitUnconfined) {
  if (!done) _exit(exit_status);
}

void RequireLimit(bool done) { Require(done, kExitUnlimited); }

void Limit(__rlimit_resource resource, rlim_t value) {
  rlimit limit{};
  RequireLimit(getrlimit(resource, &limit) == 0);
  if (limit.rlim_max < value) value = limit.rlim_max;  // the user's own limit is tighter
  limit = {.rlim_cur = value, .rlim_max = value};
  RequireLimit(setrlimit(resource, &limit) == 0);
}

void GiveUpResources(std::uint64_t memory_bytes) {
  // A terminal sends these to polyak and its helper alike. polyak decides what they mean; the
  // helper ends when polyak closes the socket. (Not by PR_SET_PDEATHSIG, which fires when the
  // *thread* that started it ends.)
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) {
    RequireLimit(signal(signal_number, SIG_IGN) != SIG_ERR);
  }
  RequireLimit(close_range(kSocketDescriptor + 1, ~0U, 0) == 0);
  Limit(RLIMIT_CORE, 0);
  Limit(RLIMIT_FSIZE, 0);
  // A file, memory shared with polyak, and the pipe that sanitizers use to look at memory.
  Limit(RLIMIT_NOFILE, kSocketDescriptor + 1 + 4);
  // Data, not address space: the 30 libraries that come with libhdf5 would count there.
  if (memory_bytes != 0 && !kIsSanitized) Limit(RLIMIT_DATA, memory_bytes);
  Require(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
}

void GiveUpEverythingElse(Sandbox sandbox) {
  const int landlock_version = FileRules::KernelVersion();
  const bool has_filters = CallFilter::IsKnown();
  const bool is_all_there = landlock_version > 0 && has_filters && !kIsSanitized;
  Require(is_all_there || sandbox != Sandbox::kRequire);
  if (kIsSanitized) return;
  // No folder, no file.
  if (landlock_version > 0) FileRules(landlock_version).Enforce();
  if (has_filters) AllowedCalls().Enforce();
}

}  // namespace

void Confine(std::uint64_t memory_bytes, Sandbox sandbox) {
  GiveUpResources(memory_bytes);
  if (sandbox == Sandbox::kOff) return;
  try {
    GiveUpEverythingElse(sandbox);
  } catch (const Error&) {
    Require(false);
  }
}

void LimitProcessorTime(std::uint32_t seconds) {
  rusage used{};
  rlimit limit{};
  RequireLimit(getrusage(RUSAGE_SELF, &used) == 0);
  RequireLimit(getrlimit(RLIMIT_CPU, &limit) == 0);
  const suseconds_t used_microseconds = used.ru_utime.tv_usec + used.ru_stime.tv_usec;
  constexpr suseconds_t kSecond = 1'000'000;
  const time_t used_seconds =
      used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used_microseconds + kSecond - 1) / kSecond;
  const rlim_t wanted = static_cast<rlim_t>(used_seconds) + seconds;
  limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
  RequireLimit(setrlimit(RLIMIT_CPU, &limit) == 0);
}

}  // namespace polyak::hdf5
