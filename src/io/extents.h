// Checkpoints whose payloads are extents: runs of bytes of one file that hold a tensor's elements
// one after another, in the file's byte order. ONNX raw_data and contiguous HDF5 datasets are
// read and rewritten this way, by position, without a library between.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/checkpoint.h"
#include "io/input_file.h"

namespace polyak {

struct Extent {
  std::uint64_t offset = 0;  // bytes from the start of the file
  std::uint64_t length = 0;  // bytes

  std::uint64_t end() const noexcept { return offset + length; }
  bool operator==(const Extent&) const = default;
};

// Where a tensor's elements lie. The extents follow one another in row-major order; together
// they hold stored_bytes. Each holds whole elements where the elements have a fixed size.
struct Payload {
  std::vector<Extent> extents;
  // Groups of bytes that must be reversed to have native order: an element, or half a complex
  // number. 0: none, the file has native order.
  std::uint32_t swapped_bytes = 0;
};

// Throws Error (kCorrupt) where an extent reaches outside the file, or where two payloads share
// bytes without being one and the same. payloads[i] is that of tensors[i].
void CheckExtents(std::span<const Payload> payloads, std::span<const TensorInfo> tensors,
                  std::uint64_t file_bytes);

// Calls visit(file_offset, box_offset, bytes) for the pieces of a box in row-major order: `bytes`
// bytes at file_offset of the file are those from box_offset on of the box's elements.
void ForEachPiece(const Payload& payload, const TensorInfo& tensor, const Box& box,
                  const std::function<void(std::uint64_t file_offset, std::uint64_t box_offset,
                                           std::uint64_t bytes)>& visit);

// Reverses each group of `group_bytes` bytes; whole groups. 0 and 1 do nothing.
void SwapBytes(std::span<std::byte> bytes, std::uint32_t group_bytes) noexcept;

struct Edit;  // io/spliced_output.h

// A checkpoint in one file, all of whose readable tensors are extents. A format derives from it
// or gives it its index; both interfaces are done here.
class ExtentCheckpoint : public Checkpoint {
 public:
  // payloads[i] belongs to tensors[i]; for an unreadable tensor it may have no extents.
  // CheckExtents holds for them.
  ExtentCheckpoint(std::shared_ptr<const InputFile> file, std::vector<TensorInfo> tensors,
                   std::vector<Payload> payloads, CheckpointNotes notes = {});

 protected:
  const InputFile& file() const noexcept { return *file_; }
  const Payload& payload(std::size_t tensor) const { return payloads_[tensor]; }
  void ReadExtents(std::size_t tensor, const Box& box, std::span<std::byte> elements) const;
  std::unique_ptr<Output> DoBeginOutput(const OutputRequest& request) const override;

 private:
  // The edits, by offset, that put the record into a copy of the file. By default none: the
  // format has no place for it. Throws Error (kUnsupported) where this file can't be a template.
  virtual std::vector<Edit> ProvenanceEdits(std::string_view record) const;

  std::uint64_t DoFileBytes() const override;
  void DoRead(std::size_t tensor, const Box& box, std::span<std::byte> elements) const override;
  void DoReadStored(std::size_t tensor, std::uint64_t offset,
                    std::span<std::byte> bytes) const override;
  std::uint64_t DoPayloadId(std::size_t tensor) const override;
  std::vector<FileIdentity> DoFiles() const override;
  void DoCheckUnchanged() const override;

  std::shared_ptr<const InputFile> file_;
  std::vector<Payload> payloads_;
};

}  // namespace polyak
