// Checkpoints whose payloads are extents: runs of bytes of one file that hold a tensor's elements
// one after another, in the file's byte order. ONNX raw_data and contiguous HDF5 datasets are
// read and rewritten this way, by position, without a library between.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/checkpoint.h"
#include "io/input_file.h"
#include "io/output_layout.h"
#include "io/payload.h"

namespace polyak {

// The files of a checkpoint, by their numbers in payloads; the first is the main one.
using InputFiles = std::vector<std::shared_ptr<const InputFile>>;

// Throws Error (kCorrupt) where a run reaches outside its file, or where two payloads share
// bytes without being one and the same. payloads[i] is that of tensors[i].
void CheckExtents(std::span<const Payload> payloads, std::span<const TensorInfo> tensors,
                  const InputFiles& files);

// A checkpoint whose readable tensors are extents, in one file or in several. A format derives
// from it or gives it its index; both interfaces are done here.
class ExtentCheckpoint : public Checkpoint {
 public:
  // payloads[i] belongs to tensors[i]; for an unreadable tensor it may have no extents.
  // CheckExtents holds for them.
  ExtentCheckpoint(InputFiles files, std::vector<TensorInfo> tensors, std::vector<Payload> payloads,
                   CheckpointNotes notes = {});

 protected:
  // With lists that another checkpoint has, too.
  ExtentCheckpoint(InputFiles files, std::shared_ptr<const std::vector<TensorInfo>> tensors,
                   std::shared_ptr<const std::vector<Payload>> payloads, CheckpointNotes notes);

  const InputFile& file() const noexcept { return *files_.front(); }
  const InputFiles& all_files() const noexcept { return files_; }
  std::span<const Payload> payloads() const noexcept { return *payloads_; }
  const std::shared_ptr<const std::vector<Payload>>& shared_payloads() const noexcept {
    return payloads_;
  }
  void ReadExtents(std::size_t tensor, const Box& box, std::span<std::byte> elements) const;
  std::unique_ptr<Output> DoBeginOutput(const OutputRequest& request) const override;
  void DoCheckUnchanged() const override;
  void DoReadStored(std::size_t tensor, std::uint64_t offset,
                    std::span<std::byte> bytes) const override;
  std::uint64_t DoPayloadId(std::size_t tensor) const override;
  // What of all the files lies before this one.
  std::uint64_t BytesBefore(std::uint32_t file) const noexcept { return bytes_before_[file]; }

 private:
  // The edits, by offset, that put the record into a copy of the file. By default none: the
  // format has no place for it. Throws Error (kUnsupported) where this file can't be a template.
  virtual std::vector<Edit> ProvenanceEdits(std::string_view record) const;

  // False: DoRead does more than read the extents.
  virtual bool IsAsStored(std::size_t /*tensor*/) const { return true; }

  std::uint64_t DoFileBytes() const override;
  std::size_t DoReadJoined(std::span<const TensorToRead> tensors) const override;
  void DoRead(std::size_t tensor, const Box& box, std::span<std::byte> elements) const override;
  std::vector<FileIdentity> DoFiles() const override;

  InputFiles files_;
  std::vector<std::uint64_t> bytes_before_;               // of the files before each one
  std::shared_ptr<const std::vector<Payload>> payloads_;  // never null
};

}  // namespace polyak
