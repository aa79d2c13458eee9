// Where an output is to go, looked at before anything is created there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "core/error.h"

namespace polyak {

struct OutputPlace {
  std::filesystem::path target;  // no symbolic link itself: one stands for the file it names
  std::filesystem::path folder;
  std::uint64_t free_bytes = 0;  // what the system would give to this user there

  // A file in the same folder, by a path relative to it.
  std::filesystem::path Beside(const std::filesystem::path& name) const {
    return target.has_parent_path() ? folder / name : name;
  }
};

// Throws Error with the target in front: kUsage where it exists and `replace_existing` is false,
// or isn't a regular file; kSystem where its folder isn't there or can't be written in.
OutputPlace FindOutputPlace(const std::filesystem::path& target, bool replace_existing);

// True where writing the one would replace the other, whatever paths lead there; also where
// neither file exists yet.
bool IsSamePlace(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace polyak
