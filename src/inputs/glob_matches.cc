#include "inputs/glob_matches.h"

#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "core/error.h"
#include "inputs/folder_entries.h"

namespace polyak {
namespace {

constexpr std::string_view kSpecial = "*?[";

bool Matches(const std::string& pattern, const std::string& name) {
  return fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0;
}

std::string WithoutBackslashes(std::string_view component) {
  std::string text;
  for (std::size_t i = 0; i < component.size(); ++i) {
    if (component[i] == '\\' && i + 1 < component.size()) ++i;
    text += component[i];
  }
  return text;
}

// "[!init]*.onnx" as "*.onnx"; empty where there is no such set of several characters in front.
std::string WithoutSetInFront(const std::string& component) {
  if (!component.starts_with("[!") && !component.starts_with("[^")) return {};
  constexpr std::size_t kFirstOfSet = 2;
  const std::size_t end = component.find(']', kFirstOfSet + 1);  // a ] in front is one of the set
  if (end == std::string::npos || end == kFirstOfSet + 1) return {};
  return '*' + component.substr(end + 1);
}

// Walks the pattern component by component; knows the paths that match the ones so far.
class Walk {
 public:
  explicit Walk(bool from_root) : paths_{from_root ? "/" : ""} {}

  void Descend(const std::string& component);
  GlobMatches Finish(const std::string& component);

 private:
  std::string Below(const std::string& folder, const std::string& name) const {
    return folder.empty() ? name : Joined(folder, name);
  }
  static std::vector<FolderEntry> EntriesBelow(const std::string& folder) {
    return EntriesIfFolder(folder.empty() ? "." : folder);
  }
  void FinishByName(const std::string& name, GlobMatches& matches) const;
  static void CheckNumber(std::size_t paths);

  std::vector<std::string> paths_;
};

void Walk::CheckNumber(std::size_t paths) {
  if (paths <= kMostEntries) return;
  throw Error(ErrorKind::kUnsupported,
              "matches more than " + std::to_string(kMostEntries) + " files");
}

void Walk::Descend(const std::string& component) {
  std::vector<std::string> below;
  for (const std::string& folder : paths_) {
    if (!IsGlob(component)) {
      below.push_back(Below(folder, WithoutBackslashes(component)));
      continue;
    }
    for (const FolderEntry& entry : EntriesBelow(folder)) {
      if (entry.kind != EntryKind::kFolder || !Matches(component, entry.name)) continue;
      below.push_back(Below(folder, entry.name));
    }
    CheckNumber(below.size());
  }
  paths_ = std::move(below);
}

void Walk::FinishByName(const std::string& name, GlobMatches& matches) const {
  for (const std::string& folder : paths_) {
    const std::string path = Below(folder, name);
    struct stat status {};
    if (stat(path.c_str(), &status) == 0) {
      (S_ISDIR(status.st_mode) ? matches.folders : matches.files).push_back(path);
    } else if (lstat(path.c_str(), &status) == 0) {
      matches.files.push_back(path);  // a link that leads nowhere: opening it says so
    } else if (errno != ENOENT && errno != ENOTDIR) {
      const int error_number = errno;
      throw SystemError(path + ": cannot look at", error_number);
    }
  }
}

GlobMatches Walk::Finish(const std::string& component) {
  GlobMatches matches;
  if (!IsGlob(component)) {
    FinishByName(WithoutBackslashes(component), matches);
  } else {
    const std::string without_set = WithoutSetInFront(component);
    for (const std::string& folder : paths_) {
      for (const FolderEntry& entry : EntriesBelow(folder)) {
        if (Matches(component, entry.name)) {
          (entry.kind == EntryKind::kFolder ? matches.folders : matches.files)
              .push_back(Below(folder, entry.name));
        } else if (entry.kind == EntryKind::kFile && Matches(without_set, entry.name)) {
          matches.kept_out_by_set.push_back(Below(folder, entry.name));
        }
      }
      CheckNumber(matches.files.size() + matches.folders.size() + matches.kept_out_by_set.size());
    }
  }
  std::ranges::sort(matches.files);
  return matches;
}

// Without empty ones, so that a//b is a/b.
std::vector<std::string> ComponentsOf(std::string_view pattern) {
  std::vector<std::string> components;
  while (!pattern.empty()) {
    const std::size_t end = std::min(pattern.find('/'), pattern.size());
    if (end > 0) components.emplace_back(pattern.substr(0, end));
    pattern.remove_prefix(std::min(end + 1, pattern.size()));
  }
  return components;
}

}  // namespace

bool IsGlob(std::string_view argument) {
  return argument.find_first_of(kSpecial) != std::string_view::npos;
}

GlobMatches MatchesOf(std::string_view pattern) {
  std::vector<std::string> components = ComponentsOf(pattern);
  if (components.empty()) return {};
  const std::string last = std::move(components.back());
  components.pop_back();
  Walk walk(pattern.starts_with('/'));
  for (const std::string& component : components) walk.Descend(component);
  GlobMatches matches = walk.Finish(last);
  if (pattern.ends_with('/')) matches.files.clear();  // "run*/" asks for folders
  return matches;
}

std::string FolderOfGlob(std::string_view pattern) {
  const std::string_view before = pattern.substr(0, pattern.find_first_of(kSpecial));
  const std::size_t slash = before.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : WithoutBackslashes(before.substr(0, slash));
}

}  // namespace polyak
