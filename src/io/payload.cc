#include "io/payload.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <utility>

namespace polyak {
namespace {

// Single numbers with a tag or two between them; anything larger is a run of its own.
constexpr std::uint64_t kMostPieceBytes = 8;
constexpr std::uint64_t kMostGapBytes = 64;

// True where the piece lies as far behind the run's last one as those lie apart, and is as long.
bool Continues(const PayloadRun& run, const Extent& piece) noexcept {
  const std::uint64_t end = run.span().end();
  if (run.bytes == 0 || piece.length > kMostPieceBytes || piece.offset < end) return false;
  const std::uint64_t gap = piece.offset - end;
  if (run.piece_bytes == 0) return piece.length == run.bytes && gap <= kMostGapBytes;
  return piece.length == run.piece_bytes && gap == run.gap_bytes;
}

std::uint16_t Swapped(std::uint16_t number) noexcept { return __builtin_bswap16(number); }
std::uint32_t Swapped(std::uint32_t number) noexcept { return __builtin_bswap32(number); }
std::uint64_t Swapped(std::uint64_t number) noexcept { return __builtin_bswap64(number); }

template <class Number>
void SwapNumbers(std::span<std::byte> bytes) noexcept {
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(Number)) {
    Number number;
    std::memcpy(&number, bytes.data() + i, sizeof(Number));
    number = Swapped(number);
    std::memcpy(bytes.data() + i, &number, sizeof(Number));
  }
}

// As many whole pieces as fit a buffer with their gaps.
constexpr std::size_t kBufferBytes = 65536;

}  // namespace

PayloadRuns::PayloadRuns(std::vector<PayloadRun> runs) {
  std::erase_if(runs, [](const PayloadRun& run) { return run.bytes == 0; });
  if (runs.size() == 1) one_ = runs[0];
  if (runs.size() > 1) many_ = std::make_shared<const std::vector<PayloadRun>>(std::move(runs));
}

bool PayloadRuns::operator==(const PayloadRuns& other) const noexcept {
  return std::ranges::equal(*this, other);
}

void AppendPiece(const Extent& piece, std::vector<PayloadRun>& runs) {
  if (runs.empty() || !Continues(runs.back(), piece)) {
    runs.emplace_back(piece);
    return;
  }
  PayloadRun& run = runs.back();
  run.gap_bytes = static_cast<std::uint8_t>(piece.offset - run.span().end());
  run.piece_bytes = static_cast<std::uint8_t>(piece.length);
  run.bytes += piece.length;
}

std::vector<Extent> SpansIn(std::uint32_t file, std::span<const std::size_t> tensors,
                            std::span<const Payload> payloads) {
  std::vector<Extent> spans;
  for (const std::size_t tensor : tensors) {
    for (const PayloadRun& run : payloads[tensor].runs) {
      if (run.file == file && run.bytes > 0) spans.push_back(run.span());
    }
  }
  std::ranges::sort(spans, {}, &Extent::offset);
  return spans;
}

void ForEachPart(const Payload& payload, const TensorInfo& tensor, const Box& box,
                 const std::function<void(const RunPart& part, std::uint64_t box_offset)>& visit) {
  std::uint64_t box_offset = 0;
  const auto visit_elements = [&](std::uint64_t first, std::uint64_t count) {
    std::uint64_t begin = first * tensor.element_bytes;
    const std::uint64_t end = begin + count * tensor.element_bytes;
    std::uint64_t run_begin = 0;  // in the payload
    for (const PayloadRun& run : payload.runs) {
      const std::uint64_t run_end = run_begin + run.bytes;
      if (begin < end && begin < run_end) {
        const std::uint64_t bytes = std::min(end, run_end) - begin;
        visit({run, begin - run_begin, bytes}, box_offset);
        begin += bytes;
        box_offset += bytes;
      }
      if (begin == end) return;
      run_begin = run_end;
    }
    assert(begin == end);
  };
  ForEachRun(tensor.shape, box, visit_elements);
}

Extent SpanOf(const RunPart& part) noexcept {
  const std::uint64_t begin = part.run.OffsetOf(part.begin);
  const std::uint64_t end = part.begin + part.bytes;
  return {begin, (end == part.run.bytes ? part.run.span().end() : part.run.OffsetOf(end)) - begin};
}

void ReadPart(const InputFile& file, const RunPart& part, std::span<std::byte> bytes) {
  const std::uint64_t piece_bytes = part.run.piece_bytes;
  if (piece_bytes == 0) return file.ReadAt(part.run.offset + part.begin, bytes);
  std::array<std::byte, kBufferBytes> buffer;
  const std::uint64_t most_bytes = kBufferBytes / (piece_bytes + part.run.gap_bytes) * piece_bytes;
  for (std::uint64_t at = part.begin; !bytes.empty();) {
    const auto taken = bytes.first(std::min<std::uint64_t>(bytes.size(), most_bytes));
    const std::uint64_t begin = part.run.OffsetOf(at);
    const std::uint64_t end = part.run.OffsetOf(at + taken.size() - 1) + 1;
    file.ReadAt(begin, std::span(buffer).first(end - begin));
    for (std::uint64_t done = 0; done < taken.size(); done += piece_bytes) {
      std::memcpy(taken.data() + done, buffer.data() + (part.run.OffsetOf(at + done) - begin),
                  piece_bytes);
    }
    at += taken.size();
    bytes = bytes.subspan(taken.size());
  }
}

void ScatterPart(const RunPart& part, std::span<const std::byte> bytes,
                 std::span<std::byte> span_bytes) noexcept {
  const std::uint64_t begin = part.run.OffsetOf(part.begin);
  const std::uint64_t piece_bytes = part.run.piece_bytes == 0 ? part.bytes : part.run.piece_bytes;
  for (std::uint64_t done = 0; done < part.bytes; done += piece_bytes) {
    const std::uint64_t offset = part.run.OffsetOf(part.begin + done) - begin;
    std::memcpy(span_bytes.data() + offset, bytes.data() + done, piece_bytes);
  }
}

void SwapBytes(std::span<std::byte> bytes, std::uint32_t group_bytes) noexcept {
  if (group_bytes <= 1) return;
  assert(bytes.size() % group_bytes == 0);
  if (group_bytes == 2) return SwapNumbers<std::uint16_t>(bytes);
  if (group_bytes == 4) return SwapNumbers<std::uint32_t>(bytes);
  if (group_bytes == 8) return SwapNumbers<std::uint64_t>(bytes);
  for (std::size_t i = 0; i < bytes.size(); i += group_bytes) {
    std::ranges::reverse(bytes.subspan(i, group_bytes));
  }
}

}  // namespace polyak
