#include "formats/onnx/sparse_tensor.h"

#include <onnx/onnx_pb.h>

#include <string>
#include <utility>
#include <vector>

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

void NoteField(const Field& field, std::vector<Field>& fields) {
  if (fields.size() < 2) fields.push_back(field);
}

}  // namespace

IndexedSparseTensor IndexSparseTensor(FieldReader message) {
  std::vector<Field> values;
  std::vector<Field> indices;
  while (const auto field = message.Next()) {
    if (field->Is(SparseTensorProto::kValuesFieldNumber, WireType::kBytes)) {
      NoteField(*field, values);
    } else if (field->Is(SparseTensorProto::kIndicesFieldNumber, WireType::kBytes)) {
      NoteField(*field, indices);
    }
  }
  IndexedSparseTensor sparse{.values = IndexPart(values, message, "values"),
                             .indices = IndexPart(indices, message, "indices")};
  sparse.values.info.storage.insert(0, "sparse, ");
  sparse.indices.info.storage.insert(0, "indices, ");
  sparse.indices.info.role = Role::kConstant;
  sparse.indices.info.use = "a sparse tensor's list of indices";
  return sparse;
}

}  // namespace polyak::onnx_format
