// How an output of sharded weights lies in files: the index as the main one, and the shards.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "formats/hdf5/hdf5_format.h"
#include "formats/keras/shard_index.h"

namespace polyak::keras {

// NAME_00000.weights.h5 of NAME.weights.json becomes OUT_00000.weights.h5 of OUT.weights.json;
// shards of other names keep them. None replaces a file: where an output is to be replaced its
// shards become OUT.2_00000.weights.h5 and so on.
class ShardContainer final : public hdf5::Container {
 public:
  // `index_path` is the template's; file i of the index is file i + 1 of the checkpoint, and image
  // i.
  ShardContainer(ShardIndex index, std::filesystem::path index_path)
      : index_(std::move(index)), index_path_(std::move(index_path)) {}

  std::vector<std::filesystem::path> DataFilesOf(const OutputRequest& request) const override;
  OutputLayout LayOut(const InputFiles& files, std::span<const hdf5::Image> images,
                      const OutputRequest& request, std::span<Place> places) const override;
  void Finish(PendingFiles files, std::span<const Place> places,
              std::span<const std::uint64_t> sizes, std::string_view record) const override;

 private:
  // Of the shards of such an output, in order. Throws Error (kUsage) where a file is in the way.
  std::vector<std::string> NewNames(const OutputRequest& request) const;

  std::vector<std::string> NamesWith(const std::string& new_base) const;

  ShardIndex index_;
  std::filesystem::path index_path_;
};

}  // namespace polyak::keras
