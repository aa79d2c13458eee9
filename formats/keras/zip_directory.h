// The members of a zip archive, as its directory and the members' own headers have them.
//
// Refused: an archive with something in front (its offsets are from elsewhere), several disks,
// headers that contradict the directory, members that overlap or have the same name, names that
// lead out of the folder that the archive is unpacked to. Encrypted members and methods other than
// deflate are refused where the member is needed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/format.h"
#include "formats/keras/zip_end.h"
#include "io/input_file.h"
#include "io/payload.h"

namespace polyak::keras {

struct ZipMember {
  std::string name;          // from the file: any bytes
  std::uint64_t header = 0;  // where its header is
  Extent stored;             // its bytes as they are stored
  std::uint64_t bytes = 0;   // unpacked
  std::uint32_t crc = 0;
  std::uint16_t method = 0;
  std::uint16_t flags = 0;
  Extent entry;  // its place in the directory

  Extent whole() const noexcept { return {header, stored.end() - header}; }
};

struct ZipDirectory {
  std::vector<ZipMember> members;  // in the directory's order
  ZipEnd end;

  const ZipMember* Find(std::string_view name) const noexcept;
};

// Charges the budget for what it keeps, and for the directory itself, which an output rewrites in
// memory. Throws Error (kCorrupt, kUnsupported, kSystem).
ZipDirectory ReadZipDirectory(const InputFile& file, IndexBudget& budget);

// Whether the directory names such a member; false where it can't be read. Throws Error (kSystem).
bool HasMember(const InputFile& file, std::string_view name);

}  // namespace polyak::keras
