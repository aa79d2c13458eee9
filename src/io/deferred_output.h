// An output some of whose payloads have a size that isn't known before their elements are: those
// tensors are written first, to a spill file; then the whole is laid out.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/output.h"
#include "core/tensor.h"
#include "io/spill_file.h"

namespace polyak {

class DeferredOutput final : public Output {
 public:
  // Where the elements of a deferred tensor lie in the spill file: row-major, native order.
  struct Spilled {
    std::size_t tensor;
    std::uint64_t offset;
  };
  // Makes the output of all the rest, once the deferred tensors are in the spill file. What it puts
  // there itself goes to `end` and further on.
  using LayOutRest = std::function<std::unique_ptr<Output>(
      const SpillFile& spill, std::span<const Spilled> spilled, std::uint64_t end)>;

  // `tensors` must outlive the output, and so must what `lay_out_rest` refers to.
  DeferredOutput(const std::filesystem::path& path, std::span<const TensorInfo> tensors,
                 std::vector<std::size_t> deferred, LayOutRest lay_out_rest);

 private:
  const Spilled* Find(std::size_t tensor) const noexcept;

  std::span<const std::size_t> DoWrittenFirst() const override { return deferred_; }
  void DoLayOut() override;
  Tiles DoTilesOf(std::size_t tensor, std::uint64_t bytes_wanted) const override;
  void DoWrite(std::size_t tensor, const Box& box, std::span<const std::byte> elements) override;
  std::size_t DoWriteJoined(std::span<const TensorToWrite> tensors) override;
  std::size_t DoKeptParts() const override { return rest_->kept_parts(); }
  std::uint64_t DoKeptBytes() const override { return rest_->kept_bytes(); }
  std::uint64_t DoWriteKept(std::size_t part) override { return rest_->WriteKept(part); }
  std::uint64_t DoSizeBytes() const override { return rest_->size_bytes(); }
  Durability DoCommit(std::string_view provenance) override { return rest_->Commit(provenance); }

  std::span<const TensorInfo> tensors_;
  std::vector<std::size_t> deferred_;  // ascending
  std::vector<Spilled> spilled_;       // likewise
  std::uint64_t end_ = 0;
  SpillFile spill_;
  LayOutRest lay_out_rest_;
  std::unique_ptr<Output> rest_;  // null until it is laid out
};

}  // namespace polyak
