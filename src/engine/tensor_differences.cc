#include "engine/tensor_differences.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <memory>
#include <numeric>

#include "arithmetic/reduction_kernels.h"
#include "engine/grain_fold.h"
#include "engine/run_tiles.h"

namespace polyak {
namespace {

ComparedAs HowReadableOnes(const TensorInfo& a, const TensorInfo& b) {
  const bool same_dtype = a.dtype == b.dtype && a.element_bytes == b.element_bytes;
  if (same_dtype && HasStatistics(PartOf(a.dtype))) return ComparedAs::kValues;
  if (CanBeAveraged(a.dtype) && CanBeAveraged(b.dtype) &&
      PartsOfElement(a.dtype) == PartsOfElement(b.dtype)) {
    return ComparedAs::kValues;
  }
  if (!same_dtype) return ComparedAs::kNothing;
  const bool falls_into_grains =
      std::has_single_bit(a.element_bytes) && a.element_bytes <= kLeastTileBytesOfRuns;
  return falls_into_grains ? ComparedAs::kElements : ComparedAs::kStored;
}

ComparedAs HowToCompare(const TensorInfo& a, const TensorInfo& b) {
  if (a.shape != b.shape) return ComparedAs::kNothing;
  if (a.unreadable.empty() && b.unreadable.empty()) return HowReadableOnes(a, b);
  // What lies in the files tells something only where both store it in the same way.
  const bool are_alike = a.dtype == b.dtype && a.element_bytes == b.element_bytes &&
                         a.storage == b.storage && a.stored_bytes > 0 && b.stored_bytes > 0;
  return are_alike || (a.elements == 0 && a.dtype == b.dtype) ? ComparedAs::kStored
                                                              : ComparedAs::kNothing;
}

// A pair as an array of equal elements: what the pass is cut by.
struct Work {
  std::uint64_t elements = 0;
  std::uint32_t bytes_a = 0;  // of an element
  std::uint32_t bytes_b = 0;

  std::uint32_t width() const noexcept { return std::max(bytes_a, bytes_b); }
};

Work WorkOf(const TensorInfo& a, const TensorInfo& b, ComparedAs compared_as) {
  switch (compared_as) {
    case ComparedAs::kNothing: return {0, 1, 1};
    case ComparedAs::kStored: return {std::min(a.stored_bytes, b.stored_bytes), 1, 1};
    default: return {a.elements, a.element_bytes, b.element_bytes};
  }
}

// One thread's share; its buffers are allocated once.
class DifferencesWorker {
 public:
  DifferencesWorker(const Checkpoint& a, const Checkpoint& b, std::span<const TensorPair> pairs,
                    const MemoryPlan& memory, std::atomic<std::uint64_t>& done_bytes)
      : a_(a),
        b_(b),
        pairs_(pairs),
        tile_a_(TileBytesOfRuns(memory)),
        tile_b_(tile_a_.size()),
        done_bytes_(done_bytes) {}

  ElementDifferences LookAt(std::size_t index, std::uint64_t grain) {
    const TensorPair& pair = pairs_[index];
    const Work work = WorkOf(a_.tensors()[pair.a], b_.tensors()[pair.b], pair.compared_as);
    ForEachTile(work.elements, work.width(), grain, tile_a_.size(), [&](const Box& box) {
      const std::size_t count = ElementsIn(box);
      const std::span<std::byte> a = std::span(tile_a_).first(count * work.bytes_a);
      const std::span<std::byte> b = std::span(tile_b_).first(count * work.bytes_b);
      Read(a_, pair.a, pair.compared_as, box, a);
      Read(b_, pair.b, pair.compared_as, box, b);
      Compare(pair, work, a, b);
      done_bytes_ += a.size() + b.size();
    });
    return fold_.Take();
  }

 private:
  static void Read(const Checkpoint& checkpoint, TensorNumber tensor, ComparedAs compared_as,
                   const Box& box, std::span<std::byte> bytes) {
    if (compared_as == ComparedAs::kStored) {
      checkpoint.ReadStored(tensor, box.start[0], bytes);
    } else {
      checkpoint.Read(tensor, box, bytes);
    }
  }

  void Compare(const TensorPair& pair, const Work& work, std::span<const std::byte> a,
               std::span<const std::byte> b) {
    switch (pair.compared_as) {
      case ComparedAs::kNothing: return;
      case ComparedAs::kValues: return CompareValues(pair, work, a, b);
      case ComparedAs::kElements: return CompareElements(work.bytes_a, a, b);
      case ComparedAs::kStored:
        fold_.Add({.differing = std::ranges::equal(a, b) ? std::uint64_t{0} : 1});
        return;
    }
  }

  void CompareValues(const TensorPair& pair, const Work& work, std::span<const std::byte> a,
                     std::span<const std::byte> b) {
    const DType dtype_a = a_.tensors()[pair.a].dtype;
    const DType dtype_b = b_.tensors()[pair.b].dtype;
    const std::size_t bytes_a = work.bytes_a / PartsOfElement(dtype_a);
    const std::size_t bytes_b = work.bytes_b / PartsOfElement(dtype_b);
    const std::size_t count = a.size() / bytes_a;
    for (std::size_t first = 0; first < count; first += kRunElements) {
      fold_.Add(DifferencesOfRun(kernels_, PartOf(dtype_a), &a[first * bytes_a], PartOf(dtype_b),
                                 &b[first * bytes_b], std::min(kRunElements, count - first)));
    }
  }

  void CompareElements(std::size_t bytes, std::span<const std::byte> a,
                       std::span<const std::byte> b) {
    ElementDifferences found;
    for (std::size_t i = 0; i < a.size(); i += bytes) {
      if (std::memcmp(&a[i], &b[i], bytes) != 0) ++found.differing;
    }
    fold_.Add(found);
  }

  const Checkpoint& a_;
  const Checkpoint& b_;
  const std::span<const TensorPair> pairs_;
  const ReductionKernels& kernels_ = BestReductionKernels();
  std::vector<std::byte> tile_a_;
  std::vector<std::byte> tile_b_;
  PairwiseFold<ElementDifferences> fold_;
  std::atomic<std::uint64_t>& done_bytes_;
};

// Calls visit(work, pair) for all pairs.
template <class Visitor>
void ForEachWork(const Checkpoint& a, const Checkpoint& b, std::span<const TensorPair> pairs,
                 const Visitor& visit) {
  for (const TensorPair& pair : pairs) {
    Work work{0, 1, 1};
    if (pair.a != kNoTensor && pair.b != kNoTensor) {
      work = WorkOf(a.tensors()[pair.a], b.tensors()[pair.b], pair.compared_as);
    }
    visit(work, pair);
  }
}

// Bytes of different number are not the same, however far they are.
void NoteOtherSizes(const Checkpoint& a, const Checkpoint& b, std::span<const TensorPair> pairs,
                    std::span<ElementDifferences> differences) {
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (pairs[i].compared_as != ComparedAs::kStored) continue;
    if (a.tensors()[pairs[i].a].stored_bytes != b.tensors()[pairs[i].b].stored_bytes) {
      ++differences[i].differing;
    }
  }
}

std::vector<TensorNumber> SortedByName(const Checkpoint& checkpoint) {
  const auto tensors = checkpoint.tensors();
  std::vector<TensorNumber> numbers(tensors.size());
  std::iota(numbers.begin(), numbers.end(), TensorNumber{0});
  std::ranges::sort(numbers, {},
                    [tensors](TensorNumber n) -> const std::string& { return tensors[n].name; });
  return numbers;
}

}  // namespace

std::vector<TensorPair> PairTensors(const Checkpoint& a, const Checkpoint& b) {
  const auto name_in_b = [&b](TensorNumber n) -> const std::string& { return b.tensors()[n].name; };
  const std::vector<TensorNumber> sorted = SortedByName(b);
  std::vector<bool> is_paired(sorted.size());
  std::vector<TensorPair> pairs;
  pairs.reserve(a.tensors().size());
  for (TensorNumber n = 0; n < a.tensors().size(); ++n) {
    const TensorInfo& tensor = a.tensors()[n];
    const auto found = std::ranges::lower_bound(sorted, tensor.name, {}, name_in_b);
    if (found == sorted.end() || name_in_b(*found) != tensor.name) {
      pairs.push_back({.a = n});
      continue;
    }
    is_paired[*found] = true;
    pairs.push_back({n, *found, HowToCompare(tensor, b.tensors()[*found])});
  }
  for (TensorNumber n = 0; n < b.tensors().size(); ++n) {
    if (!is_paired[n]) pairs.push_back({.b = n});
  }
  return pairs;
}

MemoryRequest DifferencesMemory(const Checkpoint& a, const Checkpoint& b,
                                std::span<const TensorPair> pairs) {
  // A result twice (the pass's, the caller's), an array's size, its grains, two orders.
  constexpr std::uint64_t kBytesOfPair = 2 * sizeof(ElementDifferences) + sizeof(TensorPair) +
                                         sizeof(std::uint64_t) + sizeof(GrainRun) +
                                         4 * sizeof(TensorNumber);
  MemoryRequest request{.index_bytes = pairs.size() * kBytesOfPair, .inputs = 1};
  ForEachWork(a, b, pairs, [&](const Work& work, const TensorPair&) {
    request.average_bytes += work.elements * work.width();
  });
  AddNeedsOf(a, request);
  AddNeedsOf(b, request);
  return request;
}

std::vector<ElementDifferences> DifferencesOf(const Checkpoint& a, const Checkpoint& b,
                                              std::span<const TensorPair> pairs,
                                              const MemoryPlan& memory, const RunControl& control) {
  std::vector<std::uint64_t> array_bytes;
  array_bytes.reserve(pairs.size());
  std::uint64_t total_bytes = 0;
  ForEachWork(a, b, pairs, [&](const Work& work, const TensorPair&) {
    array_bytes.push_back(work.elements * work.width());
    total_bytes += work.elements * (work.bytes_a + work.bytes_b);
  });
  std::atomic<std::uint64_t> done_bytes = 0;
  const auto make_worker = [&]() -> LookAtGrain<ElementDifferences> {
    return [worker = std::make_shared<DifferencesWorker>(a, b, pairs, memory, done_bytes)](
               std::size_t pair, std::uint64_t grain) { return worker->LookAt(pair, grain); };
  };
  std::vector<ElementDifferences> differences = FoldGrains<ElementDifferences>(
      array_bytes, memory.workers, make_worker, control, done_bytes, total_bytes);
  NoteOtherSizes(a, b, pairs, differences);
  return differences;
}

}  // namespace polyak
