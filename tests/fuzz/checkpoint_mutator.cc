#include "fuzz/checkpoint_mutator.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "fuzz/wire_mutator.h"
#include "support/files.h"

namespace polyak::test {
namespace {

namespace fs = std::filesystem;

// What JSON is made of, and what leads astray in it.
constexpr std::array kTokens = {"{",
                                "}",
                                "[",
                                "]",
                                ",",
                                ":",
                                "\"",
                                "null",
                                "1e99",
                                "-1",
                                "\\u0000",
                                "\"..\"",
                                "[[[[",
                                "true",
                                "\"\"",
                                "{\"\":0}",
                                "\xff",
                                "\"../x.weights.h5\"",
                                "\"m_00001.weights.h5\"",
                                "\"weight_map\"",
                                "\"/etc/passwd\""};

std::string MutantOfText(std::string text, ByteMutator& mutator) {
  for (std::uint64_t i = 1 + mutator.Below(4); i > 0; --i) {
    const std::size_t at = mutator.Below(text.size() + 1);
    switch (mutator.Below(4)) {
      case 0: mutator.Change(text); break;
      case 1: text.insert(at, kTokens[mutator.Below(kTokens.size())]); break;
      case 2: text.replace(at, mutator.Below(40), kTokens[mutator.Below(kTokens.size())]); break;
      default: text.insert(at, text.substr(mutator.Below(text.size() + 1), mutator.Below(60)));
    }
  }
  return text;
}

}  // namespace

CheckpointMutator::CheckpointMutator(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    File file{entry.path().filename().string(), ReadFile(entry.path()), {}, {}};
    if (file.bytes.starts_with("PK")) file.archive.emplace(file.bytes);
    // A user block may lie in front.
    const bool is_hdf5 = file.bytes.find("\x89HDF\r\n") != file.bytes.npos;
    if (is_hdf5 && !file.archive) file.checksums.emplace(file.bytes);
    files_.push_back(std::move(file));
  }
  std::ranges::sort(files_, {}, &File::name);
}

std::string CheckpointMutator::Mutant(const File& file, std::uint64_t number) {
  ByteMutator mutator(number);
  if (file.archive) return file.archive->Next(mutator);
  if (file.bytes.starts_with("{")) return MutantOfText(file.bytes, mutator);
  if (file.name.ends_with(".onnx")) return WireMutator({file.bytes}, number).Next();
  std::string bytes = file.bytes;
  mutator.Change(bytes);
  if (file.checksums && mutator.Below(8) != 0) file.checksums->Repair(bytes);
  return bytes;
}

void CheckpointMutator::Write(std::uint64_t number, const fs::path& folder) const {
  const std::size_t changed = number % files_.size();
  for (std::size_t i = 0; i < files_.size(); ++i) {
    WriteFile(folder / files_[i].name, i == changed ? Mutant(files_[i], number) : files_[i].bytes);
  }
}

}  // namespace polyak::test
