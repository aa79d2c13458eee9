// Sharded weights as a checkpoint.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "formats/hdf5/hdf5_format.h"
#include "formats/keras/conventions.h"
#include "formats/keras/keras_format.h"
#include "formats/keras/shard_container.h"
#include "formats/keras/shard_index.h"
#include "io/contained_files.h"

namespace polyak::keras {
namespace {

constexpr std::size_t kHeadBytes = std::size_t{16} << 10;

std::shared_ptr<const InputFile> OpenShard(const ContainedFiles& folder, const std::string& name) {
  return InputFile::OfDescriptor(folder.folder() / name,
                                 std::make_shared<const Descriptor>(folder.Open(name)));
}

// "layers/dense/vars" of "layers/dense/vars/0".
std::string_view GroupOf(std::string_view tensor) {
  const std::size_t slash = tensor.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : tensor.substr(0, slash);
}

// What the index says is there must be; what it doesn't tell of is worth a word.
void CheckMap(const ShardIndex& index, const std::vector<hdf5::ImageContents>& contents,
              std::vector<std::string>& warnings) {
  std::set<std::pair<std::string_view, std::uint32_t>> found;
  std::uint64_t unmapped = 0;
  std::string_view first_unmapped;
  for (std::uint32_t i = 0; i < contents.size(); ++i) {
    for (const TensorInfo& tensor : contents[i].tensors) {
      const std::string_view group = GroupOf(tensor.name);
      found.emplace(group, i);
      const auto mapped = index.groups.find(group);
      if (mapped != index.groups.end() && std::ranges::count(mapped->second, i) > 0) continue;
      if (unmapped++ == 0) first_unmapped = tensor.name;
    }
  }
  for (const auto& [group, files] : index.groups) {
    for (const std::uint32_t file : files) {
      if (found.contains({group, file})) continue;
      throw Error(ErrorKind::kCorrupt, fmt::format("has no variables of '{}' in '{}', where its "
                                                   "weight_map says they are",
                                                   group, index.files[file]));
    }
  }
  if (unmapped == 0) return;
  warnings.push_back(fmt::format(
      "{}{} in a shard where its weight_map doesn't look for {}", first_unmapped,
      unmapped == 1 ? std::string(" is") : fmt::format(" and {} more are", unmapped - 1),
      unmapped == 1 ? "it" : "them"));
}

}  // namespace

bool ProbeShards(const InputFile& file) {
  std::string head(kHeadBytes, '\0');
  head.resize(file.ReadUpTo(0, std::as_writable_bytes(std::span(head))));
  const std::size_t first = head.find_first_not_of(" \t\r\n");
  return first != std::string::npos && head[first] == '{' &&
         head.find("\"weight_map\"") != std::string::npos &&
         head.find(".h5\"") != std::string::npos;
}

std::unique_ptr<Checkpoint> OpenShards(std::shared_ptr<const InputFile> file,
                                       OpenContext& context) {
  ShardIndex index = ReadShardIndex(*file, context.index_budget);
  const ContainedFiles folder(file->path());
  hdf5::CheckpointParts parts;
  parts.files = {file};
  for (const std::string& name : index.files) {
    try {
      const auto shard = OpenShard(folder, name);
      const auto number = static_cast<std::uint32_t>(parts.files.size());
      const hdf5::Image image{.file = number, .offset = 0, .bytes = shard->size()};
      parts.files.push_back(shard);
      parts.images.push_back(image);
      parts.contents.push_back(hdf5::IndexImage(*shard, image, context));
    } catch (Error& error) {
      error.AddContext("shard '" + name + "'");
      throw;
    }
  }
  CheckMap(index, parts.contents, parts.notes.warnings);
  parts.notes.properties.push_back({"layout", "sharded weights"});
  Annotate(parts.contents, {}, parts.notes);
  parts.container = std::make_shared<const ShardContainer>(std::move(index), file->path());
  return hdf5::MakeCheckpoint(std::move(parts), context);
}

}  // namespace polyak::keras
