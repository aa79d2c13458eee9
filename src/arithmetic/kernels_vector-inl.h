// The vector kernels: per unit of elements the cheapest way that the weights allow, then pair
// arithmetic where that didn't decide every element. Compiled once per instruction set, as
// vector_pairs-inl.h is; only kernels_vector.cc includes it. Nothing is thrown.
#if defined(POLYAK_KERNELS_VECTOR_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef POLYAK_KERNELS_VECTOR_INL_H
#undef POLYAK_KERNELS_VECTOR_INL_H
#else
#define POLYAK_KERNELS_VECTOR_INL_H
#endif

#include <cstddef>
#include <cstdint>

#include "arithmetic/kernel_set.h"
#include "arithmetic/narrow_means-inl.h"
#include "arithmetic/vector_enclosure-inl.h"
#include "arithmetic/vector_float16-inl.h"
#include "arithmetic/vector_lanes-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace polyak {
namespace HWY_NAMESPACE {

// Adds the elements of a vector that are not decided.
template <class D>
HWY_INLINE void AddUndecided(D, hn::Mask<D> decided, std::size_t element,
                             UndecidedElements& undecided) {
  const hn::RebindToSigned<D> di;
  alignas(64) hn::TFromD<decltype(di)> lanes[hn::MaxLanes(di)];
  hn::Store(hn::VecFromMask(di, hn::RebindMask(di, decided)), di, lanes);
  for (std::size_t lane = 0; lane < hn::Lanes(di); ++lane) {
    if (lanes[lane] == 0) undecided.Add(element + lane);
  }
}

// What PairMean is needed for, seldom: kept out of the loop of the others.
template <class Lanes>
HWY_NOINLINE void SettleByPairs(const MeanPlan& plan, const Block& block, std::size_t element,
                                const Decision& first, UndecidedElements& undecided) {
  const std::size_t index = block.first + element;
  Decision settled = first;
  if (plan.pair.usable) {
    constexpr int kFreeBits = 53 - Lanes::Format::kSignificandBits;
    const Decision second = plan.pair.weight_bits <= kFreeBits
                                ? PairMean<Lanes, true>(plan.pair, block, index)
                                : PairMean<Lanes, false>(plan.pair, block, index);
    settled.mean = hn::IfThenElse(first.decided, first.mean, second.mean);
    settled.decided = hn::Or(first.decided, second.decided);
  }
  Lanes::Store(settled.mean, block.out, index);
  if (!hn::AllTrue(Floats(), settled.decided)) {
    AddUndecided(Floats(), settled.decided, element, undecided);
  }
}

// The first way for a unit. Zeros may have the wrong sign where weights differ in theirs.
template <class Lanes, bool kIntegers>
HWY_INLINE Decision FirstMean(const MeanPlan& plan, const Block& block, std::size_t index) {
  Decision first;
  if constexpr (kIntegers) {
    first = IntegerMean<Lanes>(plan.integer, block, index);
  } else {
    first = IntervalMean<Lanes>(plan.interval, block, index);
  }
  if (plan.zeros_need_care) {
    first.decided = hn::And(first.decided, hn::Ne(first.mean, hn::Zero(Floats())));
  }
  return first;
}

template <class Lanes, bool kIntegers>
std::size_t MeanOfUnits(const MeanPlan& plan, const Block& block, UndecidedElements& undecided) {
  const std::size_t step = hn::Lanes(Floats());
  std::size_t element = 0;
  for (; element + step <= block.count; element += step) {
    const Decision first = FirstMean<Lanes, kIntegers>(plan, block, block.first + element);
    if (HWY_LIKELY(hn::AllTrue(Floats(), first.decided))) {
      Lanes::Store(first.mean, block.out, block.first + element);
    } else {
      SettleByPairs<Lanes>(plan, block, element, first, undecided);
    }
  }
  return element;
}

template <class Lanes>
std::size_t MeanOfNarrow(const MeanPlan& plan, const Block& block, UndecidedElements& undecided) {
  if (plan.integer.usable) return MeanOfUnits<Lanes, true>(plan, block, undecided);
  if (plan.interval.usable) return MeanOfUnits<Lanes, false>(plan, block, undecided);
  return 0;
}

// float64 has no shorter way than pairs. Where inputs are so small that a product could underflow,
// the element is not decided; where something overflows, NaN comes out and is not either.
template <bool kExactProducts>
HWY_INLINE MD PairMeanOfDoubles(const PairWeights& weights, const Block& block, std::size_t index) {
  const Doubles d;
  VectorPairSum sum;
  const VD infinity = hn::Inf(d);
  VD smallest = infinity;
  const std::size_t input_count = weights.weights.size();
  for (std::size_t k = 0; k < input_count; ++k) {
    const VD input = LoadAnywhere(d, block.inputs[k] + index * sizeof(double));
    sum.template AddProduct<kExactProducts>(hn::Set(d, weights.weights[k]), input);
    const VD magnitude = hn::Abs(input);
    const MD zero = hn::Eq(magnitude, hn::Zero(d));
    smallest = hn::Min(smallest, hn::IfThenElse(zero, infinity, magnitude));
  }
  const VectorEnclosure mean = DivideByTotal(sum, weights);
  const VD below = hn::Add(mean.quotient, mean.lower);
  const VD above = hn::Add(mean.quotient, mean.upper);
  StoreAnywhere(above, d, block.out + index * sizeof(double));
  const MD alike = hn::And(hn::Eq(below, above), hn::Lt(hn::Abs(above), infinity));
  const MD no_underflow = hn::Ge(smallest, hn::Set(d, kLeastPairInput));
  return hn::And(alike, hn::And(no_underflow, InPairRange(mean.quotient)));
}

template <bool kExactProducts>
std::size_t PairMeansOfDoubles(const MeanPlan& plan, const Block& block,
                               UndecidedElements& undecided) {
  const Doubles d;
  const std::size_t step = hn::Lanes(d);
  std::size_t element = 0;
  for (; element + step <= block.count; element += step) {
    const MD decided = PairMeanOfDoubles<kExactProducts>(plan.pair, block, block.first + element);
    if (HWY_UNLIKELY(!hn::AllTrue(d, decided))) AddUndecided(d, decided, element, undecided);
  }
  return element;
}

inline std::size_t MeanOfDoubles(const MeanPlan& plan, const Block& block,
                                 UndecidedElements& undecided) {
  if (!plan.pair.usable) return 0;
  // Powers of two only scale.
  if (plan.pair.weight_bits == 1) return PairMeansOfDoubles<true>(plan, block, undecided);
  return PairMeansOfDoubles<false>(plan, block, undecided);
}

}  // namespace HWY_NAMESPACE
}  // namespace polyak
HWY_AFTER_NAMESPACE();

#endif
