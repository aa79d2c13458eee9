#include "formats/hdf5/dataset.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bit>
#include <string>
#include <string_view>
#include <vector>

#include "core/box.h"
#include "core/checked.h"
#include "core/error.h"
#include "formats/hdf5/element_type.h"
#include "formats/hdf5/filter_names.h"
#include "formats/hdf5/protocol.h"
#include "formats/hdf5/special_storage.h"

namespace polyak::hdf5 {
namespace {

[[noreturn]] void ThrowCorrupt(std::string text) {
  throw Error(ErrorKind::kCorrupt, std::move(text));
}

void CheckPath(const std::string& path) {
  if (path.empty()) ThrowCorrupt("a dataset without a name");
  if (path.size() > kMaxPathBytes) {
    ThrowCorrupt(
        fmt::format("a dataset's name has {} bytes, more than {}", path.size(), kMaxPathBytes));
  }
  if (path.find('\0') != std::string::npos) ThrowCorrupt("a dataset's name has a zero byte");
}

// What Keras calls the groups of an optimizer's variables, whatever else of it is in the file.
constexpr std::string_view kOptimizerGroups[] = {
    "optimizer/",          // Keras 3, .weights.h5
    "optimizer_weights/",  // Keras 2, and 3's legacy .h5
};

// As far as it can be told without knowing who wrote it. Floats that polyak has no name for, as
// x87's long double, are nobody's weights.
Role RoleOf(std::string_view path, const ElementType& type) {
  for (const std::string_view group : kOptimizerGroups) {
    if (path.starts_with(group)) return Role::kOptimizerState;
  }
  return type.is_float && type.dtype != DType::kOpaque ? Role::kParameter : Role::kOther;
}

std::string LayoutText(const wire::Dataset& dataset) {
  switch (dataset.layout()) {
    case wire::Dataset::CONTIGUOUS: return "contiguous";
    case wire::Dataset::CHUNKED:
      return fmt::format("chunked {}", fmt::join(dataset.chunk_dims(), "x"));
    case wire::Dataset::COMPACT: return "compact";
    case wire::Dataset::VIRTUAL: return "virtual";
    case wire::Dataset::EXTERNAL: return "external";
    default: return "unknown layout";
  }
}

// Contiguous or compact, with elements, but no room for them.
bool IsUnwritten(const wire::Dataset& dataset, std::uint64_t elements) {
  return dataset.layout() == wire::Dataset::CONTIGUOUS && !dataset.has_offset() && elements > 0;
}

std::string StorageText(const wire::Dataset& dataset, const ElementType& type,
                        std::uint64_t elements) {
  std::string text = LayoutText(dataset);
  if (IsUnwritten(dataset, elements)) text += ", never written";
  for (const wire::Filter& filter : dataset.filters()) {
    text += ", " + FilterText({.number = filter.number(),
                               .is_optional = filter.is_optional(),
                               .values = {filter.values().begin(), filter.values().end()}});
  }
  if (type.order == std::endian::big) text += ", big-endian";
  return text;
}

// Why the elements can't be read from where they are stored; empty: they can.
std::string WhyLayoutIsUnreadable(const wire::Dataset& dataset) {
  switch (dataset.layout()) {
    case wire::Dataset::VIRTUAL: return "virtual dataset: the data lies in other datasets";
    case wire::Dataset::EXTERNAL: return "external storage: the data lies in other files";
    case wire::Dataset::CHUNKED:
    case wire::Dataset::COMPACT:
    case wire::Dataset::CONTIGUOUS: return "";
    default: return "its storage layout is unknown";
  }
}

// More elements than any file of this size has room for, however well they compress.
std::string WhyTooLarge(const TensorInfo& info, const Image& image) {
  constexpr std::uint64_t kNeverTooLarge = std::uint64_t{4} << 30;
  constexpr std::uint64_t kMostPerByte = 1200;  // deflate gives 1032
  if (info.bytes() <= kNeverTooLarge || info.bytes() / kMostPerByte <= image.bytes) return "";
  return fmt::format("it claims to have {} bytes, in a file of {}", info.bytes(), image.bytes);
}

ElementType TypeOf(const wire::Dataset& dataset) {
  ElementType type = TranslateType(dataset.type());
  if (dataset.is_bfloat16() && type.element_bytes == ElementBytes(DType::kBFloat16)) {
    type.dtype = DType::kBFloat16;
    type.is_float = true;
    type.order = std::endian::little;
    type.ordered_bytes = type.element_bytes;
  }
  return type;
}

std::vector<std::uint64_t> ShapeOf(const wire::Dataset& dataset) {
  if (dataset.is_null()) return {0};  // has no shape; this one says that it has no elements
  return {dataset.dims().begin(), dataset.dims().end()};
}

// No file could have elements whose bytes pass 64 bits.
void CheckBytes(const TensorInfo& info) {
  if (CheckedMultiply(info.elements, info.element_bytes)) return;
  ThrowCorrupt(fmt::format("shape {} is too large for elements of {} bytes", ShapeText(info.shape),
                           info.element_bytes));
}

// Elements of variable length have another size in the file than in memory, which nobody tells.
PayloadRun ExtentOf(const wire::Dataset& dataset, const TensorInfo& info, const Image& image) {
  const std::uint64_t bytes = dataset.storage_bytes();
  if (info.unreadable.empty() && bytes != info.bytes()) {
    ThrowCorrupt(
        fmt::format("its storage has the wrong size (found {} bytes, expected {} for {} {})", bytes,
                    info.bytes(), ShapeText(info.shape), NameOf(info.dtype)));
  }
  if (dataset.offset() > image.bytes || bytes > image.bytes - dataset.offset()) {
    ThrowCorrupt(fmt::format("its data lies outside the file (found {} bytes at {}, of {})", bytes,
                             dataset.offset(), image.bytes));
  }
  return {image.offset + dataset.offset(), bytes, image.file};
}

// Where its bytes are, also those of elements that can't be read: nothing else may lie there.
void SetStorage(const wire::Dataset& dataset, const Image& image, DatasetTensor& tensor) {
  const bool is_readable = tensor.info.unreadable.empty();
  if (dataset.has_offset()) {
    tensor.storage.payload.runs = {ExtentOf(dataset, tensor.info, image)};
    if (is_readable) tensor.info.stored_bytes = tensor.info.bytes();
    return;
  }
  if (!is_readable && dataset.layout() != wire::Dataset::CHUNKED) return;
  if (dataset.object_address() >= image.bytes) ThrowCorrupt("it lies outside the file");
  BeginSpecial(dataset, tensor);
  if (tensor.info.unreadable.empty()) tensor.info.unreadable = WhyTooLarge(tensor.info, image);
}

// No dataset of this file: averaging refuses it by its name.
DatasetTensor TranslateExternalLink(const wire::Dataset& dataset) {
  DatasetTensor result;
  result.info.name = dataset.path();
  result.info.shape = {0};
  result.info.role = Role::kParameter;
  result.info.storage = "external link";
  result.info.unreadable = "external link: the data lies in another file";
  return result;
}

DatasetTensor Translate(const wire::Dataset& dataset, const Image& image) {
  if (dataset.is_external_link()) return TranslateExternalLink(dataset);
  const ElementType type = TypeOf(dataset);
  DatasetTensor result;
  TensorInfo& info = result.info;
  info.name = dataset.path();
  info.dtype = type.dtype;
  info.element_bytes = type.element_bytes;
  info.shape = ShapeOf(dataset);
  info.elements = ElementsOf(info.shape);
  info.role = RoleOf(info.name, type);
  info.storage = StorageText(dataset, type, info.elements);
  info.unreadable = WhyLayoutIsUnreadable(dataset);
  if (info.unreadable.empty()) info.unreadable = type.unreadable;
  CheckBytes(info);
  if (dataset.has_offset() && dataset.storage_bytes() > image.bytes) {
    ThrowCorrupt(
        fmt::format("its storage of {} bytes is larger than the file", dataset.storage_bytes()));
  }
  result.storage.object_address = dataset.object_address();
  if (type.order != std::endian::native) {
    result.storage.payload.swapped_bytes = static_cast<std::uint8_t>(type.ordered_bytes);
  }
  if (info.elements > 0) SetStorage(dataset, image, result);
  return result;
}

}  // namespace

DatasetTensor TranslateDataset(const wire::Dataset& dataset, const Image& image) {
  CheckPath(dataset.path());
  try {
    return Translate(dataset, image);
  } catch (Error& error) {
    error.AddContext(dataset.path());
    throw;
  }
}

}  // namespace polyak::hdf5
