// Changes bytes in ways that readers of binary files trip over: single bits, numbers of 2, 4 and 8
// bytes set to what wraps or leads out, ends cut off, ranges copied, doubled and left out.
// Deterministic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace polyak::test {

class ByteMutator {
 public:
  explicit ByteMutator(std::uint64_t random_seed) : random_(random_seed) {}

  // One to eight changes; the size stays in those of ChangeInPlace.
  void Change(std::string& bytes);
  void ChangeInPlace(std::string& bytes) { ChangeInPlace(bytes, 0, bytes.size()); }
  // Within `count` bytes from `first` on.
  void ChangeInPlace(std::string& bytes, std::size_t first, std::size_t count);

  // Below `limit`, which isn't 0.
  std::uint64_t Below(std::uint64_t limit) { return random_() % limit; }
  // A number that a reader may trip over, for a file of that size.
  std::uint64_t OddNumber(std::uint64_t file_bytes);

 private:
  void ChangeSize(std::string& bytes);

  std::mt19937_64 random_;
};

}  // namespace polyak::test
