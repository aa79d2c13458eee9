#include "formats/onnx/model_index.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <unordered_set>
#include <utility>

#include "core/error.h"
#include "core/mutex.h"
#include "formats/onnx/canonical_graph.h"
#include "formats/onnx/graph_walk.h"
#include "formats/onnx/model_properties.h"

namespace polyak::onnx_format {
namespace {

using onnx::ModelProto;
using onnx::StringStringEntryProto;

constexpr std::string_view kProvenanceKey = "polyak";

// Notes a metadata_props entry that holds a provenance record.
void NoteMetadata(const Field& field, FieldReader& model, ModelIndex& index) {
  constexpr std::uint64_t kMostKeyBytes = 64;
  FieldReader entry = model.Into(field);
  std::string key;
  Extent value;
  while (const auto part = entry.Next()) {
    if (part->Is(StringStringEntryProto::kKeyFieldNumber, WireType::kBytes) &&
        part->content.length <= kMostKeyBytes) {
      entry.bytes().Seek(part->content.offset);
      key = entry.bytes().TakeText(part->content.length, part->content.end());
    } else if (part->Is(StringStringEntryProto::kValueFieldNumber, WireType::kBytes)) {
      value = part->content;
    }
  }
  if (key != kProvenanceKey) return;
  constexpr std::size_t kMostRecords = 1024;
  if (index.provenance_fields.size() >= kMostRecords) {
    throw Error(ErrorKind::kCorrupt, "metadata_props has too many entries of polyak's");
  }
  index.provenance_fields.push_back(field.whole);
  constexpr std::uint64_t kMostRecordBytes = std::uint64_t{4} << 20;
  if (value.length > kMostRecordBytes) return;
  entry.bytes().Seek(value.offset);
  index.notes.provenance = entry.bytes().TakeText(value.length, value.end());
}

// `trainings` counts the training_info fields so far.
void IndexField(const Field& field, FieldReader& model, GraphWalk& walk, std::size_t& trainings,
                ModelIndex& index) {
  if (field.type != WireType::kBytes) return;
  switch (field.number) {
    case ModelProto::kGraphFieldNumber: walk.MainGraph(model.Into(field)); break;
    case ModelProto::kMetadataPropsFieldNumber: NoteMetadata(field, model, index); break;
    case ModelProto::kTrainingInfoFieldNumber:
      walk.TrainingInfo(model.Into(field), trainings++);
      break;
    default: break;
  }
}

// Also where the model is damaged before it is known.
bool MayHaveFunctions(FieldReader model) {
  try {
    while (const auto field = model.Next()) {
      if (field->Is(ModelProto::kFunctionsFieldNumber, WireType::kBytes)) return true;
    }
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kSystem) throw;
    return true;
  }
  return false;
}

void CheckNames(const std::vector<TensorInfo>& tensors) {
  std::unordered_set<std::string_view> seen;
  seen.reserve(tensors.size());
  for (const TensorInfo& tensor : tensors) {
    if (tensor.name.find('\0') != std::string::npos) {
      throw Error(ErrorKind::kCorrupt, "the name of a tensor has a NUL byte in it");
    }
    if (!seen.insert(tensor.name).second) {
      throw Error(ErrorKind::kCorrupt, tensor.name + ": two tensors have this name");
    }
  }
}

// Checkpoints of one run have graphs of one shape: they share it. Any thread.
class GraphShapes {
 public:
  void Share(std::shared_ptr<const GraphShape>& graph, IndexBudget& budget) {
    const MutexLock lock(mutex_);
    const auto [first, last] = shapes_.equal_range(graph->node_hashes.size());
    const auto same =
        std::find_if(first, last, [&](const auto& known) { return *known.second == *graph; });
    if (same != last) {
      graph = same->second;
      return;
    }
    shapes_.emplace(graph->node_hashes.size(), graph);
    budget.ChargeShared(BytesOf(*graph));
  }

 private:
  Mutex mutex_;  // guards which shapes there are
  std::multimap<std::size_t, std::shared_ptr<const GraphShape>> shapes_
      POLYAK_GUARDED_BY(mutex_);  // by their nodes
};

// The wire type of ModelProto's fields: the numbers 1 and 5 are varints, all else messages and
// strings. Nothing for a number that it doesn't have.
std::optional<WireType> TypeInModel(std::uint32_t number) {
  switch (number) {
    case ModelProto::kIrVersionFieldNumber:
    case ModelProto::kModelVersionFieldNumber: return WireType::kVarint;
    case ModelProto::kProducerNameFieldNumber:
    case ModelProto::kProducerVersionFieldNumber:
    case ModelProto::kDomainFieldNumber:
    case ModelProto::kDocStringFieldNumber:
    case ModelProto::kGraphFieldNumber:
    case ModelProto::kOpsetImportFieldNumber:
    case ModelProto::kMetadataPropsFieldNumber:
    case ModelProto::kTrainingInfoFieldNumber:
    case ModelProto::kFunctionsFieldNumber: return WireType::kBytes;
    default: return std::nullopt;
  }
}

}  // namespace

ModelIndex IndexModel(const InputFile& file, OpenContext& context) {
  ModelIndex index;
  ByteReader bytes(file);
  FieldReader model(bytes, {0, file.size()}, 0);
  {
    const bool has_functions = MayHaveFunctions(model);
    GraphWalk walk(context, index, has_functions);
    std::size_t trainings = 0;
    ModelProperties properties;
    while (const auto field = model.Next()) {
      properties.Add(*field, model);
      IndexField(*field, model, walk, trainings, index);
    }
    // Functions after all that may call them, wherever they stand.
    FieldReader again(bytes, {0, file.size()}, 0);
    while (has_functions) {
      const auto field = again.Next();
      if (!field) break;
      if (field->Is(ModelProto::kFunctionsFieldNumber, WireType::kBytes)) {
        walk.Function(again.Into(*field));
      }
    }
    properties.NoteIn(file.size(), index.notes);
    walk.Finish();
    context.index_budget.CheckFits();
  }
  if (index.notes.graph != nullptr) {
    context.per_run->Of<GraphShapes>("onnx graphs", std::make_shared<GraphShapes>)
        ->Share(index.notes.graph, context.index_budget);
  }
  context.index_budget.CheckFits();
  CheckNames(index.tensors);
  return index;
}

// ONNX has no signature. A model begins with fields of ModelProto and has a graph among them, or
// is cut off before it.
bool LooksLikeModel(const InputFile& file) {
  constexpr int kMostFields = 64;
  ByteReader bytes(file);
  FieldReader model(bytes, {0, file.size()}, 0);
  int known = 0;
  try {
    for (int i = 0; i < kMostFields; ++i) {
      const auto field = model.Next();
      if (!field) return false;
      const auto type = TypeInModel(field->number);
      if (type && *type != field->type) return false;
      known += type ? 1 : 0;
      if (field->number == ModelProto::kGraphFieldNumber) return true;
    }
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kSystem) throw;
    return known > 0;
  }
  return false;
}

}  // namespace polyak::onnx_format
