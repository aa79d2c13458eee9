// What the members of a zip archive hold, unpacked and checked against size and checksum.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "formats/keras/zip_directory.h"
#include "io/input_file.h"
#include "io/spill_file.h"

namespace polyak::keras {

// Throws Error (kUnsupported) where the member is encrypted or packed by another method than
// deflate, kCorrupt where its sizes can't be (deflate packs 1032 bytes into one at best).
void CheckMember(const ZipMember& member);

// A small member. Throws Error: as CheckMember, kUnsupported where it has more than `most_bytes`,
// kCorrupt where it does not unpack to what the directory says.
std::string ReadMember(const InputFile& file, const ZipMember& member, std::uint64_t most_bytes);

// Throws Error (kCorrupt) where that is not the checksum that the directory has of it.
void CheckSum(std::uint32_t found, const ZipMember& member);

// Unpacks deflated HDF5 to a file, a piece at a time. Throws Error: as CheckMember, kCorrupt where
// it isn't HDF5, as its first piece tells, or does not unpack to what the directory says, kSystem,
// kCancelled where `stop` (which may be null) is set.
void Inflate(const InputFile& file, const ZipMember& member, const SpillFile& unpacked,
             const std::atomic<bool>* stop);

// The CRC-32 of bytes of a file (APPNOTE 4.4.7). Throws Error (kCorrupt where it ends early,
// kSystem).
std::uint32_t ChecksumOf(const InputFile& file, const Extent& extent);
std::uint32_t ChecksumOf(std::string_view text) noexcept;

}  // namespace polyak::keras
