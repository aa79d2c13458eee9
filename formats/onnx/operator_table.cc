#include "formats/onnx/operator_table.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

namespace polyak::onnx_format {
namespace {

constexpr Use Learned(std::string_view phrase) {
  return {.meaning = Meaning::kLearned, .phrase = phrase, .role = Role::kParameter};
}
constexpr Use Statistic(std::string_view phrase) {
  return {.meaning = Meaning::kLearned, .phrase = phrase, .role = Role::kRunningStatistic};
}
constexpr Use Setting(std::string_view phrase) {
  return {.meaning = Meaning::kSetting, .phrase = phrase, .role = Role::kConstant};
}
constexpr Use Quantized(std::string_view phrase) {
  return {.meaning = Meaning::kQuantized, .phrase = phrase, .role = Role::kQuantized};
}

constexpr Use kAttentionWeight = Learned("attention weight");
constexpr Use kAttentionBias = Learned("attention bias");
constexpr Use kBias = Learned("bias");
constexpr Use kConvolutionWeight = Learned("convolution weight");
constexpr Use kConvolutionBias = Learned("convolution bias");
constexpr Use kEmbedding = {.meaning = Meaning::kLearned,
                            .phrase = "embedding",
                            .role = Role::kParameter,
                            .is_only_of_floats = true};
constexpr Use kExpertWeight = Learned("expert weight");
constexpr Use kExpertBias = Learned("expert bias");
constexpr Use kInitialState = Learned("initial state");
constexpr Use kMatrixWeight = Learned("matrix weight");
constexpr Use kMatrixBias = Learned("matrix bias");
constexpr Use kNormalizationScale = Learned("normalization scale");
constexpr Use kNormalizationBias = Learned("normalization bias");
constexpr Use kPeephole = Learned("peephole weight");
constexpr Use kRecurrentWeight = Learned("recurrent weight");
constexpr Use kRecurrentBias = Learned("recurrent bias");
constexpr Use kSlope = Learned("PRelu's slope");
constexpr Use kRunningMean = Statistic("running mean");
constexpr Use kRunningVariance = Statistic("running variance");

constexpr Use kClipBound = Setting("Clip's bound");
constexpr Use kComparison = Setting("a comparison's operand");
constexpr Use kDropoutRatio = Setting("Dropout's ratio");
constexpr Use kExponent = Setting("Pow's exponent");
constexpr Use kLossWeights = Setting("a loss's weights");
constexpr Use kMelSetting = Setting("MelWeightMatrix's setting");
constexpr Use kOneHotValues = Setting("OneHot's values");
constexpr Use kPadValue = Setting("Pad's value");
constexpr Use kRangeBound = Setting("Range's bound");
constexpr Use kResizeSetting = Setting("Resize's setting");
constexpr Use kRotaryTable = Setting("RotaryEmbedding's table");
constexpr Use kThreshold = Setting("NonMaxSuppression's threshold");
constexpr Use kWindow = Setting("STFT's window");

constexpr Use kOtherQuantized = Quantized("a quantized operator");

using Slots = std::array<SlotUse, 6>;

constexpr Slots kComparisonSlots = {{{kEverySlot, &kComparison}}};
constexpr Slots kConvolution = {{{1, &kConvolutionWeight}, {2, &kConvolutionBias}}};
constexpr Slots kMatrices = {{{kEverySlot, &kMatrixWeight}}};
constexpr Slots kMatrixProduct = {{{0, &kMatrixWeight}, {1, &kMatrixWeight}, {2, &kMatrixBias}}};
constexpr Slots kNormalization = {{{1, &kNormalizationScale}, {2, &kNormalizationBias}}};
constexpr Slots kRecurrent = {{{1, &kRecurrentWeight},
                               {2, &kRecurrentWeight},
                               {3, &kRecurrentBias},
                               {5, &kInitialState},
                               {6, &kInitialState},
                               {7, &kPeephole}}};

// By name. What has no row is unknown: its inputs are what their dtype makes of them.
constexpr Operator kOperators[] = {
    {"Add", Flow::kSum},
    {"BatchNormalization",
     Flow::kNone,
     {{{1, &kNormalizationScale},
       {2, &kNormalizationBias},
       {3, &kRunningMean},
       {4, &kRunningVariance}}}},
    {"BiasAdd", Flow::kNone, {{{1, &kBias}}}},
    {"BiasGelu", Flow::kNone, {{{1, &kBias}}}},
    {"Cast", Flow::kFirst},
    {"CastLike", Flow::kFirst},
    {"Clip", Flow::kNone, {{{1, &kClipBound}, {2, &kClipBound}}}},
    {"Concat", Flow::kAll},
    {"Conv", Flow::kNone, kConvolution},
    {"ConvInteger", Flow::kIntegers},
    {"ConvTranspose", Flow::kNone, kConvolution},
    {"DeformConv", Flow::kNone, {{{1, &kConvolutionWeight}, {3, &kConvolutionBias}}}},
    {"Dropout", Flow::kFirst, {{{1, &kDropoutRatio}}}},
    {"DynamicQuantizeLinear", Flow::kDynamicScale},
    {"Einsum", Flow::kNone, kMatrices},
    {"EmbedLayerNormalization",
     Flow::kNone,
     {{{2, &kEmbedding},
       {3, &kEmbedding},
       {4, &kEmbedding},
       {5, &kNormalizationScale},
       {6, &kNormalizationBias}}}},
    {"Equal", Flow::kNone, kComparisonSlots},
    {"Expand", Flow::kFirst},
    {"FastGelu", Flow::kNone, {{{1, &kBias}}}},
    {"Flatten", Flow::kFirst},
    {"FusedConv", Flow::kNone, kConvolution},
    {"FusedGemm", Flow::kNone, kMatrixProduct},
    {"FusedMatMul", Flow::kNone, kMatrices},
    {"GRU", Flow::kNone, kRecurrent},
    {"Gather", Flow::kNone, {{{0, &kEmbedding}}}},
    {"Gemm", Flow::kNone, kMatrixProduct},
    {"Greater", Flow::kNone, kComparisonSlots},
    {"GreaterOrEqual", Flow::kNone, kComparisonSlots},
    {"GroupNorm", Flow::kNone, kNormalization},
    {"GroupNormalization", Flow::kNone, kNormalization},
    {"Identity", Flow::kIdentity},
    {"If", Flow::kBranches},
    {"InstanceNormalization", Flow::kNone, kNormalization},
    {"LSTM", Flow::kNone, kRecurrent},
    {"LayerNormalization", Flow::kNone, kNormalization},
    {"Less", Flow::kNone, kComparisonSlots},
    {"LessOrEqual", Flow::kNone, kComparisonSlots},
    {"MatMul", Flow::kNone, kMatrices},
    {"MatMulInteger", Flow::kIntegers},
    {"MelWeightMatrix", Flow::kNone, {{{kEverySlot, &kMelSetting}}}},
    {"MoE",
     Flow::kNone,
     {{{2, &kExpertWeight}, {3, &kExpertBias}, {4, &kExpertWeight}, {5, &kExpertBias}}}},
    {"Mul", Flow::kProduct},
    {"MultiHeadAttention", Flow::kNone, {{{3, &kAttentionBias}}}},
    {"NegativeLogLikelihoodLoss", Flow::kNone, {{{2, &kLossWeights}}}},
    {"NonMaxSuppression", Flow::kNone, {{{3, &kThreshold}, {4, &kThreshold}}}},
    {"OneHot", Flow::kNone, {{{2, &kOneHotValues}}}},
    {"PRelu", Flow::kNone, {{{1, &kSlope}}}},
    {"Pad", Flow::kNone, {{{2, &kPadValue}}}},
    {"Pow", Flow::kNone, {{{1, &kExponent}}}},
    {"RMSNormalization", Flow::kNone, kNormalization},
    {"RNN", Flow::kNone, kRecurrent},
    {"Range", Flow::kNone, {{{kEverySlot, &kRangeBound}}}},
    {"Reshape", Flow::kFirst},
    {"Resize", Flow::kNone, {{{1, &kResizeSetting}, {2, &kResizeSetting}}}},
    {"RotaryEmbedding",
     Flow::kNone,
     {{{1, &kRotaryTable}, {2, &kRotaryTable}, {3, &kRotaryTable}}}},
    {"STFT", Flow::kNone, {{{2, &kWindow}}}},
    {"SimplifiedLayerNormalization", Flow::kNone, kNormalization},
    {"SkipLayerNormalization",
     Flow::kNone,
     {{{2, &kNormalizationScale}, {3, &kNormalizationBias}, {4, &kBias}}}},
    {"SkipSimplifiedLayerNormalization", Flow::kNone, {{{2, &kNormalizationScale}, {3, &kBias}}}},
    {"Slice", Flow::kFirst},
    {"SoftmaxCrossEntropyLoss", Flow::kNone, {{{2, &kLossWeights}}}},
    {"Split", Flow::kFirst},
    {"Sqrt", Flow::kNone, {{{0, &kUnderRoot}}}},
    {"Squeeze", Flow::kFirst},
    {"Sub", Flow::kDifference},
    {"Tile", Flow::kFirst},
    {"Transpose", Flow::kFirst},
    {"Unsqueeze", Flow::kFirst},
    {"Upsample", Flow::kNone, {{{1, &kResizeSetting}}}},
};

// Every stored tensor that one of these takes is part of a quantized computation.
constexpr std::string_view kQuantizedNames[] = {
    "ConvInteger",
    "DequantizeBFP",
    "DequantizeLinear",
    "DequantizeWithOrder",
    "DynamicQuantizeLSTM",
    "DynamicQuantizeLinear",
    "DynamicQuantizeMatMul",
    "GatherBlockQuantized",
    "MatMulBnb4",
    "MatMulFpQ4",
    "MatMulInteger",
    "MatMulInteger16",
    "MatMulIntegerToFloat",
    "MatMulNBits",
    "MulInteger",
    "QAttention",
    "QEmbedLayerNormalization",
    "QGemm",
    "QLinearAdd",
    "QLinearConv",
    "QLinearMatMul",
    "QLinearMul",
    "QMoE",
    "QOrderedMatMul",
    "QuantizeBFP",
    "QuantizeLinear",
    "QuantizeWithOrder",
    "ReduceSumInteger",
};

constexpr std::size_t kQuantizedCount = std::size(kQuantizedNames);
static_assert(std::ranges::is_sorted(kOperators, {}, &Operator::name));
static_assert(std::ranges::is_sorted(kQuantizedNames));

constexpr auto kQuantizedUses = [] {
  std::array<Use, kQuantizedCount> uses{};
  for (std::size_t i = 0; i < kQuantizedCount; ++i) uses[i] = Quantized(kQuantizedNames[i]);
  return uses;
}();

constexpr Flow FlowOf(std::string_view name) {
  const auto* row = std::ranges::lower_bound(kOperators, name, {}, &Operator::name);
  return row != std::end(kOperators) && row->name == name ? row->flow : Flow::kNone;
}

constexpr auto kQuantizedOperators = [] {
  std::array<Operator, kQuantizedCount> rows{};
  for (std::size_t i = 0; i < kQuantizedCount; ++i) {
    rows[i].name = kQuantizedNames[i];
    rows[i].flow = FlowOf(kQuantizedNames[i]);
    rows[i].slots[0] = {kEverySlot, &kQuantizedUses[i]};
  }
  return rows;
}();

constexpr Operator kOthers[] = {
    {},  // what isn't known
    {"", Flow::kNone, {{{kEverySlot, &kOtherQuantized}}}},
    // Its standard namesake takes queries, keys and values, none of which is stored.
    {"Attention", Flow::kNone, {{{1, &kAttentionWeight}, {2, &kAttentionBias}}}},
};

// Every row there is: first the others, then those of quantized names.
constexpr auto kRows = [] {
  std::array<Operator, std::size(kOthers) + kQuantizedCount + std::size(kOperators)> rows{};
  auto* end = std::ranges::copy(kOthers, rows.begin()).out;
  end = std::ranges::copy(kQuantizedOperators, end).out;
  std::ranges::copy(kOperators, end);
  return rows;
}();
static_assert(kRows.size() <= std::numeric_limits<std::uint8_t>::max());

constexpr const Operator& kUnknownOperator = kRows[0];
constexpr const Operator& kUnlistedQuantized = kRows[1];
constexpr const Operator& kMicrosoftAttention = kRows[2];

// Rows in the order of their names, which begin with capitals: a search begins with those of one
// letter.
class RowsByName {
 public:
  constexpr explicit RowsByName(std::span<const Operator> rows) : rows_(rows) {
    for (const Operator& row : rows) ++ends_[LetterOf(row.name)];
    std::partial_sum(ends_.begin(), ends_.end(), ends_.begin());
  }

  // Null: there is none.
  const Operator* Find(std::string_view name) const noexcept {
    const std::size_t letter = name.empty() ? kLetters : LetterOf(name);
    if (letter >= kLetters) return nullptr;
    const std::size_t begin = letter == 0 ? 0 : ends_[letter - 1];
    const auto rows = rows_.subspan(begin, ends_[letter] - begin);
    const auto row = std::ranges::lower_bound(rows, name, {}, &Operator::name);
    return row != rows.end() && row->name == name ? &*row : nullptr;
  }

 private:
  static constexpr std::size_t kLetters = 26;

  static constexpr std::size_t LetterOf(std::string_view name) noexcept {
    return static_cast<unsigned char>(name[0] - 'A');
  }

  std::span<const Operator> rows_;
  std::array<std::uint8_t, kLetters> ends_{};  // of the rows of each letter
};

constexpr RowsByName kQuantizedRows{std::span(kRows).subspan(std::size(kOthers), kQuantizedCount)};
constexpr RowsByName kOperatorRows{std::span(kRows).last(std::size(kOperators))};

bool IsMicrosoft(std::string_view domain) noexcept {
  return domain == "com.microsoft" || domain == "com.microsoft.nchwc" ||
         domain == "com.ms.internal.nhwc";
}

}  // namespace

const Use& Operator::UseOf(std::size_t slot) const noexcept {
  for (const SlotUse& row : slots) {
    if (row.use == nullptr) break;
    if (row.slot == kEverySlot || std::cmp_equal(row.slot, slot)) return *row.use;
  }
  return kUnknownUse;
}

const Operator& FindOperator(std::string_view name, std::string_view domain) noexcept {
  const bool is_microsoft = IsMicrosoft(domain);
  if (!is_microsoft && !domain.empty() && domain != "ai.onnx") return kUnknownOperator;
  if (is_microsoft && name == kMicrosoftAttention.name) return kMicrosoftAttention;
  if (const Operator* const quantized = kQuantizedRows.Find(name)) return *quantized;
  if (const Operator* const row = kOperatorRows.Find(name)) return *row;
  // There are many, and more with every release.
  if (name.starts_with("QLinear") || name.starts_with("QOrdered")) return kUnlistedQuantized;
  return kUnknownOperator;
}

OperatorNumber NumberOf(const Operator& op) noexcept {
  return static_cast<OperatorNumber>(&op - kRows.data());
}

const Operator& OperatorOfNumber(OperatorNumber number) noexcept { return kRows[number]; }

bool IsLearnedAttribute(std::string_view op_type, std::string_view attribute) noexcept {
  const auto is_one_of = [attribute](std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, attribute) != names.end();
  };
  if (op_type == "LinearClassifier" || op_type == "LinearRegressor") {
    return is_one_of({"coefficients", "intercepts"});
  }
  if (op_type == "SVMClassifier" || op_type == "SVMRegressor") {
    return is_one_of({"coefficients", "support_vectors", "rho", "prob_a", "prob_b"});
  }
  return false;
}

}  // namespace polyak::onnx_format
