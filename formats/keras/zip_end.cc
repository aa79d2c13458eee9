#include "formats/keras/zip_end.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>

#include "core/error.h"
#include "formats/keras/little_endian.h"
#include "formats/keras/zip_fields.h"

namespace polyak::keras {
namespace {

constexpr std::uint64_t kMostCommentBytes = 0xFFFF;
// The record may go on with data that only its writer knows.
constexpr std::uint64_t kMostZip64EndBytes = std::uint64_t{1} << 20;

std::string TextAt(const InputFile& file, std::uint64_t offset, std::uint64_t bytes) {
  std::string text(bytes, '\0');
  file.ReadAt(offset, std::as_writable_bytes(std::span(text)));
  return text;
}

// The last record whose comment ends where the file does.
std::optional<std::string> FindEnd(const InputFile& file) {
  const std::uint64_t most = std::min(file.size(), end::kHeadBytes + kMostCommentBytes);
  if (most < end::kHeadBytes) return std::nullopt;
  const std::string tail = TextAt(file, file.size() - most, most);
  for (std::size_t at = tail.size() - end::kHeadBytes + 1; at-- > 0;) {
    if (!std::string_view(tail).substr(at).starts_with(end::kSignature)) continue;
    const std::uint64_t comment = NumberAt(tail, at + end::kCommentBytes, 2);
    if (at + end::kHeadBytes + comment == tail.size()) return tail.substr(at);
  }
  return std::nullopt;
}

void CheckDisks(std::uint64_t disk, std::uint64_t directory_disk, std::uint64_t members_here,
                std::uint64_t members) {
  if (disk == 0 && directory_disk == 0 && members_here == members) return;
  throw Error(ErrorKind::kUnsupported, "is a part of a zip archive on several disks");
}

[[noreturn]] void FailContradiction(std::string_view what) {
  throw Error(ErrorKind::kCorrupt, fmt::format("the zip archive's end records contradict each "
                                               "other ({})",
                                               what));
}

// A number of the end record that may stand in the zip64 one instead.
void CheckAgree(std::uint64_t number, std::uint64_t elsewhere, std::uint64_t number64,
                std::string_view what) {
  if (number != elsewhere && number != number64) FailContradiction(what);
}

void ReadZip64End(const InputFile& file, ZipEnd& result) {
  const std::uint64_t locator_at = file.size() - result.end.size() - zip64_locator::kHeadBytes;
  const std::string& locator = result.zip64_locator;
  const std::uint64_t at = NumberAt(locator, zip64_locator::kEnd, 8);
  if (NumberAt(locator, zip64_locator::kDisk, 4) != 0 ||
      NumberAt(locator, zip64_locator::kDisks, 4) > 1) {
    throw Error(ErrorKind::kUnsupported, "is a part of a zip archive on several disks");
  }
  if (at > locator_at || locator_at - at < zip64_end::kHeadBytes ||
      locator_at - at > kMostZip64EndBytes) {
    FailContradiction("the zip64 record is not where its locator says");
  }
  result.zip64_end = TextAt(file, at, locator_at - at);
  const std::string& record = result.zip64_end;
  constexpr std::uint64_t kNotCounted = 12;  // the signature and the count itself
  if (!record.starts_with(zip64_end::kSignature) ||
      NumberAt(record, zip64_end::kRestBytes, 8) != record.size() - kNotCounted) {
    FailContradiction("the zip64 record is not where its locator says");
  }
  CheckDisks(NumberAt(record, zip64_end::kDisk, 4), NumberAt(record, zip64_end::kDirectoryDisk, 4),
             NumberAt(record, zip64_end::kMembersHere, 8),
             NumberAt(record, zip64_end::kMembers, 8));
  const std::uint64_t members = NumberAt(record, zip64_end::kMembers, 8);
  const std::uint64_t bytes = NumberAt(record, zip64_end::kDirectoryBytes, 8);
  const std::uint64_t offset = NumberAt(record, zip64_end::kDirectory, 8);
  CheckAgree(result.members, kElsewhere16, members, "number of members");
  CheckAgree(result.directory.length, kElsewhere32, bytes, "size of the directory");
  CheckAgree(result.directory.offset, kElsewhere32, offset, "place of the directory");
  result.members = members;
  result.directory = {offset, bytes};
}

std::string NewZip64End() {
  std::string record(zip64_end::kSignature);
  AppendNumber(zip64_end::kHeadBytes - 12, 8, record);
  AppendNumber(kVersionOfZip64, 2, record);  // made by
  AppendNumber(kVersionOfZip64, 2, record);  // needed
  record.resize(zip64_end::kHeadBytes);
  return record;
}

std::string NewZip64Locator() {
  std::string record(zip64_locator::kSignature);
  record.resize(zip64_locator::kHeadBytes);
  PutNumber(1, 4, zip64_locator::kDisks, record);
  return record;
}

// What was elsewhere stays there; what no longer fits goes there.
void PutShort(std::uint64_t number, std::size_t bytes, std::size_t at, std::string& record) {
  const std::uint64_t elsewhere = bytes == 2 ? kElsewhere16 : kElsewhere32;
  if (NumberAt(record, at, bytes) == elsewhere) return;
  PutNumber(std::min(number, elsewhere), bytes, at, record);
}

}  // namespace

std::optional<ZipEnd> ReadZipEnd(const InputFile& file) {
  std::optional<std::string> found = FindEnd(file);
  if (!found) return std::nullopt;
  ZipEnd result;
  result.end = *std::move(found);
  const std::string& end = result.end;
  CheckDisks(NumberAt(end, end::kDisk, 2), NumberAt(end, end::kDirectoryDisk, 2),
             NumberAt(end, end::kMembersHere, 2), NumberAt(end, end::kMembers, 2));
  result.members = NumberAt(end, end::kMembers, 2);
  result.directory = {NumberAt(end, end::kDirectory, 4), NumberAt(end, end::kDirectoryBytes, 4)};
  const std::uint64_t end_at = file.size() - end.size();
  if (end_at >= zip64_locator::kHeadBytes) {
    const std::string before =
        TextAt(file, end_at - zip64_locator::kHeadBytes, zip64_locator::kHeadBytes);
    if (before.starts_with(zip64_locator::kSignature)) {
      result.zip64_locator = before;
      ReadZip64End(file, result);
    }
  }
  const std::uint64_t directory_end = file.size() - result.bytes();
  if (result.directory.offset > directory_end ||
      result.directory.length != directory_end - result.directory.offset) {
    throw Error(ErrorKind::kCorrupt,
                fmt::format("the zip archive's directory does not lie right before its end record "
                            "(found {} bytes from byte {} on, expected it to end at byte {})",
                            result.directory.length, result.directory.offset, directory_end));
  }
  return result;
}

std::string RewriteZipEnd(const ZipEnd& end, const Extent& directory, std::uint64_t members) {
  std::string zip64_end = end.zip64_end;
  std::string locator = end.zip64_locator;
  const bool needs_zip64 = members >= kElsewhere16 || directory.length >= kElsewhere32 ||
                           directory.offset >= kElsewhere32;
  if (needs_zip64 && zip64_end.empty()) {
    zip64_end = NewZip64End();
    locator = NewZip64Locator();
  }
  if (!zip64_end.empty()) {
    PutNumber(members, 8, zip64_end::kMembersHere, zip64_end);
    PutNumber(members, 8, zip64_end::kMembers, zip64_end);
    PutNumber(directory.length, 8, zip64_end::kDirectoryBytes, zip64_end);
    PutNumber(directory.offset, 8, zip64_end::kDirectory, zip64_end);
    PutNumber(directory.end(), 8, zip64_locator::kEnd, locator);
  }
  std::string last = end.end;
  PutShort(members, 2, end::kMembersHere, last);
  PutShort(members, 2, end::kMembers, last);
  PutShort(directory.length, 4, end::kDirectoryBytes, last);
  PutShort(directory.offset, 4, end::kDirectory, last);
  return zip64_end + locator + last;
}

}  // namespace polyak::keras
