// An output spliced from pieces: bytes copied from the template, literal bytes, and slots for
// new payloads. The layout is fixed before the first element is computed.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/output.h"
#include "io/extents.h"
#include "io/input_file.h"
#include "io/pending_file.h"

namespace polyak {

// Bytes of a template that an output has otherwise: `removed` of them at `offset` give way to
// `inserted`. Edits don't overlap, and no payload lies in what they remove.
struct Edit {
  std::uint64_t offset = 0;
  std::uint64_t removed = 0;
  std::string inserted;
  // Where in `inserted` the provenance record begins; npos: it isn't in there.
  std::size_t record_at = std::string::npos;
};

class SplicedOutput : public Output {
 public:
  // `payloads[i]` is where the template keeps tensor i; those of `request.replaced` are slots,
  // everything else is copied or edited. `edits` are in order of their offsets.
  // The payloads and tensors, and so the checkpoint that has them, must outlive the output. Throws
  // as PendingFile does.
  SplicedOutput(std::shared_ptr<const InputFile> source, const OutputRequest& request,
                std::span<const Payload> payloads, std::span<const TensorInfo> tensors,
                std::vector<Edit> edits);

 private:
  struct Kept {  // a part of what is copied
    std::uint64_t source_offset;
    std::uint64_t length;
  };

  // Where a byte of the template that isn't removed lies in the output.
  std::uint64_t OutputOffset(std::uint64_t source_offset) const noexcept;
  void LayOutKept(std::vector<Extent> left_out);
  void WriteLiterals();
  void WriteSwapped(std::uint64_t offset, std::span<const std::byte> bytes,
                    std::uint32_t group_bytes);

  Tiles DoTilesOf(std::size_t tensor, std::uint64_t bytes_wanted) const override;
  void DoWrite(std::size_t tensor, const Box& box, std::span<const std::byte> elements) override;
  std::size_t DoKeptParts() const override { return kept_.size(); }
  std::uint64_t DoKeptBytes() const override { return kept_bytes_; }
  std::uint64_t DoWriteKept(std::size_t part) override;
  std::uint64_t DoSizeBytes() const override { return size_; }
  Durability DoCommit(std::string_view provenance) override;

  std::shared_ptr<const InputFile> source_;
  std::span<const Payload> payloads_;
  std::span<const TensorInfo> tensors_;
  std::vector<Edit> edits_;
  std::vector<Kept> kept_;
  std::uint64_t kept_bytes_ = 0;
  std::uint64_t size_;
  std::uint64_t expected_bytes_;                  // of slots and kept parts
  std::atomic<std::uint64_t> written_bytes_ = 0;  // of them
  const std::atomic<bool>* stop_;                 // may be null
  PendingFile file_;
};

}  // namespace polyak
