#include "formats/registry.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "core/error.h"
#include "formats/foreign.h"
#include "formats/hdf5/hdf5_format.h"
#include "formats/keras/keras_format.h"
#include "formats/onnx/onnx_format.h"
#include "io/input_file.h"

namespace polyak {
namespace {

// HDF5 and zip have a signature, ONNX is known by its structure alone: the surer one first.
constexpr std::array kFormats = {
    Format{.name = "hdf5",
           .summary = "HDF5, Keras .h5 and .weights.h5",
           .endings = ".h5 .hdf5",
           .separators = "/",
           .probe = hdf5::Probe,
           .open = keras::OpenHdf5},
    Format{.name = "keras",
           .summary = "Keras .keras archives and sharded weights",
           .endings = ".keras .weights.json",
           .separators = "/",
           .probe = keras::Probe,
           .is_part = keras::IsShard,
           .open = keras::Open},
    Format{.name = "onnx",
           .summary = "ONNX models",
           .endings = ".onnx",
           .separators = "./",  // exporters use either
           .probe = onnx_format::Probe,
           .open = onnx_format::Open},
};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool HasEnding(std::string_view name, std::string_view ending) {
  return name.size() > ending.size() &&
         std::ranges::equal(name.substr(name.size() - ending.size()), ending, {}, Lower);
}

bool HasEndingOf(const Format& format, std::string_view name) {
  for (std::string_view rest = format.endings; !rest.empty();) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    if (HasEnding(name, rest.substr(0, end))) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

const Format* Recognise(const InputFile& file) {
  const auto format =
      std::ranges::find_if(kFormats, [&](const Format& f) { return f.probe(file); });
  return format == kFormats.end() ? nullptr : &*format;
}

OpenedCheckpoint Open(const std::filesystem::path& path, OpenContext& context) {
  const std::shared_ptr<const InputFile> file = InputFile::Open(path);
  if (file->size() == 0) throw Error(ErrorKind::kCorrupt, "the file is empty");
  if (const Format* const format = Recognise(*file)) {
    std::unique_ptr<Checkpoint> checkpoint = format->open(file, context);
    context.index_budget.Release(checkpoint->ShareTensors(context.last_tensors));
    return {std::move(checkpoint), format->name, format->separators};
  }
  throw Error(ErrorKind::kUnsupported, "is not a checkpoint that polyak can read",
              HintForForeignFile(*file));
}

}  // namespace

std::span<const Format> Formats() noexcept { return kFormats; }

bool IsRecognised(const std::filesystem::path& path) {
  return Recognise(*InputFile::Open(path)) != nullptr;
}

bool IsPartOfAnother(const std::filesystem::path& path) {
  return std::ranges::any_of(
      kFormats, [&](const Format& f) { return f.is_part != nullptr && f.is_part(path); });
}

bool IsNamedAsCheckpoint(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  return std::ranges::any_of(kFormats, [&](const Format& f) { return HasEndingOf(f, name); });
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
