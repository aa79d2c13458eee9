// A temporary folder with files and scripts in it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "support/files.h"

namespace polyak::hdf5 {

class ScriptFolder : public test::TemporaryFolder {
 public:
  // A file of that content; returns its path.
  std::filesystem::path Write(std::string_view name, std::string_view content) const {
    std::filesystem::path path = *this / name;
    test::WriteFile(path, content);
    return path;
  }

  // A shell script that stands in for the helper.
  std::filesystem::path WriteScript(std::string_view name, std::string_view commands) const {
    std::filesystem::path path = Write(name, "#!/bin/sh\n" + std::string(commands) + "\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }
};

}  // namespace polyak::hdf5
