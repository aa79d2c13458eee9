#include "inputs/folder_entries.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "core/error.h"

namespace polyak {
namespace {

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { closedir(folder); }
};
using OpenFolder = std::unique_ptr<DIR, CloseFolder>;

EntryKind KindOf(DIR* folder, const dirent& entry) {
  if (entry.d_type == DT_REG) return EntryKind::kFile;
  if (entry.d_type == DT_DIR) return EntryKind::kFolder;
  struct stat status {};
  if (fstatat(dirfd(folder), entry.d_name, &status, 0) != 0) return EntryKind::kOther;
  if (S_ISREG(status.st_mode)) return EntryKind::kFile;
  return S_ISDIR(status.st_mode) ? EntryKind::kFolder : EntryKind::kOther;
}

std::vector<FolderEntry> EntriesOf(DIR* folder) {
  std::vector<FolderEntry> entries;
  while (true) {
    errno = 0;
    const dirent* const entry = readdir(folder);
    if (entry == nullptr) break;
    std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (entries.size() == kMostEntries) {
      throw Error(ErrorKind::kUnsupported,
                  "holds more than " + std::to_string(kMostEntries) + " files");
    }
    entries.push_back({std::move(name), KindOf(folder, *entry)});
  }
  if (errno != 0) throw SystemError("cannot read the folder", errno);
  std::ranges::sort(entries, {}, &FolderEntry::name);
  return entries;
}

}  // namespace

std::vector<FolderEntry> EntriesOf(const std::string& folder) {
  const OpenFolder open(opendir(folder.c_str()));
  if (open == nullptr) throw SystemError("cannot read the folder", errno);
  return EntriesOf(open.get());
}

std::vector<FolderEntry> EntriesIfFolder(const std::string& folder) {
  const OpenFolder open(opendir(folder.c_str()));
  if (open != nullptr) return EntriesOf(open.get());
  if (errno == ENOENT || errno == ENOTDIR) return {};
  Error error = SystemError("cannot read the folder", errno);
  error.AddContext(folder);
  throw error;
}

std::string Joined(const std::string& folder, const std::string& name) {
  return folder.ends_with('/') ? folder + name : folder + '/' + name;
}

}  // namespace polyak
