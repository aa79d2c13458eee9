#include "io/created_folders.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/error.h"
#include "io/descriptor_cache.h"

namespace polyak {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void Fail(const fs::path& folder, Error error) {
  error.AddContext(folder.string());
  throw error;
}

}  // namespace

CreatedFolders::~CreatedFolders() {
  for (auto folder = created_.rbegin(); folder != created_.rend(); ++folder) {
    rmdir(folder->c_str());
  }
}

void CreatedFolders::MakeFor(const fs::path& base, const std::string& name) {
  fs::path folder = base;
  for (const fs::path& part : fs::path(name).parent_path()) {
    if (part == "." || part.empty()) continue;
    if (part == "..") {
      folder = folder.parent_path();
      continue;
    }
    folder /= part;
    struct stat status {};
    if (lstat(folder.c_str(), &status) == 0) {
      if (S_ISDIR(status.st_mode)) continue;
      Fail(folder, {ErrorKind::kUsage, "is in the way: a folder of this name is needed"});
    }
    if (mkdir(folder.c_str(), 0777) != 0) Fail(folder, SystemError("cannot make", errno));
    created_.push_back(folder);
  }
}

// A folder's entry is the folder above it.
bool CreatedFolders::Sync() const noexcept {
  bool is_confirmed = true;
  for (const fs::path& folder : created_) {
    const Descriptor above(open(folder.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    is_confirmed = fsync(above.number()) == 0 && is_confirmed;
  }
  return is_confirmed;
}

}  // namespace polyak
