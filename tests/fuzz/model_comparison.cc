#include "fuzz/model_comparison.h"

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "core/error.h"
#include "formats/onnx/onnx_format.h"
#include "io/input_file.h"

namespace polyak::test {
namespace {

using onnx::TensorProto;

// What the walker made of a file: each readable tensor's elements, or an error.
struct Walked {
  std::map<std::string, std::string> elements;
  std::optional<Error> error;
};

Walked Walk(const std::filesystem::path& path) {
  Walked walked;
  try {
    OpenContext context;
    const auto checkpoint = onnx_format::Open(InputFile::Open(path), context);
    for (std::size_t t = 0; t < checkpoint->tensors().size(); ++t) {
      const TensorInfo& tensor = checkpoint->tensors()[t];
      if (!tensor.unreadable.empty()) continue;
      std::string elements(tensor.bytes(), '\0');
      checkpoint->Read(t, RangeBox(0, tensor.elements),
                       std::as_writable_bytes(std::span(elements)));
      walked.elements[tensor.name] = std::move(elements);
    }
  } catch (const Error& error) {
    walked.error = error;
  }
  return walked;
}

// A structural error says where it is; one about meaning doesn't. A name's length is our limit.
bool IsAboutMeaning(const Error& error) {
  const std::string_view text = error.what();
  switch (error.kind()) {
    case ErrorKind::kUnsupported: return true;
    case ErrorKind::kSystem: return text.find("cannot open") != text.npos;
    case ErrorKind::kCorrupt:
      return text.find("(at byte ") == text.npos || text.find("a name has more") != text.npos;
    default: return false;
  }
}

template <class Values>
std::string BytesOf(const Values& values) {
  std::string bytes(static_cast<std::size_t>(values.size()) * sizeof(*values.begin()), '\0');
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

std::string LowHalves(const google::protobuf::RepeatedField<std::int32_t>& values) {
  std::string bytes;
  for (const std::int32_t value : values) {
    bytes += static_cast<char>(value & 0xff);
    bytes += static_cast<char>((value >> 8) & 0xff);
  }
  return bytes;
}

// The elements as the parser has them; nothing where the tensor is external or mixes storages.
std::optional<std::string> ElementsOf(const TensorProto& tensor) {
  const int storages = (tensor.has_raw_data() ? 1 : 0) + (tensor.float_data().empty() ? 0 : 1) +
                       (tensor.double_data().empty() ? 0 : 1) +
                       (tensor.int32_data().empty() ? 0 : 1) +
                       (tensor.int64_data().empty() ? 0 : 1);
  if (storages > 1 || tensor.data_location() == TensorProto::EXTERNAL) return std::nullopt;
  if (tensor.has_raw_data()) return tensor.raw_data();
  switch (tensor.data_type()) {
    case TensorProto::FLOAT:
    case TensorProto::COMPLEX64: return BytesOf(tensor.float_data());
    case TensorProto::DOUBLE:
    case TensorProto::COMPLEX128: return BytesOf(tensor.double_data());
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16: return LowHalves(tensor.int32_data());
    case TensorProto::INT32: return BytesOf(tensor.int32_data());
    case TensorProto::INT64: return BytesOf(tensor.int64_data());
    default: return std::nullopt;
  }
}

// The name of the first initializer whose elements the walker read otherwise; empty: none.
std::string FirstDifference(const onnx::ModelProto& model, const Walked& walked) {
  for (const TensorProto& tensor : model.graph().initializer()) {
    const auto expected = ElementsOf(tensor);
    const auto found = walked.elements.find(tensor.name());
    if (!expected || found == walked.elements.end()) continue;
    if (found->second != *expected) return tensor.name();
  }
  return "";
}

}  // namespace

ModelComparison::ModelComparison() {
  WriteFile(folder_ / kDataFile, std::string(kDataFileBytes, '\1'));
}

std::optional<Verdict> ModelComparison::Compare(std::string_view model) {
  const auto path = folder_ / "m.onnx";
  WriteFile(path, model);
  const Walked walked = Walk(path);
  onnx::ModelProto parsed;
  if (!parsed.ParseFromArray(model.data(), static_cast<int>(model.size()))) {
    return walked.error ? Verdict::kBothRefuse : Verdict::kOnlyWalkerAccepts;
  }
  if (walked.error) {
    complaint_ = std::string("only the walker refuses it: ") + walked.error->what();
    if (IsAboutMeaning(*walked.error)) return Verdict::kWalkerRefusesMeaning;
    return std::nullopt;
  }
  const std::string name = FirstDifference(parsed, walked);
  if (name.empty()) return Verdict::kBothAccept;
  complaint_ = "the walker has other elements of '" + name + "'";
  return std::nullopt;
}

}  // namespace polyak::test
