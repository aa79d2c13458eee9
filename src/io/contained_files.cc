#include "io/contained_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>

#include "core/error.h"

namespace polyak {
namespace {

namespace fs = std::filesystem;

constexpr int kFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

[[noreturn]] void RefuseEscape() {
  throw Error(ErrorKind::kCorrupt, "lies outside the checkpoint's folder");
}

// A descriptor, or minus the error's number.
int OpenBeneath(int folder, const std::string& name, std::uint64_t resolve) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(kFlags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve;
  const long descriptor = syscall(SYS_openat2, folder, name.c_str(), &how, sizeof how);
  return descriptor < 0 ? -errno : static_cast<int>(descriptor);
}

// Kernels before 5.6, and containers that don't know the call.
bool IsUnknownCall(int result) noexcept { return result == -ENOSYS || result == -EPERM; }

// The path below `folder`; nothing where it doesn't lie there. Both are canonical.
std::optional<fs::path> Below(const fs::path& folder, const fs::path& path) {
  const auto [of_folder, of_path] = std::ranges::mismatch(folder, path);
  if (of_folder != folder.end() || of_path == path.end()) return std::nullopt;
  fs::path rest;
  for (auto part = of_path; part != path.end(); ++part) rest /= *part;
  return rest;
}

int Result(int descriptor) noexcept { return descriptor < 0 ? -errno : descriptor; }

int OrThrow(int result) {
  if (result >= 0) return result;
  if (result == -EMFILE) {
    throw Error(ErrorKind::kSystem, SystemError("cannot open", EMFILE).what(),
                "ulimit -n allows a process more");
  }
  throw SystemError("cannot open", -result);
}

}  // namespace

void CheckContainedName(const std::string& name) {
  if (name.empty()) throw Error(ErrorKind::kCorrupt, "has no name");
  if (name.find('\0') != std::string::npos) {
    throw Error(ErrorKind::kCorrupt, "has a NUL byte in its name");
  }
  if (name.front() == '/') RefuseEscape();
  int depth = 0;
  for (const fs::path& part : fs::path(name)) {
    if (part == "..") --depth;
    if (part != ".." && part != "." && !part.empty()) ++depth;
    if (depth < 0) RefuseEscape();
  }
}

ContainedFiles::ContainedFiles(const fs::path& checkpoint, Resolution resolution)
    : folder_(checkpoint.has_parent_path() ? checkpoint.parent_path() : fs::path(".")),
      resolution_(resolution) {
  std::error_code error;
  linked_folder_ = fs::canonical(checkpoint, error).parent_path();
  const int descriptor = open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  folder_descriptor_ = std::make_unique<const Descriptor>(OrThrow(Result(descriptor)));
}

int ContainedFiles::Open(const std::string& name) const {
  CheckContainedName(name);
  if (resolution_ == Resolution::kByPaths) return OpenThroughLinks(name, false);
  const int result = OpenBeneath(folder_descriptor_->number(), name, 0);
  if (IsUnknownCall(result)) return OpenThroughLinks(name, false);
  return result == -EXDEV ? OpenThroughLinks(name, true) : OrThrow(result);
}

// Where the name leads, by its canonical path: into the folder that the checkpoint's link leads to,
// or, without the kernel's help, into the checkpoint's own.
int ContainedFiles::OpenThroughLinks(const std::string& name, bool by_kernel) const {
  std::error_code error;
  const fs::path file = fs::canonical(folder_ / name, error);
  if (error) throw SystemError("cannot open", error.value());
  const std::optional<fs::path> in_linked_folder = Below(linked_folder_, file);
  if (!by_kernel) {
    if (!in_linked_folder && !Below(fs::canonical(folder_, error), file)) RefuseEscape();
    return OrThrow(Result(open(file.c_str(), kFlags | O_NOFOLLOW)));
  }
  if (!in_linked_folder) RefuseEscape();
  const Descriptor folder(
      OrThrow(Result(open(linked_folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC))));
  return OrThrow(OpenBeneath(folder.number(), in_linked_folder->string(), RESOLVE_NO_SYMLINKS));
}

}  // namespace polyak
