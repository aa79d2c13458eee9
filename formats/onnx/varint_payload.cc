#include "formats/onnx/varint_payload.h"

#include <bit>
#include <cassert>
#include <cstring>
#include <string>

#include "core/error.h"
#include "formats/onnx/wire.h"

namespace polyak::onnx_format {
namespace {

constexpr std::uint64_t kBlockElements = 16384;

static_assert(std::endian::native == std::endian::little);

// Steps through the varints of several runs.
class VarintCursor {
 public:
  VarintCursor(const InputFile& file, std::span<const Extent> runs, std::size_t run,
               std::uint64_t offset)
      : bytes_(file), runs_(runs), run_(run) {
    bytes_.Seek(offset);
  }

  // False after the last one.
  bool AtOne() noexcept {
    while (run_ < runs_.size() && bytes_.position() >= runs_[run_].end()) {
      if (++run_ < runs_.size()) bytes_.Seek(runs_[run_].offset);
    }
    return run_ < runs_.size();
  }
  std::uint64_t Take() { return TakeVarint(bytes_, runs_[run_].end()); }
  std::size_t run() const noexcept { return run_; }
  std::uint64_t offset() const noexcept { return bytes_.position(); }

 private:
  ByteReader bytes_;
  std::span<const Extent> runs_;
  std::size_t run_;
};

}  // namespace

VarintPayload::VarintPayload(const InputFile& file, std::span<const Extent> runs,
                             std::uint64_t elements, std::uint32_t element_bytes)
    : element_bytes_(element_bytes) {
  VarintCursor cursor(file, runs, 0, runs.empty() ? 0 : runs[0].offset);
  std::uint64_t found = 0;
  for (; cursor.AtOne(); ++found) {
    if (found % kBlockElements == 0) marks_.push_back({cursor.run(), cursor.offset()});
    cursor.Take();
  }
  if (found != elements) {
    throw Error(ErrorKind::kCorrupt, "has the wrong number of values (found " +
                                         std::to_string(found) + ", expected " +
                                         std::to_string(elements) + ")");
  }
}

void VarintPayload::Read(const InputFile& file, std::span<const Extent> runs, std::uint64_t first,
                         std::span<std::byte> elements) const {
  if (elements.empty()) return;
  const Mark mark = marks_[first / kBlockElements];
  VarintCursor cursor(file, runs, mark.run, mark.offset);
  for (std::uint64_t skipped = 0; skipped < first % kBlockElements; ++skipped) {
    if (cursor.AtOne()) cursor.Take();
  }
  for (std::size_t at = 0; at < elements.size(); at += element_bytes_) {
    if (!cursor.AtOne()) throw Error(ErrorKind::kCorrupt, "the file was changed while it was read");
    const std::uint64_t value = cursor.Take();
    std::memcpy(elements.data() + at, &value, element_bytes_);
  }
}

}  // namespace polyak::onnx_format
