#include "formats/onnx/varint_encoding.h"

#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <string>

#include "core/error.h"
#include "formats/onnx/wire_writer.h"

namespace polyak::onnx_format {
namespace {

constexpr std::size_t kBufferBytes = 65536;

// Reads elements of two bytes one after the other. As many are wanted as the model has varints:
// there are too few only where the model isn't any more what it was.
class ElementReader {
 public:
  ElementReader(std::shared_ptr<const InputFile> file, std::uint64_t offset)
      : file_(std::move(file)), offset_(offset) {}

  std::uint64_t Next() {
    if (at_ == count_) Fill();
    return elements_[at_++];
  }

 private:
  void Fill() {
    const auto bytes = std::as_writable_bytes(std::span(elements_));
    count_ = file_->ReadUpTo(offset_, bytes) / sizeof(std::uint16_t);
    offset_ += bytes.size();
    at_ = 0;
    if (count_ > 0) return;
    throw Error(ErrorKind::kCorrupt, "the file was changed while it was read");
  }

  std::shared_ptr<const InputFile> file_;
  std::uint64_t offset_;
  std::array<std::uint16_t, 4096> elements_{};
  std::size_t at_ = 0;
  std::size_t count_ = 0;
};

}  // namespace

VarintEncoding::VarintEncoding(const InputFile& model, const SpillFile& spill, std::uint64_t end,
                               std::uint32_t source)
    : model_(model), spill_(spill), end_(end), source_(source) {}

void VarintEncoding::Encode(const VarintPayload& payload, std::uint64_t elements_at,
                            std::vector<Edit>& edits) {
  ElementReader elements(spill_.AsInput(), elements_at);
  for (const VarintRun& run : payload.runs()) {
    const std::uint64_t begin = end_;
    VarintCursor cursor(model_, std::span(&run, 1));
    while (const auto old = cursor.Next()) Append(*old, elements.Next());
    Flush();
    edits.push_back({.offset = run.extent.offset,
                     .removed = run.extent.length,
                     .inserted = {},
                     .source = source_,
                     .copied = {begin, end_ - begin}});
  }
}

void VarintEncoding::Append(const VarintCursor::Varint& old, std::uint64_t value) {
  if (old.tag) AppendAsItLies(*old.tag, old.tag_extent);
  if (value == old.value) {
    AppendAsItLies(value, old.extent);
  } else {
    AppendVarint(value, buffer_);
  }
  if (buffer_.size() >= kBufferBytes) Flush();
}

// A varint of the template: its bytes tell more than its value only where it is longer than it
// needs to be.
void VarintEncoding::AppendAsItLies(std::uint64_t value, const Extent& extent) {
  const std::size_t begin = buffer_.size();
  AppendVarint(value, buffer_);
  if (buffer_.size() - begin == extent.length) return;
  buffer_.resize(begin + extent.length);
  model_.ReadAt(extent.offset, std::as_writable_bytes(std::span(buffer_).subspan(begin)));
}

void VarintEncoding::Flush() {
  spill_.WriteAt(end_, std::as_bytes(std::span(buffer_)));
  end_ += buffer_.size();
  buffer_.clear();
}

}  // namespace polyak::onnx_format
