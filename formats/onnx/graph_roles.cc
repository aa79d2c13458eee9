#include "formats/onnx/graph_roles.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace polyak::onnx_format {
namespace {

using Kind = GraphRecord::Kind;
using Record = GraphRecord::Record;

// Where a value comes from, as bits.
enum Origin : std::uint8_t {
  kNothingKnown = 0,
  kStored = 1,         // a tensor, or one in another shape, order or dtype
  kDynamicScale = 2,   // DynamicQuantizeLinear made it
  kIntegers = 4,       // a product of integers, to be multiplied with its scales
  kSmallIntegers = 8,  // stored ones of 8 bits or fewer: multiplied, they have a scale
};

// Nodes come after those whose values they take, in the file as in the record: origins are found
// from first to last, uses from last to first.
class UseAnalysis {
 public:
  UseAnalysis(const GraphRecord& record, std::span<const TensorInfo> tensors)
      : record_(record),
        tensors_(tensors),
        origins_(record.values()),
        uses_(record.values(), &kNotUsed) {}

  void Run() {
    for (ValueNumber value = 0; value < record_.values(); ++value) {
      const std::uint32_t tensor = record_.TensorOf(value);
      if (tensor == kNoTensorNumber) continue;
      origins_[value] = kStored;
      if (IsSmallInteger(tensors_[tensor].dtype)) origins_[value] |= kSmallIntegers;
    }
    const auto records = static_cast<RecordNumber>(record_.records().size());
    for (RecordNumber i = 0; i < records; ++i) FindOrigins(i);
    // A function that calls one in front of it learns of that one's uses in the next round.
    constexpr int kMostRounds = 8;
    for (int round = 0; round < kMostRounds; ++round) {
      calls_earlier_function_ = false;
      for (RecordNumber i = records; i-- > 0;) FindUses(i);
      if (!calls_earlier_function_) break;
    }
  }

  const Use& UseOf(ValueNumber value) const { return *uses_[value]; }

 private:
  void FindOrigins(RecordNumber number) {
    const Record& node = record_.records()[number];
    if (node.kind != Kind::kNode) return;
    const auto outputs = record_.OutputsOf(number);
    switch (record_.OperatorOf(number).flow) {
      case Flow::kIdentity:
      case Flow::kFirst:
        for (const ValueNumber output : outputs) AddOrigin(output, OriginOf(number, 0));
        break;
      case Flow::kDifference:  // of integers and their zero point
        if (!outputs.empty()) AddOrigin(outputs[0], OriginOf(number, 0) & kSmallIntegers);
        break;
      case Flow::kAll:
        AddOrigin(outputs.empty() ? kNoValue : outputs[0], CommonOrigin(number));
        break;
      case Flow::kDynamicScale:
        if (outputs.size() > 1) AddOrigin(outputs[1], kDynamicScale);
        break;
      case Flow::kIntegers:
        if (!outputs.empty()) AddOrigin(outputs[0], kIntegers);
        break;
      default: break;
    }
  }

  void AddOrigin(ValueNumber value, std::uint8_t origin) {
    if (value != kNoValue) origins_[value] |= origin;
  }

  std::uint8_t OriginOf(RecordNumber node, std::size_t slot) const {
    const auto inputs = record_.InputsOf(node);
    if (slot >= inputs.size() || inputs[slot] == kNoValue) return kNothingKnown;
    return origins_[inputs[slot]];
  }

  std::uint8_t CommonOrigin(RecordNumber node) const {
    const std::size_t inputs = record_.InputsOf(node).size();
    std::uint8_t common = inputs == 0 ? kNothingKnown : 0xff;
    for (std::size_t slot = 0; slot < inputs; ++slot) common &= OriginOf(node, slot);
    return common;
  }

  void FindUses(RecordNumber number) {
    const Record& record = record_.records()[number];
    const auto inputs = record_.InputsOf(number);
    for (std::size_t slot = inputs.size(); slot-- > 0;) {  // of two equal uses the first holds
      if (inputs[slot] == kNoValue) continue;
      const Use& use =
          record.kind == Kind::kNode ? UseBy(number, slot) : UseBehind(record.owner, slot);
      if (use.meaning >= uses_[inputs[slot]]->meaning) uses_[inputs[slot]] = &use;
    }
  }

  const Use& UseBy(RecordNumber node, std::size_t slot) {
    const Operator& op = record_.OperatorOf(node);
    switch (op.flow) {
      case Flow::kIdentity:
      case Flow::kFirst: return slot == 0 ? UseOfOutputs(node) : op.UseOf(slot);
      case Flow::kAll: return UseOfOutputs(node);
      case Flow::kSum: return UseInSum(node, slot);
      case Flow::kProduct: return UseInProduct(node, slot);
      case Flow::kDifference:
        return (OriginOf(node, 0) & kSmallIntegers) != 0 ? UseOfOutputs(node) : kUnknownUse;
      default: return op.name.empty() ? UseInFunction(node, slot) : op.UseOf(slot);
    }
  }

  const Use& UseOfOutputs(RecordNumber node) const {
    const Use* use = &kNotUsed;
    for (const ValueNumber output : record_.OutputsOf(node)) {
      if (output != kNoValue && uses_[output]->meaning > use->meaning) use = uses_[output];
    }
    return *use;
  }

  const Use& UseInSum(RecordNumber node, std::size_t slot) const {
    const bool is_for_root = UseOfOutputs(node).meaning == Meaning::kUnderRoot;
    const bool is_stored = (OriginOf(node, slot) & kStored) != 0;
    const bool is_other_stored =
        (OriginOf(node, 1 - std::min<std::size_t>(slot, 1)) & kStored) != 0;
    return is_for_root && is_stored && !is_other_stored ? kEpsilon : kUnknownUse;
  }

  const Use& UseInProduct(RecordNumber node, std::size_t slot) const {
    const std::uint8_t other = OriginOf(node, 1 - std::min<std::size_t>(slot, 1));
    if ((other & (kDynamicScale | kIntegers | kSmallIntegers)) != 0) return kQuantizedScale;
    const bool is_scaled = (OriginOf(node, slot) & kSmallIntegers) != 0 && (other & kStored) != 0;
    return is_scaled ? kQuantizedWeight : kUnknownUse;
  }

  // What the function that the node calls does with it. The index takes functions after the graph,
  // wherever they stand.
  const Use& UseInFunction(RecordNumber node, std::size_t slot) {
    const RecordNumber function = record_.FunctionOf(node);
    if (function == kNoRecord) return record_.OperatorOf(node).UseOf(slot);
    calls_earlier_function_ = calls_earlier_function_ || function < node;
    const auto parameters = record_.OutputsOf(function);
    if (slot >= parameters.size() || parameters[slot] == kNoValue) return kUnknownUse;
    return *uses_[parameters[slot]];
  }

  // Of what a graph gives, by the node that the graph belongs to.
  const Use& UseBehind(RecordNumber owner, std::size_t output) const {
    if (owner == kNoRecord) return kUnknownUse;
    const Operator& op = record_.OperatorOf(owner);
    const auto outputs = record_.OutputsOf(owner);
    if (op.flow != Flow::kBranches || output >= outputs.size()) return kUnknownUse;
    return outputs[output] == kNoValue ? kNotUsed : *uses_[outputs[output]];
  }

  static bool IsSmallInteger(DType dtype) {
    return dtype == DType::kInt8 || dtype == DType::kUInt8 || dtype == DType::kPacked;
  }

  const GraphRecord& record_;
  std::span<const TensorInfo> tensors_;
  std::vector<std::uint8_t> origins_;  // by value
  std::vector<const Use*> uses_;       // likewise
  bool calls_earlier_function_ = false;
};

bool IsNumber(DType dtype) {
  return dtype != DType::kBool && dtype != DType::kString && dtype != DType::kOpaque;
}

bool Holds(const Use& use, const TensorInfo& tensor) {
  switch (use.meaning) {
    case Meaning::kQuantized: return true;
    // Integers are gathered from shapes and the like; else those of learned slots are weights.
    case Meaning::kLearned:
      return CanBeAveraged(tensor.dtype) || (IsNumber(tensor.dtype) && !use.is_only_of_floats);
    case Meaning::kSetting:
      return CanBeAveraged(tensor.dtype) && (&use != &kEpsilon || tensor.elements == 1);
    default: return false;
  }
}

void Assign(const Use& use, TensorInfo& tensor) {
  if (tensor.role == Role::kOptimizerState) return;
  if (!Holds(use, tensor)) {
    const bool is_weight = CanBeAveraged(tensor.dtype) || tensor.dtype == DType::kFloat8 ||
                           tensor.dtype == DType::kPacked;
    tensor.role = is_weight ? Role::kParameter : Role::kOther;
    return;
  }
  tensor.role = use.role;
  tensor.use = use.phrase;
}

}  // namespace

void AssignRoles(GraphRecord& record, std::vector<TensorInfo>& tensors) {
  if (!record.Charge(record.values() * (sizeof(std::uint8_t) + sizeof(void*)))) return;
  UseAnalysis analysis(record, tensors);
  analysis.Run();
  for (ValueNumber value = 0; value < record.values(); ++value) {
    const std::uint32_t tensor = record.TensorOf(value);
    if (tensor != kNoTensorNumber && !record.IsOwnTensor(value)) {
      Assign(analysis.UseOf(value), tensors[tensor]);
    }
  }
}

}  // namespace polyak::onnx_format
