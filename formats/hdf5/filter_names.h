// The filters of HDF5's chunks that polyak has words for, and who can apply them.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "formats/hdf5/storage.h"

namespace polyak::hdf5 {

inline constexpr std::uint32_t kDeflate = 1;
inline constexpr std::uint32_t kShuffle = 2;
inline constexpr std::uint32_t kFletcher32 = 3;
inline constexpr std::uint32_t kSzip = 4;
inline constexpr std::uint32_t kNbit = 5;
inline constexpr std::uint32_t kScaleOffset = 6;
inline constexpr std::uint32_t kLzf = 32000;

// For inspect: "deflate 4", "shuffle", "filter 4711".
std::string FilterText(const Filter& filter);

// The first filter that neither polyak nor the HDF5 library can apply, as a sentence: "its filter
// blosc (32001) is not supported". Empty: there is none.
std::string WhyNotCodable(std::span<const Filter> filters);

// One of the filters is applied by the HDF5 library only: its helper codes the whole chunk.
bool NeedLibrary(std::span<const Filter> filters) noexcept;

}  // namespace polyak::hdf5
