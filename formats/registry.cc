#include "formats/registry.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/error.h"
#include "formats/foreign.h"
#include "formats/hdf5/hdf5_format.h"
#include "formats/onnx/onnx_format.h"
#include "io/input_file.h"

namespace polyak {
namespace {

// HDF5 has a signature, ONNX is known by its structure alone: the surer one first.
constexpr std::array kFormats = {
    Format{.name = "hdf5",
           .summary = "HDF5, Keras .h5 and .weights.h5",
           .probe = hdf5::Probe,
           .open = hdf5::Open},
    Format{.name = "onnx",
           .summary = "ONNX models",
           .probe = onnx_format::Probe,
           .open = onnx_format::Open},
};

const Format* Recognise(const InputFile& file) {
  const auto format =
      std::ranges::find_if(kFormats, [&](const Format& f) { return f.probe(file); });
  return format == kFormats.end() ? nullptr : &*format;
}

OpenedCheckpoint Open(const std::filesystem::path& path, OpenContext& context) {
  const std::shared_ptr<const InputFile> file = InputFile::Open(path);
  if (file->size() == 0) throw Error(ErrorKind::kCorrupt, "the file is empty");
  if (const Format* const format = Recognise(*file)) {
    return {format->open(file, context), format->name};
  }
  throw Error(ErrorKind::kUnsupported, "is not a checkpoint that polyak can read",
              HintForForeignFile(*file));
}

}  // namespace

std::span<const Format> Formats() noexcept { return kFormats; }

std::optional<std::string_view> FormatOf(const std::filesystem::path& path) {
  const Format* const format = Recognise(*InputFile::Open(path));
  if (format == nullptr) return std::nullopt;
  return format->name;
}

OpenedCheckpoint OpenCheckpoint(const std::filesystem::path& path, OpenContext& context) {
  try {
    return Open(path, context);
  } catch (Error& error) {
    error.AddContext(path.string());
    throw;
  }
}

}  // namespace polyak
