// Numbers as zip archives have them: little-endian, at a place in a text. The text is long enough.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace polyak::keras {

inline std::uint64_t NumberAt(std::string_view text, std::size_t at, std::size_t bytes) noexcept {
  std::uint64_t number = 0;
  for (std::size_t i = bytes; i-- > 0;) {
    number = number << 8 | static_cast<std::uint8_t>(text[at + i]);
  }
  return number;
}

inline void PutNumber(std::uint64_t number, std::size_t bytes, std::size_t at,
                      std::string& text) noexcept {
  for (std::size_t i = 0; i < bytes; ++i) text[at + i] = static_cast<char>(number >> (8 * i));
}

inline void AppendNumber(std::uint64_t number, std::size_t bytes, std::string& text) {
  text.append(bytes, '\0');
  PutNumber(number, bytes, text.size() - bytes, text);
}

}  // namespace polyak::keras
