// Names of an output's temporary files, and what killed runs left of them.
//
// The main file's, ".MAIN.polyak-LETTERS" in the folder of MAIN, is locked as long as the run
// lives. Those of its data files are ".MAIN.polyak-LETTERS-INODE-NUMBER" in their folders, INODE
// being that of MAIN's folder: they aren't locked, as there may be more than can be open, but come
// after the locked one of the same letters and go before it. What has no locked one is stale.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace polyak {

class TemporaryFiles {
 public:
  // Those of the output `target`, whose folder is open as `folder`; it must stay so.
  TemporaryFiles(const std::filesystem::path& target, int folder);

  // Creates the main file's and locks it; returns its descriptor, its name is main() then. Throws
  // Error (kSystem, without the target in front). On a file system without locks it isn't locked,
  // and no other run takes it for a stale one.
  int CreateMain(mode_t mode);
  const std::string& main() const noexcept { return main_; }
  // The name of a data file's; nothing is created.
  std::string OfData(std::size_t number) const;

  // Removes what killed runs for the same target left in its folder. Whatever goes wrong here is
  // no reason to refuse the work.
  void RemoveStale() const noexcept { RemoveStaleIn(folder_); }
  // The same for a folder that has data files.
  void RemoveStaleIn(const std::filesystem::path& folder) const noexcept;

 private:
  void RemoveStaleIn(int folder) const noexcept;
  void RemoveIfStale(int folder, const std::string& name) const noexcept;
  bool IsLeft(const std::string& main) const noexcept;

  int folder_;
  std::string prefix_;      // ".MAIN.polyak-"
  std::string data_infix_;  // "-INODE-"
  std::string main_;
};

}  // namespace polyak
