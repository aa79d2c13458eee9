#include "formats/keras/archive.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "formats/hdf5/hdf5_format.h"
#include "formats/keras/archive_container.h"
#include "formats/keras/conventions.h"
#include "formats/keras/json_text.h"
#include "formats/keras/member_content.h"
#include "formats/keras/zip_directory.h"
#include "formats/keras/zip_fields.h"

namespace polyak::keras {
namespace {

constexpr std::string_view kWeightsMember = "model.weights.h5";
constexpr std::string_view kNumpyMember = "model.weights.npz";
constexpr std::string_view kConfigMember = "config.json";
constexpr std::string_view kMetadataMember = "metadata.json";
constexpr std::uint64_t kMostRecordBytes = std::uint64_t{16} << 20;
constexpr std::uint64_t kMostMetadataBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kMostConfigBytes = std::uint64_t{32} << 20;
// Parsed JSON takes more memory than its text.
constexpr std::uint64_t kBytesPerConfigByte = 24;

// Whether the first member's header has a name that Keras gives: what is left of an archive that
// was cut off.
bool BeginsAsArchive(const InputFile& file) {
  std::array<char, 64> head{};
  const std::size_t bytes = file.ReadUpTo(0, std::as_writable_bytes(std::span(head)));
  const std::string_view text(head.data(), bytes);
  if (!text.starts_with(local::kSignature) || bytes < local::kHeadBytes) return false;
  const std::string_view name = text.substr(local::kHeadBytes);
  constexpr std::array kNames = {std::string_view("metadata.json"), std::string_view("config.json"),
                                 kWeightsMember};
  return std::ranges::any_of(kNames,
                             [&](std::string_view known) { return name.starts_with(known); });
}

const ZipMember& FindWeights(const ZipDirectory& directory) {
  if (const ZipMember* const weights = directory.Find(kWeightsMember)) return *weights;
  if (directory.Find(kNumpyMember) != nullptr) {
    throw Error(ErrorKind::kUnsupported, "its weights are model.weights.npz, not HDF5",
                "save the model again with h5py installed");
  }
  throw Error(ErrorKind::kCorrupt, "has no member model.weights.h5");
}

// Adds what the image is in; for deflated weights a file of their own.
hdf5::Image ImageOf(const ZipMember& weights, InputFiles& files, const OpenContext& context) {
  CheckMember(weights);
  if ((weights.flags & kHasDescriptor) != 0) {
    throw Error(ErrorKind::kUnsupported,
                "has its sizes behind its data, as archives written to a pipe do",
                "pack the archive again, to a file");
  }
  if (weights.method == kStored) {
    return {.file = 0, .offset = weights.stored.offset, .bytes = weights.bytes};
  }
  const std::filesystem::path folder = SpillFile::TemporaryFolder(context.temporary_folder);
  const SpillFile unpacked(folder, folder);
  unpacked.Reserve(weights.bytes);
  Inflate(*files.front(), weights, unpacked, context.stop);
  files.push_back(unpacked.AsInput());
  return {.file = 1, .offset = 0, .bytes = weights.bytes};
}

template <class Call>
auto WithName(const ZipMember& member, Call&& call) {
  try {
    return call();
  } catch (Error& error) {
    error.AddContext(member.name);
    throw;
  }
}

// Empty where it is not there.
std::string ContentOf(const ZipDirectory& directory, std::string_view name, const InputFile& file,
                      std::uint64_t most_bytes, IndexBudget& budget) {
  const ZipMember* const member = directory.Find(name);
  if (member == nullptr) return {};
  budget.Charge(std::min(member->bytes, most_bytes) + std::min(member->stored.length, most_bytes));
  budget.CheckFits();
  return WithName(*member, [&] { return ReadMember(file, *member, most_bytes); });
}

void AddKerasVersion(std::string_view metadata, CheckpointNotes& notes) {
  notes.properties.push_back({"layout", "Keras archive"});
  if (metadata.empty()) return;
  const nlohmann::json parsed = ParseJson(metadata);
  if (!parsed.is_object()) return;
  const auto version = parsed.find("keras_version");
  if (version == parsed.end() || !version->is_string()) return;
  notes.properties.push_back({"keras_version", version->get<std::string>()});
}

// What the archive says of the model, besides its weights.
void Describe(const ZipDirectory& directory, hdf5::CheckpointParts& parts, OpenContext& context) {
  const InputFile& file = *parts.files.front();
  const std::string metadata =
      ContentOf(directory, kMetadataMember, file, kMostMetadataBytes, context.index_budget);
  AddKerasVersion(metadata, parts.notes);
  const std::string config =
      ContentOf(directory, kConfigMember, file, kMostConfigBytes, context.index_budget);
  const std::uint64_t bytes = config.size() * kBytesPerConfigByte;
  context.index_budget.Charge(bytes);
  context.index_budget.CheckFits();
  Annotate(parts.contents, config, parts.notes);
  context.index_budget.Release(bytes);
}

}  // namespace

bool ProbeArchive(const InputFile& file) {
  std::array<char, 2> head{};
  file.ReadUpTo(0, std::as_writable_bytes(std::span(head)));
  if (std::string_view(head.data(), head.size()) != "PK") return false;
  return BeginsAsArchive(file) || HasMember(file, kWeightsMember);
}

std::unique_ptr<Checkpoint> OpenArchive(std::shared_ptr<const InputFile> file,
                                        OpenContext& context) {
  ZipDirectory directory = ReadZipDirectory(*file, context.index_budget);
  const ZipMember& weights = FindWeights(directory);
  hdf5::CheckpointParts parts;
  parts.files = {std::move(file)};
  parts.user_files = 1;
  parts.notes.provenance = ContentOf(directory, kRecordMember, *parts.files.front(),
                                     kMostRecordBytes, context.index_budget);
  WithName(weights, [&] {
    const hdf5::Image image = ImageOf(weights, parts.files, context);
    parts.images = {image};
    parts.contents.push_back(hdf5::IndexImage(*parts.files[image.file], image, context));
  });
  Describe(directory, parts, context);
  const auto number = static_cast<std::size_t>(&weights - directory.members.data());
  parts.container =
      std::make_shared<const ArchiveContainer>(std::move(directory), number, parts.files);
  return hdf5::MakeCheckpoint(std::move(parts), context);
}

}  // namespace polyak::keras
