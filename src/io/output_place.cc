#include "io/output_place.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "io/input_file.h"

namespace polyak {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void Fail(const fs::path& target, Error error) {
  error.AddContext(target.empty() ? "''" : target.string());
  throw error;
}

fs::path ThroughLinks(const fs::path& target) {
  std::error_code error;
  if (!fs::is_symlink(target, error)) return target;
  fs::path named = fs::canonical(target, error);
  if (!error) return named;
  Fail(target, {ErrorKind::kSystem, "is a symbolic link that leads nowhere"});
}

void CheckTarget(const fs::path& target, bool replace_existing) {
  if (!target.has_filename()) Fail(target, {ErrorKind::kUsage, "names no output file"});
  struct stat status {};
  if (stat(target.c_str(), &status) != 0) {
    if (errno == ENOENT) return;
    Fail(target, SystemError("cannot look at it", errno));
  }
  if (S_ISDIR(status.st_mode)) Fail(target, {ErrorKind::kUsage, "is a folder"});
  if (!S_ISREG(status.st_mode)) Fail(target, {ErrorKind::kUsage, "is not a regular file"});
  if (!replace_existing) {
    Fail(target, {ErrorKind::kUsage, "exists already", "--force replaces it"});
  }
}

std::uint64_t FreeBytesIn(const fs::path& folder) {
  struct statvfs status {};
  if (statvfs(folder.c_str(), &status) != 0) return 0;
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

}  // namespace

bool IsSamePlace(const fs::path& a, const fs::path& b) {
  if (const auto file = IdentityOf(a)) return IdentityOf(b) == file;
  const auto folder_of = [](const fs::path& path) {
    return IdentityOf(path.has_parent_path() ? path.parent_path() : fs::path("."));
  };
  return a.filename() == b.filename() && !IdentityOf(b) && folder_of(a) == folder_of(b);
}

OutputPlace FindOutputPlace(const fs::path& target, bool replace_existing) {
  OutputPlace place{.target = ThroughLinks(target), .folder = {}, .free_bytes = 0};
  CheckTarget(place.target, replace_existing);
  place.folder = place.target.has_parent_path() ? place.target.parent_path() : fs::path(".");
  if (access(place.folder.c_str(), W_OK | X_OK) != 0) {
    const int error_number = errno;
    const char* const what = error_number == EACCES || error_number == EROFS
                                 ? "cannot create a file in its folder"
                                 : "cannot open its folder";
    Fail(place.target, SystemError(what, error_number));
  }
  place.free_bytes = FreeBytesIn(place.folder);
  return place;
}

}  // namespace polyak
