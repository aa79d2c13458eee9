// Opens the files that a checkpoint names, and no others: they lie in the checkpoint's own folder,
// or in the one that the checkpoint's symbolic link leads to (caches keep both model and data as
// links into one folder). Immutable; any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "io/descriptor_cache.h"

namespace polyak {

// Throws Error (kCorrupt) where a name is empty, absolute, or leads out of the folder by "..".
void CheckContainedName(const std::string& name);

class ContainedFiles {
 public:
  enum class Resolution : std::uint8_t {
    kByKernel,  // openat2(2) with RESOLVE_BENEATH; by paths where there is none
    kByPaths,   // for tests: compares canonical paths, which a race can fool
  };

  // Throws Error (kSystem) where the folder can't be opened.
  explicit ContainedFiles(const std::filesystem::path& checkpoint,
                          Resolution resolution = Resolution::kByKernel);

  // A descriptor for reading, whatever kind of file it is; never blocks. Throws Error: kCorrupt
  // where the name leads anywhere else (also through links), kSystem where it can't be opened.
  int Open(const std::string& name) const;
  const std::filesystem::path& folder() const noexcept { return folder_; }

 private:
  int OpenThroughLinks(const std::string& name, bool by_kernel) const;

  std::filesystem::path folder_;
  std::filesystem::path linked_folder_;  // canonical; where the checkpoint's own link leads
  Resolution resolution_;
  std::unique_ptr<const Descriptor> folder_descriptor_;
};

}  // namespace polyak
