// The formats that polyak reads, one row each. To add one: formats/README.md.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "core/format.h"

namespace polyak {

// In the order in which they are tried.
std::span<const Format> Formats() noexcept;

// The row whose probe recognises the file's content; nothing: none does. Throws Error (kSystem,
// kUnsupported where it isn't a regular file).
std::optional<std::string_view> FormatOf(const std::filesystem::path& path);

struct OpenedCheckpoint {
  std::unique_ptr<Checkpoint> checkpoint;
  std::string_view format;  // the row's name
};

// Opens a file with the first format whose probe recognises its content. Throws Error with the
// path in front: kSystem, kCorrupt, kUnsupported (no format knows it; the hint says what it may
// be), kCancelled.
OpenedCheckpoint OpenCheckpoint(const std::filesystem::path& path, OpenContext& context);

}  // namespace polyak
