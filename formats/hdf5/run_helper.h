// The helper that the files of one run share.
#pragma once

#include <cstdint>
#include <memory>

#include "core/format.h"
#include "formats/hdf5/helper_process.h"

namespace polyak::hdf5 {

// Resident in the helper before it has indexed anything: it, libhdf5, 40 libraries (measured: 12).
inline constexpr std::uint64_t kHelperCodeBytes = std::uint64_t{14} << 20;

// The one that the context keeps; starts it where it doesn't run, and reserves its memory in the
// context's budget. Throws Error (kSystem). One thread at a time for one context.
std::shared_ptr<HelperProcess> HelperOf(OpenContext& context);

// What a helper takes that may allocate so much.
std::uint64_t HelperBytes(std::uint64_t memory_bytes) noexcept;

// For one that is dead, or in the middle of an answer, or has seen a damaged file: the next file
// gets a new one.
void ForgetHelper(OpenContext& context) noexcept;

}  // namespace polyak::hdf5
