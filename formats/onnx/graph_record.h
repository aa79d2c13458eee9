// Which values the nodes of a model take and give, as numbers: names are resolved from inner to
// outer graphs. It lives while the index is made; its memory is charged to the index budget, and
// given back with it.
//
// A name that a graph uses may be defined later in the file than its use (initializers come after
// nodes), so what an inner graph didn't define is looked for outside when that graph ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <list>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/format.h"
#include "formats/onnx/name_hash.h"
#include "formats/onnx/operator_table.h"

namespace polyak::onnx_format {

using ValueNumber = std::uint32_t;
inline constexpr ValueNumber kNoValue = std::numeric_limits<ValueNumber>::max();
using RecordNumber = std::uint32_t;
inline constexpr RecordNumber kNoRecord = std::numeric_limits<RecordNumber>::max();
inline constexpr std::uint32_t kNoTensorNumber = std::numeric_limits<std::uint32_t>::max();

// Not shared between threads. Where the budget doesn't allow more it counts on, and stores nothing.
class GraphRecord {
 public:
  enum class Kind : std::uint8_t {
    kNode,
    kTensors,   // takes what a node has as attributes: tensors of no name
    kGraphEnd,  // takes a graph's outputs, gives its inputs; kNoRecord owns the main one's
  };

  struct Record {
    RecordNumber owner = kNoRecord;  // the node that a record of another kind belongs to
    std::uint32_t first_input = 0;
    std::uint32_t first_output = 0;
    OperatorNumber op = 0;  // of a node
    Kind kind = Kind::kNode;
  };

  // What an Identity node makes, by the name that its output has in the model.
  struct Renaming {
    ValueNumber output = kNoValue;
    std::string name;
  };

  // The budget must outlive it.
  explicit GraphRecord(IndexBudget& budget) : budget_(budget) {}
  ~GraphRecord() { budget_.Release(charged_bytes_); }
  GraphRecord(const GraphRecord&) = delete;
  GraphRecord& operator=(const GraphRecord&) = delete;

  // Graphs and functions nest; a function sees nothing of what is around it.
  void BeginGraph(bool sees_outer);
  // Its outputs and inputs become a record of `owner`'s; the number of that record.
  RecordNumber EndGraph(RecordNumber owner);
  // The graph that ended with that record is what nodes of that name do.
  void NameFunction(RecordNumber end, std::string_view domain, std::string_view name);
  // The node may be a call of a function.
  void AddCall(RecordNumber node, std::string_view domain, std::string_view name);
  void AddGraphInput(std::string_view name);
  void AddGraphOutput(std::string_view name);

  // Begins a record of the innermost graph; what is taken and given next is its own.
  RecordNumber BeginRecord(Kind kind, RecordNumber owner);
  void TakeInput(std::string_view name);   // "": the input is left out
  void GiveOutput(std::string_view name);  // likewise
  // An input that has no name: a tensor that is the node's own.
  void TakeTensor(std::uint32_t tensor);
  void SetOperator(RecordNumber record, const Operator& op);
  // The hash of a node's operator and attributes.
  void SetContent(RecordNumber record, std::uint64_t content_hash);
  // The tensor is what the name stands for in the innermost graph.
  void DefineTensor(std::string_view name, std::uint32_t tensor);
  void AddRenaming(std::string_view output, std::string name);

  // After the last graph. Until then the rest says nothing.
  void Resolve();

  std::span<const Record> records() const noexcept { return records_; }
  // Of a node.
  const Operator& OperatorOf(RecordNumber node) const noexcept {
    return OperatorOfNumber(records_[node].op);
  }
  // What SetContent said, by record; 0 for those of other kinds. It is gone from here then.
  std::vector<std::uint64_t> TakeContentHashes() noexcept { return std::move(content_hashes_); }
  std::span<const ValueNumber> InputsOf(RecordNumber record) const noexcept;
  std::span<const ValueNumber> OutputsOf(RecordNumber record) const noexcept;
  // The record that ends the function that a node calls; kNoRecord: none that is known.
  RecordNumber FunctionOf(RecordNumber node) const noexcept;
  std::size_t values() const noexcept { return outer_.size(); }
  // kNoTensorNumber: it isn't stored.
  std::uint32_t TensorOf(ValueNumber value) const noexcept { return tensor_of_[value]; }
  // True for one that TakeTensor made.
  bool IsOwnTensor(ValueNumber value) const noexcept { return !is_defined_[value]; }
  std::span<const Renaming> renamings() const noexcept { return renamings_; }
  // Charges what an analysis takes meanwhile. False: it doesn't fit.
  bool Charge(std::uint64_t bytes);

 private:
  struct Graph {
    std::pmr::unordered_map<NameHash, ValueNumber, LowOfNameHash> values;
    std::vector<ValueNumber> inputs;
    std::vector<ValueNumber> outputs;
    bool sees_outer = false;
  };

  struct Call {
    RecordNumber node = kNoRecord;
    NameHash function;
  };

  ValueNumber AddValue();
  ValueNumber ValueOf(const NameHash& name, Graph& graph);
  // kNoValue for no name, or where there is no room.
  ValueNumber ValueOf(std::string_view name);
  ValueNumber Define(std::string_view name);

  IndexBudget& budget_;
  std::uint64_t charged_bytes_ = 0;
  bool is_full_ = false;
  std::pmr::monotonic_buffer_resource names_;  // for the maps below: they only grow
  std::list<Graph> graphs_;                    // from the outermost to the innermost
  std::vector<Record> records_;
  std::vector<std::uint64_t> content_hashes_;  // by record
  std::vector<ValueNumber> inputs_;            // of all records
  std::vector<ValueNumber> outputs_;           // likewise
  std::vector<Renaming> renamings_;
  std::vector<Call> calls_;  // by node, ascending
  std::unordered_map<NameHash, RecordNumber, LowOfNameHash> functions_;
  // By value.
  std::vector<ValueNumber> outer_;  // the same in the graph around it; itself: there is none
  std::vector<std::uint32_t> tensor_of_;
  std::vector<bool> is_defined_;
};

}  // namespace polyak::onnx_format
