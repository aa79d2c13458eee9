#include "formats/hdf5/lzf.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

namespace polyak::hdf5 {
namespace {

constexpr std::size_t kMostLiterals = 32;
constexpr std::size_t kMostBack = 8192;
constexpr std::size_t kLeastMatch = 3;
constexpr std::size_t kMostMatch = 264;
constexpr std::size_t kLongMatch = 9;  // from here on the length has a byte of its own
constexpr unsigned kHashBits = 14;

class LzfWriter {
 public:
  explicit LzfWriter(std::span<std::byte> to) : to_(to) {}

  void PutLiterals(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const auto run = bytes.first(std::min(bytes.size(), kMostLiterals));
      if (!HasRoom(1 + run.size())) return;
      Put(run.size() - 1);
      std::memcpy(&to_[used_], run.data(), run.size());
      used_ += run.size();
      bytes = bytes.subspan(run.size());
    }
  }

  void PutMatch(std::size_t length, std::size_t back) {
    if (!HasRoom(3)) return;
    const std::size_t offset = back - 1;
    if (length < kLongMatch) {
      Put((length - 2) << 5 | offset >> 8);
    } else {
      Put(std::size_t{7} << 5 | offset >> 8);
      Put(length - kLongMatch);
    }
    Put(offset & 0xff);
  }

  bool fits() const noexcept { return fits_; }
  std::size_t used() const noexcept { return used_; }

 private:
  bool HasRoom(std::size_t bytes) noexcept {
    fits_ = fits_ && bytes <= to_.size() - used_;
    return fits_;
  }
  void Put(std::size_t value) noexcept { to_[used_++] = static_cast<std::byte>(value); }

  std::span<std::byte> to_;
  std::size_t used_ = 0;
  bool fits_ = true;
};

std::uint32_t ThreeBytes(const std::byte* at) noexcept {
  return std::to_integer<std::uint32_t>(at[0]) << 16 | std::to_integer<std::uint32_t>(at[1]) << 8 |
         std::to_integer<std::uint32_t>(at[2]);
}

std::size_t HashOf(std::uint32_t three_bytes) noexcept {
  return (three_bytes * 2654435761U) >> (32 - kHashBits);
}

}  // namespace

std::optional<std::size_t> CompressLzf(std::span<const std::byte> from, std::span<std::byte> to) {
  LzfWriter writer(to);
  std::array<std::uint32_t, std::size_t{1} << kHashBits> last_at{};  // position + 1; 0: none
  std::size_t literals = 0;  // where those that are not written begin
  std::size_t at = 0;
  while (writer.fits() && at + kLeastMatch <= from.size()) {
    const std::uint32_t now = ThreeBytes(&from[at]);
    const std::size_t before =
        std::exchange(last_at[HashOf(now)], static_cast<std::uint32_t>(at + 1));
    if (before == 0 || at + 1 - before > kMostBack || ThreeBytes(&from[before - 1]) != now) {
      ++at;
      continue;
    }
    const std::size_t back = at + 1 - before;
    const std::size_t most = std::min(kMostMatch, from.size() - at);
    std::size_t length = kLeastMatch;
    while (length < most && from[at + length] == from[at + length - back]) ++length;
    writer.PutLiterals(from.subspan(literals, at - literals));
    writer.PutMatch(length, back);
    at += length;
    literals = at;
  }
  writer.PutLiterals(from.subspan(literals));
  if (!writer.fits()) return std::nullopt;
  return writer.used();
}

std::optional<std::size_t> DecompressLzf(std::span<const std::byte> from, std::span<std::byte> to) {
  std::size_t at = 0;
  std::size_t done = 0;
  const auto next = [&] { return std::to_integer<std::size_t>(from[at++]); };
  while (at < from.size()) {
    const std::size_t control = next();
    if (control < kMostLiterals) {
      const std::size_t length = control + 1;
      if (length > from.size() - at || length > to.size() - done) return std::nullopt;
      std::memcpy(&to[done], &from[at], length);
      at += length;
      done += length;
      continue;
    }
    std::size_t length = (control >> 5) + 2;
    if (from.size() - at < (length == kLongMatch ? 2U : 1U)) return std::nullopt;
    if (length == kLongMatch) length += next();
    const std::size_t back = ((control & 0x1f) << 8 | next()) + 1;
    if (back > done || length > to.size() - done) return std::nullopt;
    for (const std::size_t end = done + length; done < end; ++done) to[done] = to[done - back];
  }
  return done;
}

}  // namespace polyak::hdf5
