#include "structure_length.h"

#include <string_view>

namespace polyak::hdf5 {
namespace {

constexpr std::uint64_t kLeastBytes = 16;

// A little-endian number of `width` bytes; 0 where the bytes end before.
std::uint64_t NumberAt(std::span<const char> bytes, std::size_t at, std::size_t width) noexcept {
  if (at + width > bytes.size()) return 0;
  std::uint64_t number = 0;
  for (std::size_t i = width; i-- > 0;) {
    number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return number;
}

// "OHDR", version, flags, times (16), attribute limits (4), size of the messages, messages,
// checksum.
std::uint64_t VersionTwoHeader(std::span<const char> bytes) noexcept {
  const std::uint64_t flags = NumberAt(bytes, 5, 1);
  const std::size_t size_at =
      std::size_t{6} + ((flags & 0x20) != 0 ? 16U : 0U) + ((flags & 0x10) != 0 ? 4U : 0U);
  const std::size_t size_width = std::size_t{1} << (flags & 3);
  constexpr std::size_t kChecksumBytes = 4;
  return size_at + size_width + NumberAt(bytes, size_at, size_width) + kChecksumBytes;
}

// Version 1, reserved, number of messages, references, size of the messages, padding, messages.
std::uint64_t VersionOneHeader(std::span<const char> bytes) noexcept {
  return kLeastBytes + NumberAt(bytes, 8, 4);
}

// "HEAP", version, reserved, size of the data, free list, address of the data (each eight bytes,
// as every file has them that is not very odd). A heap that has grown has its data elsewhere.
std::uint64_t LocalHeap(std::span<const char> bytes, std::uint64_t address) noexcept {
  constexpr std::uint64_t kPrefixBytes = 32;
  const bool data_follow = NumberAt(bytes, 24, 8) == address + kPrefixBytes;
  return kPrefixBytes + (data_follow ? NumberAt(bytes, 8, 8) : 0);
}

}  // namespace

std::uint64_t StructureLength(std::span<const char> bytes, std::uint64_t address) noexcept {
  const std::string_view text(bytes.data(), bytes.size());
  if (text.starts_with("OHDR")) return VersionTwoHeader(bytes);
  if (text.starts_with("HEAP")) return LocalHeap(bytes, address);
  if (text.starts_with(std::string_view("\1\0", 2))) return VersionOneHeader(bytes);
  return kLeastBytes;
}

}  // namespace polyak::hdf5
