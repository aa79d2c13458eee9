#include "formats/foreign.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace polyak {
namespace {

constexpr std::size_t kHeadBytes = 4096;

struct ForeignFormat {
  std::string_view signature;
  std::size_t offset;
  std::string_view hint;
};

using namespace std::string_view_literals;

constexpr std::array kForeign = {
    ForeignFormat{
        "PK\3\4"sv, 0,
        "a zip archive, but not one of Keras's; PyTorch's .pt is not supported yet: export "
        "to ONNX"},
    ForeignFormat{"\x80\x02"sv, 0,
                  "a pickle, as PyTorch wrote .pt files before 1.6: not supported; export to ONNX"},
    ForeignFormat{"{\""sv, 8, "a safetensors file: not supported yet; export to ONNX or HDF5"},
    ForeignFormat{"\x93NUMPY"sv, 0, "a numpy array: not supported; save the model as ONNX or HDF5"},
    ForeignFormat{"GGUF"sv, 0,
                  "a GGUF file: not supported; average the checkpoints before "
                  "converting them"},
    ForeignFormat{"version https://git-lfs"sv, 0,
                  "a Git LFS pointer, not the file itself: fetch it with git lfs pull"},
    ForeignFormat{"\x1f\x8b"sv, 0, "a gzip archive: unpack it first"},
};

bool IsText(std::string_view head) {
  return std::ranges::all_of(head, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || byte == '\n' || byte == '\r' || byte == '\t';
  });
}

}  // namespace

std::string HintForForeignFile(const InputFile& file) {
  std::string head(kHeadBytes, '\0');
  head.resize(file.ReadUpTo(0, std::as_writable_bytes(std::span(head))));
  for (const ForeignFormat& format : kForeign) {
    if (head.size() > format.offset &&
        std::string_view(head).substr(format.offset).starts_with(format.signature)) {
      return "it looks like " + std::string(format.hint);
    }
  }
  if (IsText(head)) return "it looks like a text file";
  return "polyak reads ONNX and HDF5 (Keras .h5) checkpoints";
}

}  // namespace polyak
