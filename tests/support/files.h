// Files for tests: a folder that goes away, whole files as bytes.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace polyak::test {

// A fresh folder, removed with all that is in it at the end of the object's life.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  // Names of what is in it, hidden files included, sorted.
  std::vector<std::string> Names() const;

 private:
  std::filesystem::path path_;
};

std::string ReadFile(const std::filesystem::path& path);
void WriteFile(const std::filesystem::path& path, std::string_view bytes);

// tests/data/NAME
std::filesystem::path TestData(std::string_view name);
// Real files written by others; empty where they are absent: skip the test with a message.
std::filesystem::path SharedData(std::string_view name);

}  // namespace polyak::test
