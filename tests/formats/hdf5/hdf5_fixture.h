// What the tests with the real helper share: a folder, a context, and the library's errors kept
// quiet.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint.h"
#include "core/error.h"
#include "core/format.h"
#include "formats/hdf5/script_folder.h"

namespace polyak::hdf5 {

// Sanitizers need more memory than any limit allows, and turn crashes into exits.
bool IsSanitized();

class Hdf5Files : public ::testing::Test {
 protected:
  Hdf5Files();

  // With the context of this test.
  std::unique_ptr<Checkpoint> OpenFile(const std::filesystem::path& path);
  // The error that opening gives; fails the test where there is none.
  Error ErrorOfOpening(const std::filesystem::path& path);

  ScriptFolder folder_;
  OpenContext context_;
};

// The index of a tensor; throws std::out_of_range where there is none of that name.
std::size_t IndexOf(const Checkpoint& checkpoint, std::string_view name);
const TensorInfo& Tensor(const Checkpoint& checkpoint, std::string_view name);
std::vector<std::string> Names(const Checkpoint& checkpoint);
// All elements of a tensor.
std::vector<std::byte> Elements(const Checkpoint& checkpoint, std::string_view name);
// What the library itself reads, converted to `type` in memory.
std::vector<std::byte> LibraryElements(const std::filesystem::path& path, const std::string& name,
                                       std::int64_t type);

}  // namespace polyak::hdf5
