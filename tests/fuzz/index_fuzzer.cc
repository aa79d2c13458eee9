// A libFuzzer target: bytes as the answers of a helper that has been taken over, each with its
// length in two bytes before it. What the index builder accepts is read, all of it, and an output
// of it is laid out.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/format.h"
#include "formats/hdf5/hdf5_format.h"
#include "formats/hdf5/index_builder.h"
#include "io/input_file.h"
#include "support/files.h"

namespace polyak::test {
namespace {

constexpr std::size_t kFileBytes = 4096;
constexpr std::uint64_t kBudget = std::uint64_t{16} << 20;
constexpr std::uint64_t kMostElementBytes = std::uint64_t{1} << 20;

void AddReplies(std::span<const std::uint8_t> bytes, hdf5::IndexBuilder& builder) {
  while (bytes.size() >= 2) {
    const std::size_t length = std::min<std::size_t>(bytes[0] + 256U * bytes[1], bytes.size() - 2);
    hdf5::wire::Reply reply;
    const bool parses = reply.ParseFromArray(bytes.data() + 2, static_cast<int>(length));
    if (parses) builder.Add(reply);
    bytes = bytes.subspan(2 + length);
  }
}

void ReadAll(const Checkpoint& checkpoint) {
  for (std::size_t t = 0; t < checkpoint.tensors().size(); ++t) {
    const TensorInfo& tensor = checkpoint.tensors()[t];
    if (!tensor.unreadable.empty() || tensor.bytes() > kMostElementBytes) continue;
    std::vector<std::byte> elements(tensor.bytes());
    try {
      checkpoint.Read(t, RangeBox(0, tensor.elements), elements);
    } catch (const Error&) {
      continue;
    }
  }
}

void WriteKept(const Checkpoint& checkpoint, const TemporaryFolder& folder) {
  const auto output =
      checkpoint.BeginOutput({.path = folder / "out", .replaced = {}, .provenance = {}});
  for (std::size_t part = 0; part < output->kept_parts(); ++part) output->WriteKept(part);
}

void TryIndex(std::span<const std::uint8_t> bytes, const TemporaryFolder& folder) {
  OpenContext context;
  context.index_budget = IndexBudget(kBudget);
  context.hdf5_helper = "/nowhere";  // nothing to code
  hdf5::CheckpointParts parts;
  parts.files = {InputFile::Open(folder / "f")};
  parts.images = {{.file = 0, .offset = 0, .bytes = kFileBytes}};
  hdf5::IndexBuilder builder(parts.images[0], context.index_budget);
  AddReplies(bytes, builder);
  parts.contents.push_back(std::move(builder).Build());
  const auto checkpoint = hdf5::MakeCheckpoint(std::move(parts), context);
  ReadAll(*checkpoint);
  WriteKept(*checkpoint, folder);
}

}  // namespace
}  // namespace polyak::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  using namespace polyak::test;
  static const TemporaryFolder folder;
  static const bool made = [] {
    std::string content;
    for (std::size_t i = 0; i < kFileBytes; ++i) content += static_cast<char>(i * 7 % 251);
    WriteFile(folder / "f", content);
    return true;
  }();
  try {
    if (made) TryIndex({bytes, count}, folder);
  } catch (const polyak::Error&) {
    return 0;
  }
  return 0;
}
