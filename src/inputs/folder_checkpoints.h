// The checkpoints that lie in a folder, told from everything else there.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace polyak {

struct FolderCheckpoints {
  std::vector<std::string> files;     // their paths, bytewise
  std::vector<std::string> left_out;  // names of what else isn't hidden; folders end in a slash
};

// What is_checkpoint recognises (where it is empty, every regular file), hidden files, parts of
// others (is_part, if it isn't empty) and the folders inside it aside. Throws Error: kUnsupported
// where there is none; kSystem; what is_checkpoint throws, with the file's name in front.
FolderCheckpoints CheckpointsIn(
    const std::string& folder,
    const std::function<bool(const std::filesystem::path&)>& is_checkpoint,
    const std::function<bool(const std::filesystem::path&)>& is_part);

}  // namespace polyak
