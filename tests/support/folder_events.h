// What happens to the files of a folder, as the system tells it (inotify).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace polyak::test {

// Watches a folder while it lives. Not shared between threads.
class FolderEvents {
 public:
  // `kinds` of sys/inotify.h: IN_OPEN, IN_DELETE. Throws std::runtime_error.
  FolderEvents(const std::filesystem::path& folder, std::uint32_t kinds);
  FolderEvents(const FolderEvents&) = delete;
  FolderEvents& operator=(const FolderEvents&) = delete;
  ~FolderEvents();

  // Names of the files that it has happened to since the last call, in order, once for each time.
  std::vector<std::string> Take() const;

 private:
  int events_;
};

}  // namespace polyak::test
