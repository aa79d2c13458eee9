// Addresses without memory behind them, for the library's functions that want a buffer where no
// byte of it is ever looked at. Read, it is zeros.
#pragma once

#include <cstddef>

namespace polyak::hdf5 {

// Throws Failure (MEMORY) where there are not so many addresses.
class ReservedMemory {
 public:
  explicit ReservedMemory(std::size_t bytes);
  ReservedMemory(const ReservedMemory&) = delete;
  ReservedMemory& operator=(const ReservedMemory&) = delete;
  ~ReservedMemory();

  // Not for writing, but the library's functions that read into a buffer want it so.
  void* data() const noexcept { return data_; }

 private:
  std::size_t bytes_;
  void* data_;
};

}  // namespace polyak::hdf5
