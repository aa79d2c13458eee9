#include "formats/hdf5/fletcher32.h"

#include <algorithm>

namespace polyak::hdf5 {
namespace {

// As many pairs as can be added before the sums may pass 32 bits.
constexpr std::size_t kPairsOfBlock = 360;

std::uint32_t Fold(std::uint32_t sum) noexcept { return (sum & 0xffff) + (sum >> 16); }

}  // namespace

std::uint32_t Fletcher32(std::span<const std::byte> bytes) noexcept {
  std::uint32_t sum = 0;
  std::uint32_t sum_of_sums = 0;
  const auto add = [&](std::byte high, std::byte low) {
    sum += std::to_integer<std::uint32_t>(high) << 8 | std::to_integer<std::uint32_t>(low);
    sum_of_sums += sum;
  };
  const auto fold = [&] {
    sum = Fold(sum);
    sum_of_sums = Fold(sum_of_sums);
  };
  const std::size_t pairs = bytes.size() / 2;
  for (std::size_t first = 0; first < pairs; first += kPairsOfBlock) {
    const std::size_t end = std::min(pairs, first + kPairsOfBlock);
    for (std::size_t i = first; i < end; ++i) add(bytes[2 * i], bytes[2 * i + 1]);
    fold();
  }
  if (bytes.size() % 2 != 0) {
    add(bytes.back(), std::byte{0});
    fold();
  }
  fold();
  return sum_of_sums << 16 | sum;
}

std::uint32_t OldFletcher32(std::uint32_t checksum) noexcept {
  return (checksum & 0x00ff00ff) << 8 | (checksum & 0xff00ff00) >> 8;
}

}  // namespace polyak::hdf5
