#include "engine/tensor_statistics.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <span>

#include "arithmetic/reduction_kernels.h"
#include "engine/grain_fold.h"
#include "engine/run_tiles.h"

namespace polyak {
namespace {

// One thread's share; its buffer is allocated once.
class StatisticsWorker {
 public:
  StatisticsWorker(const Checkpoint& checkpoint, const MemoryPlan& memory,
                   std::atomic<std::uint64_t>& done_bytes)
      : checkpoint_(checkpoint), tile_(TileBytesOfRuns(memory)), done_bytes_(done_bytes) {}

  ElementStatistics LookAt(std::size_t tensor, std::uint64_t grain) {
    const TensorInfo& info = checkpoint_.tensors()[tensor];
    ForEachTile(info.elements, info.element_bytes, grain, tile_.size(), [&](const Box& box) {
      const std::span<std::byte> elements =
          std::span(tile_).first(ElementsIn(box) * info.element_bytes);
      checkpoint_.Read(tensor, box, elements);
      AddRuns(info, elements);
      done_bytes_ += elements.size();
    });
    return fold_.Take();
  }

 private:
  void AddRuns(const TensorInfo& info, std::span<const std::byte> elements) {
    const std::size_t part_bytes = info.element_bytes / PartsOfElement(info.dtype);
    const std::size_t run_bytes = kRunElements * part_bytes;
    for (std::size_t first = 0; first < elements.size(); first += run_bytes) {
      const std::size_t bytes = std::min(run_bytes, elements.size() - first);
      fold_.Add(
          StatisticsOfRun(kernels_, PartOf(info.dtype), &elements[first], bytes / part_bytes));
    }
  }

  const Checkpoint& checkpoint_;
  const ReductionKernels& kernels_ = BestReductionKernels();
  std::vector<std::byte> tile_;
  PairwiseFold<ElementStatistics> fold_;
  std::atomic<std::uint64_t>& done_bytes_;
};

// What is read of each tensor.
std::vector<std::uint64_t> BytesToRead(const Checkpoint& checkpoint) {
  std::vector<std::uint64_t> bytes;
  for (const TensorInfo& tensor : checkpoint.tensors()) {
    bytes.push_back(HasStatistics(tensor) ? tensor.bytes() : 0);
  }
  return bytes;
}

std::uint64_t SumOf(std::span<const std::uint64_t> bytes) {
  std::uint64_t sum = 0;
  for (const std::uint64_t each : bytes) sum += each;
  return sum;
}

}  // namespace

bool HasStatistics(const TensorInfo& tensor) noexcept {
  return HasStatistics(PartOf(tensor.dtype)) && tensor.unreadable.empty() && tensor.elements > 0;
}

MemoryRequest StatisticsMemory(const Checkpoint& checkpoint) {
  MemoryRequest request{.index_bytes = 0, .inputs = 0, .average_bytes = 0};
  for (const TensorInfo& tensor : checkpoint.tensors()) {
    request.index_bytes += sizeof(ElementStatistics) + sizeof(std::uint64_t) + sizeof(GrainRun);
    if (HasStatistics(tensor)) request.average_bytes += tensor.bytes();
  }
  AddNeedsOf(checkpoint, request);
  return request;
}

std::vector<ElementStatistics> StatisticsOf(const Checkpoint& checkpoint, const MemoryPlan& memory,
                                            const RunControl& control) {
  const std::vector<std::uint64_t> bytes = BytesToRead(checkpoint);
  std::atomic<std::uint64_t> done_bytes = 0;
  const auto make_worker = [&]() -> LookAtGrain<ElementStatistics> {
    return [worker = std::make_shared<StatisticsWorker>(checkpoint, memory, done_bytes)](
               std::size_t tensor, std::uint64_t grain) { return worker->LookAt(tensor, grain); };
  };
  return FoldGrains<ElementStatistics>(bytes, memory.workers, make_worker, control, done_bytes,
                                       SumOf(bytes));
}

}  // namespace polyak
