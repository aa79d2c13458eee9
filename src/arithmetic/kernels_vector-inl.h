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
#include <vector>

#include "arithmetic/double_means-inl.h"
#include "arithmetic/kernel_set.h"
#include "arithmetic/narrow_means-inl.h"
#include "arithmetic/plain_sums-inl.h"
#include "arithmetic/quick_means-inl.h"
#include "arithmetic/short_means-inl.h"
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

// Elements of `settled` that are not decided get what `other` has.
HWY_INLINE void Complete(Decision& settled, const Decision& other) {
  settled.mean = hn::IfThenElse(settled.decided, settled.mean, other.mean);
  settled.decided = hn::Or(settled.decided, other.decided);
}

// The elements of a unit that `settled` lacks, by pair arithmetic; ties are decided by the second.
template <class Lanes>
HWY_INLINE void SettleByPairs(const MeanPlan& plan, const Block& block, std::size_t index,
                              Decision& settled) {
  const PairWeights& weights = plan.pair;
  Complete(settled, LooseMean<Lanes>(weights, plan.zeros_need_care, block, index));
  if (hn::AllTrue(Floats(), settled.decided)) return;
  constexpr int kFreeBits = 53 - Lanes::Format::kSignificandBits;
  Complete(settled, weights.weight_bits <= kFreeBits
                        ? PairMean<Lanes, true>(weights, block, index)
                        : PairMean<Lanes, false>(weights, block, index));
}

// What the quick way left, seldom: kept out of the loop of the others. kAfterInterval: the quick
// way was an interval too, so what it left is most likely near a tie.
template <class Lanes, bool kAfterInterval>
HWY_NOINLINE void SettleUnit(const MeanPlan& plan, const Block& block, std::size_t element,
                             UndecidedElements& undecided) {
  const Floats d;
  const std::size_t index = block.first + element;
  Decision settled = {hn::Zero(d), hn::MaskFromVec(hn::Zero(d))};
  if (plan.interval.usable && !(kAfterInterval && plan.pair.usable)) {
    settled = NarrowIntervalMean<Lanes>(plan.interval, block, index);
    // A sum of zeros has the right sign only where weights have the same one.
    if (plan.zeros_need_care) {
      settled.decided = hn::And(settled.decided, hn::Ne(settled.mean, hn::Zero(d)));
    }
  }
  if (plan.pair.usable && !hn::AllTrue(d, settled.decided)) {
    SettleByPairs<Lanes>(plan, block, index, settled);
  }
  Lanes::Store(settled.mean, block.out, index);
  if (!hn::AllTrue(d, settled.decided)) AddUndecided(d, settled.decided, element, undecided);
}

// The means of kUnits units from `element` on.
template <class Lanes, bool kIntegers, std::size_t kUnits, std::size_t kInputs>
HWY_INLINE void MeanOfUnits(const MeanPlan& plan, const Block& block, std::size_t element,
                            UndecidedElements& undecided) {
  const std::vector<double>& weights = kIntegers ? plan.integer.weights : plan.interval.weights;
  PlainSums sums[kUnits];
  SumInputs<Lanes, kUnits, kInputs, kIntegers>(weights.data(), weights.size(), block.inputs,
                                               block.first + element, sums);
  for (std::size_t u = 0; u < kUnits; ++u) {
    const std::size_t unit = element + u * hn::MaxLanes(Floats());
    if (HWY_UNLIKELY(
            !(StoreQuickMean<Lanes, kIntegers>(plan, block, block.first + unit, sums[u])))) {
      SettleUnit<Lanes, !kIntegers>(plan, block, unit, undecided);
    }
  }
}

// Whether the quickest way is worth another try: not where it left more than a quarter of what it
// was tried on.
class ShortTries {
 public:
  explicit ShortTries(bool usable) : goes_on_(usable) {}

  bool goes_on() const noexcept { return goes_on_; }
  void NoteLeft(std::size_t pairs_before) noexcept {
    constexpr std::size_t kFirst = 8;
    ++left_;
    goes_on_ = left_ * 4 <= pairs_before + kFirst;
  }

 private:
  bool goes_on_;
  std::size_t left_ = 0;
};

template <class Lanes, bool kIntegers, std::size_t kInputs>
std::size_t MeansOfUnits(const MeanPlan& plan, const Block& block, UndecidedElements& undecided) {
  constexpr std::size_t kUnits = 2;
  const std::size_t step = hn::Lanes(Floats());
  ShortTries tries(plan.integer.fits_floats);
  std::size_t element = 0;
  for (; element + kUnits * step <= block.count; element += kUnits * step) {
    if constexpr (kIntegers && Lanes::Format::kSignificandBits < 24) {
      if (HWY_LIKELY(tries.goes_on())) {
        if (StoreShortMeans<Lanes, kInputs>(plan, block, block.first + element)) continue;
        tries.NoteLeft(element / (kUnits * step));
      }
    }
    MeanOfUnits<Lanes, kIntegers, kUnits, kInputs>(plan, block, element, undecided);
  }
  for (; element + step <= block.count; element += step) {
    MeanOfUnits<Lanes, kIntegers, 1, kInputs>(plan, block, element, undecided);
  }
  return element;
}

template <class Lanes, bool kIntegers>
std::size_t MeansOfInputs(const MeanPlan& plan, const Block& block, UndecidedElements& undecided) {
  if (plan.interval.weights.size() == 2) {
    return MeansOfUnits<Lanes, kIntegers, 2>(plan, block, undecided);
  }
  return MeansOfUnits<Lanes, kIntegers, 0>(plan, block, undecided);
}

// Where no quick way can be gone.
template <class Lanes>
std::size_t SettleUnits(const MeanPlan& plan, const Block& block, UndecidedElements& undecided) {
  const std::size_t step = hn::Lanes(Floats());
  std::size_t element = 0;
  for (; element + step <= block.count; element += step) {
    SettleUnit<Lanes, false>(plan, block, element, undecided);
  }
  return element;
}

template <class Lanes>
std::size_t MeanOfNarrow(const MeanPlan& plan, const Block& block, UndecidedElements& undecided) {
  if (plan.integer.usable) return MeansOfInputs<Lanes, true>(plan, block, undecided);
  const bool in_floats = Lanes::Format::kSignificandBits < 24;
  if (plan.interval.usable && (!in_floats || plan.interval.error_per_max_float != 0.0F)) {
    return MeansOfInputs<Lanes, false>(plan, block, undecided);
  }
  return SettleUnits<Lanes>(plan, block, undecided);
}

HWY_INLINE void Complete(DoubleDecision& settled, const DoubleDecision& other) {
  settled.mean = hn::IfThenElse(settled.decided, settled.mean, other.mean);
  settled.decided = hn::Or(settled.decided, other.decided);
}

// What the first way left: out of the loop, as SettleUnit is.
HWY_NOINLINE void SettleDoubles(const MeanPlan& plan, const Block& block, std::size_t element,
                                const DoubleDecision& first, UndecidedElements& undecided) {
  const Doubles d;
  const std::size_t index = block.first + element;
  DoubleDecision settled = first;
  Complete(settled, ScaledMeanOfDoubles(plan.pair, plan.zeros_need_care, block, index));
  if (!hn::AllTrue(d, settled.decided)) {
    Complete(settled, PairMeanOfDoubles(plan.pair, block, index));
  }
  StoreAnywhere(settled.mean, d, block.out + index * sizeof(double));
  if (!hn::AllTrue(d, settled.decided)) AddUndecided(d, settled.decided, element, undecided);
}

// first_mean: the first way, a function of the elements' index.
template <class FirstMean>
HWY_INLINE std::size_t MeansOfDoubles(const MeanPlan& plan, const Block& block,
                                      UndecidedElements& undecided, const FirstMean& first_mean) {
  const Doubles d;
  const std::size_t step = hn::Lanes(d);
  std::size_t element = 0;
  for (; element + step <= block.count; element += step) {
    const std::size_t index = block.first + element;
    const DoubleDecision first = first_mean(index);
    if (HWY_LIKELY(hn::AllTrue(d, first.decided))) {
      StoreAnywhere(first.mean, d, block.out + index * sizeof(double));
    } else {
      SettleDoubles(plan, block, element, first, undecided);
    }
  }
  return element;
}

inline std::size_t MeanOfDoubles(const MeanPlan& plan, const Block& block,
                                 UndecidedElements& undecided) {
  if (!plan.pair.usable) return 0;
  if (!plan.integer.usable) {
    return MeansOfDoubles(plan, block, undecided, [&](std::size_t index) HWY_ATTR {
      return LooseMeanOfDoubles(plan.pair, block, index);
    });
  }
  // Powers of two only scale.
  if (plan.pair.weight_bits == 1) {
    return MeansOfDoubles(plan, block, undecided, [&](std::size_t index) HWY_ATTR {
      return IntegerMeanOfDoubles<Products::kExact>(plan, block, index);
    });
  }
  return MeansOfDoubles(plan, block, undecided, [&](std::size_t index) HWY_ATTR {
    return IntegerMeanOfDoubles<Products::kRounded>(plan, block, index);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace polyak
HWY_AFTER_NAMESPACE();

#endif
