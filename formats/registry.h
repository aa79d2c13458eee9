// The formats that polyak reads, one row each. To add one: formats/README.md.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "core/format.h"

namespace polyak {

// In the order in which they are tried.
std::span<const Format> Formats() noexcept;

// True where a row's probe recognises the file's content. Throws Error (kSystem, kUnsupported where
// it isn't a regular file), without the path in front.
bool IsRecognised(const std::filesystem::path& path);

// True where the name ends as files of some row do, in capitals or not.
bool IsNamedAsCheckpoint(const std::filesystem::path& path);

// For a process that won't be able to start programs any more: if one of these files takes the HDF5
// helper to be opened, the helper with a process that starts it. Where it isn't found, or a file
// can't be looked at, the helper as it was: opening the files will say why. Before the second
// thread. Throws Error: kSystem; kCancelled once *stop is set (may be null).
HelperProgram PrepareHelper(std::span<const std::filesystem::path> paths,
                            const HelperProgram& helper, const std::atomic<bool>* stop);

// True where some row takes it for a part of a checkpoint that lies beside it.
bool IsPartOfAnother(const std::filesystem::path& path);

struct OpenedCheckpoint {
  std::unique_ptr<Checkpoint> checkpoint;
  std::string_view format;      // the row's name
  std::string_view separators;  // the row's
};

// Opens a file with the first format whose probe recognises its content. Throws Error with the
// path in front: kSystem, kCorrupt, kUnsupported (no format knows it; the hint says what it may
// be), kCancelled.
OpenedCheckpoint OpenCheckpoint(const std::filesystem::path& path, OpenContext& context);

}  // namespace polyak
