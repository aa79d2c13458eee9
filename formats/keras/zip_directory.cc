#include "formats/keras/zip_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "core/error.h"
#include "formats/keras/little_endian.h"
#include "formats/keras/wide_numbers.h"
#include "formats/keras/zip_fields.h"
#include "io/byte_reader.h"

namespace polyak::keras {
namespace {

WideNumber Wide(std::uint64_t value) { return {value, value == kElsewhere32}; }

[[noreturn]] void FailDirectory(std::uint64_t at) {
  throw Error(ErrorKind::kCorrupt,
              fmt::format("the zip archive's directory is damaged (at byte {})", at));
}

// The next entry; the reader is at its first byte.
ZipMember TakeEntry(ByteReader& reader, std::uint64_t end) {
  ZipMember member;
  const std::uint64_t at = reader.position();
  const std::string head = reader.TakeText(central::kHeadBytes, end);
  if (!head.starts_with(central::kSignature)) FailDirectory(at);
  member.name = reader.TakeText(NumberAt(head, central::kNameBytes, 2), end);
  const std::string extra = reader.TakeText(NumberAt(head, central::kExtraBytes, 2), end);
  const std::uint64_t comment = NumberAt(head, central::kCommentBytes, 2);
  if (comment > end - reader.position()) FailDirectory(at);
  reader.Seek(reader.position() + comment);
  member.entry = {at, reader.position() - at};
  if (NumberAt(head, central::kDisk, 2) != 0) {
    throw Error(ErrorKind::kUnsupported, "is a part of a zip archive on several disks");
  }
  std::array numbers = {Wide(NumberAt(head, central::kBytes, 4)),
                        Wide(NumberAt(head, central::kStoredBytes, 4)),
                        Wide(NumberAt(head, central::kOffset, 4))};
  TakeZip64(extra, numbers);
  member.bytes = numbers[0].value;
  member.stored.length = numbers[1].value;
  member.header = numbers[2].value;
  member.flags = static_cast<std::uint16_t>(NumberAt(head, central::kFlags, 2));
  member.method = static_cast<std::uint16_t>(NumberAt(head, central::kMethod, 2));
  member.crc = static_cast<std::uint32_t>(NumberAt(head, central::kCrc, 4));
  return member;
}

[[noreturn]] void FailHeader(std::string_view what) {
  throw Error(
      ErrorKind::kCorrupt,
      fmt::format("its own header in the zip archive has another {} than the directory", what));
}

// The sizes and the checksum, where the header has them: a data descriptor may stand for them.
void CheckSizes(std::string_view head, std::string_view extra, const ZipMember& member) {
  const std::uint64_t bytes = NumberAt(head, local::kBytes, 4);
  const std::uint64_t stored = NumberAt(head, local::kStoredBytes, 4);
  const std::uint64_t crc = NumberAt(head, local::kCrc, 4);
  if ((member.flags & kHasDescriptor) != 0) return;
  std::array numbers = {Wide(bytes), Wide(stored)};
  TakeZip64(extra, numbers);
  if (numbers[0].value != member.bytes || numbers[1].value != member.stored.length) {
    FailHeader("size");
  }
  if (crc != member.crc) FailHeader("checksum");
}

// Finds where the member's bytes begin, and compares its own header with the directory's entry.
void ReadHeader(ByteReader& reader, std::uint64_t end, ZipMember& member) {
  reader.Seek(member.header);
  const std::string head = reader.TakeText(local::kHeadBytes, end);
  if (!head.starts_with(local::kSignature)) {
    throw Error(ErrorKind::kCorrupt,
                fmt::format("the zip archive has no header for it at byte {}", member.header));
  }
  if (reader.TakeText(NumberAt(head, local::kNameBytes, 2), end) != member.name) FailHeader("name");
  const std::string extra = reader.TakeText(NumberAt(head, local::kExtraBytes, 2), end);
  if (NumberAt(head, local::kMethod, 2) != member.method) FailHeader("method");
  if (NumberAt(head, local::kFlags, 2) != member.flags) FailHeader("set of flags");
  CheckSizes(head, extra, member);
  member.stored.offset = reader.position();
  if (member.stored.length > end - member.stored.offset) {
    throw Error(ErrorKind::kCorrupt,
                fmt::format("is longer than the zip archive has room for (found {} bytes, expected "
                            "at most {})",
                            member.stored.length, end - member.stored.offset));
  }
}

bool IsSeparator(char c) { return c == '/' || c == '\\'; }

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Whoever unpacks the archive by this name, on whatever system, stays in the folder.
bool StaysInside(std::string_view name) {
  const bool has_drive = name.size() > 1 && name[1] == ':' && IsLetter(name[0]);
  if (has_drive || IsSeparator(name.front())) return false;
  while (!name.empty()) {
    const auto end = std::ranges::find_if(name, IsSeparator);
    if (std::string_view(name.begin(), end) == "..") return false;
    name = end == name.end() ? std::string_view() : std::string_view(end + 1, name.end());
  }
  return true;
}

void CheckName(std::string_view name) {
  if (name.empty()) throw Error(ErrorKind::kCorrupt, "a member of the zip archive has no name");
  if (name.find('\0') != std::string_view::npos) {
    throw Error(ErrorKind::kCorrupt,
                "the name of a member of the zip archive has a NUL byte in it");
  }
  if (StaysInside(name)) return;
  throw Error(ErrorKind::kCorrupt,
              fmt::format("the zip archive's member '{}' has a name that leads "
                          "out of the folder it is unpacked to",
                          name));
}

void CheckNames(const std::vector<ZipMember>& members) {
  std::vector<std::string_view> names;
  for (const ZipMember& member : members) {
    CheckName(member.name);
    names.emplace_back(member.name);
  }
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice == names.end()) return;
  throw Error(ErrorKind::kCorrupt,
              fmt::format("two members of the zip archive are called '{}'", *twice));
}

void CheckOverlaps(const std::vector<ZipMember>& members) {
  std::vector<const ZipMember*> sorted;
  sorted.reserve(members.size());
  for (const ZipMember& member : members) sorted.push_back(&member);
  std::ranges::sort(sorted, {}, [](const ZipMember* member) { return member->header; });
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i]->header >= sorted[i - 1]->stored.end()) continue;
    throw Error(ErrorKind::kCorrupt, fmt::format("the zip archive's members '{}' and '{}' overlap",
                                                 sorted[i - 1]->name, sorted[i]->name));
  }
}

std::uint64_t MemberBytes(const ZipMember& member) {
  return sizeof(ZipMember) + 64 + member.name.size();
}

}  // namespace

const ZipMember* ZipDirectory::Find(std::string_view name) const noexcept {
  const auto found = std::ranges::find(members, name, &ZipMember::name);
  return found == members.end() ? nullptr : &*found;
}

ZipDirectory ReadZipDirectory(const InputFile& file, IndexBudget& budget) {
  std::optional<ZipEnd> end = ReadZipEnd(file);
  if (!end) {
    throw Error(ErrorKind::kCorrupt,
                "a zip archive that does not end as one does: it is cut off or damaged");
  }
  ZipDirectory result{.members = {}, .end = *std::move(end)};
  const Extent place = result.end.directory;
  budget.Charge(place.length);
  budget.CheckFits();
  ByteReader reader(file);
  reader.Seek(place.offset);
  while (reader.position() < place.end()) {
    ZipMember member = TakeEntry(reader, place.end());
    budget.Charge(MemberBytes(member));
    budget.CheckFits();
    result.members.push_back(std::move(member));
  }
  if (result.members.size() != result.end.members) {
    throw Error(ErrorKind::kCorrupt,
                fmt::format("the zip archive has another number of members than its end record "
                            "says (found {}, expected {})",
                            result.members.size(), result.end.members));
  }
  for (ZipMember& member : result.members) {
    try {
      ReadHeader(reader, place.offset, member);
    } catch (Error& error) {
      error.AddContext(member.name);
      throw;
    }
  }
  CheckNames(result.members);
  CheckOverlaps(result.members);
  return result;
}

bool HasMember(const InputFile& file, std::string_view name) {
  try {
    const std::optional<ZipEnd> end = ReadZipEnd(file);
    if (!end) return false;
    ByteReader reader(file);
    reader.Seek(end->directory.offset);
    while (reader.position() < end->directory.end()) {
      if (TakeEntry(reader, end->directory.end()).name == name) return true;
    }
    return false;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kSystem) throw;
    return false;
  }
}

}  // namespace polyak::keras
