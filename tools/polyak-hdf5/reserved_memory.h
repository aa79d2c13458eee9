// Addresses without memory behind them, for the library's functions that want a buffer where no
// byte of it is ever looked at: the file's driver (descriptor_driver.h) only notes where elements
// go. Read, it is zeros; written, it ends the program.
#pragma once

#include <cstddef>

namespace polyak::hdf5 {

// Where the user limits the addresses of a process (ulimit -v) there may be fewer than `bytes`:
// they would be missing for what is needed. Throws Failure (MEMORY) where there are none.
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
