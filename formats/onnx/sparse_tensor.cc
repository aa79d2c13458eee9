#include "formats/onnx/sparse_tensor.h"

#include <onnx/onnx_pb.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"

namespace polyak::onnx_format {
namespace {

using onnx::SparseTensorProto;

IndexedTensor IndexPart(const std::vector<Field>& fields, const FieldReader& message,
                        const std::string& what) {
  if (fields.size() == 1) return IndexTensor(message.Into(fields.front()));
  IndexedTensor tensor;
  tensor.info.dtype = DType::kUnknown;
  tensor.info.storage = "sparse";
  // Protocol Buffers would merge two; nobody writes such files.
  tensor.info.unreadable =
      "a sparse tensor has its " + what + (fields.empty() ? " left out" : " twice");
  return tensor;
}

IndexedTensor IndexDims(std::vector<VarintRun> runs, const InputFile& file) {
  std::uint64_t count = 0;
  for (VarintCursor cursor(file, runs); count <= kMaxRank && cursor.Next();) ++count;
  if (count > kMaxRank) {
    throw Error(ErrorKind::kCorrupt, "a sparse tensor has more than 32 dimensions");
  }
  IndexedTensor tensor;
  TensorInfo& info = tensor.info;
  info.dtype = DType::kInt64;
  info.element_bytes = ElementBytes(info.dtype);
  info.shape = {count};
  info.elements = count;
  info.role = Role::kConstant;
  info.use = "a sparse tensor's shape";
  info.storage = "dims";
  std::vector<PayloadRun> payload;
  for (const VarintRun& run : runs) {
    payload.emplace_back(run.extent);
    info.stored_bytes += run.extent.length;
  }
  tensor.payload.runs = std::move(payload);
  tensor.varints = std::make_unique<VarintPayload>(file, std::move(runs), count, info.element_bytes,
                                                   ~std::uint64_t{0});
  return tensor;
}

void NoteField(const Field& field, std::vector<Field>& fields) {
  if (fields.size() < 2) fields.push_back(field);
}

}  // namespace

IndexedSparseTensor IndexSparseTensor(FieldReader message) {
  std::vector<Field> values;
  std::vector<Field> indices;
  std::vector<VarintRun> dims;
  while (const auto field = message.Next()) {
    if (field->Is(SparseTensorProto::kValuesFieldNumber, WireType::kBytes)) {
      NoteField(*field, values);
    } else if (field->Is(SparseTensorProto::kIndicesFieldNumber, WireType::kBytes)) {
      NoteField(*field, indices);
    } else if (field->number == SparseTensorProto::kDimsFieldNumber && dims.size() <= kMaxRank) {
      AppendVarints(*field, dims);
    }
  }
  IndexedSparseTensor sparse{.values = IndexPart(values, message, "values"),
                             .indices = IndexPart(indices, message, "indices"),
                             .dims = IndexDims(std::move(dims), message.bytes().file())};
  sparse.values.info.storage.insert(0, "sparse, ");
  sparse.indices.info.storage.insert(0, "indices, ");
  sparse.indices.info.role = Role::kConstant;
  sparse.indices.info.use = "a sparse tensor's list of indices";
  return sparse;
}

}  // namespace polyak::onnx_format
