#include "formats/keras/zip_rewriting.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "formats/keras/little_endian.h"
#include "formats/keras/wide_numbers.h"
#include "formats/keras/zip_fields.h"

namespace polyak::keras {
namespace {

WideNumber Wide(std::uint64_t value) { return {value, value == kElsewhere32}; }

// What stood elsewhere stays there, what no longer fits goes there.
WideNumber Rewritten(std::uint64_t value, const WideNumber& before) {
  return {value, before.is_elsewhere || value >= kElsewhere32};
}

std::uint64_t Short(const WideNumber& number) {
  return number.is_elsewhere ? kElsewhere32 : number.value;
}

}  // namespace

MemberNumbers NumbersOf(const ZipMember& member) noexcept {
  return {.crc = member.crc,
          .method = member.method,
          .flags = member.flags,
          .stored_bytes = member.stored.length,
          .bytes = member.bytes,
          .header = member.header};
}

std::string RewriteEntry(std::string_view entry, const MemberNumbers& numbers) {
  const std::size_t name_bytes = NumberAt(entry, central::kNameBytes, 2);
  const std::size_t extra_bytes = NumberAt(entry, central::kExtraBytes, 2);
  const std::array before = {Wide(NumberAt(entry, central::kBytes, 4)),
                             Wide(NumberAt(entry, central::kStoredBytes, 4)),
                             Wide(NumberAt(entry, central::kOffset, 4))};
  const std::array now = {Rewritten(numbers.bytes, before[0]),
                          Rewritten(numbers.stored_bytes, before[1]),
                          Rewritten(numbers.header, before[2])};
  std::string result(entry.substr(0, central::kHeadBytes + name_bytes));
  const std::string extra = PutZip64(entry.substr(result.size(), extra_bytes), before, now);
  if (extra.size() != extra_bytes) {
    const std::uint64_t version = NumberAt(entry, central::kVersion, 2);
    PutNumber(std::max<std::uint64_t>(version, kVersionOfZip64), 2, central::kVersion, result);
  }
  PutNumber(extra.size(), 2, central::kExtraBytes, result);
  PutNumber(numbers.flags, 2, central::kFlags, result);
  PutNumber(numbers.method, 2, central::kMethod, result);
  PutNumber(numbers.crc, 4, central::kCrc, result);
  PutNumber(Short(now[0]), 4, central::kBytes, result);
  PutNumber(Short(now[1]), 4, central::kStoredBytes, result);
  PutNumber(Short(now[2]), 4, central::kOffset, result);
  const std::string_view comment = entry.substr(central::kHeadBytes + name_bytes + extra_bytes);
  return result.append(extra).append(comment);
}

std::string RewriteHeader(std::string_view header, const MemberNumbers& numbers) {
  const std::size_t name_bytes = NumberAt(header, local::kNameBytes, 2);
  const std::array before = {Wide(NumberAt(header, local::kBytes, 4)),
                             Wide(NumberAt(header, local::kStoredBytes, 4))};
  const std::array now = {Rewritten(numbers.bytes, before[0]),
                          Rewritten(numbers.stored_bytes, before[1])};
  std::string result(header.substr(0, local::kHeadBytes + name_bytes));
  const std::string extra = PutZip64(header.substr(result.size()), before, now);
  if (result.size() + extra.size() != header.size()) {
    throw Error(ErrorKind::kUnsupported,
                "the weights would take 4 GiB or more, which their header in the template's zip "
                "archive has no room to say",
                "--template takes another checkpoint's container");
  }
  PutNumber(numbers.flags, 2, local::kFlags, result);
  PutNumber(numbers.method, 2, local::kMethod, result);
  PutNumber(numbers.crc, 4, local::kCrc, result);
  PutNumber(Short(now[0]), 4, local::kBytes, result);
  PutNumber(Short(now[1]), 4, local::kStoredBytes, result);
  return result.append(extra);
}

}  // namespace polyak::keras
