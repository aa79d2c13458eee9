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
#include "formats/hdf5/protocol.h"

namespace polyak::hdf5 {
namespace {

constexpr std::string_view kOptimizerGroups[] = {
    "optimizer/",          // Keras 3, .weights.h5
    "optimizer_weights/",  // Keras 2, and 3's legacy .h5
};

struct FilterName {
  std::uint32_t number;
  std::string_view name;
};

// The library's own filters, and the registered ones that people use most.
constexpr FilterName kFilterNames[] = {
    {1, "deflate"},        {2, "shuffle"},  {3, "fletcher32"}, {4, "szip"},      {5, "nbit"},
    {6, "scaleoffset"},    {307, "bzip2"},  {32000, "lzf"},    {32001, "blosc"}, {32004, "lz4"},
    {32008, "bitshuffle"}, {32015, "zstd"}, {32026, "blosc2"},
};

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

Role RoleOf(std::string_view path, const ElementType& type) {
  for (const std::string_view group : kOptimizerGroups) {
    if (path.starts_with(group)) return Role::kOptimizerState;
  }
  return type.is_float ? Role::kParameter : Role::kOther;
}

std::string FilterText(std::uint32_t number) {
  for (const FilterName& filter : kFilterNames) {
    if (filter.number == number) return std::string(filter.name);
  }
  return fmt::format("filter {}", number);
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

std::string StorageText(const wire::Dataset& dataset, const ElementType& type) {
  std::string text = LayoutText(dataset);
  for (const wire::Filter& filter : dataset.filters()) text += ", " + FilterText(filter.number());
  if (type.order == std::endian::big) text += ", big-endian";
  return text;
}

// Why the elements can't be read from where they are stored; empty: they can.
std::string WhyStorageIsUnreadable(const wire::Dataset& dataset, std::uint64_t elements) {
  switch (dataset.layout()) {
    case wire::Dataset::VIRTUAL: return "virtual dataset: the data lies in other datasets";
    case wire::Dataset::EXTERNAL: return "external storage: the data lies in other files";
    case wire::Dataset::CHUNKED: return elements == 0 ? "" : "chunked storage is not supported yet";
    case wire::Dataset::COMPACT: return elements == 0 ? "" : "compact storage is not supported yet";
    case wire::Dataset::CONTIGUOUS:
      if (elements == 0 || dataset.has_offset()) return "";
      return "never written: the file has no bytes for it";
    default: return "its storage layout is unknown";
  }
}

std::vector<std::uint64_t> ShapeOf(const wire::Dataset& dataset) {
  if (dataset.is_null()) return {0};  // has no shape; this one says that it has no elements
  return {dataset.dims().begin(), dataset.dims().end()};
}

// The bytes of all elements, which no file could have if they pass 64 bits.
std::uint64_t BytesOf(const TensorInfo& info) {
  const auto bytes = CheckedMultiply(info.elements, info.element_bytes);
  if (!bytes) {
    ThrowCorrupt(fmt::format("shape {} is too large for elements of {} bytes",
                             ShapeText(info.shape), info.element_bytes));
  }
  return *bytes;
}

// Throws where it isn't in the image: CheckExtents knows files only.
PayloadRun ExtentOf(const wire::Dataset& dataset, const TensorInfo& info, const Image& image) {
  if (dataset.storage_bytes() != info.bytes()) {
    ThrowCorrupt(fmt::format(
        "its storage has the wrong size (found {} bytes, expected {} for {} {})",
        dataset.storage_bytes(), info.bytes(), ShapeText(info.shape), NameOf(info.dtype)));
  }
  if (dataset.offset() > image.bytes || info.bytes() > image.bytes - dataset.offset()) {
    ThrowCorrupt(fmt::format("its data lies outside the file (found {} bytes at {}, of {})",
                             info.bytes(), dataset.offset(), image.bytes));
  }
  return {image.offset + dataset.offset(), info.bytes(), image.file};
}

DatasetTensor Translate(const wire::Dataset& dataset, const Image& image) {
  const ElementType type = TranslateType(dataset.type());
  DatasetTensor result;
  TensorInfo& info = result.info;
  info.name = dataset.path();
  info.dtype = type.dtype;
  info.element_bytes = type.element_bytes;
  info.shape = ShapeOf(dataset);
  info.elements = ElementsOf(info.shape);
  info.role = RoleOf(info.name, type);
  info.storage = StorageText(dataset, type);
  info.unreadable = WhyStorageIsUnreadable(dataset, info.elements);
  if (info.unreadable.empty()) info.unreadable = type.unreadable;
  const std::uint64_t bytes = BytesOf(info);
  if (dataset.layout() != wire::Dataset::EXTERNAL && dataset.storage_bytes() > image.bytes) {
    ThrowCorrupt(
        fmt::format("its storage of {} bytes is larger than the file", dataset.storage_bytes()));
  }
  if (type.order != std::endian::native) {
    result.storage.payload.swapped_bytes = static_cast<std::uint8_t>(type.ordered_bytes);
  }
  if (info.unreadable.empty() && bytes > 0) {
    result.storage.payload.runs = {ExtentOf(dataset, info, image)};
    info.stored_bytes = bytes;
  }
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
