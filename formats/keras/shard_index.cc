#include "formats/keras/shard_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "formats/keras/json_text.h"
#include "io/contained_files.h"

namespace polyak::keras {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostIndexBytes = std::uint64_t{64} << 20;
// A parsed value takes more than its text, and so does what is kept of it.
constexpr std::uint64_t kBytesParsedPerByte = 24;
constexpr std::uint64_t kBytesKeptPerByte = 12;

[[noreturn]] void FailIndex(std::string_view what) {
  throw Error(ErrorKind::kCorrupt, fmt::format("is no index of sharded weights: {}", what));
}

// Gives names their numbers.
class FileNumbers {
 public:
  explicit FileNumbers(std::vector<std::string>& files) : files_(files) {}

  std::uint32_t NumberOf(const std::string& name) {
    CheckContainedName(name);
    if (name.find('/') != std::string::npos || name == "." || name == "..") {
      throw Error(ErrorKind::kCorrupt, "is not the name of a file beside the index");
    }
    const auto [known, is_new] = numbers_.emplace(name, static_cast<std::uint32_t>(files_.size()));
    if (is_new) files_.push_back(name);
    return known->second;
  }

 private:
  std::vector<std::string>& files_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

std::vector<std::uint32_t> FilesIn(const json& value, FileNumbers& numbers) {
  std::vector<std::uint32_t> files;
  const auto add = [&](const json& name) {
    if (!name.is_string()) FailIndex("a file in its weight_map is not a name");
    const auto& text = name.get_ref<const std::string&>();
    try {
      files.push_back(numbers.NumberOf(text));
    } catch (Error& error) {
      error.AddContext("shard '" + text + "'");
      throw;
    }
  };
  if (value.is_array()) {
    for (const json& name : value) add(name);
  } else {
    add(value);
  }
  return files;
}

// Calls visit(begin, end) for each string of valid JSON, quotes included.
template <class Visit>
void ForEachString(std::string_view text, Visit&& visit) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '"') continue;
    const std::size_t begin = at;
    for (++at; at < text.size() && text[at] != '"'; ++at) at += text[at] == '\\' ? 1U : 0U;
    if (at < text.size()) visit(begin, at + 1);
  }
}

// As JSON has it, which must be Unicode.
std::string Quoted(const std::string& name) {
  try {
    return json(name).dump();
  } catch (const json::exception&) {
    throw Error(ErrorKind::kUsage,
                "the name of the output is not UTF-8, and its shards are named after it");
  }
}

}  // namespace

ShardIndex ReadShardIndex(const InputFile& file, IndexBudget& budget) {
  if (file.size() > kMostIndexBytes) {
    throw Error(ErrorKind::kUnsupported,
                fmt::format("is too large for an index of sharded weights (found {} bytes, "
                            "expected at most {})",
                            file.size(), kMostIndexBytes));
  }
  budget.Charge(file.size() * (kBytesParsedPerByte + kBytesKeptPerByte));
  budget.CheckFits();
  ShardIndex index;
  index.text.resize(file.size());
  file.ReadAt(0, std::as_writable_bytes(std::span(index.text)));
  const json parsed = ParseJson(index.text);
  const auto weight_map = parsed.is_object() ? parsed.find("weight_map") : parsed.end();
  if (weight_map == parsed.end() || !weight_map->is_object()) FailIndex("it has no weight_map");
  if (weight_map->empty()) FailIndex("its weight_map is empty");
  FileNumbers numbers(index.files);
  for (const auto& [key, value] : weight_map->items()) {
    const std::string group = key.starts_with('/') ? key.substr(1) : key;
    index.groups[group] = FilesIn(value, numbers);
    if (index.groups[group].empty()) FailIndex("'" + key + "' of its weight_map is in no file");
  }
  budget.Release(file.size() * kBytesParsedPerByte);
  return index;
}

std::string RenameShards(const ShardIndex& index, const std::vector<std::string>& new_names) {
  std::unordered_map<std::string, std::string> renamed;
  for (std::size_t i = 0; i < index.files.size(); ++i) {
    if (index.files[i] != new_names[i]) renamed.emplace(index.files[i], new_names[i]);
  }
  if (renamed.empty()) return index.text;
  std::string result;
  std::size_t copied = 0;
  ForEachString(index.text, [&](std::size_t begin, std::size_t end) {
    const std::string_view token = std::string_view(index.text).substr(begin, end - begin);
    const auto found = renamed.find(json::parse(token).get<std::string>());
    if (found == renamed.end()) return;
    result.append(index.text, copied, begin - copied).append(Quoted(found->second));
    copied = end;
  });
  return result.append(index.text, copied);
}

}  // namespace polyak::keras
