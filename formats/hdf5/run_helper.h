// The helper that the files of one run share.
#pragma once

#include <memory>

#include "core/format.h"
#include "formats/hdf5/helper_process.h"

namespace polyak::hdf5 {

// The one that the context keeps; starts it where it doesn't run, and reserves its memory in the
// context's budget. Throws Error (kSystem). One thread at a time for one context.
std::shared_ptr<HelperProcess> HelperOf(OpenContext& context);

// For one that is dead, or in the middle of an answer, or has seen a damaged file: the next file
// gets a new one.
void ForgetHelper(OpenContext& context) noexcept;

}  // namespace polyak::hdf5
