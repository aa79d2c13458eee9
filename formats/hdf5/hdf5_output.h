// An output with an HDF5 template.
//
// Payloads that are a run of bytes, and chunks without filters, are written over the template's
// copy in place. Everything else waits until all elements are there (special_payloads.h); then the
// helper works out what of the structure changes, that is written over the copy, and the images
// that changed are indexed once more, as anyone would read them: they must say what was planned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/output.h"
#include "formats/hdf5/helper_process.h"
#include "formats/hdf5/output_template.h"
#include "formats/hdf5/special_payloads.h"
#include "io/spliced_output.h"

namespace polyak::hdf5 {

class Hdf5Output final : public Output {
 public:
  // What `source` refers to must outlive it. Throws as SplicedOutput does.
  Hdf5Output(const OutputTemplate& source, const OutputRequest& request);

  // Estimates of the memory that such an output takes: all the time, and while it is committed, the
  // helper aside.
  static std::uint64_t MemoryBytes(std::span<const TensorStorage> storage,
                                   std::span<const std::size_t> replaced);
  static std::uint64_t CommitMemoryBytes(std::span<const TensorInfo> tensors,
                                         std::span<const TensorStorage> storage,
                                         std::span<const std::size_t> replaced);

 private:
  void Finish(PendingFiles files, std::string_view record);
  // Returns the image's new size.
  std::uint64_t FinishImage(std::uint32_t image, PendingFile& file, std::string_view record,
                            OpenContext& context);
  ChangedImage Change(std::uint32_t image, PendingFile& file, const ImageChanges& changes,
                      OpenContext& context);
  std::vector<Extent> Untouchable(std::uint32_t image, const ImageChanges& changes) const;

  Tiles DoTilesOf(std::size_t tensor, std::uint64_t bytes_wanted) const override;
  void DoWrite(std::size_t tensor, const Box& box, std::span<const std::byte> elements) override;
  std::size_t DoWriteJoined(std::span<const TensorToWrite> tensors) override;
  std::size_t DoKeptParts() const override { return rest_->kept_parts(); }
  std::uint64_t DoKeptBytes() const override { return rest_->kept_bytes(); }
  std::uint64_t DoWriteKept(std::size_t part) override { return rest_->WriteKept(part); }
  std::uint64_t DoSizeBytes() const override { return size_; }
  Durability DoCommit(std::string_view provenance) override;

  OutputTemplate source_;
  const std::atomic<bool>* stop_;  // may be null
  bool wants_record_;
  std::vector<std::size_t> replaced_;
  std::vector<Payload> slots_;  // by tensor: what is written in place
  std::vector<Container::Place> places_;
  SpecialPayloads special_;
  std::unique_ptr<SplicedOutput> rest_;
  std::uint64_t size_ = 0;
};

}  // namespace polyak::hdf5
