#include "formats/onnx/external_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "core/checked.h"
#include "core/error.h"
#include "io/contained_files.h"
#include "io/descriptor_cache.h"

namespace polyak::onnx_format {
namespace {

// One for all models of a run.
std::shared_ptr<DescriptorCache> CacheOf(OpenContext& context) {
  return context.per_run->Of<DescriptorCache>(
      "onnx", [] { return std::make_shared<DescriptorCache>(DescriptorCache::UsualSize()); });
}

class ExternalFiles {
 public:
  ExternalFiles(std::shared_ptr<const InputFile> model, OpenContext& context)
      : context_(context),
        contained_(std::make_shared<ContainedFiles>(model->path())),
        cache_(CacheOf(context)) {
    result_.files.push_back(std::move(model));
    result_.names.emplace_back();
  }

  // The number of the file at this location.
  std::uint32_t Open(const std::string& location) {
    CheckContainedName(location);
    const auto name = std::filesystem::path(location).lexically_normal().string();
    const auto [known, is_new] =
        numbers_.emplace(name, static_cast<std::uint32_t>(result_.files.size()));
    if (is_new) Add(name);
    if (location.find("..") != std::string::npos) CheckDetour(location, known->second);
    return known->second;
  }

  ModelFiles Take() { return std::move(result_); }
  const InputFile& file(std::uint32_t number) const { return *result_.files[number]; }

 private:
  // "sub/../w" is "w", but not where "sub" is a link to elsewhere.
  void CheckDetour(const std::string& location, std::uint32_t number) const {
    const Descriptor file(contained_->Open(location));
    struct stat status {};
    if (fstat(file.number(), &status) == 0 &&
        FileIdentity{status.st_dev, status.st_ino} == result_.files[number]->identity()) {
      return;
    }
    throw Error(ErrorKind::kCorrupt, "leads through a symbolic link to another file than '" +
                                         result_.names[number] + "'");
  }

  void Add(const std::string& name) {
    constexpr std::uint64_t kFileBytes = 512;  // what is kept of a file
    context_.index_budget.Charge(kFileBytes + 2 * name.size());
    context_.index_budget.CheckFits();
    const auto file =
        InputFile::OpenOneOfMany(contained_->folder() / name, cache_,
                                 [contained = contained_, name] { return contained->Open(name); });
    if (file->identity() == result_.files.front()->identity()) {
      throw Error(ErrorKind::kCorrupt, "is the model itself");
    }
    result_.files.push_back(file);
    result_.names.push_back(name);
  }

  OpenContext& context_;
  std::shared_ptr<const ContainedFiles> contained_;
  std::shared_ptr<DescriptorCache> cache_;
  std::map<std::string, std::uint32_t> numbers_;
  ModelFiles result_;
};

// Where the elements lie: as the entries say, and where they are silent as the shape does.
Extent ExtentOf(const ExternalData& data, const TensorInfo& info, std::uint64_t file_bytes) {
  const auto needed = CheckedMultiply(info.elements, info.element_bytes);
  const bool has_fixed_size = info.element_bytes > 0;
  if (!data.length && !has_fixed_size) {
    throw Error(ErrorKind::kCorrupt, "has no length (a tensor of this dtype needs one)");
  }
  if (has_fixed_size && (!needed || (data.length && *data.length != *needed))) {
    throw Error(ErrorKind::kCorrupt,
                "has the wrong length (found " +
                    (data.length ? std::to_string(*data.length) : "none") + ", expected " +
                    (needed ? std::to_string(*needed) : "more than fit 64 bits") + " for " +
                    ShapeText(info.shape) + " " + std::string(NameOf(info.dtype)) + ")");
  }
  const Extent extent{data.offset, data.length ? *data.length : *needed};
  if (extent.offset > file_bytes || extent.length > file_bytes - extent.offset) {
    throw Error(ErrorKind::kCorrupt, "is too short (found " + std::to_string(file_bytes) +
                                         " bytes, expected " + std::to_string(extent.length) +
                                         " from byte " + std::to_string(extent.offset) + " on)");
  }
  return extent;
}

void SetPayload(ExternalFiles& files, const ExternalData& data, TensorInfo& info,
                Payload& payload) {
  const std::uint32_t number = files.Open(data.location);
  const Extent extent = ExtentOf(data, info, files.file(number).size());
  info.stored_bytes = extent.length;
  if (extent.length > 0) payload.runs = {{extent.offset, extent.length, number}};
}

// One of a kind says enough.
void WarnOfEntries(ModelIndex& index) {
  const auto warn_of_first = [&index](auto&& is_odd, auto&& text_of) {
    const auto odd = std::ranges::find_if(
        index.external, [&](const ExternalTensor& tensor) { return is_odd(tensor.data); });
    if (odd == index.external.end()) return;
    index.notes.warnings.push_back(index.tensors[odd->tensor].name + ": " + text_of(odd->data));
  };
  warn_of_first([](const ExternalData& data) { return !data.unknown_key.empty(); },
                [](const ExternalData& data) {
                  return "its external data has an entry that is not known, and ignored: " +
                         data.unknown_key;
                });
  warn_of_first([](const ExternalData& data) { return data.checksum_entry.length > 0; },
                [](const ExternalData&) -> std::string {
                  return "its external data has a checksum, which is not looked at, and left out "
                         "where the data is averaged";
                });
}

}  // namespace

ModelFiles OpenExternalFiles(std::shared_ptr<const InputFile> model, ModelIndex& index,
                             OpenContext& context) {
  if (index.external.empty()) return {.files = {std::move(model)}, .names = {""}};
  ExternalFiles files(std::move(model), context);
  for (const auto& [tensor, data] : index.external) {
    if (context.stop != nullptr && context.stop->load()) {
      throw Error(ErrorKind::kCancelled, "stopped");
    }
    try {
      SetPayload(files, data, index.tensors[tensor], index.payloads[tensor]);
    } catch (Error& error) {
      error.AddContext("external data '" + data.location + "'");
      error.AddContext(index.tensors[tensor].name);
      throw;
    }
  }
  WarnOfEntries(index);
  return files.Take();
}

}  // namespace polyak::onnx_format
