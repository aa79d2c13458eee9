// A zip archive's records with other numbers in them; everything else stays as it is, byte for
// byte. Where a number does not fit, or stood in a zip64 field, it goes there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "formats/keras/zip_directory.h"

namespace polyak::keras {

struct MemberNumbers {
  std::uint32_t crc = 0;
  std::uint16_t method = 0;
  std::uint16_t flags = 0;
  std::uint64_t stored_bytes = 0;
  std::uint64_t bytes = 0;
  std::uint64_t header = 0;
};
MemberNumbers NumbersOf(const ZipMember& member) noexcept;

// A member's entry in the directory.
std::string RewriteEntry(std::string_view entry, const MemberNumbers& numbers);

// A member's own header, with its name and extra fields. Its length stays. Throws Error
// (kUnsupported) where it has no room for sizes of 4 GiB and more.
std::string RewriteHeader(std::string_view header, const MemberNumbers& numbers);

}  // namespace polyak::keras
