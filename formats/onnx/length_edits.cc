#include "formats/onnx/length_edits.h"

#include <algorithm>
#include <iterator>
#include <span>
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
  explicit LengthFixer(std::vector<Edit>& lengths) : lengths_(lengths) {}

  // How much the message grows by the edits, which lie in it, and by those of lengths.
  std::uint64_t Fix(FieldReader message, std::span<const Edit> edits) {
    std::uint64_t growth = 0;
    while (!edits.empty()) {
      const auto field = message.Next();
      const std::uint64_t field_end = field ? field->whole.end() : ~std::uint64_t{0};
      std::size_t inside = 0;
      while (inside < edits.size() && edits[inside].offset < field_end) ++inside;
      std::size_t outside = 0;  // in front of the field, or all of it
      while (outside < inside && (!field || edits[outside].offset <= field->whole.offset)) {
        growth += Growth(edits[outside++]);
      }
      if (outside < inside) {
        growth += FixField(message, *field, edits.subspan(outside, inside - outside));
      }
      edits = edits.subspan(inside);
    }
    return growth;
  }

 private:
  std::uint64_t FixField(const FieldReader& message, const Field& field,
                         std::span<const Edit> edits) {
    const Extent& content = field.content;
    const bool is_content = edits[0].offset == content.offset && content.length > 0 &&
                            edits[0].removed == content.length;
    const std::uint64_t growth = is_content ? Growth(edits[0]) : Fix(message.Into(field), edits);
    if (growth == 0) return 0;
    Edit length{
        .offset = field.length_at, .removed = content.offset - field.length_at, .inserted = {}};
    AppendVarint(content.length + growth, length.inserted);
    const std::uint64_t of_length = Growth(length);
    lengths_.push_back(std::move(length));
    return growth + of_length;
  }

  std::vector<Edit>& lengths_;
};

}  // namespace

std::vector<Edit> WithLengths(const InputFile& file, std::vector<Edit> edits) {
  std::ranges::sort(edits, {}, &Edit::offset);
  ByteReader bytes(file);
  std::vector<Edit> lengths;
  LengthFixer(lengths).Fix(FieldReader(bytes, {0, file.size()}, 0), edits);
  std::ranges::move(lengths, std::back_inserter(edits));
  std::ranges::sort(edits, {}, &Edit::offset);
  return edits;
}

}  // namespace polyak::onnx_format
