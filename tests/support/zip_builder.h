// Zip archives of stored members, made byte by byte as PKWARE's APPNOTE has them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace polyak::test {

// The members, one after the other, then the directory and the end record.
struct ZipBuilder {
  std::string members;
  std::string directory;
  std::size_t count = 0;

  ZipBuilder& Add(std::string_view name, std::string_view content) {
    const std::string common = Number(20, 2) + Number(0, 2) +
                               Number(0, 2)                      // version, flags, stored
                               + Number(0, 2) + Number(0x21, 2)  // 1980-01-01
                               + Number(Checksum(content), 4) + Number(content.size(), 4) +
                               Number(content.size(), 4) + Number(name.size(), 2) + Number(0, 2);
    directory.append("PK\1\2").append(Number(20, 2)).append(common);
    directory.append(10, '\0').append(Number(members.size(), 4)).append(name);
    members.append("PK\3\4").append(common).append(name).append(content);
    ++count;
    return *this;
  }

  std::string Bytes(std::string_view comment = "") const {
    return members + directory + "PK\5\6" + Number(0, 4) + Number(count, 2) + Number(count, 2) +
           Number(directory.size(), 4) + Number(members.size(), 4) + Number(comment.size(), 2) +
           std::string(comment);
  }

  static std::string Number(std::uint64_t number, std::size_t bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>(number >> (8 * i));
    return text;
  }

  // CRC-32 (APPNOTE 4.4.7), bit by bit, eight at a time.
  static std::uint32_t Checksum(std::string_view content) {
    static const auto kOfByte = [] {
      std::array<std::uint32_t, 256> of_byte{};
      for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
        of_byte[byte] = crc;
      }
      return of_byte;
    }();
    std::uint32_t crc = 0xFFFFFFFF;
    for (const char c : content)
      crc = crc >> 8 ^ kOfByte[(crc ^ static_cast<std::uint8_t>(c)) & 255];
    return ~crc;
  }
};

}  // namespace polyak::test
