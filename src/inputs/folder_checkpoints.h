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

// Regular files, through links, that is_checkpoint recognises (empty: all); not those of folders
// inside. Throws Error, without the folder's name in front: kCorrupt where a file's name says that
// it is a checkpoint but is_checkpoint doesn't; kUnsupported where there is none; kSystem; what
// is_checkpoint throws.
FolderCheckpoints CheckpointsIn(
    const std::string& folder,
    const std::function<bool(const std::filesystem::path&)>& is_checkpoint);

}  // namespace polyak
