#include "engine/comparison.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>

#include "engine/workers.h"

namespace polyak {
namespace {

constexpr std::size_t kPartBytes = 65536;
// Larger chunks are compared in parts, like all else: they leave something in a cache.
constexpr std::size_t kMostChunkBytes = std::size_t{1} << 20;

// Two payloads, part by part.
class PayloadComparison {
 public:
  explicit PayloadComparison(const RunControl& control)
      : control_(control), first_(kPartBytes), second_(kPartBytes) {}

  bool Equal(const Checkpoint& a, std::size_t tensor_a, const Checkpoint& b, std::size_t tensor_b) {
    const TensorInfo& info = a.tensors()[tensor_a];
    const TensorInfo& other = b.tensors()[tensor_b];
    if (info.unreadable.empty() && other.unreadable.empty() && info.element_bytes > 0) {
      return EqualElements(a, tensor_a, b, tensor_b);
    }
    return info.stored_bytes == other.stored_bytes && EqualStored(a, tensor_a, b, tensor_b);
  }

 private:
  bool EqualElements(const Checkpoint& a, std::size_t tensor_a, const Checkpoint& b,
                     std::size_t tensor_b) {
    const TensorInfo& info = a.tensors()[tensor_a];
    if (info.element_bytes > kPartBytes) return EqualStored(a, tensor_a, b, tensor_b);
    const Tiles tiles = TilesOf(a, tensor_a);
    for (std::uint64_t i = 0; i < tiles.count(); ++i) {
      CheckStop(control_);
      const Box box = tiles.BoxAt(i);
      const std::size_t bytes = ElementsIn(box) * info.element_bytes;
      a.Read(tensor_a, box, std::span(first_).first(bytes));
      b.Read(tensor_b, box, std::span(second_).first(bytes));
      if (!SameBytes(bytes)) return false;
    }
    return true;
  }

  // Chunks, where that spares decoding one several times; the buffers have room for each.
  Tiles TilesOf(const Checkpoint& checkpoint, std::size_t tensor) {
    const TensorInfo& info = checkpoint.tensors()[tensor];
    const std::uint64_t chunk_bytes = checkpoint.NeedsOf({&tensor, 1}).tile_bytes;
    const auto chunks = checkpoint.ChunksOf(tensor);
    if (!chunks || chunk_bytes > kMostChunkBytes) {
      return Tiles::Ranges(info.elements, kPartBytes / info.element_bytes);
    }
    if (chunk_bytes > first_.size()) {
      first_.resize(chunk_bytes);
      second_.resize(chunk_bytes);
    }
    return *chunks;
  }

  bool EqualStored(const Checkpoint& a, std::size_t tensor_a, const Checkpoint& b,
                   std::size_t tensor_b) {
    const std::uint64_t stored_bytes = a.tensors()[tensor_a].stored_bytes;
    for (std::uint64_t offset = 0; offset < stored_bytes; offset += kPartBytes) {
      CheckStop(control_);
      const std::size_t bytes = std::min<std::uint64_t>(stored_bytes - offset, kPartBytes);
      a.ReadStored(tensor_a, offset, std::span(first_).first(bytes));
      b.ReadStored(tensor_b, offset, std::span(second_).first(bytes));
      if (!SameBytes(bytes)) return false;
    }
    return true;
  }

  bool SameBytes(std::size_t bytes) const {
    return std::equal(first_.begin(), first_.begin() + static_cast<std::ptrdiff_t>(bytes),
                      second_.begin());
  }

  const RunControl& control_;
  std::vector<std::byte> first_;
  std::vector<std::byte> second_;
};

std::optional<std::size_t> FirstThatDiffers(std::span<const Checkpoint* const> inputs,
                                            const Plan& plan, std::size_t tensor,
                                            PayloadComparison& comparison) {
  const Checkpoint& reference = *inputs[plan.template_index];
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    if (k == plan.template_index) continue;
    if (!comparison.Equal(reference, tensor, *inputs[k], plan.matches[k][tensor])) return k;
  }
  return std::nullopt;
}

std::vector<std::size_t> TensorsToCompare(const Plan& plan) {
  std::vector<std::size_t> tensors;
  for (std::size_t t = 0; t < plan.tensors.size(); ++t) {
    const Action action = plan.tensors[t].action;
    if (action == Action::kKeepAndWarn || action == Action::kRequireEqual) tensors.push_back(t);
  }
  return tensors;
}

}  // namespace

std::vector<TensorDifference> CompareKept(std::span<const Checkpoint* const> inputs,
                                          const Plan& plan, std::size_t workers,
                                          const RunControl& control) {
  const std::vector<std::size_t> tensors = TensorsToCompare(plan);
  std::vector<std::optional<std::size_t>> found(tensors.size());
  const auto make_worker = [&]() -> DoJob {
    return [&, comparison = PayloadComparison(control)](std::size_t job) mutable {
      found[job] = FirstThatDiffers(inputs, plan, tensors[job], comparison);
    };
  };
  const std::atomic<std::uint64_t> uncounted = 0;
  const RunControl without_progress{.stop = control.stop, .progress = {}};
  RunJobs(std::min(workers, std::max<std::size_t>(1, tensors.size())), tensors.size(), make_worker,
          without_progress, uncounted, 0);
  std::vector<TensorDifference> differences;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (found[i]) differences.push_back({tensors[i], *found[i]});
  }
  return differences;
}

}  // namespace polyak
