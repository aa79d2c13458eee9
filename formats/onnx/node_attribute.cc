#include "formats/onnx/node_attribute.h"

#include <onnx/onnx_pb.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <span>

#include "core/error.h"

namespace polyak::onnx_format {
namespace {

using onnx::AttributeProto;

std::uint64_t HashOf(std::string_view text, std::uint64_t seed) {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

std::uint64_t HashOf(std::uint64_t number, std::uint64_t seed) {
  return XXH3_64bits_withSeed(&number, sizeof number, seed);
}

// A string may be a whole program for some device: its beginning and its length tell enough.
std::uint64_t HashOfText(const FieldReader& reader, const Field& field, std::uint64_t seed) {
  constexpr std::uint64_t kMostBytes = 16384;
  ByteReader& bytes = reader.bytes();
  bytes.Seek(field.content.offset);
  const std::string text =
      bytes.TakeText(std::min(field.content.length, kMostBytes), field.content.end());
  return HashOf(text, HashOf(field.content.length, seed));
}

// Packed or not, the same numbers give the same hash.
std::uint64_t HashOfVarints(const FieldReader& reader, const Field& field, std::uint64_t seed) {
  if (field.type == WireType::kVarint) return HashOf(field.varint, seed);
  ByteReader& bytes = reader.bytes();
  bytes.Seek(field.content.offset);
  while (bytes.position() < field.content.end()) {
    seed = HashOf(TakeVarint(bytes, field.content.end()), seed);
  }
  return seed;
}

std::uint64_t HashOfFloats(const FieldReader& reader, const Field& field, std::uint64_t seed) {
  constexpr std::uint64_t kFloatBytes = 4;
  ByteReader& bytes = reader.bytes();
  bytes.Seek(field.content.offset);
  for (std::uint64_t i = 0; i < field.content.length / kFloatBytes; ++i) {
    seed = HashOf(bytes.TakeText(kFloatBytes, field.content.end()), seed);
  }
  return seed;
}

// The hashes of an attribute's fields, one per field number: their order in the file is free.
class ValuesHash {
 public:
  ValuesHash(const FieldReader& reader, bool with_floats)
      : reader_(reader), with_floats_(with_floats) {}

  void Add(const Field& field) {
    constexpr int kFloats[] = {AttributeProto::kFFieldNumber, AttributeProto::kFloatsFieldNumber};
    constexpr int kTexts[] = {AttributeProto::kSFieldNumber, AttributeProto::kStringsFieldNumber,
                              AttributeProto::kRefAttrNameFieldNumber};
    constexpr int kIntegers[] = {AttributeProto::kIFieldNumber, AttributeProto::kIntsFieldNumber};
    const bool is_bytes = field.type == WireType::kBytes;
    if (field.number >= hashes_.size()) return;
    std::uint64_t& hash = hashes_[field.number];
    if (IsOneOf(kTexts, field) && is_bytes) {
      hash = HashOfText(reader_, field, hash + 1);
    } else if (IsOneOf(kIntegers, field) && HoldsVarints(field)) {
      hash = HashOfVarints(reader_, field, hash + 1);
    } else if (IsOneOf(kFloats, field) && (is_bytes || field.type == WireType::kFixed32)) {
      AddFloats(field, hash);
    }
  }

  std::uint64_t Take() const {
    return XXH3_64bits(hashes_.data(), hashes_.size() * sizeof(std::uint64_t));
  }

 private:
  static bool IsOneOf(std::span<const int> numbers, const Field& field) {
    return std::ranges::find(numbers, static_cast<int>(field.number)) != numbers.end();
  }

  // Only repeated ones may be packed.
  static bool HoldsVarints(const Field& field) {
    return field.type == WireType::kVarint ||
           field.Is(AttributeProto::kIntsFieldNumber, WireType::kBytes);
  }

  void AddFloats(const Field& field, std::uint64_t& hash) {
    if (with_floats_) {
      hash = HashOfFloats(reader_, field, hash + 1);
    } else {
      hash += field.content.length;
    }
  }

  const FieldReader& reader_;
  bool with_floats_;
  std::array<std::uint64_t, 32> hashes_{};  // by field number
};

// They are packed or not, or both in turn.
void AddFloats(const Field& field, NodeAttribute& attribute) {
  constexpr std::uint64_t kFloatBytes = 4;
  if (field.type == WireType::kBytes && field.content.length % kFloatBytes != 0) {
    throw Error(ErrorKind::kCorrupt, "a packed field ends within a number (at byte " +
                                         std::to_string(field.content.offset) + ")");
  }
  attribute.float_count += field.content.length / kFloatBytes;
  if (attribute.has_too_many_runs() || field.content.length == 0) return;
  if (field.type == WireType::kBytes) {
    attribute.floats.emplace_back(field.content);
  } else {
    AppendPiece(field.content, attribute.floats);
  }
}

// Notes where tensors, graphs and floats lie.
void AddField(const Field& field, const FieldReader& reader, NodeAttribute& attribute) {
  const bool is_fixed = field.type == WireType::kFixed32;
  const bool is_bytes = field.type == WireType::kBytes;
  switch (field.number) {
    case AttributeProto::kFFieldNumber:
      if (is_fixed) attribute.single_float = field.content;
      break;
    case AttributeProto::kFloatsFieldNumber:
      if (is_fixed || is_bytes) AddFloats(field, attribute);
      break;
    case AttributeProto::kNameFieldNumber:
      if (is_bytes) attribute.name = reader.NameIn(field);
      break;
    case AttributeProto::kTFieldNumber:
    case AttributeProto::kTensorsFieldNumber:
      if (is_bytes) attribute.tensors.push_back(field);
      break;
    case AttributeProto::kGFieldNumber:
    case AttributeProto::kGraphsFieldNumber:
      if (is_bytes) attribute.graphs.push_back(field);
      break;
    case AttributeProto::kSparseTensorFieldNumber:
    case AttributeProto::kSparseTensorsFieldNumber:
      if (is_bytes) attribute.sparse_tensors.push_back(field);
      break;
    default: break;
  }
}

// Protocol Buffers would merge the two; nobody writes such files.
void RefuseTwice(const std::vector<Field>& fields, int number, const std::string& name) {
  const auto is_singular = [number](const Field& field) {
    return field.Is(number, WireType::kBytes);
  };
  if (std::ranges::count_if(fields, is_singular) < 2) return;
  throw Error(ErrorKind::kUnsupported, "attribute " + name + " has its value twice");
}

}  // namespace

NodeAttribute ReadAttribute(FieldReader attribute, bool hash_floats) {
  constexpr std::size_t kMostValues = 1024;
  NodeAttribute found;
  ValuesHash hash(attribute, hash_floats);
  while (const auto field = attribute.Next()) {
    AddField(*field, attribute, found);
    hash.Add(*field);
    if (found.tensors.size() + found.graphs.size() + found.sparse_tensors.size() > kMostValues) {
      throw Error(ErrorKind::kUnsupported, "attribute " + found.name + " has too many values");
    }
  }
  RefuseTwice(found.tensors, AttributeProto::kTFieldNumber, found.name);
  RefuseTwice(found.graphs, AttributeProto::kGFieldNumber, found.name);
  RefuseTwice(found.sparse_tensors, AttributeProto::kSparseTensorFieldNumber, found.name);
  found.values_hash = hash.Take();
  return found;
}

NodeContent::NodeContent(std::string_view op_type, std::string_view domain)
    : operator_hash_(HashOf(domain == "ai.onnx" ? "" : domain, HashOf(op_type, 0))) {}

void NodeContent::Add(const NodeAttribute& attribute) {
  other_hashes_ += last_hash_;
  last_hash_ = HashOf(attribute.graphs.size(), HashOf(attribute.name, attribute.values_hash));
}

void NodeContent::AddTensor(const TensorInfo& tensor) {
  last_hash_ =
      XXH3_64bits_withSeed(tensor.shape.data(), tensor.shape.size() * sizeof(std::uint64_t),
                           HashOf(static_cast<std::uint64_t>(tensor.dtype), last_hash_));
}

std::uint64_t NodeContent::Hash() const {
  return HashOf(other_hashes_ + last_hash_, operator_hash_);
}

}  // namespace polyak::onnx_format
