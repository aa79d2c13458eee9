#include "confinement/confinement.h"

#include <sys/prctl.h>

#include <cerrno>

#include "confinement/call_filter.h"
#include "confinement/landlock.h"
#include "confinement/refused_calls.h"
#include "confinement/sanitized.h"
#include "core/error.h"

namespace polyak {
namespace {

constexpr const char* kHint = "--sandbox off runs unconfined";

// What the C library reads of the machine, and what the report does of this process.
constexpr const char* kReadFiles[] = {"/proc/self/status", "/sys/devices/system/cpu/online"};

std::string Absent(int landlock_version, bool has_filters) {
  if (kIsSanitized) return "anything (it is built with sanitizers)";
  if (landlock_version == 0 && !has_filters) return "Landlock and seccomp";
  if (landlock_version == 0) return "Landlock";
  return has_filters ? "" : "seccomp";
}

void KeepToFolders(const ConfinementRules& rules, int landlock_version) {
  FileRules files(landlock_version);
  for (const auto& folder : rules.read_folders) files.AllowReading(folder);
  for (const auto& folder : rules.write_folders) files.AllowWriting(folder);
  for (const char* const file : kReadFiles) files.AllowReadingFile(file);
  files.Enforce();
}

void Enter(const ConfinementRules& rules, int landlock_version, bool has_filters) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    throw SystemError("cannot confine itself: the kernel would give new privileges", errno);
  }
  if (landlock_version > 0) KeepToFolders(rules, landlock_version);
  if (has_filters) RefusedCalls().Enforce();
}

}  // namespace

std::string Confine(const ConfinementRules& rules, Sandbox sandbox) {
  if (sandbox == Sandbox::kOff) return {};
  const int landlock_version = FileRules::KernelVersion();
  const bool has_filters = CallFilter::IsKnown();
  std::string absent = Absent(landlock_version, has_filters);
  if (!absent.empty() && sandbox == Sandbox::kRequire) {
    throw Error(ErrorKind::kSystem, "cannot confine itself: there is no " + absent, kHint);
  }
  if (kIsSanitized) return absent;
  try {
    Enter(rules, landlock_version, has_filters);
  } catch (const Error& error) {
    throw Error(error.kind(), error.what(), kHint);
  }
  return absent;
}

}  // namespace polyak
