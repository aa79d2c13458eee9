#include "report/printable.h"

#include <fmt/format.h>

#include <array>

namespace polyak {
namespace {

// The length of the well-formed UTF-8 sequence at the start of `text`, 0 if there is none.
// The Unicode Standard 15.0, table 3-7.
std::size_t Utf8Length(std::string_view text) {
  const auto byte = [text](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const auto is_tail = [&byte](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned first = byte(0);
  const unsigned second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return is_tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool is_overlong = first == 0xe0 && second < 0xa0;
    const bool is_surrogate = first == 0xed && second > 0x9f;
    return is_tail(1) && is_tail(2) && !is_overlong && !is_surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool is_overlong = first == 0xf0 && second < 0x90;
    const bool is_too_large = first == 0xf4 && second > 0x8f;
    return is_tail(1) && is_tail(2) && is_tail(3) && !is_overlong && !is_too_large ? 4 : 0;
  }
  return 0;
}

// Marks without a width of their own that change the order or the look of what is around them, and
// ends of lines: U+200B to U+200F, U+2028 to U+202E, U+2060 to U+206F, U+FEFF. The Unicode Standard
// 15.0, section 23.2.
bool IsInvisible(std::string_view sequence) {
  if (sequence == "\xef\xbb\xbf") return true;
  if (!sequence.starts_with("\xe2\x80") && !sequence.starts_with("\xe2\x81")) return false;
  const auto last = static_cast<unsigned char>(sequence[2]);
  if (sequence[1] == '\x81') return last >= 0xa0 && last <= 0xaf;
  return (last >= 0x8b && last <= 0x8f) || (last >= 0xa8 && last <= 0xae);
}

bool IsControl(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return first < 0x20 || first == 0x7f;
  if (sequence.size() == 3) return IsInvisible(sequence);
  // U+0080 to U+009F: C1 controls, which some terminals obey.
  return first == 0xc2 && static_cast<unsigned char>(sequence[1]) < 0xa0;
}

std::string Escape(std::string_view text, bool escape_backslash) {
  std::string printable;
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    const std::string_view sequence = text.substr(0, length == 0 ? 1 : length);
    if (length == 0 || IsControl(sequence)) {
      for (const char c : sequence) {
        printable += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
      }
    } else if (sequence == "\\" && escape_backslash) {
      printable += "\\\\";
    } else {
      printable += sequence;
    }
    text.remove_prefix(sequence.size());
  }
  return printable;
}

}  // namespace

std::string Printable(std::string_view text) { return Escape(text, true); }

std::string PrintableMessage(std::string_view text) { return Escape(text, false); }

std::string Counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string BytesText(std::uint64_t bytes) {
  constexpr std::array kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace polyak
