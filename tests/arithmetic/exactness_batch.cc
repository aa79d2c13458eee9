#include "exactness_batch.h"

#include <cstdint>
#include <iomanip>
#include <sstream>
#include <vector>

#include "arithmetic/linear_mean.h"
#include "element_bits.h"
#include "midpoint_oracle.h"

namespace polyak::test {
namespace {

constexpr std::size_t kInputCounts[] = {2, 2, 3, 3, 4, 5, 8, 10, 17, 50};

template <class Container>
const auto& AnyOf(Random& random, const Container& container) {
  return container[random() % std::size(container)];
}

std::vector<Column> MakeColumns(DType dtype, std::size_t input_count, Random& random) {
  const bool one_kind = random() % 2 != 0;
  const SampleKind& kind = AnyOf(random, SampleKinds());
  std::vector<Column> columns;
  while (columns.size() < kBatchElements) {
    const SampleKind& next = one_kind ? kind : AnyOf(random, SampleKinds());
    columns.push_back(next.make(random, dtype, input_count));
  }
  return columns;
}

// Each input packed as it lies in memory.
class PackedInputs {
 public:
  PackedInputs(DType dtype, const std::vector<Column>& columns) {
    std::vector<std::uint64_t> elements(columns.size());
    for (std::size_t k = 0; k < columns[0].size(); ++k) {
      for (std::size_t i = 0; i < columns.size(); ++i) elements[i] = columns[i][k];
      memory_.push_back(Pack(dtype, elements));
    }
    for (const auto& input : memory_) pointers_.push_back(input.data());
  }

  std::vector<std::byte> Mean(const MeanRequest& request, DType dtype, std::string_view set) const {
    std::vector<std::byte> out(memory_[0].size());
    const LinearMean mean(request.weights, request.normalised, request.allow_nonfinite, set);
    mean.Apply(dtype, pointers_.data(), out.size() / ShapeOf(dtype).bytes, out.data());
    return out;
  }

 private:
  std::vector<std::vector<std::byte>> memory_;
  std::vector<const std::byte*> pointers_;
};

std::string Difference(const MeanRequest& request, DType dtype, std::string_view set,
                       const Column& column, std::uint64_t element) {
  std::ostringstream text;
  text << set << ' ' << NameOf(dtype) << (request.normalised ? "" : " not normalised")
       << ": weights";
  for (const double weight : request.weights) text << ' ' << std::hexfloat << weight;
  text << std::hex << " inputs";
  for (const std::uint64_t bits : column) text << " 0x" << bits;
  text << " gave 0x" << element << ", expected 0x" << ExpectedMean(request, dtype, column).bits;
  return text.str();
}

}  // namespace

std::optional<std::string> CheckBatch(DType dtype, Random& random) {
  const std::size_t input_count = AnyOf(random, kInputCounts);
  const MeanRequest request{AnyOf(random, WeightKinds()).make(random, input_count),
                            random() % 4 != 0, true};
  const std::vector<Column> columns = MakeColumns(dtype, input_count, random);
  const PackedInputs inputs(dtype, columns);
  const MidpointOracle oracle(request);
  std::vector<std::uint64_t> right;
  for (const std::string_view set : AvailableInstructionSets()) {
    const auto bytes = inputs.Mean(request, dtype, set);
    const auto elements = Unpack(dtype, bytes.data(), columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
      // What was right for one set is compared for the others.
      if (i < right.size() && elements[i] == right[i]) continue;
      if (i < right.size() || !oracle.IsMean(dtype, columns[i], elements[i])) {
        return Difference(request, dtype, set, columns[i], elements[i]);
      }
    }
    right = elements;
  }
  return std::nullopt;
}

}  // namespace polyak::test
