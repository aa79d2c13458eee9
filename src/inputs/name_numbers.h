// The numbers in the names of checkpoints, which say how old they are.
//
// They are all runs of digits in a path below a folder, in order: "checkpoint-500/model.onnx" has
// (500), "ep3-step0120.onnx" has (3, 120), "loss0.5.onnx" has (0, 5): a point is no part of a
// number. They are compared one by one as whole numbers of any length, without leading zeros; where
// one path has no more of them it comes first, as `sort -V` would have it. The endings of HDF5
// files (.h5, .hdf5, .he5) and endings of letters hold no number, "ckpt.9" does.
#pragma once

#include <compare>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace polyak {

// How many bytes at the front of all paths are folders that they share: up to and with a slash.
std::size_t SharedFolders(std::span<const std::string> paths);

// The part of a path that holds its numbers: without `shared_folders` bytes at the front and
// without the endings.
std::string_view NumberedPart(std::string_view path, std::size_t shared_folders);

// Both take numbered parts.
bool HasNumber(std::string_view part);
std::strong_ordering CompareNumbers(std::string_view a, std::string_view b);

// "3, 120"
std::string NumbersText(std::string_view part);

}  // namespace polyak
