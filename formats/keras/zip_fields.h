// Where the fields of a zip archive's records are, counted from the record's first byte.
// PKWARE's APPNOTE 6.3.10: 4.3.7 (local), 4.3.12 (central), 4.3.14 to 4.3.16 (end), 4.5.3 (zip64).
// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace polyak::keras {

// A number of 16 or 32 bits that is all ones stands elsewhere, in a zip64 field.
inline constexpr std::uint64_t kElsewhere16 = 0xFFFF;
inline constexpr std::uint64_t kElsewhere32 = 0xFFFFFFFF;
inline constexpr std::uint16_t kZip64Field = 1;    // its number among the extra fields
inline constexpr std::size_t kFieldHeadBytes = 4;  // number and size
inline constexpr std::uint16_t kVersionOfZip64 = 45;

inline constexpr std::uint16_t kStored = 0;  // methods, 4.4.5
inline constexpr std::uint16_t kDeflated = 8;

inline constexpr std::uint16_t kEncrypted = 0x2041;  // flags 0, 6 and 13, 4.4.4
inline constexpr std::uint16_t kHasDescriptor = 8;
inline constexpr std::uint16_t kDeflateOptions = 6;

namespace local {
inline constexpr std::string_view kSignature = "PK\3\4";
inline constexpr std::size_t kVersion = 4, kFlags = 6, kMethod = 8, kDate = 12, kCrc = 14,
                             kStoredBytes = 18, kBytes = 22, kNameBytes = 26, kExtraBytes = 28,
                             kHeadBytes = 30;
}  // namespace local

namespace central {
inline constexpr std::string_view kSignature = "PK\1\2";
inline constexpr std::size_t kMadeBy = 4, kVersion = 6, kFlags = 8, kMethod = 10, kDate = 14,
                             kCrc = 16, kStoredBytes = 20, kBytes = 24, kNameBytes = 28,
                             kExtraBytes = 30, kCommentBytes = 32, kDisk = 34, kAttributes = 38,
                             kOffset = 42, kHeadBytes = 46;
}  // namespace central

namespace end {
inline constexpr std::string_view kSignature = "PK\5\6";
inline constexpr std::size_t kDisk = 4, kDirectoryDisk = 6, kMembersHere = 8, kMembers = 10,
                             kDirectoryBytes = 12, kDirectory = 16, kCommentBytes = 20,
                             kHeadBytes = 22;
}  // namespace end

namespace zip64_end {
inline constexpr std::string_view kSignature = "PK\6\6";
inline constexpr std::size_t kRestBytes = 4, kDisk = 16, kDirectoryDisk = 20, kMembersHere = 24,
                             kMembers = 32, kDirectoryBytes = 40, kDirectory = 48, kHeadBytes = 56;
}  // namespace zip64_end

namespace zip64_locator {
inline constexpr std::string_view kSignature = "PK\6\7";
inline constexpr std::size_t kDisk = 4, kEnd = 8, kDisks = 16, kHeadBytes = 20;
}  // namespace zip64_locator

}  // namespace polyak::keras
