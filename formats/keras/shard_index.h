// The index of sharded weights: which groups of variables lie in which files.
//
//   {"metadata": {"total_size": 8.0},
//    "weight_map": {"/layers/dense/vars": "model_00000.weights.h5",
//                   "/layers/dense_1/vars": ["model_00000.weights.h5", "model_00001.weights.h5"]}}
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/format.h"
#include "io/input_file.h"

namespace polyak::keras {

struct ShardIndex {
  std::string text;                // all of it, as it is
  std::vector<std::string> files;  // as first named, each once; plain names, without folders
  // By the group, without the leading slash: numbers of files.
  std::map<std::string, std::vector<std::uint32_t>, std::less<>> groups;
};

// Throws Error: kCorrupt where it is no such index, kUnsupported where it is too large or doesn't
// fit the budget, kSystem.
ShardIndex ReadShardIndex(const InputFile& file, IndexBudget& budget);

// The text with the names of files replaced: new_names[i] instead of index.files[i].
std::string RenameShards(const ShardIndex& index, const std::vector<std::string>& new_names);

}  // namespace polyak::keras
