#include "formats/onnx/tensor_proto.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/checked.h"
#include "core/error.h"

namespace polyak::onnx_format {
namespace {

using onnx::TensorProto;

// A payload in more runs than this is not worth reading piece by piece.
constexpr std::size_t kMostRuns = 64;

// Whole fields, tags included, neighbours joined: enough to compare what can't be decoded.
struct WholeFields {
  std::vector<Extent> extents;
  bool is_truncated = false;  // there were more than are kept

  void Add(const Extent& field) {
    if (!extents.empty() && extents.back().end() == field.offset) {
      extents.back().length += field.length;
    } else if (extents.size() < kMostRuns) {
      extents.push_back(field);
    } else {
      is_truncated = true;
    }
  }
};

// A repeated field of numbers as it was found: the contents of packed runs, whether there are
// unpacked values, and all of it as it lies.
struct NumberRuns {
  std::vector<Extent> runs;
  bool has_unpacked = false;
  WholeFields whole;

  bool is_decodable() const noexcept { return !has_unpacked && runs.size() <= kMostRuns; }

  bool empty() const noexcept { return runs.empty() && !has_unpacked; }
};

// The message's fields, before it is known what they mean together: their order is free.
struct TensorFields {
  std::string name;
  std::vector<std::uint64_t> dims;
  std::int64_t data_type = 0;
  std::optional<Extent> raw_data;
  NumberRuns float_data;
  NumberRuns double_data;
  NumberRuns int32_data;
  NumberRuns int64_data;
  NumberRuns uint64_data;
  WholeFields strings;
  std::uint64_t string_count = 0;
  bool is_external = false;
  bool has_segment = false;
};

void AddDims(const Field& field, FieldReader& message, std::vector<std::uint64_t>& dims) {
  if (field.type == WireType::kVarint) dims.push_back(field.varint);
  if (field.type == WireType::kBytes) {
    ByteReader& bytes = message.bytes();
    bytes.Seek(field.content.offset);
    while (bytes.position() < field.content.end() && dims.size() <= kMaxRank) {
      dims.push_back(TakeVarint(bytes, field.content.end()));
    }
  }
  if (dims.size() > kMaxRank) {
    throw Error(ErrorKind::kCorrupt, "a tensor has more than 32 dimensions");
  }
}

void AddNumbers(const Field& field, WireType unpacked_type, NumberRuns& numbers) {
  if (field.type != WireType::kBytes && field.type != unpacked_type) return;
  numbers.whole.Add(field.whole);
  if (field.type == unpacked_type) {
    numbers.has_unpacked = true;
  } else if (field.content.length > 0 && numbers.runs.size() <= kMostRuns) {
    numbers.runs.push_back(field.content);
  }
}

void AddString(const Field& field, TensorFields& fields) {
  if (field.type != WireType::kBytes) return;
  ++fields.string_count;
  fields.strings.Add(field.whole);
}

void AddField(const Field& field, FieldReader& message, TensorFields& fields) {
  switch (field.number) {
    case TensorProto::kDimsFieldNumber: AddDims(field, message, fields.dims); break;
    case TensorProto::kFloatDataFieldNumber:
      AddNumbers(field, WireType::kFixed32, fields.float_data);
      break;
    case TensorProto::kDoubleDataFieldNumber:
      AddNumbers(field, WireType::kFixed64, fields.double_data);
      break;
    case TensorProto::kInt32DataFieldNumber:
      AddNumbers(field, WireType::kVarint, fields.int32_data);
      break;
    case TensorProto::kInt64DataFieldNumber:
      AddNumbers(field, WireType::kVarint, fields.int64_data);
      break;
    case TensorProto::kUint64DataFieldNumber:
      AddNumbers(field, WireType::kVarint, fields.uint64_data);
      break;
    case TensorProto::kStringDataFieldNumber: AddString(field, fields); break;
    default: break;
  }
  // Of a field that isn't repeated the last one counts.
  if (field.Is(TensorProto::kDataTypeFieldNumber, WireType::kVarint)) {
    fields.data_type = static_cast<std::int32_t>(field.varint);
  } else if (field.Is(TensorProto::kNameFieldNumber, WireType::kBytes)) {
    fields.name = message.NameIn(field);
  } else if (field.Is(TensorProto::kRawDataFieldNumber, WireType::kBytes)) {
    fields.raw_data = field.content;
  } else if (field.Is(TensorProto::kDataLocationFieldNumber, WireType::kVarint)) {
    fields.is_external = field.varint == TensorProto::EXTERNAL;
  } else if (field.Is(TensorProto::kSegmentFieldNumber, WireType::kBytes)) {
    fields.has_segment = true;
  }
}

DType DTypeOf(std::int64_t data_type) {
  switch (data_type) {
    case TensorProto::FLOAT: return DType::kFloat32;
    case TensorProto::DOUBLE: return DType::kFloat64;
    case TensorProto::FLOAT16: return DType::kFloat16;
    case TensorProto::BFLOAT16: return DType::kBFloat16;
    case TensorProto::COMPLEX64: return DType::kComplex64;
    case TensorProto::COMPLEX128: return DType::kComplex128;
    case TensorProto::INT8: return DType::kInt8;
    case TensorProto::INT16: return DType::kInt16;
    case TensorProto::INT32: return DType::kInt32;
    case TensorProto::INT64: return DType::kInt64;
    case TensorProto::UINT8: return DType::kUInt8;
    case TensorProto::UINT16: return DType::kUInt16;
    case TensorProto::UINT32: return DType::kUInt32;
    case TensorProto::UINT64: return DType::kUInt64;
    case TensorProto::BOOL: return DType::kBool;
    case TensorProto::STRING: return DType::kString;
    // Later than the headers that polyak is built with: FLOAT8E4M3FN, E4M3FNUZ, E5M2, E5M2FNUZ,
    // FLOAT8E8M0 | UINT4, INT4, FLOAT4E2M1, UINT2, INT2.
    case 17:
    case 18:
    case 19:
    case 20:
    case 24: return DType::kFloat8;
    case 21:
    case 22:
    case 23:
    case 25:
    case 26: return DType::kPacked;
    default: return DType::kUnknown;
  }
}

// Which of the typed fields holds the elements of a dtype, and whether they are varints.
struct TypedField {
  const char* name;
  const NumberRuns* numbers;
  bool is_varint;
};

TypedField TypedFieldOf(DType dtype, const TensorFields& fields) {
  switch (dtype) {
    case DType::kFloat32:
    case DType::kComplex64: return {"float_data", &fields.float_data, false};
    case DType::kFloat64:
    case DType::kComplex128: return {"double_data", &fields.double_data, false};
    case DType::kInt64: return {"int64_data", &fields.int64_data, true};
    case DType::kUInt32:
    case DType::kUInt64: return {"uint64_data", &fields.uint64_data, true};
    default: return {"int32_data", &fields.int32_data, true};
  }
}

std::uint64_t TotalLength(const std::vector<Extent>& extents) {
  std::uint64_t total = 0;
  for (const Extent& extent : extents) total += extent.length;
  return total;
}

void CheckSize(const TensorInfo& info, const std::string& field, std::uint64_t found) {
  const auto expected = CheckedMultiply(info.elements, info.element_bytes);
  if (expected && *expected == found) return;
  throw Error(ErrorKind::kCorrupt,
              field + " has the wrong size (found " + std::to_string(found) + " bytes, expected " +
                  (expected ? std::to_string(*expected) : "more than fit 64 bits") + " for " +
                  ShapeText(info.shape) + " " + std::string(NameOf(info.dtype)) + ")");
}

void SetExtents(std::string storage, std::vector<Extent> extents, IndexedTensor& tensor) {
  tensor.info.storage = std::move(storage);
  tensor.info.stored_bytes = TotalLength(extents);
  tensor.payload.extents = std::move(extents);
}

// For comparing only. Nothing where not all of it is known: a part would compare as equal.
void SetWhole(std::string storage, const WholeFields& whole, IndexedTensor& tensor) {
  SetExtents(std::move(storage), whole.is_truncated ? std::vector<Extent>() : whole.extents,
             tensor);
}

void SetUndecodable(const TypedField& typed, IndexedTensor& tensor) {
  SetWhole(std::string(typed.name) + ", unpacked", typed.numbers->whole, tensor);
  tensor.info.unreadable = std::string("unpacked ") + typed.name + " is not supported yet";
}

void SetVarints(const TypedField& typed, const InputFile& file, IndexedTensor& tensor) {
  if (!typed.numbers->is_decodable()) return SetUndecodable(typed, tensor);
  SetExtents(std::string(typed.name) + " (varints)", typed.numbers->runs, tensor);
  if (IsFloat(tensor.info.dtype)) {
    tensor.info.unreadable =
        std::string(NameOf(tensor.info.dtype)) + " values in int32_data are not supported yet";
  } else if (tensor.info.element_bytes > 0) {
    tensor.varints = std::make_unique<VarintPayload>(
        file, tensor.payload.extents, tensor.info.elements, tensor.info.element_bytes);
  }
}

void SetTyped(const TensorFields& fields, const InputFile& file, IndexedTensor& tensor) {
  const TypedField typed = TypedFieldOf(tensor.info.dtype, fields);
  if (typed.numbers->empty() && tensor.info.elements > 0) {
    throw Error(ErrorKind::kCorrupt, std::string("has no values (expected raw_data or ") +
                                         typed.name + " for " + ShapeText(tensor.info.shape) + " " +
                                         std::string(NameOf(tensor.info.dtype)) + ")");
  }
  if (typed.is_varint) return SetVarints(typed, file, tensor);
  if (!typed.numbers->is_decodable()) return SetUndecodable(typed, tensor);
  SetExtents(typed.name, typed.numbers->runs, tensor);
  CheckSize(tensor.info, typed.name, tensor.info.stored_bytes);
}

bool HasTypedData(const TensorFields& fields) {
  return !fields.float_data.empty() || !fields.double_data.empty() || !fields.int32_data.empty() ||
         !fields.int64_data.empty() || !fields.uint64_data.empty() || fields.string_count > 0;
}

void SetPayload(const TensorFields& fields, const InputFile& file, IndexedTensor& tensor) {
  TensorInfo& info = tensor.info;
  tensor.is_external = fields.is_external;
  if (fields.is_external) {
    info.storage = "external data";
    info.unreadable = "external data is not supported yet";
  } else if (fields.has_segment) {
    info.storage = "segment";
    info.unreadable = "tensors in segments are not supported";
  } else if (fields.raw_data && fields.raw_data->length > 0 && HasTypedData(fields)) {
    throw Error(ErrorKind::kCorrupt, "has its values twice, as raw_data and as typed data");
  } else if (info.dtype == DType::kString) {
    SetWhole("string_data", fields.strings, tensor);
    info.unreadable = "its elements have no fixed size";
  } else if (fields.raw_data && !HasTypedData(fields)) {
    SetExtents("raw_data", {*fields.raw_data}, tensor);
    if (info.element_bytes > 0) CheckSize(info, "raw_data", fields.raw_data->length);
  } else {
    SetTyped(fields, file, tensor);
  }
  if (info.element_bytes == 0 && info.unreadable.empty()) {
    info.unreadable = "its elements have no fixed size";
  }
}

void DropEmptyExtents(std::vector<Extent>& extents) {
  std::erase_if(extents, [](const Extent& extent) { return extent.length == 0; });
}

}  // namespace

IndexedTensor IndexTensor(FieldReader message) {
  TensorFields fields;
  while (const std::optional<Field> field = message.Next()) AddField(*field, message, fields);
  IndexedTensor tensor;
  try {
    tensor.info.shape = std::move(fields.dims);
    tensor.info.dtype = DTypeOf(fields.data_type);
    tensor.info.element_bytes = ElementBytes(tensor.info.dtype);
    tensor.info.elements = ElementsOf(tensor.info.shape);
    SetPayload(fields, message.bytes().file(), tensor);
    DropEmptyExtents(tensor.payload.extents);
  } catch (Error& error) {
    if (!fields.name.empty()) error.AddContext(fields.name);
    throw;
  }
  tensor.info.name = std::move(fields.name);
  return tensor;
}

}  // namespace polyak::onnx_format
