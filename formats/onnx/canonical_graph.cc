#include "formats/onnx/canonical_graph.h"

#include <xxhash.h>

#include <algorithm>
#include <cstddef>
#include <span>

namespace polyak::onnx_format {
namespace {

using Kind = GraphRecord::Kind;
using Record = GraphRecord::Record;

class Canonical {
 public:
  Canonical(GraphRecord& record, const std::vector<std::uint32_t>& sparse)
      : record_(record),
        sparse_(sparse),
        number_of_(record.values()),
        tensor_of_(record.values()),
        node_of_(record.records().size()) {
    shape_.node_hashes = record.TakeContentHashes();
  }

  GraphShape Take() {
    for (ValueNumber value = 0; value < record_.values(); ++value) {
      tensor_of_[value] = record_.TensorOf(value);
    }
    for (RecordNumber i = 0; i < record_.records().size(); ++i) {
      record_.records()[i].kind == Kind::kNode ? AddNode(i) : AddToOwner(i);
    }
    for (const GraphRecord::Renaming& renaming : record_.renamings()) {
      const std::uint32_t tensor = tensor_of_[renaming.output];
      if (tensor != kNoTensorNumber) shape_.aliases.push_back({renaming.name, tensor});
    }
    shape_.node_hashes.resize(nodes_);
    shape_.node_hashes.shrink_to_fit();
    shape_.tensors_by_use.shrink_to_fit();
    return std::move(shape_);
  }

 private:
  // The hashes of what nodes are, by record, become those of the nodes with their values, by node:
  // none is written before it was read.
  void AddNode(RecordNumber node) {
    const std::uint64_t content_hash = shape_.node_hashes[node];
    node_of_[node] = nodes_;
    shape_.node_hashes[nodes_++] = MakesAlias(node) ? 0 : HashOf(node, content_hash);
  }

  // Notes that the output is a second name of the input, where that is a tensor.
  bool MakesAlias(RecordNumber node) {
    const auto inputs = record_.InputsOf(node);
    const auto outputs = record_.OutputsOf(node);
    if (record_.OperatorOf(node).flow != Flow::kIdentity) return false;
    if (inputs.size() != 1 || outputs.size() != 1 || inputs[0] == kNoValue) return false;
    const std::uint32_t tensor = tensor_of_[inputs[0]];
    if (tensor == kNoTensorNumber || outputs[0] == kNoValue) return false;
    tensor_of_[outputs[0]] = tensor;
    return true;
  }

  void AddToOwner(RecordNumber part) {
    const RecordNumber owner = record_.records()[part].owner;
    if (owner == kNoRecord) return;
    std::uint64_t& hash = shape_.node_hashes[node_of_[owner]];
    hash = HashOf(part, hash);
  }

  // Never 0.
  std::uint64_t HashOf(RecordNumber number, std::uint64_t seed) {
    constexpr std::uint32_t kEndOfInputs = 0xffffffffU;
    numbers_.clear();
    for (const ValueNumber input : record_.InputsOf(number)) numbers_.push_back(NumberOf(input));
    numbers_.push_back(kEndOfInputs);
    for (const ValueNumber output : record_.OutputsOf(number)) numbers_.push_back(NumberOf(output));
    const std::uint64_t hash =
        XXH3_64bits_withSeed(numbers_.data(), numbers_.size() * sizeof(std::uint32_t), seed);
    return std::max<std::uint64_t>(hash, 1);
  }

  // From 1 on, and whether it is stored; 0: none.
  std::uint32_t NumberOf(ValueNumber value) {
    constexpr std::uint32_t kIsStored = 0x80000000U;
    if (value == kNoValue) return 0;
    const bool is_stored = tensor_of_[value] != kNoTensorNumber;
    if (number_of_[value] == 0) {
      number_of_[value] = ++last_number_ | (is_stored ? kIsStored : 0);
      if (is_stored) AddTensor(tensor_of_[value]);
    }
    return number_of_[value];
  }

  void AddTensor(std::uint32_t tensor) {
    shape_.tensors_by_use.push_back(tensor);
    if (std::ranges::binary_search(sparse_, tensor)) {
      shape_.tensors_by_use.push_back(tensor + 1);  // indices
      shape_.tensors_by_use.push_back(tensor + 2);  // dims
    }
  }

  const GraphRecord& record_;
  const std::vector<std::uint32_t>& sparse_;
  std::vector<std::uint32_t> number_of_;  // by value
  std::vector<std::uint32_t> tensor_of_;  // by value, second names included
  std::vector<std::uint32_t> node_of_;    // by record
  std::vector<std::uint32_t> numbers_;
  std::uint32_t last_number_ = 0;
  std::uint32_t nodes_ = 0;
  GraphShape shape_;
};

}  // namespace

std::shared_ptr<const GraphShape> MakeGraphShape(GraphRecord& record,
                                                 const std::vector<std::uint32_t>& sparse) {
  const std::uint64_t bytes =
      (record.values() * 2 + record.records().size()) * sizeof(std::uint32_t);
  if (!record.Charge(bytes)) return nullptr;
  return std::make_shared<const GraphShape>(Canonical(record, sparse).Take());
}

std::uint64_t BytesOf(const GraphShape& shape) noexcept {
  std::uint64_t bytes = sizeof(GraphShape) + shape.node_hashes.size() * sizeof(std::uint64_t) +
                        shape.tensors_by_use.size() * sizeof(std::uint32_t);
  for (const TensorAlias& alias : shape.aliases) bytes += sizeof(TensorAlias) + alias.name.size();
  return bytes;
}

}  // namespace polyak::onnx_format
