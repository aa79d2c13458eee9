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
constexpr std::size_t kMostRuns = 4096;

// Whole fields, tags included, neighbours joined: enough to compare what has no fixed size.
struct WholeFields {
  std::vector<PayloadRun> runs;
  bool is_truncated = false;  // there were more than are kept

  void Add(const Extent& field) {
    if (!runs.empty() && runs.back().span().end() == field.offset) {
      runs.back().bytes += field.length;
    } else if (runs.size() < kMostRuns) {
      runs.emplace_back(field);
    } else {
      is_truncated = true;
    }
  }
};

// A repeated field of numbers of a fixed size.
struct FixedNumbers {
  std::vector<PayloadRun> runs;

  void Add(const Field& field, WireType unpacked_type, std::uint32_t number_bytes) {
    if (runs.size() > kMostRuns) return;
    if (field.type == unpacked_type) AppendPiece(field.content, runs);
    if (field.type != WireType::kBytes || field.content.length == 0) return;
    if (field.content.length % number_bytes != 0) {
      throw Error(ErrorKind::kCorrupt, "a packed field ends within a number (at byte " +
                                           std::to_string(field.content.offset) + ")");
    }
    runs.emplace_back(field.content);
  }
};

// A repeated field of varints.
struct VarintNumbers {
  std::vector<VarintRun> runs;

  void Add(const Field& field) {
    if (runs.size() <= kMostRuns) AppendVarints(field, runs);
  }
};

// The message's fields, before it is known what they mean together: their order is free.
struct TensorFields {
  std::string name;
  std::vector<std::uint64_t> dims;
  std::int64_t data_type = 0;
  std::optional<Extent> raw_data;
  FixedNumbers float_data;
  FixedNumbers double_data;
  VarintNumbers int32_data;
  VarintNumbers int64_data;
  VarintNumbers uint64_data;
  WholeFields strings;
  std::uint64_t string_count = 0;
  bool is_external = false;
  std::vector<Field> external_entries;
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

// More entries than keys there are is nothing that anyone writes.
void AddExternal(const Field& field, TensorFields& fields) {
  constexpr std::size_t kMostEntries = 64;
  if (field.type != WireType::kBytes) return;
  if (fields.external_entries.size() >= kMostEntries) {
    throw Error(ErrorKind::kUnsupported, "a tensor has more than 64 entries of external data");
  }
  fields.external_entries.push_back(field);
}

void AddString(const Field& field, TensorFields& fields) {
  if (field.type != WireType::kBytes) return;
  ++fields.string_count;
  fields.strings.Add(field.whole);
}

// Of a field that isn't repeated the last one counts.
void AddSingular(const Field& field, FieldReader& message, TensorFields& fields) {
  if (field.Is(TensorProto::kDataTypeFieldNumber, WireType::kVarint)) {
    fields.data_type = static_cast<std::int32_t>(field.varint);
  } else if (field.Is(TensorProto::kNameFieldNumber, WireType::kBytes)) {
    fields.name = message.NameIn(field);
  } else if (field.Is(TensorProto::kRawDataFieldNumber, WireType::kBytes)) {
    fields.raw_data = field.content;
  } else if (field.Is(TensorProto::kDataLocationFieldNumber, WireType::kVarint)) {
    fields.is_external = static_cast<std::int32_t>(field.varint) == TensorProto::EXTERNAL;
  } else if (field.Is(TensorProto::kSegmentFieldNumber, WireType::kBytes)) {
    fields.has_segment = true;
  }
}

void AddField(const Field& field, FieldReader& message, TensorFields& fields) {
  switch (field.number) {
    case TensorProto::kDimsFieldNumber: AddDims(field, message, fields.dims); break;
    case TensorProto::kFloatDataFieldNumber:
      fields.float_data.Add(field, WireType::kFixed32, sizeof(float));
      break;
    case TensorProto::kDoubleDataFieldNumber:
      fields.double_data.Add(field, WireType::kFixed64, sizeof(double));
      break;
    case TensorProto::kInt32DataFieldNumber: fields.int32_data.Add(field); break;
    case TensorProto::kInt64DataFieldNumber: fields.int64_data.Add(field); break;
    case TensorProto::kUint64DataFieldNumber: fields.uint64_data.Add(field); break;
    case TensorProto::kStringDataFieldNumber: AddString(field, fields); break;
    case TensorProto::kExternalDataFieldNumber: AddExternal(field, fields); break;
    default: AddSingular(field, message, fields);
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

// The typed field that holds the elements of a dtype: numbers of a fixed size, or varints.
struct TypedField {
  const char* name;
  const FixedNumbers* fixed;
  const VarintNumbers* varints;

  std::size_t runs() const { return fixed != nullptr ? fixed->runs.size() : varints->runs.size(); }
};

TypedField TypedFieldOf(DType dtype, const TensorFields& fields) {
  switch (dtype) {
    case DType::kFloat32:
    case DType::kComplex64: return {"float_data", &fields.float_data, nullptr};
    case DType::kFloat64:
    case DType::kComplex128: return {"double_data", &fields.double_data, nullptr};
    case DType::kInt64: return {"int64_data", nullptr, &fields.int64_data};
    case DType::kUInt32:
    case DType::kUInt64: return {"uint64_data", nullptr, &fields.uint64_data};
    default: return {"int32_data", nullptr, &fields.int32_data};
  }
}

std::uint64_t TotalBytes(const std::vector<PayloadRun>& runs) {
  std::uint64_t total = 0;
  for (const PayloadRun& run : runs) total += run.bytes;
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

void SetRuns(std::string storage, std::vector<PayloadRun> runs, IndexedTensor& tensor) {
  tensor.info.storage = std::move(storage);
  tensor.info.stored_bytes = TotalBytes(runs);
  tensor.payload.runs = std::move(runs);
}

// Bits of a float16 or bfloat16 are at most 65535; integers may be anything, and are only compared.
void SetVarints(const TypedField& typed, const InputFile& file, IndexedTensor& tensor) {
  constexpr std::uint64_t kMostBits = 0xffff;
  const TensorInfo& info = tensor.info;
  std::vector<PayloadRun> runs;
  for (const VarintRun& run : typed.varints->runs) runs.emplace_back(run.extent);
  SetRuns(std::string(typed.name) + " (varints)", std::move(runs), tensor);
  if (info.element_bytes == 0) return;
  tensor.varints =
      std::make_unique<VarintPayload>(file, typed.varints->runs, info.elements, info.element_bytes,
                                      IsFloat(info.dtype) ? kMostBits : ~std::uint64_t{0});
}

void SetTyped(const TensorFields& fields, const InputFile& file, IndexedTensor& tensor) {
  const TypedField typed = TypedFieldOf(tensor.info.dtype, fields);
  if (typed.runs() == 0 && tensor.info.elements > 0) {
    throw Error(ErrorKind::kCorrupt, std::string("has no values (expected raw_data or ") +
                                         typed.name + " for " + ShapeText(tensor.info.shape) + " " +
                                         std::string(NameOf(tensor.info.dtype)) + ")");
  }
  if (typed.runs() > kMostRuns) {
    tensor.info.storage = typed.name;
    tensor.info.unreadable = std::string(typed.name) + " is in more than 4096 separate runs";
  } else if (typed.varints != nullptr) {
    SetVarints(typed, file, tensor);
  } else {
    SetRuns(typed.name, typed.fixed->runs, tensor);
    CheckSize(tensor.info, typed.name, tensor.info.stored_bytes);
  }
}

bool HasTypedData(const TensorFields& fields) {
  return !fields.float_data.runs.empty() || !fields.double_data.runs.empty() ||
         !fields.int32_data.runs.empty() || !fields.int64_data.runs.empty() ||
         !fields.uint64_data.runs.empty() || fields.string_count > 0;
}

void SetExternal(const TensorFields& fields, FieldReader& message, IndexedTensor& tensor) {
  auto data = std::make_unique<ExternalData>();
  for (const Field& entry : fields.external_entries) AddExternalEntry(entry, message, *data);
  if (data->location_entry.length == 0) {
    throw Error(ErrorKind::kCorrupt, "its external data has no location");
  }
  if (fields.raw_data && fields.raw_data->length > 0) {
    throw Error(ErrorKind::kCorrupt, "has its values twice, as raw_data and as external data");
  }
  if (tensor.info.dtype == DType::kString) {
    throw Error(ErrorKind::kCorrupt, "strings can't be external data");
  }
  tensor.info.storage = "external data, " + data->location;
  tensor.external = std::move(data);
}

void SetPayload(const TensorFields& fields, FieldReader& message, IndexedTensor& tensor) {
  TensorInfo& info = tensor.info;
  if (fields.is_external) {
    SetExternal(fields, message, tensor);
  } else if (fields.has_segment) {
    info.storage = "segment";
    info.unreadable = "tensors in segments are not supported";
  } else if (fields.raw_data && fields.raw_data->length > 0 && HasTypedData(fields)) {
    throw Error(ErrorKind::kCorrupt, "has its values twice, as raw_data and as typed data");
  } else if (info.dtype == DType::kString) {
    // Nothing where not all of it is known: a part would compare as equal.
    SetRuns("string_data",
            fields.strings.is_truncated ? std::vector<PayloadRun>() : fields.strings.runs, tensor);
  } else if (fields.raw_data && !HasTypedData(fields)) {
    SetRuns("raw_data", {*fields.raw_data}, tensor);
    if (info.element_bytes > 0) CheckSize(info, "raw_data", fields.raw_data->length);
  } else {
    SetTyped(fields, message.bytes().file(), tensor);
  }
  if (info.element_bytes == 0 && info.unreadable.empty()) {
    info.unreadable = "its elements have no fixed size";
  }
}

}  // namespace

std::uint64_t IndexedTensor::index_bytes() const noexcept {
  // What an output with it as template takes for each run besides: pieces to copy, edits.
  constexpr std::uint64_t kOutputRunBytes = 320;
  std::uint64_t bytes = info.index_bytes();
  if (payload.runs.size() > 1) {
    bytes += payload.runs.size() * (sizeof(PayloadRun) + kOutputRunBytes);
  }
  if (varints) {
    bytes += sizeof(VarintPayload) + kOutputRunBytes + varints->runs().size() * sizeof(VarintRun);
  }
  // Lists of them have room to grow; and there will be a run.
  if (external) bytes += 2 * sizeof(ExternalData) + external->location.size() + sizeof(PayloadRun);
  return bytes;
}

IndexedTensor IndexTensor(FieldReader message) {
  TensorFields fields;
  while (const std::optional<Field> field = message.Next()) AddField(*field, message, fields);
  IndexedTensor tensor;
  try {
    tensor.info.shape = std::move(fields.dims);
    tensor.info.dtype = DTypeOf(fields.data_type);
    tensor.info.element_bytes = ElementBytes(tensor.info.dtype);
    tensor.info.elements = ElementsOf(tensor.info.shape);
    SetPayload(fields, message, tensor);
  } catch (Error& error) {
    if (!fields.name.empty()) error.AddContext(fields.name);
    throw;
  }
  tensor.info.name = std::move(fields.name);
  return tensor;
}

}  // namespace polyak::onnx_format
