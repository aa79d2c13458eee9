#include "io/created_folders.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <new>

#include "core/error.h"
#include "io/descriptor_cache.h"

namespace polyak {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void Fail(const fs::path& folder, Error error) {
  error.AddContext(folder.string());
  throw error;
}

// Whether a folder is there. Throws Error (kUsage) where anything else is.
bool IsThere(const fs::path& folder) {
  struct stat status {};
  if (lstat(folder.c_str(), &status) != 0) return false;
  if (S_ISDIR(status.st_mode)) return true;
  Fail(folder, {ErrorKind::kUsage, "is in the way: a folder of this name is needed",
                "--single-data writes all data to one file beside the output"});
}

// Calls visit(folder) for each folder on the way from `base` to the file that isn't there.
template <class Visit>
void ForEachMissing(const fs::path& base, const std::string& name, const Visit& visit) {
  fs::path folder = base;
  for (const fs::path& part : fs::path(name).parent_path()) {
    if (part == "." || part.empty()) continue;
    if (part == "..") {
      folder = folder.parent_path();
      continue;
    }
    folder /= part;
    if (!IsThere(folder)) visit(folder);
  }
}

}  // namespace

CreatedFolders::~CreatedFolders() {
  for (auto folder = created_.rbegin(); folder != created_.rend(); ++folder) {
    if (folder->is_ours) rmdir(folder->path.c_str());
  }
}

void CreatedFolders::MakeFor(const fs::path& base, const std::string& name) {
  ForEachMissing(base, name, [this](const fs::path& folder) {
    created_.push_back({folder, true});  // what throws afterwards would leave it
    if (mkdir(folder.c_str(), 0777) == 0) return;
    const int error_number = errno;
    created_.back().is_ours = false;
    if (error_number == EEXIST && IsThere(folder)) return;
    created_.pop_back();
    Fail(folder, SystemError("cannot make", error_number));
  });
}

void CreatedFolders::Check(const fs::path& base, const std::string& name) {
  ForEachMissing(base, name, [](const fs::path&) {});
}

// A folder's entry is the folder above it.
bool CreatedFolders::Sync() const noexcept try {
  bool is_confirmed = true;
  for (const Folder& folder : created_) {
    const Descriptor above(
        open(folder.path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    is_confirmed = fsync(above.number()) == 0 && is_confirmed;
  }
  return is_confirmed;
} catch (const std::bad_alloc&) {
  return false;
}

}  // namespace polyak
