#include "formats/keras/shard_container.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <system_error>
#include <unordered_set>

#include "core/error.h"
#include "formats/keras/keras_format.h"
#include "io/output_place.h"

namespace polyak::keras {
namespace {

namespace fs = std::filesystem;

// How often an output can be replaced by one with new shards.
constexpr int kMostVersions = 10000;

// What Keras puts in front of the shards' numbers: the index's name without its endings.
std::string BaseName(const fs::path& index) {
  std::string name = index.filename().string();
  for (const std::string_view ending : {".json", ".weights"}) {
    if (name.ends_with(ending)) name.resize(name.size() - ending.size());
  }
  return name;
}

// The rest of a name "BASE_00000.weights.h5" behind its base; empty: it isn't one.
std::string_view NumberedEnding(std::string_view name, std::string_view base) {
  constexpr std::string_view kEnding = ".weights.h5";
  if (!name.starts_with(base) || !name.ends_with(kEnding)) return {};
  const std::string_view ending = name.substr(base.size());
  if (ending.size() < kEnding.size() + 2 || ending.front() != '_') return {};
  const std::string_view digits = ending.substr(1, ending.size() - kEnding.size() - 1);
  const bool is_number = std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? ending : std::string_view();
}

// "out" of "out.2", which the shards of a replaced output are called by.
std::string WithoutVersion(const std::string& base) {
  const std::size_t dot = base.find_last_not_of("0123456789");
  if (dot == std::string::npos || dot == 0 || base[dot] != '.' || dot + 1 == base.size())
    return base;
  return base.substr(0, dot);
}

// Why an output can't have shards of these names.
std::optional<Error> WhyNot(const std::vector<std::string>& names, const OutputPlace& place) {
  std::unordered_set<std::string> used = {place.target.filename().string()};
  for (const std::string& name : names) {
    std::error_code error;
    const fs::path path = place.Beside(name);
    const bool is_taken = !used.insert(name).second;
    if (!is_taken && !fs::exists(fs::symlink_status(path, error))) continue;
    Error refusal(ErrorKind::kUsage,
                  is_taken ? "two files of the output would have this name"
                           : "exists already, and a shard of the output would go there",
                  "another name for the output gives its shards other names");
    refusal.AddContext(path.string());
    return refusal;
  }
  return std::nullopt;
}

}  // namespace

bool IsShard(const fs::path& path) {
  const std::string name = path.filename().string();
  const std::size_t number = name.rfind('_');
  if (number == std::string::npos) return false;
  const std::string base = name.substr(0, number);
  if (NumberedEnding(name, base).empty()) return false;
  const auto has_index = [&](const std::string& stem) {
    std::error_code error;
    return fs::is_regular_file(path.parent_path() / (stem + ".weights.json"), error);
  };
  return has_index(base) || has_index(WithoutVersion(base));
}

std::vector<std::string> ShardContainer::NamesWith(const std::string& new_base) const {
  const std::string base = BaseName(index_path_);
  std::vector<std::string> names;
  for (const std::string& file : index_.files) {
    const std::string_view ending = NumberedEnding(file, base);
    names.push_back(ending.empty() ? file : new_base + std::string(ending));
  }
  return names;
}

std::vector<std::string> ShardContainer::NewNames(const OutputRequest& request) const {
  const OutputPlace place = FindOutputPlace(request.path, request.replace_existing);
  const std::string base = BaseName(place.target);
  std::vector<std::string> names = NamesWith(base);
  std::optional<Error> refusal = WhyNot(names, place);
  // Shards that are there may be another model's, too: they stay, and the new ones get new names.
  for (int version = 2; refusal && request.replace_existing && version < kMostVersions; ++version) {
    names = NamesWith(fmt::format("{}.{}", base, version));
    if (!WhyNot(names, place)) return names;
  }
  if (refusal) throw *std::move(refusal);
  return names;
}

std::vector<fs::path> ShardContainer::DataFilesOf(const OutputRequest& request) const {
  const OutputPlace place = FindOutputPlace(request.path, request.replace_existing);
  std::vector<fs::path> paths;
  for (const std::string& name : NewNames(request)) paths.push_back(place.Beside(name));
  return paths;
}

OutputLayout ShardContainer::LayOut(const InputFiles& files, std::span<const hdf5::Image> images,
                                    const OutputRequest& request, std::span<Place> places) const {
  OutputLayout layout{.sources = files, .main = {}, .data = {}};
  const std::vector<std::string> names = NewNames(request);
  layout.main.Insert(RenameShards(index_, names));
  for (std::size_t i = 0; i < images.size(); ++i) {
    OutputLayout::DataFile shard{.name = names[i], .layout = {}};
    shard.layout.Copy(images[i].file, {images[i].offset, images[i].bytes});
    layout.data.push_back(std::move(shard));
    places[i] = {.file = i, .offset = 0};
  }
  return layout;
}

void ShardContainer::Finish(PendingFiles files, std::span<const Place> places,
                            std::span<const std::uint64_t> sizes,
                            std::string_view /*record*/) const {
  for (std::size_t i = 0; i < places.size(); ++i) {
    PendingFile& shard = *files[places[i].file];
    if (shard.AsInput()->size() != sizes[i]) shard.Resize(sizes[i]);
  }
}

}  // namespace polyak::keras
