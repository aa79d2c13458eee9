// What lies in a folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace polyak {

// More files than this, in one folder or in all, are refused: their names would not be a small
// part of the memory budget any more.
inline constexpr std::size_t kMostEntries = 100'000;

enum class EntryKind : std::uint8_t { kFile, kFolder, kOther };

struct FolderEntry {
  std::string name;
  EntryKind kind;  // through links; a link that leads nowhere is kOther
};

// All but "." and "..", hidden ones included, by name, bytewise. Throws Error: kSystem where the
// folder can't be read, kUnsupported for more than kMostEntries; without its name in front.
std::vector<FolderEntry> EntriesOf(const std::string& folder);

// The same for a folder that need not be there: nothing where it isn't, or isn't a folder.
std::vector<FolderEntry> EntriesIfFolder(const std::string& folder);

// folder/name, with one slash.
std::string Joined(const std::string& folder, const std::string& name);

}  // namespace polyak
