// What polyak and its helper polyak-hdf5 agree on beside index.proto. Constants only.
#pragma once

#include <cstddef>
#include <cstdint>

namespace polyak::hdf5 {

// Changes with every change of index.proto: a helper of another version says so at once.
inline constexpr std::uint32_t kProtocol = 1;

// Where the helper finds its end of the socket pair. It has no other descriptor but 0 to 2, which
// are /dev/null.
inline constexpr int kSocketDescriptor = 3;

// The longest message, either way. Small, for a message of n bytes can take 100 n of memory once
// it is parsed.
inline constexpr std::size_t kMaxPacketBytes = std::size_t{64} << 10;

// The longest name of a dataset, with those of its groups.
inline constexpr std::size_t kMaxPathBytes = 4096;

// How deep groups may be nested.
inline constexpr std::size_t kMaxGroupDepth = 64;

// Processor time that the library may take over one file. 10,000 datasets take it 0.4 s, 100,000
// take it 4 s.
inline constexpr std::uint32_t kCpuSecondsPerFile = 20;

}  // namespace polyak::hdf5
