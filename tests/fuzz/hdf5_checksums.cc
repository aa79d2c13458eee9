#include "fuzz/hdf5_checksums.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

namespace polyak::test {
namespace {

using namespace std::string_view_literals;

constexpr std::array kSignatures = {"\x89HDF\r\n\x1a\n"sv,
                                    "OHDR"sv,
                                    "OCHK"sv,
                                    "BTHD"sv,
                                    "BTIN"sv,
                                    "BTLF"sv,
                                    "FRHP"sv,
                                    "FHIB"sv,
                                    "FSHD"sv,
                                    "FSSE"sv,
                                    "SMTB"sv,
                                    "SMLI"sv,
                                    "EAHD"sv,
                                    "EAIB"sv,
                                    "EASB"sv,
                                    "EADB"sv,
                                    "FAHD"sv,
                                    "FADB"sv};
// No block of a small file is longer.
constexpr std::size_t kMostBytes = 6000;

struct State {
  std::uint32_t a, b, c;

  void Mix() {
    a -= c;
    a ^= std::rotl(c, 4);
    c += b;
    b -= a;
    b ^= std::rotl(a, 6);
    a += c;
    c -= b;
    c ^= std::rotl(b, 8);
    b += a;
    a -= c;
    a ^= std::rotl(c, 16);
    c += b;
    b -= a;
    b ^= std::rotl(a, 19);
    a += c;
    c -= b;
    c ^= std::rotl(b, 4);
    b += a;
  }
  void Finish() {
    c ^= b;
    c -= std::rotl(b, 14);
    a ^= c;
    a -= std::rotl(c, 11);
    b ^= a;
    b -= std::rotl(a, 25);
    c ^= b;
    c -= std::rotl(b, 16);
    a ^= c;
    a -= std::rotl(c, 4);
    b ^= a;
    b -= std::rotl(a, 14);
    c ^= b;
    c -= std::rotl(b, 24);
  }
  // Up to 12 bytes.
  void Add(std::string_view bytes) {
    std::array<std::uint32_t*, 3> words = {&a, &b, &c};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      *words[i / 4] += std::uint32_t{static_cast<std::uint8_t>(bytes[i])} << (8 * (i % 4));
    }
  }
};

std::uint32_t NumberAt(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 4; i-- > 0;) {
    number = number << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  }
  return number;
}

}  // namespace

std::uint32_t Lookup3(std::string_view bytes) noexcept {
  const std::uint32_t first = 0xdeadbeef + static_cast<std::uint32_t>(bytes.size());
  State state{first, first, first};
  if (bytes.empty()) return state.c;
  while (bytes.size() > 12) {
    state.Add(bytes.substr(0, 12));
    state.Mix();
    bytes.remove_prefix(12);
  }
  state.Add(bytes);
  state.Finish();
  return state.c;
}

Hdf5Checksums::Hdf5Checksums(std::string_view file) {
  for (const std::string_view signature : kSignatures) {
    for (std::size_t at = file.find(signature); at != file.npos;
         at = file.find(signature, at + 1)) {
      const std::size_t most = std::min(kMostBytes, file.size() - at);
      for (std::size_t bytes = signature.size(); bytes + 4 <= most; ++bytes) {
        if (Lookup3(file.substr(at, bytes)) != NumberAt(file, at + bytes)) continue;
        blocks_.push_back({at, bytes});
        break;
      }
    }
  }
}

void Hdf5Checksums::Repair(std::string& file) const {
  for (const Block& block : blocks_) {
    if (block.begin + block.bytes + 4 > file.size()) continue;
    const std::uint32_t sum = Lookup3(std::string_view(file).substr(block.begin, block.bytes));
    for (std::size_t i = 0; i < 4; ++i) {
      file[block.begin + block.bytes + i] = static_cast<char>(sum >> (8 * i));
    }
  }
}

}  // namespace polyak::test
