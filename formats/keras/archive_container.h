// How an output of a .keras archive lies around its weights: the template's members, with the
// weights' sizes and checksum put right, and the provenance record as a member of its own.
#pragma once

#include <string_view>

#include "formats/hdf5/hdf5_format.h"
#include "formats/keras/zip_directory.h"

namespace polyak::keras {

inline constexpr std::string_view kRecordMember = "polyak.json";

// Weights that are deflated in the template lie unpacked in the checkpoint's second file. The
// output stores them; but where all of their bytes are the template's, it has them as that one.
class ArchiveContainer final : public hdf5::Container {
 public:
  // `weights`: the member's number in the directory.
  ArchiveContainer(ZipDirectory directory, std::size_t weights, InputFiles files);

  OutputLayout LayOut(const InputFiles& files, std::span<const hdf5::Image> images,
                      const OutputRequest& request, std::span<Place> places) const override;
  void CheckContent(const InputFiles& files) const override;
  std::optional<std::size_t> RecordImage() const override { return std::nullopt; }
  void Finish(PendingFiles files, std::span<const Place> places,
              std::span<const std::uint64_t> sizes, std::string_view record) const override;

 private:
  const ZipMember& weights() const noexcept { return directory_.members[weights_]; }

  ZipDirectory directory_;
  std::size_t weights_;
  InputFiles files_;  // the archive; the unpacked weights, if they are deflated there
};

}  // namespace polyak::keras
