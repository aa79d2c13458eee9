#include "known_headers.h"

#include <algorithm>
#include <array>
#include <span>

#include "descriptor_driver.h"

namespace polyak::hdf5 {
namespace {

// As much as the library reads of a header at first.
constexpr std::size_t kMostHeaderBytes = 512;
constexpr std::size_t kPrefixBytes = 16;
constexpr std::size_t kMessagePrefixBytes = 8;

enum MessageType : std::uint64_t {
  kNil = 0x00,
  kDataspace = 0x01,
  kDatatype = 0x03,
  kFillValue = 0x05,
  kLayout = 0x08,
  kAttribute = 0x0C,
  kTime = 0x12,
};

struct PlainHeader {
  std::string kind;
  std::vector<std::uint64_t> dims;
  std::uint64_t offset = 0;  // as the file counts
  std::uint64_t storage_bytes = 0;
  std::uint64_t length = 0;  // of the header
};

// The bytes must be there.
std::uint64_t NumberAt(std::span<const char> bytes, std::size_t at, std::size_t width) noexcept {
  std::uint64_t number = 0;
  for (std::size_t i = width; i-- > 0;) {
    number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return number;
}

// Version 1: version, rank, flags, five bytes for nothing, dimensions, and the most they may be:
// the same for what isn't chunked.
bool TakeDataspace(std::span<const char> content, PlainHeader& header) {
  constexpr std::size_t kDimsAt = 8;
  constexpr std::size_t kMostRank = 32;
  if (content.size() < kDimsAt || NumberAt(content, 0, 1) != 1) return false;
  const std::uint64_t rank = NumberAt(content, 1, 1);
  const std::uint64_t flags = NumberAt(content, 2, 1);
  if (rank > kMostRank || flags > 1 || !header.dims.empty()) return false;
  if (content.size() != kDimsAt + rank * 8 * (1 + flags)) return false;
  for (std::size_t i = 0; i < rank; ++i) {
    header.dims.push_back(NumberAt(content, kDimsAt + i * 8, 8));
    if (header.dims.back() == 0) return false;
    if (flags == 1 && NumberAt(content, kDimsAt + (rank + i) * 8, 8) != header.dims.back()) {
      return false;
    }
  }
  header.kind.append(content.data(), kDimsAt);
  return true;
}

// Version 3 and contiguous: version, class, place, size.
bool TakeLayout(std::span<const char> content, PlainHeader& header) {
  constexpr std::uint64_t kContiguous = 1;
  constexpr std::size_t kBytes = 18;
  if (content.size() < kBytes || NumberAt(content, 0, 1) != 3) return false;
  if (NumberAt(content, 1, 1) != kContiguous) return false;
  header.offset = NumberAt(content, 2, 8);
  header.storage_bytes = NumberAt(content, 10, 8);
  return true;
}

bool TakeMessage(std::uint64_t type, std::span<const char> content, PlainHeader& header) {
  switch (type) {
    case kNil:
    case kAttribute:
    case kTime: return true;
    case kDataspace: return TakeDataspace(content, header);
    case kLayout: return TakeLayout(content, header);
    case kDatatype:
    case kFillValue: header.kind.append(content.data(), content.size()); return true;
    default: return false;
  }
}

// Prefix: version, reserved, number of messages, references, size of the messages, padding. A
// message: type, size, flags, reserved, content.
std::optional<PlainHeader> Parse(std::span<const char> bytes) {
  if (bytes.size() < kPrefixBytes || NumberAt(bytes, 0, 2) != 1) return std::nullopt;
  PlainHeader header;
  header.length = kPrefixBytes + NumberAt(bytes, 8, 4);
  if (header.length > bytes.size()) return std::nullopt;
  bytes = bytes.first(header.length);
  std::array<int, kTime + 1> counts{};
  std::uint64_t messages = NumberAt(bytes, 2, 2);
  std::size_t at = kPrefixBytes;
  for (; messages > 0 && at + kMessagePrefixBytes <= bytes.size(); --messages) {
    const std::uint64_t type = NumberAt(bytes, at, 2);
    const std::uint64_t size = NumberAt(bytes, at + 2, 2);
    const std::uint64_t flags = NumberAt(bytes, at + 4, 1);
    const auto prefix = bytes.subspan(at, kMessagePrefixBytes);
    at += kMessagePrefixBytes;
    if (type > kTime || flags > 1 || size > bytes.size() - at || size % 8 != 0) {
      return std::nullopt;
    }
    const bool is_of_kind = type != kNil && type != kAttribute && type != kTime;
    // The size of a dataspace goes with the rank.
    if (is_of_kind) header.kind.append(prefix.data(), prefix.size());
    if (!TakeMessage(type, bytes.subspan(at, size), header)) return std::nullopt;
    ++counts[type];
    at += size;
  }
  const bool is_whole = messages == 0 && at == bytes.size();
  const bool has_each_once = counts[kDataspace] == 1 && counts[kDatatype] == 1 &&
                             counts[kLayout] == 1 && counts[kFillValue] <= 1;
  return is_whole && has_each_once ? std::optional(std::move(header)) : std::nullopt;
}

std::optional<PlainHeader> Read(haddr_t address) {
  std::array<char, kMostHeaderBytes> bytes{};
  return Parse(DescriptorFile::ReadStructure(address, bytes));
}

// Whether elements of that size fill the storage, which lies in the file.
bool IsFilled(const PlainHeader& header, std::uint64_t element_bytes) {
  std::uint64_t bytes = element_bytes;
  for (const std::uint64_t dim : header.dims) {
    if (__builtin_mul_overflow(bytes, dim, &bytes)) return false;
  }
  return bytes != 0 && bytes == header.storage_bytes &&
         DescriptorFile::Contains(header.offset, bytes);
}

bool IsNumber(const wire::ElementType& type) {
  return type.class_() == wire::ElementType::FLOAT || type.class_() == wire::ElementType::INTEGER ||
         type.class_() == wire::ElementType::COMPLEX;
}

}  // namespace

std::optional<wire::Dataset> KnownHeaders::Find(const std::string& path, haddr_t address) {
  const std::optional<PlainHeader> header = Read(address);
  if (!header) return std::nullopt;
  const auto known = described_.find(header->kind);
  if (known == described_.end() || !IsFilled(*header, known->second.type().bytes())) {
    return std::nullopt;
  }
  DescriptorFile::NoteStructure(address, header->length);
  wire::Dataset dataset = known->second;
  dataset.set_path(path);
  dataset.set_object_address(address);
  dataset.mutable_dims()->Assign(header->dims.begin(), header->dims.end());
  dataset.set_offset(DescriptorFile::BaseAddress() + header->offset);
  dataset.set_storage_bytes(header->storage_bytes);
  return dataset;
}

// What is read here must be what the library has read.
void KnownHeaders::Learn(const wire::Dataset& described) {
  if (described.layout() != wire::Dataset::CONTIGUOUS || !described.has_offset()) return;
  if (!IsNumber(described.type())) return;
  const std::optional<PlainHeader> header = Read(described.object_address());
  if (!header || !std::ranges::equal(header->dims, described.dims())) return;
  if (described.offset() != DescriptorFile::BaseAddress() + header->offset) return;
  if (described.storage_bytes() != header->storage_bytes) return;
  if (IsFilled(*header, described.type().bytes())) described_.emplace(header->kind, described);
}

}  // namespace polyak::hdf5
