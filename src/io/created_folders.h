// Folders that were made for files to come, removed again if those don't.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace polyak {

class CreatedFolders {
 public:
  CreatedFolders() = default;
  CreatedFolders(const CreatedFolders&) = delete;
  CreatedFolders& operator=(const CreatedFolders&) = delete;
  ~CreatedFolders();

  // Makes those that lead from `base` to the file `name` and aren't there, by way of ".." too
  // (which doesn't lead out of `base`). Throws Error with the folder in front: kUsage where one is
  // a symbolic link (it may lead anywhere), kSystem.
  void MakeFor(const std::filesystem::path& base, const std::string& name);
  // Throws what MakeFor would, and makes nothing.
  static void Check(const std::filesystem::path& base, const std::string& name);
  // They stay.
  void Keep() noexcept { created_.clear(); }
  // Brings the folders that were made to the disk: false where the system can't say.
  bool Sync() const noexcept;

 private:
  struct Folder {
    std::filesystem::path path;
    bool is_ours;  // else another run made it at the same time
  };

  std::vector<Folder> created_;  // outer ones first
};

}  // namespace polyak
