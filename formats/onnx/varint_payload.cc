#include "formats/onnx/varint_payload.h"

#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "core/error.h"

namespace polyak::onnx_format {
namespace {

constexpr std::uint64_t kBlockElements = 16384;

static_assert(std::endian::native == std::endian::little);

}  // namespace

void AppendVarints(const Field& field, std::vector<VarintRun>& runs) {
  if (field.type == WireType::kBytes && field.content.length > 0) {
    runs.push_back({field.content, false});
  } else if (field.type == WireType::kVarint) {
    if (!runs.empty() && runs.back().has_tags && runs.back().extent.end() == field.whole.offset) {
      runs.back().extent.length += field.whole.length;
    } else {
      runs.push_back({field.whole, true});
    }
  }
}

VarintCursor::VarintCursor(const InputFile& file, std::span<const VarintRun> runs, std::size_t run,
                           std::uint64_t offset)
    : bytes_(file), runs_(runs), run_(run) {
  bytes_.Seek(offset);
}

VarintCursor::VarintCursor(const InputFile& file, std::span<const VarintRun> runs)
    : VarintCursor(file, runs, 0, runs.empty() ? 0 : runs[0].extent.offset) {}

std::optional<VarintCursor::Varint> VarintCursor::Next() {
  while (run_ < runs_.size() && bytes_.position() >= runs_[run_].extent.end()) {
    if (++run_ < runs_.size()) bytes_.Seek(runs_[run_].extent.offset);
  }
  if (run_ >= runs_.size()) return std::nullopt;
  const std::uint64_t end = runs_[run_].extent.end();
  Varint varint;
  if (runs_[run_].has_tags) {
    varint.tag_extent.offset = bytes_.position();
    varint.tag = TakeVarint(bytes_, end);
    varint.tag_extent.length = bytes_.position() - varint.tag_extent.offset;
  }
  varint.extent.offset = bytes_.position();
  varint.value = TakeVarint(bytes_, end);
  varint.extent.length = bytes_.position() - varint.extent.offset;
  return varint;
}

VarintPayload::VarintPayload(const InputFile& file, std::vector<VarintRun> runs,
                             std::uint64_t elements, std::uint32_t element_bytes,
                             std::uint64_t most_value)
    : runs_(std::move(runs)), element_bytes_(element_bytes) {
  VarintCursor cursor(file, runs_);
  std::uint64_t found = 0;
  for (;; ++found) {
    const Mark mark{cursor.run(), cursor.offset()};
    const auto varint = cursor.Next();
    if (!varint) break;
    if (found % kBlockElements == 0) marks_.push_back(mark);
    if (varint->value > most_value) {
      throw Error(ErrorKind::kCorrupt, "has a value outside its dtype (found " +
                                           std::to_string(varint->value) + " for element " +
                                           std::to_string(found) + ", expected at most " +
                                           std::to_string(most_value) + ")");
    }
  }
  if (found != elements) {
    throw Error(ErrorKind::kCorrupt, "has the wrong number of values (found " +
                                         std::to_string(found) + ", expected " +
                                         std::to_string(elements) + ")");
  }
}

void VarintPayload::Read(const InputFile& file, std::uint64_t first,
                         std::span<std::byte> elements) const {
  if (elements.empty()) return;
  const Mark mark = marks_[first / kBlockElements];
  VarintCursor cursor(file, runs_, mark.run, mark.offset);
  for (std::uint64_t skipped = 0; skipped < first % kBlockElements; ++skipped) cursor.Next();
  for (std::size_t at = 0; at < elements.size(); at += element_bytes_) {
    const auto varint = cursor.Next();
    if (!varint) throw Error(ErrorKind::kCorrupt, "the file was changed while it was read");
    std::memcpy(elements.data() + at, &varint->value, element_bytes_);
  }
}

}  // namespace polyak::onnx_format
