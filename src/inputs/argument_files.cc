#include "inputs/argument_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <iterator>
#include <optional>
#include <utility>

#include "core/error.h"
#include "inputs/folder_checkpoints.h"
#include "inputs/folder_entries.h"
#include "inputs/glob_matches.h"
#include "inputs/input_order.h"
#include "inputs/name_list.h"
#include "inputs/name_numbers.h"
#include "inputs/path_list.h"

namespace polyak {
namespace {

constexpr std::string_view kSetHint =
    "[...] stands for one character: [!init] is any but i, n and t, not 'not init'";

// 0 where there is something at this path, otherwise why not.
int ErrorAt(const std::string& path, bool& is_folder) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return errno;
  is_folder = S_ISDIR(status.st_mode);
  return 0;
}

// Collects the files of all arguments, one after the other.
class Expansion {
 public:
  Expansion(const InputRequest& request, std::vector<std::string>& files, ChosenInputs& chosen)
      : request_(request), files_(files), chosen_(chosen) {}

  void AddArgument(const std::string& argument);

 private:
  void AddFolder(const std::string& folder);
  void AddGlob(const std::string& pattern);
  void AddList(const std::string& list);
  void AddListed(const std::string& path);
  void AddOrdered(std::vector<std::string> group, const std::string& origin);
  void CheckNumber() const;
  void Warn(const std::string& origin, std::string_view what,
            const std::vector<std::string>& names) {
    if (names.empty()) return;
    chosen_.warnings.push_back(
        fmt::format("{}: {}: {}", origin, what, NameList(names, kNamesInWarning)));
  }

  const InputRequest& request_;
  std::vector<std::string>& files_;
  ChosenInputs& chosen_;
};

void Expansion::AddOrdered(std::vector<std::string> group, const std::string& origin) {
  const bool order_counts = request_.order_matters || request_.last || request_.every > 1;
  if (OrderByNumbers(group) && order_counts) {
    chosen_.warnings.push_back(origin + ": the names hold no numbers: ordered by name");
  }
  files_.insert(files_.end(), std::make_move_iterator(group.begin()),
                std::make_move_iterator(group.end()));
  CheckNumber();
}

void Expansion::CheckNumber() const {
  if (files_.size() <= kMostEntries) return;
  throw Error(ErrorKind::kUnsupported,
              fmt::format("more than {} files with it and what is before it", kMostEntries));
}

void Expansion::AddFolder(const std::string& folder) {
  FolderCheckpoints found = CheckpointsIn(folder, request_.is_checkpoint, request_.is_part);
  Warn(folder, "left out, for it is no checkpoint", found.left_out);
  AddOrdered(std::move(found.files), folder);
}

// "run holds a, b and 3 more"
std::string WhatFolderHolds(const std::string& folder) {
  bool is_folder = false;
  if (const int error_number = ErrorAt(folder, is_folder); error_number != 0 || !is_folder) {
    return fmt::format("there is no folder {}", folder);
  }
  std::vector<std::string> names;
  for (const FolderEntry& entry : EntriesIfFolder(folder)) {
    if (!entry.name.starts_with('.')) names.push_back(entry.name);
  }
  return fmt::format("{} holds {}", folder,
                     names.empty() ? "nothing" : NameList(names, kNamesInWarning));
}

[[noreturn]] void RefuseEmptyGlob(const std::string& pattern, const GlobMatches& matches) {
  std::string hint;
  if (pattern.find('[') != std::string::npos) hint = kSetHint;
  if (!matches.folders.empty()) {
    throw Error(
        ErrorKind::kSystem,
        fmt::format("matches only folders ({})", NameList(matches.folders, kNamesInWarning)),
        std::move(hint));
  }
  throw Error(ErrorKind::kSystem,
              fmt::format("matches no file ({})", WhatFolderHolds(FolderOfGlob(pattern))),
              std::move(hint));
}

void Expansion::AddGlob(const std::string& pattern) {
  GlobMatches matches = MatchesOf(pattern);
  if (matches.files.empty()) RefuseEmptyGlob(pattern, matches);
  Warn(pattern, "left out, for it is a folder", matches.folders);
  Warn(pattern, "left out by the characters in brackets, which stand for one, not for a word",
       matches.kept_out_by_set);
  AddOrdered(std::move(matches.files), pattern);
}

void Expansion::AddListed(const std::string& path) {
  bool is_folder = false;
  if (const int error_number = ErrorAt(path, is_folder); error_number != 0) {
    throw SystemError("cannot open", error_number);
  }
  if (is_folder) return AddFolder(path);
  files_.push_back(path);
}

void Expansion::AddList(const std::string& list) {
  chosen_.lists.emplace_back(list);
  for (const ListedPath& listed : ReadPathList(list)) {
    try {
      AddListed(listed.path);
    } catch (Error& error) {
      error.AddContext(listed.path);
      error.AddContext("line " + std::to_string(listed.line));
      throw;
    }
  }
}

void Expansion::AddArgument(const std::string& argument) {
  bool is_folder = false;
  const int error_number = ErrorAt(argument, is_folder);
  if (error_number == 0) {
    if (is_folder) return AddFolder(argument);
  } else if (argument.size() > 1 && argument.starts_with('@')) {
    return AddList(argument.substr(1));
  } else if (IsGlob(argument)) {
    return AddGlob(argument);
  } else {
    throw SystemError("cannot open", error_number);
  }
  files_.push_back(argument);
}

}  // namespace

void AppendFilesOf(const std::string& argument, const InputRequest& request,
                   std::vector<std::string>& files, ChosenInputs& chosen) {
  if (argument.find('\0') != std::string::npos) {
    throw Error(ErrorKind::kUsage, "a path can't hold a NUL byte");
  }
  try {
    Expansion(request, files, chosen).AddArgument(argument);
  } catch (Error& error) {
    error.AddContext(argument);
    throw;
  }
}

}  // namespace polyak
