// What the kernels need to know of the weights, worked out once. There are three fast ways to a
// mean, each of which knows for every element whether it decided it; a plan says which of them the
// weights allow. What none decides goes to ExactMean.
//
// Immutable values; any thread. MakeMeanPlan may throw std::bad_alloc.
#pragma once

#include <span>
#include <vector>

namespace polyak {

// The weights are proportional to small integers. Their sum of products in float64 is exact where
// the inputs' exponents lie close together: then one division decides.
struct IntegerWeights {
  bool usable = false;
  std::vector<double> weights;  // integers
  double total = 1.0;           // what to divide by, positive
  bool total_is_power_of_two = false;
  int magnitude_bits = 0;  // sum |weight| <= 2^magnitude_bits

  // The same for inputs of 16 bits in float32, whose sums needn't be exact.
  bool fits_floats = false;
  std::vector<float> float_weights;
  float float_total = 1.0F;
  float float_error_per_max = 0.0F;  // |computed - true mean| <= that * max |input|
};

// Plain float64 arithmetic with a bound of its error: decided where both ends of the interval
// round alike. For inputs of up to 24 bits.
struct IntervalWeights {
  bool usable = false;
  std::vector<double> weights;       // weight / total, rounded
  double error_per_max = 0.0;        // |computed - true| <= error_per_max * max |input|
  float error_per_max_float = 0.0F;  // a little more than that; 0 where float32 won't do
};

// Arithmetic in pairs of float64, with what was lost on the way. Weights are scaled by a power of
// two so that neither products nor quotients leave the range of float64 (kernels check the rest).
struct PairWeights {
  bool usable = false;
  std::vector<double> weights;
  int weight_bits = 53;     // significant bits of the longest weight
  double total_high = 1.0;  // the total is positive, and total_high + total_low within
  double total_low = 0.0;   // total_error of it
  double total_error = 0.0;
  // Where what is lost is not counted: |computed - true mean| <= loose_error * max |input|.
  double loose_error = 0.0;
  // Of integer weights: inputs' magnitudes within this ratio of each other have an exact sum.
  double largest_ratio = 0.0;
};

struct MeanPlan {
  IntegerWeights integer;
  IntervalWeights interval;
  PairWeights pair;
  // A sum of zeros in IEEE arithmetic has the sign that polyak defines only where all weights
  // have the total's sign.
  bool zeros_need_care = false;
};

// weights: finite, not zero, at least one; if normalised, their sum isn't zero.
MeanPlan MakeMeanPlan(std::span<const double> weights, bool normalised);

// weight / total, each rounded once to float64 (total: their sum, else 1).
std::vector<double> QuotientsByTotal(std::span<const double> weights, bool normalised);

// Pair arithmetic holds for quotients of at least this magnitude, and float64 inputs too (or 0).
inline constexpr double kLeastPairQuotient = 0x1p-600;
inline constexpr double kLeastPairInput = 0x1p-400;
// Means that are held against loose_error have at least this magnitude.
inline constexpr double kLeastLooseQuotient = 0x1p-800;

}  // namespace polyak
