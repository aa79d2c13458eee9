#include "formats/keras/wide_numbers.h"

#include <algorithm>

#include "core/error.h"
#include "formats/keras/little_endian.h"
#include "formats/keras/zip_fields.h"

namespace polyak::keras {
namespace {

constexpr std::size_t kWideBytes = 8;

// Where the zip64 field begins, with its head; npos: there is none.
std::size_t FindZip64(std::string_view extra) {
  std::size_t at = 0;
  while (extra.size() - at >= kFieldHeadBytes) {
    const std::size_t bytes = NumberAt(extra, at + 2, 2);
    if (bytes > extra.size() - at - kFieldHeadBytes) break;
    if (NumberAt(extra, at, 2) == kZip64Field) return at;
    at += kFieldHeadBytes + bytes;
  }
  return std::string_view::npos;
}

std::size_t CountElsewhere(std::span<const WideNumber> numbers) {
  return static_cast<std::size_t>(std::ranges::count(numbers, true, &WideNumber::is_elsewhere));
}

}  // namespace

void TakeZip64(std::string_view extra, std::span<WideNumber> numbers) {
  const std::size_t count = CountElsewhere(numbers);
  if (count == 0) return;
  const std::size_t field = FindZip64(extra);
  if (field == std::string_view::npos || NumberAt(extra, field + 2, 2) < count * kWideBytes) {
    throw Error(ErrorKind::kCorrupt, "its sizes stand in a zip64 field that is not there");
  }
  std::size_t at = field + kFieldHeadBytes;
  for (WideNumber& number : numbers) {
    if (!number.is_elsewhere) continue;
    number.value = NumberAt(extra, at, kWideBytes);
    at += kWideBytes;
  }
}

std::string PutZip64(std::string_view extra, std::span<const WideNumber> before,
                     std::span<const WideNumber> now) {
  const std::size_t count = CountElsewhere(now);
  if (count == 0) return std::string(extra);
  std::string values;
  for (const WideNumber& number : now) {
    if (number.is_elsewhere) AppendNumber(number.value, kWideBytes, values);
  }
  const std::size_t found = FindZip64(extra);
  std::string_view in_front;
  std::string_view rest;  // of the field
  std::string_view behind = extra;
  if (found != std::string_view::npos) {
    const std::size_t bytes = NumberAt(extra, found + 2, 2);
    const std::size_t taken = std::min(bytes, CountElsewhere(before) * kWideBytes);
    in_front = extra.substr(0, found);
    rest = extra.substr(found + kFieldHeadBytes + taken, bytes - taken);
    behind = extra.substr(found + kFieldHeadBytes + bytes);
  }
  std::string result(in_front);
  AppendNumber(kZip64Field, 2, result);
  AppendNumber(values.size() + rest.size(), 2, result);
  return result.append(values).append(rest).append(behind);
}

}  // namespace polyak::keras
