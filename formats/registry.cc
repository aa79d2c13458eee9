#include "formats/registry.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/mutex.h"
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
           .needs_helper = true,
           .open = keras::OpenHdf5},
    Format{.name = "keras",
           .summary = "Keras .keras archives and sharded weights",
           .endings = ".keras .weights.json",
           .separators = "/",
           .probe = keras::Probe,
           .is_part = keras::IsShard,
           .needs_helper = true,
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

// Checkpoints of one run are alike nearly always: those with equal lists of tensors share one. Any
// thread.
class TensorLists {
 public:
  // A list that is new is charged as shared; what its checkpoint was charged for it is given back.
  void Share(Checkpoint& checkpoint, IndexBudget& budget) {
    std::uint64_t list_bytes = 0;
    for (const TensorInfo& tensor : checkpoint.tensors()) list_bytes += tensor.list_bytes();
    budget.Release(list_bytes);
    const MutexLock lock(mutex_);
    if (HasShared(checkpoint, list_bytes)) return;
    List own;
    checkpoint.ShareTensors(own);
    lists_.emplace(list_bytes, std::move(own));
    budget.ChargeShared(list_bytes);
  }

 private:
  using List = std::shared_ptr<const std::vector<TensorInfo>>;

  bool HasShared(Checkpoint& checkpoint, std::uint64_t list_bytes) POLYAK_REQUIRES(mutex_) {
    const auto [first, last] = lists_.equal_range(list_bytes);
    return std::any_of(first, last, [&](const auto& known) {
      List list = known.second;
      checkpoint.ShareTensors(list);
      return list == known.second;
    });
  }

  Mutex mutex_;  // guards which lists there are
  std::multimap<std::uint64_t, List> lists_ POLYAK_GUARDED_BY(mutex_);  // by what they take
};

bool NeedsHelper(const std::filesystem::path& path) {
  const std::shared_ptr<const InputFile> file = InputFile::Open(path);
  return std::ranges::any_of(kFormats,
                             [&](const Format& f) { return f.needs_helper && f.probe(*file); });
}

OpenedCheckpoint Open(const std::filesystem::path& path, OpenContext& context) {
  const std::shared_ptr<const InputFile> file = InputFile::Open(path);
  if (file->size() == 0) throw Error(ErrorKind::kCorrupt, "the file is empty");
  if (const Format* const format = Recognise(*file)) {
    std::unique_ptr<Checkpoint> checkpoint = format->open(file, context);
    context.per_run->Of<TensorLists>("tensors", std::make_shared<TensorLists>)
        ->Share(*checkpoint, context.index_budget);
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

HelperProgram PrepareHelper(std::span<const std::filesystem::path> paths,
                            const HelperProgram& helper, const std::atomic<bool>* stop) {
  for (const std::filesystem::path& path : paths) {
    if (stop != nullptr && stop->load()) throw Error(ErrorKind::kCancelled, "stopped");
    try {
      if (!NeedsHelper(path)) continue;
    } catch (const Error&) {
      return helper;
    }
    return hdf5::WithStarter(helper);
  }
  return helper;
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
