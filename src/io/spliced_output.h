// An output spliced from pieces: bytes copied from the template, literal bytes, and slots for
// new payloads, in one file or in several. The layout is fixed before the first element is
// computed.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/output.h"
#include "io/created_folders.h"
#include "io/output_layout.h"
#include "io/pending_file.h"

namespace polyak {

// The files of an output before they are in place: those of the layout's `data` in their order, the
// main one last.
using PendingFiles = std::span<const std::unique_ptr<PendingFile>>;

class SplicedOutput : public Output {
 public:
  // What is left to do to the files when all is written, with the final record: they may get other
  // sizes then. Throws Error.
  using FinishFiles = std::function<void(PendingFiles files, std::string_view provenance)>;

  // `payloads[i]` is where the template keeps tensor i; those of `request.replaced` are slots,
  // everything else is copied as `layout` says. The payloads and tensors, and so the checkpoint
  // that has them, must outlive the output. Throws as PendingFile does.
  SplicedOutput(const OutputRequest& request, OutputLayout layout,
                std::span<const Payload> payloads, std::span<const TensorInfo> tensors,
                FinishFiles finish = {});

  // Bytes of a slot, as the file is to have them, at their place in the template. Any thread,
  // disjoint ranges. Throws Error (kSystem).
  void WriteSlot(std::uint32_t source, std::uint64_t offset, std::span<const std::byte> bytes);

 private:
  struct Place {  // in an output file
    std::size_t file;
    std::uint64_t offset;
  };
  struct Mapped {  // bytes of a source that lie in an output file, too
    std::uint32_t source;
    Extent extent;
    Place place;
  };
  struct Kept {  // a part of what is copied
    std::uint32_t source;
    Extent extent;
    Place place;
  };

  // What of the template lies between two slots that are small and near each other. It isn't a kept
  // part of its own, but is written with the second of them: of ten thousand small tensors each
  // would have one.
  struct Lead {
    std::uint32_t source;
    std::uint64_t slot_offset;
    std::uint64_t bytes;  // before it
  };

  void CreateFiles(const OutputRequest& request, const OutputLayout& layout);
  void MapSources(const OutputLayout& layout);
  void LayOutKept(std::span<const std::size_t> replaced);
  void Keep(const Mapped& mapped, Extent extent);
  void SkipLead(std::uint32_t source, const Extent& gap);
  Place PlaceOf(std::uint32_t source, std::uint64_t offset) const;
  std::uint64_t LeadOf(std::uint32_t source, std::uint64_t slot_offset) const;
  void WriteLead(std::uint32_t source, std::uint64_t slot_offset);
  void ReadSource(std::uint32_t source, const Extent& extent, std::span<std::byte> bytes) const;
  Extent JoinedSpan(std::span<const TensorToWrite> tensors, std::size_t& joined) const;
  void WriteContiguous(Place place, std::span<const std::byte> bytes, std::uint32_t group_bytes);
  void WriteScattered(const RunPart& part, std::span<const std::byte> bytes);
  Durability PutAllInPlace();
  bool SyncDataFolders() const noexcept;

  Tiles DoTilesOf(std::size_t tensor, std::uint64_t bytes_wanted) const override;
  void DoWrite(std::size_t tensor, const Box& box, std::span<const std::byte> elements) override;
  std::size_t DoWriteJoined(std::span<const TensorToWrite> tensors) override;
  std::size_t DoKeptParts() const override { return kept_.size(); }
  std::uint64_t DoKeptBytes() const override { return kept_bytes_; }
  std::uint64_t DoWriteKept(std::size_t part) override;
  std::uint64_t DoSizeBytes() const override { return size_; }
  Durability DoCommit(std::string_view provenance) override;

  std::span<const Payload> payloads_;
  std::span<const TensorInfo> tensors_;
  std::vector<std::shared_ptr<const InputFile>> sources_;
  std::vector<Mapped> mapped_;  // by source and offset
  std::vector<Kept> kept_;
  std::vector<Lead> leads_;  // by source and offset
  std::uint64_t kept_bytes_ = 0;
  std::uint64_t lead_bytes_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t expected_bytes_ = 0;              // of slots, leads and kept parts
  std::atomic<std::uint64_t> written_bytes_ = 0;  // of them
  std::optional<std::uint64_t> record_offset_;    // in the main file
  const std::atomic<bool>* stop_;                 // may be null
  FinishFiles finish_;
  CreatedFolders folders_;
  std::vector<std::unique_ptr<PendingFile>> files_;  // the main one last
};

}  // namespace polyak
