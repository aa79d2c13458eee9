// The records at the end of a zip archive, which say where its directory is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "io/input_file.h"
#include "io/payload.h"

namespace polyak::keras {

struct ZipEnd {
  Extent directory;
  std::uint64_t members = 0;
  // The records as they are: of zip64 its end record and its locator, or nothing; the end record
  // with its comment. They follow the directory, and one another, to the end of the file.
  std::string zip64_end;
  std::string zip64_locator;
  std::string end;

  std::uint64_t bytes() const noexcept {
    return zip64_end.size() + zip64_locator.size() + end.size();
  }
};

// Nothing where the file does not end as an archive does. Throws Error: kCorrupt where the records
// contradict one another or the file, kUnsupported where the archive has several disks, kSystem.
std::optional<ZipEnd> ReadZipEnd(const InputFile& file);

// The same end for another directory: with the records of zip64 if it had them or needs them.
// `directory` is where that lies now, with `members` members. Returns the bytes behind it.
std::string RewriteZipEnd(const ZipEnd& end, const Extent& directory, std::uint64_t members);

}  // namespace polyak::keras
