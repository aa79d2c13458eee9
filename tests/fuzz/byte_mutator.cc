#include "fuzz/byte_mutator.h"

#include <algorithm>
#include <array>

namespace polyak::test {

std::uint64_t ByteMutator::OddNumber(std::uint64_t file_bytes) {
  constexpr std::uint64_t kOne = 1;
  const std::array<std::uint64_t, 16> odd = {0,
                                             1,
                                             ~std::uint64_t{0},
                                             ~std::uint64_t{0} - 7,
                                             kOne << 31,
                                             (kOne << 31) - 1,
                                             kOne << 32,
                                             (kOne << 32) - 1,
                                             kOne << 62,
                                             kOne << 63,
                                             (kOne << 63) - 1,
                                             file_bytes,
                                             file_bytes - 1,
                                             file_bytes + 1,
                                             file_bytes / 2,
                                             random_() >> Below(64)};
  return odd[Below(odd.size())];
}

void ByteMutator::ChangeInPlace(std::string& bytes, std::size_t first, std::size_t count) {
  if (count == 0) return;
  const std::size_t at = first + Below(count);
  const std::size_t width = std::min(std::size_t{1} << Below(4), first + count - at);
  const auto put = [&](std::uint64_t number) {
    for (std::size_t i = 0; i < width; ++i) bytes[at + i] = static_cast<char>(number >> (8 * i));
  };
  switch (Below(6)) {
    case 0: bytes[at] = static_cast<char>(bytes[at] ^ (1 << Below(8))); break;
    case 1: bytes[at] = static_cast<char>(std::array{0, 1, 0x7f, 0x80, 0xff}[Below(5)]); break;
    case 2: bytes[at] = static_cast<char>(bytes[at] + (Below(2) == 0 ? 1 : -1)); break;
    case 3: put(OddNumber(bytes.size())); break;
    case 4: put(random_()); break;
    default: {  // what stands elsewhere
      const std::size_t from = first + Below(count);
      const std::size_t length =
          std::min({std::size_t{1} + Below(32), first + count - at, first + count - from});
      bytes.replace(at, length, bytes.substr(from, length));
    }
  }
}

void ByteMutator::ChangeSize(std::string& bytes) {
  if (bytes.empty()) return;
  const std::size_t at = Below(bytes.size());
  const std::size_t length = std::min<std::size_t>(1 + Below(64), bytes.size() - at);
  switch (Below(4)) {
    case 0: bytes.resize(at); break;
    case 1: bytes.erase(at, length); break;
    case 2: bytes.insert(Below(bytes.size()), bytes.substr(at, length)); break;
    default: bytes.append(1 + Below(64), static_cast<char>(random_())); break;
  }
}

void ByteMutator::Change(std::string& bytes) {
  constexpr std::array<std::uint64_t, 6> kChanges = {1, 1, 1, 2, 4, 8};
  for (std::uint64_t i = kChanges[Below(kChanges.size())]; i > 0; --i) {
    if (Below(16) == 0) {
      ChangeSize(bytes);
    } else {
      ChangeInPlace(bytes);
    }
  }
}

}  // namespace polyak::test
