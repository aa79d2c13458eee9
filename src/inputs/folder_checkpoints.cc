#include "inputs/folder_checkpoints.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/error.h"
#include "inputs/folder_entries.h"
#include "inputs/name_list.h"

namespace polyak {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool IsNamedAsCheckpoint(std::string_view name) {
  constexpr std::array<std::string_view, 4> kEndings = {".onnx", ".h5", ".hdf5", ".keras"};
  return std::ranges::any_of(kEndings, [name](std::string_view ending) {
    return name.size() > ending.size() &&
           std::ranges::equal(name.substr(name.size() - ending.size()), ending, {}, Lower);
  });
}

bool IsCheckpoint(const std::string& path, const FolderEntry& entry,
                  const std::function<bool(const std::filesystem::path&)>& is_checkpoint) {
  if (entry.kind != EntryKind::kFile) return false;
  try {
    return !is_checkpoint || is_checkpoint(path);
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
    const std::function<bool(const std::filesystem::path&)>& is_checkpoint) {
  FolderCheckpoints found;
  for (const FolderEntry& entry : EntriesOf(folder)) {
    if (entry.name.starts_with('.')) continue;
    std::string path = Joined(folder, entry.name);
    if (IsCheckpoint(path, entry, is_checkpoint)) {
      found.files.push_back(std::move(path));
    } else if (entry.kind == EntryKind::kFolder) {
      found.left_out.push_back(entry.name + '/');
    } else if (IsNamedAsCheckpoint(entry.name)) {
      throw Error(ErrorKind::kCorrupt,
                  entry.name + ": looks like a checkpoint by its name but isn't one by its content",
                  "a glob, or the files one by one, can leave it out");
    } else {
      found.left_out.push_back(entry.name);
    }
  }
  if (found.files.empty()) RefuseFolder(found);
  return found;
}

}  // namespace polyak
