#include "formats/onnx/external_output.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "core/error.h"
#include "formats/onnx/wire_writer.h"
#include "io/created_folders.h"
#include "io/output_place.h"

namespace polyak::onnx_format {
namespace {

namespace fs = std::filesystem;

// Whole pages for what fills one: readers map the file.
constexpr std::uint64_t kPageBytes = 4096;
constexpr std::uint64_t kSmallAlignmentBytes = 64;

std::uint64_t Aligned(std::uint64_t offset, std::uint64_t bytes) noexcept {
  const std::uint64_t alignment = bytes < kPageBytes ? kSmallAlignmentBytes : kPageBytes;
  return (offset + alignment - 1) / alignment * alignment;
}

bool Exists(const fs::path& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

// OUT.data, or OUT.2.data and so on where that is taken.
std::string FreeDataName(const OutputPlace& place) {
  const std::string base = place.target.filename().string();
  std::string name = base + ".data";
  for (int i = 2; Exists(place.Beside(name)); ++i) {
    name = base + "." + std::to_string(i) + ".data";
  }
  return name;
}

// The data file that is there already, of those that the output would have; the model's own name
// isn't one.
fs::path ExistingFile(const OutputPlace& place, std::span<const std::string> names) {
  for (const std::string& name : names) {
    if (!name.empty() && Exists(place.Beside(name))) return place.Beside(name);
  }
  return {};
}

void RefuseIfThere(const fs::path& file, const OutputRequest& request, const OutputPlace& place) {
  if (file.empty() || request.replace_existing) return;
  Error error(ErrorKind::kUsage, "exists already, and the output's data would go there",
              "--force leaves it as it is, and writes the data to " + FreeDataName(place));
  error.AddContext(file.string());
  throw error;
}

bool IsInFolder(const InputFile& model, const OutputPlace& place) {
  const fs::path folder = model.path().parent_path();
  return IdentityOf(folder.empty() ? fs::path(".") : folder) == IdentityOf(place.folder);
}

using DataPlaces = std::map<std::tuple<std::uint32_t, std::uint64_t, std::uint64_t>, std::uint64_t>;

std::tuple<std::uint32_t, std::uint64_t, std::uint64_t> KeyOf(const PayloadRun& run) {
  return {run.file, run.offset, run.bytes};
}

// All payloads in one file, those that are shared once.
DataPlaces LayOutSingle(const ExternalTemplate& external, FileLayout& data) {
  DataPlaces places;
  for (const ExternalTensor& tensor : external.tensors) {
    for (const PayloadRun& run : external.payloads[tensor.tensor].runs) {
      const std::uint64_t offset = Aligned(data.size(), run.bytes);
      if (!places.emplace(KeyOf(run), offset).second) continue;
      data.SkipTo(offset);
      data.Copy(run.file, {run.offset, run.bytes});
    }
  }
  return places;
}

Edit Replacement(const Extent& extent, std::string bytes) {
  return {.offset = extent.offset, .removed = extent.length, .inserted = std::move(bytes)};
}

void AppendEntry(std::string_view key, std::uint64_t value, std::string& bytes) {
  AppendField(onnx::TensorProto::kExternalDataFieldNumber,
              KeyValueEntry(key, std::to_string(value)), bytes);
}

// What was left to be guessed is said: another file may go on behind the tensor, and readers take
// all of it.
void RelocateEntries(const ExternalData& data, const std::string& name, const Extent& place,
                     std::vector<Edit>& edits) {
  std::string missing;
  edits.push_back(Replacement(data.location_value, name));
  if (data.offset_value.length > 0) {
    edits.push_back(Replacement(data.offset_value, std::to_string(place.offset)));
  } else if (place.offset > 0) {
    AppendEntry("offset", place.offset, missing);
  }
  if (!data.length) AppendEntry("length", place.length, missing);
  if (!missing.empty()) {
    edits.push_back(Replacement({data.location_entry.offset, 0}, std::move(missing)));
  }
}

void DropChecksums(const ExternalTemplate& external, const OutputRequest& request,
                   std::vector<Edit>& edits) {
  std::set<std::tuple<std::uint32_t, std::uint64_t, std::uint64_t>> replaced;
  for (const std::size_t tensor : request.replaced) {
    for (const PayloadRun& run : external.payloads[tensor].runs) replaced.insert(KeyOf(run));
  }
  for (const ExternalTensor& tensor : external.tensors) {
    const auto& runs = external.payloads[tensor.tensor].runs;
    if (tensor.data.checksum_entry.length == 0 || runs.empty()) continue;
    if (replaced.contains(KeyOf(runs[0]))) {
      edits.push_back(Replacement(tensor.data.checksum_entry, {}));
    }
  }
}

void LayOutOneFile(const ExternalTemplate& external, std::string name, OutputLayout& layout,
                   std::vector<Edit>& edits) {
  OutputLayout::DataFile data{.name = std::move(name), .layout = {}};
  const DataPlaces places = LayOutSingle(external, data.layout);
  edits.reserve(edits.size() + 2 * external.tensors.size());
  for (const ExternalTensor& tensor : external.tensors) {
    const auto& runs = external.payloads[tensor.tensor].runs;
    Extent place;
    if (!runs.empty()) place = {places.at(KeyOf(runs[0])), runs[0].bytes};
    RelocateEntries(tensor.data, data.name, place, edits);
  }
  layout.data.push_back(std::move(data));
}

}  // namespace

std::string SingleDataName(const ExternalTemplate& external, const OutputRequest& request) {
  const OutputPlace place = FindOutputPlace(request.path, request.replace_existing);
  const std::string own_name = place.target.filename().string();
  const bool is_single = request.single_data || IsInFolder(external.model, place) ||
                         std::ranges::any_of(external.names, [&](const std::string& name) {
                           return name == own_name || name.starts_with(own_name + "/");
                         });
  const std::vector<std::string> single_name = {own_name + ".data"};
  const fs::path existing = ExistingFile(place, is_single ? single_name : external.names);
  RefuseIfThere(existing, request, place);
  return is_single || !existing.empty() ? FreeDataName(place) : "";
}

std::vector<fs::path> ExternalFilesOf(const ExternalTemplate& external,
                                      const OutputRequest& request) {
  const OutputPlace place = FindOutputPlace(request.path, request.replace_existing);
  const std::string single_name = SingleDataName(external, request);
  if (!single_name.empty()) return {place.Beside(single_name)};
  std::vector<fs::path> files;
  for (const std::string& name : external.names.subspan(1)) {
    CreatedFolders::Check(place.folder, name);
    files.push_back(place.Beside(name));
  }
  return files;
}

void LayOutExternalData(const ExternalTemplate& external, const OutputRequest& request,
                        OutputLayout& layout, std::vector<Edit>& edits) {
  DropChecksums(external, request, edits);
  std::string name = SingleDataName(external, request);
  const auto names = external.names.subspan(1);
  layout.mirrored.assign(names.begin(), names.end());
  if (!name.empty()) return LayOutOneFile(external, std::move(name), layout, edits);
  for (const ExternalTensor& tensor : external.tensors) {
    const std::string& location = tensor.data.location;
    if (location.find("../") != std::string::npos) layout.detours.push_back(location);
  }
  for (std::uint32_t i = 1; i < external.names.size(); ++i) {
    OutputLayout::DataFile data{.name = external.names[i], .layout = {}};
    data.layout.Copy(i, {0, layout.sources[i]->size()});
    layout.data.push_back(std::move(data));
  }
}

}  // namespace polyak::onnx_format
