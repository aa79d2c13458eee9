// The zip64 field among the extra fields of a member (APPNOTE 4.5.3): those of the numbers that
// stand elsewhere, eight bytes each, in a fixed order; it may go on with what nobody asks for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace polyak::keras {

// One number of a header: found as `bits32`, perhaps all ones.
struct WideNumber {
  std::uint64_t value = 0;
  bool is_elsewhere = false;
};

// Replaces those that stand elsewhere by what the zip64 field has. Throws Error (kCorrupt) where it
// is not there, or the fields pass the end of the extra bytes.
void TakeZip64(std::string_view extra, std::span<WideNumber> numbers);

// The extra fields with these numbers: in the zip64 field that is there, or, where there is none,
// in a new one in front. Without a number that stands elsewhere they stay as they are.
std::string PutZip64(std::string_view extra, std::span<const WideNumber> before,
                     std::span<const WideNumber> now);

}  // namespace polyak::keras
