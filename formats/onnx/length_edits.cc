#include "formats/onnx/length_edits.h"

#include <algorithm>
#include <string>
#include <utility>

#include "formats/onnx/wire.h"
#include "formats/onnx/wire_writer.h"

namespace polyak::onnx_format {
namespace {

// How many bytes an edit adds, modulo 2^64.
std::uint64_t Growth(const Edit& edit) noexcept {
  return edit.inserted.size() + edit.copied.length - edit.removed;
}

class LengthFixer {
 public:
  // Works on edits in order; those of lengths go to the end of the list.
  explicit LengthFixer(std::vector<Edit>& edits) : edits_(edits) {}

  // How much the message grows by the edits [begin, end), which lie in it, and by those of lengths.
  std::uint64_t Fix(FieldReader message, std::size_t begin, std::size_t end) {
    std::uint64_t growth = 0;
    while (begin < end) {
      const auto field = message.Next();
      const std::uint64_t field_end = field ? field->whole.end() : ~std::uint64_t{0};
      // In front of the field, or all of it.
      while (begin < end && (!field || edits_[begin].offset <= field->whole.offset)) {
        growth += Growth(edits_[begin++]);
      }
      const std::size_t inside = begin;
      while (begin < end && edits_[begin].offset < field_end) ++begin;
      if (inside < begin) growth += FixField(message, *field, inside, begin);
    }
    return growth;
  }

 private:
  std::uint64_t FixField(const FieldReader& message, const Field& field, std::size_t begin,
                         std::size_t end) {
    const Extent& content = field.content;
    const bool is_content = edits_[begin].offset == content.offset && content.length > 0 &&
                            edits_[begin].removed == content.length;
    const std::uint64_t growth =
        is_content ? Growth(edits_[begin]) : Fix(message.Into(field), begin, end);
    if (growth == 0) return 0;
    Edit length{
        .offset = field.length_at, .removed = content.offset - field.length_at, .inserted = {}};
    AppendVarint(content.length + growth, length.inserted);
    const std::uint64_t of_length = Growth(length);
    edits_.push_back(std::move(length));
    return growth + of_length;
  }

  std::vector<Edit>& edits_;
};

}  // namespace

std::vector<Edit> WithLengths(const InputFile& file, std::vector<Edit> edits) {
  std::ranges::sort(edits, {}, &Edit::offset);
  // An external tensor that moves has two edits, and the lengths of two entries and of itself: to
  // grow by doubling would cost more memory than the list takes.
  edits.reserve(edits.size() * 5 / 2 + 64);
  ByteReader bytes(file);
  LengthFixer(edits).Fix(FieldReader(bytes, {0, file.size()}, 0), 0, edits.size());
  std::ranges::sort(edits, {}, &Edit::offset);
  return edits;
}

}  // namespace polyak::onnx_format
