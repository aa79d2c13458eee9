#include "inputs/folder_checkpoints.h"

#include <algorithm>

#include "core/error.h"
#include "inputs/folder_entries.h"
#include "inputs/name_list.h"

namespace polyak {
namespace {

bool IsCheckpoint(const std::string& path, const FolderEntry& entry,
                  const std::function<bool(const std::filesystem::path&)>& is_checkpoint) {
  if (entry.kind == EntryKind::kFolder) return false;
  try {
    return is_checkpoint ? is_checkpoint(path) : entry.kind == EntryKind::kFile;
  } catch (Error& error) {
    error.AddContext(entry.name);
    throw;
  }
}

[[noreturn]] void RefuseFolder(const FolderCheckpoints& found) {
  const bool has_folders = std::ranges::any_of(
      found.left_out, [](const std::string& name) { return name.ends_with('/'); });
  std::string text = "no checkpoint in it";
  if (!found.left_out.empty()) {
    text += " (found " + NameList(found.left_out, kNamesInError) + ")";
  }
  throw Error(
      ErrorKind::kUnsupported, std::move(text),
      has_folders
          ? "folders inside it are not searched; a glob such as '*/*.onnx' finds what they hold"
          : "");
}

}  // namespace

FolderCheckpoints CheckpointsIn(
    const std::string& folder,
    const std::function<bool(const std::filesystem::path&)>& is_checkpoint,
    const std::function<bool(const std::filesystem::path&)>& is_part) {
  FolderCheckpoints found;
  for (const FolderEntry& entry : EntriesOf(folder)) {
    if (entry.name.starts_with('.')) continue;
    std::string path = Joined(folder, entry.name);
    if (is_part && entry.kind == EntryKind::kFile && is_part(path)) continue;
    if (IsCheckpoint(path, entry, is_checkpoint)) {
      found.files.push_back(std::move(path));
    } else {
      found.left_out.push_back(entry.name + (entry.kind == EntryKind::kFolder ? "/" : ""));
    }
  }
  if (found.files.empty()) RefuseFolder(found);
  return found;
}

}  // namespace polyak
