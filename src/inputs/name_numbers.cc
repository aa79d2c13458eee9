#include "inputs/name_numbers.h"

#include <algorithm>
#include <array>
#include <optional>

namespace polyak {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool IsEnding(std::string_view text) {
  constexpr std::array<std::string_view, 6> kWithDigits = {"h5", "hdf5", "he5",
                                                           "H5", "HDF5", "HE5"};
  return std::ranges::all_of(text, IsLetter) ||
         std::ranges::find(kWithDigits, text) != kWithDigits.end();
}

// Takes the next number off the front of `rest`, without leading zeros.
std::optional<std::string_view> NextNumber(std::string_view& rest) {
  const auto begin = std::ranges::find_if(rest, IsDigit);
  const auto end = std::find_if_not(begin, rest.end(), IsDigit);
  if (begin == end) return std::nullopt;
  std::string_view number(begin, end);
  rest = std::string_view(end, rest.end());
  number.remove_prefix(std::min(number.find_first_not_of('0'), number.size() - 1));
  return number;
}

}  // namespace

std::size_t SharedFolders(std::span<const std::string> paths) {
  if (paths.empty()) return 0;
  const std::string_view first = paths.front();
  std::size_t shared = first.rfind('/') + 1;  // npos + 1 is 0
  for (const std::string_view path : paths) {
    const auto differ = std::ranges::mismatch(first.substr(0, shared), path).in1;
    const auto same = static_cast<std::size_t>(differ - first.begin());
    if (same < shared) shared = first.substr(0, same).rfind('/') + 1;
  }
  return shared;
}

std::string_view NumberedPart(std::string_view path, std::size_t shared_folders) {
  std::string_view part = path.substr(std::min(shared_folders, path.size()));
  const std::size_t name = part.rfind('/') + 1;  // npos + 1 is 0
  while (true) {
    const std::size_t dot = part.rfind('.');
    if (dot == std::string_view::npos || dot <= name || !IsEnding(part.substr(dot + 1))) break;
    part = part.substr(0, dot);
  }
  return part;
}

bool HasNumber(std::string_view part) { return std::ranges::any_of(part, IsDigit); }

std::strong_ordering CompareNumbers(std::string_view a, std::string_view b) {
  while (true) {
    const auto from_a = NextNumber(a);
    const auto from_b = NextNumber(b);
    if (!from_a || !from_b) return from_a.has_value() <=> from_b.has_value();
    if (from_a->size() != from_b->size()) return from_a->size() <=> from_b->size();
    if (*from_a != *from_b) return *from_a <=> *from_b;
  }
}

std::string NumbersText(std::string_view part) {
  std::string text;
  while (const auto number = NextNumber(part)) {
    if (!text.empty()) text += ", ";
    text += *number;
  }
  return text;
}

}  // namespace polyak
