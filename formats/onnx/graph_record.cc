#include "formats/onnx/graph_record.h"

#include <algorithm>
#include <string>
#include <utility>

namespace polyak::onnx_format {
namespace {

// With what vectors have in reserve and a map's nodes take.
constexpr std::uint64_t kRecordBytes = 64;
constexpr std::uint64_t kValueBytes = 96;
constexpr std::uint64_t kReferenceBytes = 16;
constexpr std::uint64_t kGraphBytes = 512;
constexpr std::uint64_t kRenamingBytes = 96;

NameHash HashOf(std::string_view domain, std::string_view name) {
  std::string both(domain);
  both += '\0';
  both += name;
  return NameHash::Of(both);
}

}  // namespace

bool GraphRecord::Charge(std::uint64_t bytes) {
  charged_bytes_ += bytes;
  is_full_ = !budget_.Charge(bytes) || is_full_;
  return !is_full_;
}

ValueNumber GraphRecord::AddValue() {
  if (!Charge(kValueBytes)) return kNoValue;
  const auto value = static_cast<ValueNumber>(outer_.size());
  outer_.push_back(value);
  tensor_of_.push_back(kNoTensorNumber);
  is_defined_.push_back(false);
  return value;
}

ValueNumber GraphRecord::ValueOf(const NameHash& name, Graph& graph) {
  if (is_full_) {
    const auto known = graph.values.find(name);
    return known != graph.values.end() ? known->second : AddValue();
  }
  const auto [known, is_new] = graph.values.try_emplace(name, kNoValue);
  if (is_new) known->second = AddValue();
  return known->second;
}

ValueNumber GraphRecord::ValueOf(std::string_view name) {
  return name.empty() ? kNoValue : ValueOf(NameHash::Of(name), graphs_.back());
}

ValueNumber GraphRecord::Define(std::string_view name) {
  const ValueNumber value = ValueOf(name);
  if (value != kNoValue) is_defined_[value] = true;
  return value;
}

void GraphRecord::BeginGraph(bool sees_outer) {
  Charge(kGraphBytes);
  graphs_.push_back({.values = decltype(Graph::values)(&names_),
                     .inputs = {},
                     .outputs = {},
                     .sees_outer = sees_outer});
}

RecordNumber GraphRecord::EndGraph(RecordNumber owner) {
  Graph ended = std::move(graphs_.back());
  graphs_.pop_back();
  if (ended.sees_outer && !graphs_.empty()) {
    for (const auto& [name, value] : ended.values) {
      if (value == kNoValue || is_defined_[value]) continue;
      const ValueNumber outer = ValueOf(name, graphs_.back());
      if (outer != kNoValue) outer_[value] = outer;
    }
  }
  const RecordNumber end = BeginRecord(Kind::kGraphEnd, owner);
  if (end == kNoRecord) return end;
  inputs_.insert(inputs_.end(), ended.outputs.begin(), ended.outputs.end());
  outputs_.insert(outputs_.end(), ended.inputs.begin(), ended.inputs.end());
  return end;
}

void GraphRecord::NameFunction(RecordNumber end, std::string_view domain, std::string_view name) {
  if (end != kNoRecord && Charge(kValueBytes)) functions_[HashOf(domain, name)] = end;
}

void GraphRecord::AddCall(RecordNumber node, std::string_view domain, std::string_view name) {
  if (node != kNoRecord && Charge(2 * sizeof(Call))) {
    calls_.push_back({.node = node, .function = HashOf(domain, name)});
  }
}

void GraphRecord::AddGraphInput(std::string_view name) {
  if (Charge(kReferenceBytes)) graphs_.back().inputs.push_back(Define(name));
}

void GraphRecord::AddGraphOutput(std::string_view name) {
  if (Charge(kReferenceBytes)) graphs_.back().outputs.push_back(ValueOf(name));
}

RecordNumber GraphRecord::BeginRecord(Kind kind, RecordNumber owner) {
  if (!Charge(kRecordBytes)) return kNoRecord;
  content_hashes_.push_back(0);
  records_.push_back({.owner = owner,
                      .first_input = static_cast<std::uint32_t>(inputs_.size()),
                      .first_output = static_cast<std::uint32_t>(outputs_.size()),
                      .kind = kind});
  return static_cast<RecordNumber>(records_.size() - 1);
}

void GraphRecord::TakeInput(std::string_view name) {
  if (Charge(kReferenceBytes)) inputs_.push_back(ValueOf(name));
}

void GraphRecord::GiveOutput(std::string_view name) {
  if (Charge(kReferenceBytes)) outputs_.push_back(Define(name));
}

void GraphRecord::TakeTensor(std::uint32_t tensor) {
  if (!Charge(kReferenceBytes)) return;
  const ValueNumber value = AddValue();
  if (value == kNoValue) return;
  tensor_of_[value] = tensor;
  inputs_.push_back(value);
}

void GraphRecord::SetOperator(RecordNumber record, const Operator& op) {
  if (record != kNoRecord) records_[record].op = NumberOf(op);
}

void GraphRecord::SetContent(RecordNumber record, std::uint64_t content_hash) {
  if (record != kNoRecord) content_hashes_[record] = content_hash;
}

void GraphRecord::DefineTensor(std::string_view name, std::uint32_t tensor) {
  const ValueNumber value = Define(name);
  if (value != kNoValue) tensor_of_[value] = tensor;
}

void GraphRecord::AddRenaming(std::string_view output, std::string name) {
  if (output.empty() || !Charge(kRenamingBytes + name.size())) return;
  const ValueNumber value = ValueOf(output);
  if (value != kNoValue) renamings_.push_back({.output = value, .name = std::move(name)});
}

// A graph is recorded before the one around it is at its end, so what is outside has been resolved
// no earlier than what is inside: each value is followed to its last.
void GraphRecord::Resolve() {
  const auto last = [this](ValueNumber value) {
    while (outer_[value] != value) {
      outer_[value] = outer_[outer_[value]];
      value = outer_[value];
    }
    return value;
  };
  for (std::vector<ValueNumber>* values : {&inputs_, &outputs_}) {
    for (ValueNumber& value : *values) {
      if (value != kNoValue) value = last(value);
    }
  }
  for (Renaming& renaming : renamings_) renaming.output = last(renaming.output);
}

RecordNumber GraphRecord::FunctionOf(RecordNumber node) const noexcept {
  const auto call = std::ranges::lower_bound(calls_, node, {}, &Call::node);
  if (call == calls_.end() || call->node != node) return kNoRecord;
  const auto function = functions_.find(call->function);
  return function == functions_.end() ? kNoRecord : function->second;
}

std::span<const ValueNumber> GraphRecord::InputsOf(RecordNumber record) const noexcept {
  const std::size_t first = records_[record].first_input;
  const std::size_t end =
      record + 1 < records_.size() ? records_[record + 1].first_input : inputs_.size();
  return std::span(inputs_).subspan(first, end - first);
}

std::span<const ValueNumber> GraphRecord::OutputsOf(RecordNumber record) const noexcept {
  const std::size_t first = records_[record].first_output;
  const std::size_t end =
      record + 1 < records_.size() ? records_[record + 1].first_output : outputs_.size();
  return std::span(outputs_).subspan(first, end - first);
}

}  // namespace polyak::onnx_format
