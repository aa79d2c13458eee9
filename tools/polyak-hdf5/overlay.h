// What is written over a file, kept in memory by pages; the file itself stays.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>

namespace polyak::hdf5 {

class Overlay {
 public:
  // Puts what was written over `bytes`, which the file has at `address`.
  void Cover(std::uint64_t address, std::span<char> bytes) const;
  // Throws std::bad_alloc.
  void Write(std::uint64_t address, std::span<const char> bytes);
  // What was written there before is void: something else will lie there.
  void Forget(std::uint64_t address, std::uint64_t length);

  // Where the file ends when all is written.
  void SetEnd(std::uint64_t end) noexcept { end_ = end; }
  std::uint64_t end() const noexcept { return end_; }

  // Calls visit(address, bytes) for all that was written before the end, ascending, in pieces of
  // at most kMostBytesAtOnce.
  static constexpr std::size_t kMostBytesAtOnce = std::size_t{32} << 10;
  void ForEachPiece(
      const std::function<void(std::uint64_t address, std::span<const char> bytes)>& visit) const;

 private:
  static constexpr std::size_t kPageBytes = 4096;
  struct Page {
    std::array<char, kPageBytes> bytes;
    std::bitset<kPageBytes> is_written;
  };

  std::map<std::uint64_t, std::unique_ptr<Page>> pages_;  // by address / kPageBytes
  std::uint64_t end_ = 0;
};

}  // namespace polyak::hdf5
