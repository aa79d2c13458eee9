// A saved model, opened as an index: what tensors there are and where their payloads lie.
// Immutable once open; all functions may be called from any thread. It never holds a payload.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/box.h"
#include "core/checkpoint_notes.h"
#include "core/file_identity.h"
#include "core/graph_shape.h"
#include "core/output.h"
#include "core/tensor.h"
#include "core/tiles.h"

namespace polyak {

// What it takes to work on some tensors.
struct WorkNeeds {
  std::uint64_t tile_bytes = 0;     // of the largest tile that can't be worked on in parts
  std::uint64_t scratch_bytes = 0;  // the most that one thread takes while it reads or writes
  std::uint64_t shared_bytes = 0;   // what all threads and checkpoints of a run take together
  bool is_coded = false;            // it keeps processors busy, not the disk
};

// A whole tensor that is to be read, and where to: exactly its bytes.
struct TensorToRead {
  std::size_t tensor = 0;
  std::span<std::byte> elements;
};

class Checkpoint {
 public:
  Checkpoint(const Checkpoint&) = delete;
  Checkpoint& operator=(const Checkpoint&) = delete;
  virtual ~Checkpoint() = default;

  const std::filesystem::path& path() const noexcept { return path_; }
  // Of all its files together.
  std::uint64_t file_bytes() const { return DoFileBytes(); }
  // In the order of the file; names are unique.
  std::span<const TensorInfo> tensors() const noexcept { return *tensors_; }
  // The provenance record that an earlier run left in it; empty: none.
  std::string_view provenance() const noexcept { return notes_.provenance; }
  std::span<const Property> properties() const noexcept { return notes_.properties; }
  // What is odd about it, but no reason to refuse it: whoever uses it passes them on.
  std::span<const std::string> warnings() const noexcept { return notes_.warnings; }
  // Null where the format has no graph.
  const GraphShape* graph() const noexcept { return notes_.graph.get(); }
  // CheckpointNotes::loading_order.
  std::span<const std::uint32_t> loading_order() const noexcept { return notes_.loading_order; }
  // What a node of the graph is and what it makes, for people: "node 12 (Conv, makes 'y')". `node`
  // is its number in GraphShape::node_hashes. May read the file: throws Error (kCorrupt, kSystem).
  std::string DescribeNode(std::size_t node) const { return DoDescribeNode(node); }

  // The elements of a box, row-major in the box, in native byte order (16-bit floats as their
  // two bytes). The tensor is readable (TensorInfo::unreadable), the box lies inside it, and
  // `elements` has exactly its bytes. Throws Error (kCorrupt, kSystem) naming file and tensor.
  void Read(std::size_t tensor, const Box& box, std::span<std::byte> elements) const;

  // Reads the first of these tensors, and as many of those after it as one read brings with it;
  // returns how many, at least 1. Of ten thousand small tensors each costs about its bytes so, not
  // a call to the system. There is at least one; each is readable. Throws as Read.
  std::size_t ReadJoined(std::span<const TensorToRead> tensors) const;

  // The bytes of a payload as they lie in the file, from `offset` on, for comparing tensors
  // whose elements have no fixed size. offset + bytes.size() <= stored_bytes. Throws as Read.
  void ReadStored(std::size_t tensor, std::uint64_t offset, std::span<std::byte> bytes) const;

  // The tiles of a tensor that is stored in chunks; nothing: it can be worked on in any ranges.
  std::optional<Tiles> ChunksOf(std::size_t tensor) const { return DoChunksOf(tensor); }
  // Of all these tensors together.
  WorkNeeds NeedsOf(std::span<const std::size_t> tensors) const { return DoNeedsOf(tensors); }

  // A number that two tensors of one checkpoint share exactly if they are one payload under
  // two names (hard links, shared ranges).
  std::uint64_t PayloadId(std::size_t tensor) const { return DoPayloadId(tensor); }

  // The further files that such an output will have beside its own. Of the request only paths and
  // flags are looked at. Throws Error as BeginOutput would where something is in their way.
  std::vector<std::filesystem::path> DataFilesOf(const OutputRequest& request) const {
    return DoDataFilesOf(request);
  }
  // An estimate of the memory that laying out such an output takes besides the index.
  std::uint64_t OutputMemoryBytes(const OutputRequest& request) const {
    return DoOutputMemoryBytes(request);
  }
  // Likewise of the memory that Output::Commit takes, when the tiles are gone.
  std::uint64_t CommitMemoryBytes(const OutputRequest& request) const {
    return DoCommitMemoryBytes(request);
  }
  // Begins an output with this checkpoint as its template; the checkpoint must outlive it.
  // Throws Error (kUnsupported: this template can't be rewritten; kSystem).
  std::unique_ptr<Output> BeginOutput(const OutputRequest& request) const;

  std::vector<FileIdentity> files() const { return DoFiles(); }
  // Before anyone else knows the checkpoint: where its list of tensors is equal to `tensors`, which
  // may be null, it is replaced by that one; else it is put there, for the next checkpoint. Returns
  // how many bytes this gave back (TensorInfo::list_bytes).
  std::uint64_t ShareTensors(std::shared_ptr<const std::vector<TensorInfo>>& tensors);

  // Throws Error (kCorrupt) if a file of it changed since it was opened (size, times), or a
  // checksum of its own says that it is damaged. To be called when what is of use of it has been
  // read.
  void CheckUnchanged() const { DoCheckUnchanged(); }

 protected:
  Checkpoint(std::filesystem::path path, std::vector<TensorInfo> tensors, CheckpointNotes notes);
  // With a list that another checkpoint has, too.
  Checkpoint(std::filesystem::path path, std::shared_ptr<const std::vector<TensorInfo>> tensors,
             CheckpointNotes notes);

  const std::shared_ptr<const std::vector<TensorInfo>>& shared_tensors() const noexcept {
    return tensors_;
  }
  const CheckpointNotes& notes() const noexcept { return notes_; }

 private:
  virtual std::uint64_t DoFileBytes() const = 0;
  virtual void DoRead(std::size_t tensor, const Box& box, std::span<std::byte> elements) const = 0;
  // 0: the first one doesn't lie together with others, or reading failed: DoRead will say why.
  virtual std::size_t DoReadJoined(std::span<const TensorToRead> /*tensors*/) const { return 0; }
  virtual void DoReadStored(std::size_t tensor, std::uint64_t offset,
                            std::span<std::byte> bytes) const = 0;
  virtual std::uint64_t DoPayloadId(std::size_t tensor) const = 0;
  virtual std::optional<Tiles> DoChunksOf(std::size_t /*tensor*/) const { return std::nullopt; }
  virtual WorkNeeds DoNeedsOf(std::span<const std::size_t> /*tensors*/) const { return {}; }
  virtual std::vector<std::filesystem::path> DoDataFilesOf(const OutputRequest& /*request*/) const {
    return {};
  }
  virtual std::uint64_t DoOutputMemoryBytes(const OutputRequest& /*request*/) const { return 0; }
  virtual std::uint64_t DoCommitMemoryBytes(const OutputRequest& /*request*/) const { return 0; }
  virtual std::unique_ptr<Output> DoBeginOutput(const OutputRequest& request) const = 0;
  virtual std::vector<FileIdentity> DoFiles() const = 0;
  virtual void DoCheckUnchanged() const = 0;
  virtual std::string DoDescribeNode(std::size_t node) const;

  std::filesystem::path path_;
  std::shared_ptr<const std::vector<TensorInfo>> tensors_;  // never null
  CheckpointNotes notes_;
};

}  // namespace polyak
