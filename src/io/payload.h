// Where the bytes of a tensor's elements lie in the files of a checkpoint.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

#include "core/box.h"
#include "core/tensor.h"
#include "io/input_file.h"

namespace polyak {

struct Extent {
  std::uint64_t offset = 0;  // bytes from the start of the file
  std::uint64_t length = 0;  // bytes

  std::uint64_t end() const noexcept { return offset + length; }
  bool operator==(const Extent&) const = default;
};

// A run of bytes of one file, or single numbers with something else between them (a tag in front of
// each): pieces of one size at one distance.
struct PayloadRun {
  std::uint64_t offset = 0;      // of the first piece
  std::uint64_t bytes = 0;       // of the payload, without what lies between; whole pieces
  std::uint32_t file = 0;        // number of the file in its checkpoint
  std::uint8_t piece_bytes = 0;  // at most 8; 0: all of it is one piece
  std::uint8_t gap_bytes = 0;    // between one piece and the next

  PayloadRun() = default;
  PayloadRun(std::uint64_t first, std::uint64_t count, std::uint32_t in_file = 0) noexcept
      : offset(first), bytes(count), file(in_file) {}
  PayloadRun(const Extent& extent) noexcept  // NOLINT(google-explicit-constructor): it is a run
      : PayloadRun(extent.offset, extent.length) {}
  bool operator==(const PayloadRun&) const = default;

  // Where the payload byte number `at` of the run lies.
  std::uint64_t OffsetOf(std::uint64_t at) const noexcept {
    return offset + at + (piece_bytes == 0 ? 0 : at / piece_bytes * gap_bytes);
  }
  // The whole of it, gaps included.
  Extent span() const noexcept {
    return {offset, bytes == 0 ? 0 : OffsetOf(bytes - 1) + 1 - offset};
  }
};

// A list of runs, none of them empty, which needs no memory of its own for what nearly all payloads
// are: one run. A checkpoint may have a hundred thousand of them.
class PayloadRuns {
 public:
  PayloadRuns() = default;
  PayloadRuns(std::initializer_list<PayloadRun> runs) : PayloadRuns(std::vector(runs)) {}
  // Drops empty ones.
  PayloadRuns(std::vector<PayloadRun> runs);  // NOLINT(google-explicit-constructor): it is a list

  const PayloadRun* begin() const noexcept { return many_ ? many_->data() : &one_; }
  const PayloadRun* end() const noexcept { return begin() + size(); }
  std::size_t size() const noexcept { return many_ ? many_->size() : one_.bytes > 0 ? 1 : 0; }
  bool empty() const noexcept { return size() == 0; }
  const PayloadRun& operator[](std::size_t i) const noexcept { return begin()[i]; }
  bool operator==(const PayloadRuns& other) const noexcept;

 private:
  PayloadRun one_;
  std::shared_ptr<const std::vector<PayloadRun>> many_;
};

struct Payload {
  // They follow one another in row-major order; together they hold stored_bytes.
  PayloadRuns runs;
  // Groups of bytes that must be reversed to have native order: an element, or half a complex
  // number. 0: none, the file has native order.
  std::uint8_t swapped_bytes = 0;

  // True where it lies in one run without gaps.
  bool is_one_piece() const noexcept { return runs.size() == 1 && runs[0].piece_bytes == 0; }
};

// What of neighbours is read or written together: so much that a call to the system costs little
// beside its bytes.
inline constexpr std::size_t kJoinedBytes = 131072;
// The most that may lie between two of them: copying it costs less than a call.
inline constexpr std::uint64_t kMostGapBytes = 4096;

// Where the payloads of these tensors lie in one file, with the gaps inside them; sorted.
std::vector<Extent> SpansIn(std::uint32_t file, std::span<const std::size_t> tensors,
                            std::span<const Payload> payloads);

// Adds a piece of a tensor's payload: to the last run, where it continues that one.
void AppendPiece(const Extent& piece, std::vector<PayloadRun>& runs);

// Payload bytes of one run, counted in its payload.
// It begins and ends where pieces do.
struct RunPart {
  const PayloadRun& run;
  std::uint64_t begin;
  std::uint64_t bytes;
};

// Calls visit(part, box_offset) for the parts of a box in row-major order: the part's bytes are
// those from box_offset on of the box's elements.
void ForEachPart(const Payload& payload, const TensorInfo& tensor, const Box& box,
                 const std::function<void(const RunPart& part, std::uint64_t box_offset)>& visit);

// Where a part lies with the gaps inside it, and the one behind its last piece if the run goes on:
// the spans of a run's parts follow one another without a gap.
Extent SpanOf(const RunPart& part) noexcept;

// Reads a part: `bytes` has its size. Throws as InputFile::ReadAt.
void ReadPart(const InputFile& file, const RunPart& part, std::span<std::byte> bytes);

// Puts a part's bytes where they belong in `span_bytes`, which hold SpanOf(part).
void ScatterPart(const RunPart& part, std::span<const std::byte> bytes,
                 std::span<std::byte> span_bytes) noexcept;

// Reverses each group of `group_bytes` bytes; whole groups. 0 and 1 do nothing.
void SwapBytes(std::span<std::byte> bytes, std::uint32_t group_bytes) noexcept;

}  // namespace polyak
