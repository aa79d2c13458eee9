// A libFuzzer target: bytes as a .keras archive, and as the index of sharded weights. All that is
// read before the HDF5 library comes in, and the members unpacked.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/format.h"
#include "formats/keras/archive.h"
#include "formats/keras/member_content.h"
#include "formats/keras/model_config.h"
#include "formats/keras/shard_index.h"
#include "formats/keras/zip_directory.h"
#include "formats/keras/zip_fields.h"
#include "formats/keras/zip_rewriting.h"
#include "io/input_file.h"
#include "io/spill_file.h"
#include "support/files.h"

namespace polyak::test {
namespace {

constexpr std::uint64_t kBudget = std::uint64_t{16} << 20;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 20;

template <class Call>
void Try(Call&& call) {
  try {
    call();
  } catch (const Error&) {
    return;
  }
}

void LookInto(const InputFile& file, const keras::ZipMember& member, const SpillFile& spill) {
  Try([&] { keras::ModelConfig config(keras::ReadMember(file, member, kMostBytes)); });
  Try([&] {
    if (member.method == keras::kDeflated && member.bytes < kMostBytes) {
      keras::Inflate(file, member, spill, nullptr);
    }
  });
}

void OpenArchive(const InputFile& file, const TemporaryFolder& folder) {
  keras::ProbeArchive(file);
  IndexBudget budget(kBudget);
  const keras::ZipDirectory directory = keras::ReadZipDirectory(file, budget);
  const SpillFile spill(folder.path(), "spill");
  const std::string bytes = ReadFile(file.path());
  for (const keras::ZipMember& member : directory.members) {
    LookInto(file, member, spill);
    keras::RewriteEntry(std::string_view(bytes).substr(member.entry.offset, member.entry.length),
                        keras::NumbersOf(member));
  }
  keras::RewriteZipEnd(directory.end, {1, 2}, directory.members.size());
}

void OpenIndex(const InputFile& file) {
  IndexBudget budget(kBudget);
  const keras::ShardIndex index = keras::ReadShardIndex(file, budget);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < index.files.size(); ++i) names.push_back(std::to_string(i) + ".h5");
  keras::RenameShards(index, names);
}

}  // namespace
}  // namespace polyak::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  using namespace polyak::test;
  static const TemporaryFolder folder;
  WriteFile(folder / "f", {reinterpret_cast<const char*>(bytes), count});
  const auto file = polyak::InputFile::Open(folder / "f");
  Try([&] { OpenArchive(*file, folder); });
  Try([&] { OpenIndex(*file); });
  return 0;
}
