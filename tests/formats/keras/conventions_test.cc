// What the datasets of a Keras file are for, from attributes and configurations made by hand.
#include "formats/keras/conventions.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "formats/keras/model_config.h"

namespace polyak::keras {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TensorInfo Tensor(std::string name, DType dtype = DType::kFloat32,
                  std::vector<std::uint64_t> shape = {4}) {
  TensorInfo tensor;
  tensor.name = std::move(name);
  tensor.dtype = dtype;
  tensor.shape = std::move(shape);
  tensor.role = CanBeAveraged(dtype) ? Role::kParameter : Role::kOther;
  if (tensor.name.starts_with("optimizer_weights/")) tensor.role = Role::kOptimizerState;
  return tensor;
}

// An image with its notes.
struct Annotated {
  Annotated(std::vector<TensorInfo> tensors, std::vector<hdf5::TextAttribute> attributes,
            std::string_view config = {}) {
    images.resize(1);
    images[0].tensors = std::move(tensors);
    images[0].attributes = std::move(attributes);
    Annotate(images, config, notes);
  }

  std::vector<Role> roles() const {
    std::vector<Role> roles;
    for (const TensorInfo& tensor : images[0].tensors) roles.push_back(tensor.role);
    return roles;
  }
  std::string Property(std::string_view name) const {
    for (const auto& property : notes.properties) {
      if (property.name == name) return property.value;
    }
    return {};
  }

  std::vector<hdf5::ImageContents> images;
  CheckpointNotes notes;
};

TEST(LegacyLayout, LoadsInTheOrderOfLayersAndWeights) {
  const Annotated keras({Tensor("model_weights/a/a/bias:0"), Tensor("model_weights/a/a/kernel:0"),
                         Tensor("model_weights/b/b/kernel:0"),
                         Tensor("optimizer_weights/iteration:0", DType::kInt64, {})},
                        {{"", "keras_version", {"2.15.0"}},
                         {"model_weights", "keras_version", {"2.15.0"}},
                         {"model_weights", "backend", {"tensorflow"}},
                         {"model_weights", "layer_names", {"b", "drop", "a"}},
                         {"model_weights/a", "weight_names", {"a/kernel:0", "a/bias:0"}},
                         {"model_weights/b", "weight_names", {"b/kernel:0"}},
                         {"model_weights/drop", "weight_names", {}}});
  EXPECT_THAT(keras.notes.loading_order, ElementsAre(2, 1, 0));
  EXPECT_EQ(keras.images[0].tensors[3].role, Role::kOptimizerState);
  EXPECT_EQ(keras.images[0].tensors[3].use, "optimizer iteration");
  EXPECT_EQ(keras.Property("layout"), "legacy whole model");
  EXPECT_EQ(keras.Property("keras_version"), "2.15.0");
  EXPECT_EQ(keras.Property("backend"), "tensorflow");
  EXPECT_THAT(keras.notes.warnings, IsEmpty());
}

TEST(LegacyLayout, ReadsListsThatAreSplit) {
  const Annotated keras({Tensor("a/k"), Tensor("b/k"), Tensor("c/k"), Tensor("c/l")},
                        {{"", "layer_names0", {"c"}},
                         {"", "layer_names1", {"a", "b"}},
                         {"a", "weight_names", {"k"}},
                         {"b", "weight_names", {"k"}},
                         {"c", "weight_names0", {"l"}},
                         {"c", "weight_names1", {"k"}}});
  EXPECT_THAT(keras.notes.loading_order, ElementsAre(3, 2, 0, 1));
  EXPECT_EQ(keras.Property("layout"), "legacy weights of Keras 1");
}

TEST(LegacyLayout, HasNoOrderWhereAWeightIsNotThere) {
  const Annotated keras({Tensor("a/k")},
                        {{"", "layer_names", {"a"}}, {"a", "weight_names", {"k", "gone"}}});
  EXPECT_THAT(keras.notes.loading_order, IsEmpty());
  EXPECT_THAT(keras.notes.warnings, ElementsAre(HasSubstr("'a/gone', which is not there")));
}

TEST(LegacyLayout, KnowsStatisticsAndSeedsByKerassOwnNames) {
  const Annotated keras(
      {Tensor("bn/bn/gamma:0"), Tensor("bn/bn/moving_mean:0"), Tensor("bn/bn/moving_variance:0"),
       Tensor("b/batchnormalization_1_running_std"),
       Tensor("drop/drop/seed_generator_state", DType::kUInt32, {2})},
      {{"", "layer_names", {"bn"}}});
  EXPECT_THAT(keras.roles(),
              ElementsAre(Role::kParameter, Role::kRunningStatistic, Role::kRunningStatistic,
                          Role::kRunningStatistic, Role::kSeed));
}

TEST(LegacyLayout, QuantizesTheScaleWithTheKernelAndNoOtherLayer) {
  const Annotated keras({Tensor("d/s/d/kernel", DType::kInt8, {4, 4}), Tensor("d/s/d/bias"),
                         Tensor("d/s/d/kernel_scale"), Tensor("e/s/e/kernel")},
                        {{"", "layer_names", {"d", "e"}}});
  EXPECT_THAT(keras.roles(),
              ElementsAre(Role::kQuantized, Role::kQuantized, Role::kQuantized, Role::kParameter));
}

TEST(VariableGroups, KnowsOptimizersMetricsAndSeeds) {
  const Annotated keras(
      {Tensor("layers/dense/vars/0"),
       Tensor("layers/dropout/seed_generator/vars/0", DType::kUInt32, {2}),
       Tensor("layers/random_flip/generator/vars/0", DType::kInt64, {2}),
       Tensor("metrics/mean/vars/0", DType::kFloat32, {}),
       Tensor("optimizer/inner_optimizer/vars/0", DType::kInt64, {}),
       Tensor("optimizer/vars/0", DType::kInt32, {}),
       Tensor("optimizer/vars/1", DType::kFloat32, {}), Tensor("optimizer/vars/2"),
       Tensor("d_optimizer/vars/0", DType::kInt64, {})},
      {{"layers/dense/vars", "name", {"dense"}}});
  EXPECT_THAT(keras.roles(),
              ElementsAre(Role::kParameter, Role::kSeed, Role::kSeed, Role::kMetric,
                          Role::kOptimizerState, Role::kOptimizerState, Role::kOptimizerState,
                          Role::kOptimizerState, Role::kOptimizerState));
  EXPECT_EQ(keras.images[0].tensors[5].use, "optimizer iteration");
  EXPECT_EQ(keras.images[0].tensors[6].use, "learning rate");
  EXPECT_EQ(keras.Property("layout"), "weights");
  EXPECT_THAT(keras.notes.loading_order, IsEmpty());
}

// Batch normalization with so many variables: which are statistics.
std::string StatisticsOf(int variables, const std::string& part = "layers/batch_normalization_3",
                         std::string_view config = {}, const std::string& name = "") {
  std::vector<TensorInfo> tensors;
  for (int i = 0; i < variables; ++i) tensors.push_back(Tensor(fmt::format("{}/vars/{}", part, i)));
  const Annotated keras(std::move(tensors), {{part + "/vars", "name", {name}}}, config);
  std::string text;
  for (const Role role : keras.roles()) text += role == Role::kRunningStatistic ? 's' : 'p';
  return text;
}

TEST(VariableGroups, CountsWhatOfBatchNormalizationIsTrained) {
  EXPECT_EQ(StatisticsOf(4), "ppss");
  EXPECT_EQ(StatisticsOf(3), "pss") << "without a scale or a center";
  EXPECT_EQ(StatisticsOf(2), "ss");
  EXPECT_EQ(StatisticsOf(7), "ppsssss") << "with renormalization";
  EXPECT_EQ(StatisticsOf(6), "psssss");
  EXPECT_EQ(StatisticsOf(5), "sssss");
  EXPECT_EQ(StatisticsOf(8), "pppppppp") << "no BatchNormalization has so many";
  EXPECT_EQ(StatisticsOf(4, "layers/layer_normalization"), "pppp");
}

TEST(VariableGroups, FindsBatchNormalizationByTheConfigurationWhereThePathIsAnAttribute) {
  constexpr std::string_view kConfig =
      R"({"class_name": "Functional", "config": {"layers": [
          {"class_name": "BatchNormalization", "config": {"name": "norm_7"}}]}})";
  EXPECT_EQ(StatisticsOf(4, "norm", kConfig, "norm_7"), "ppss");
  EXPECT_EQ(StatisticsOf(4, "norm", kConfig, "norm_8"), "pppp");
}

TEST(VariableGroups, QuantizesAllOfALayerWithAnIntegerKernel) {
  const Annotated keras(
      {Tensor("layers/dense/vars/0", DType::kInt8, {4, 4}), Tensor("layers/dense/vars/1"),
       Tensor("layers/dense/vars/2"), Tensor("layers/dense_1/vars/0")},
      {});
  EXPECT_THAT(keras.roles(),
              ElementsAre(Role::kQuantized, Role::kQuantized, Role::kQuantized, Role::kParameter));
}

TEST(VariableGroups, QuantizesByTheDTypePolicyWhereAllIsFloat) {
  constexpr std::string_view kConfig =
      R"({"class_name": "Sequential", "config": {"name": "s", "layers": [
          {"class_name": "InputLayer", "config": {"name": "i"}},
          {"class_name": "Dense", "config": {"name": "dense_9", "dtype":
            {"class_name": "DTypePolicy", "config": {"name": "float32"}}}},
          {"class_name": "Dense", "config": {"name": "dense_4", "dtype":
            {"class_name": "QuantizedFloat8DTypePolicy",
             "config": {"mode": "float8", "source_name": "float32"}}}},
          {"class_name": "EinsumDense", "config": {"name": "e", "dtype": "gptq/4/128_from_float32"}}
         ]}})";
  const std::vector<TensorInfo> tensors = {Tensor("layers/dense/vars/0"),
                                           Tensor("layers/dense_1/vars/0"),
                                           Tensor("layers/einsum_dense/vars/0")};
  EXPECT_THAT(Annotated(tensors, {}, kConfig).roles(),
              ElementsAre(Role::kParameter, Role::kQuantized, Role::kQuantized))
      << "by the path, as older files have no names";
  EXPECT_THAT(Annotated(tensors,
                        {{"layers/dense/vars", "name", {"dense_4"}},
                         {"layers/dense_1/vars", "name", {"dense_9"}}},
                        kConfig)
                  .roles(),
              ElementsAre(Role::kQuantized, Role::kParameter, Role::kQuantized))
      << "names are surer than paths";
}

TEST(Annotate, LeavesOtherFilesAlone) {
  const Annotated other({Tensor("group/moving_mean"), Tensor("count", DType::kInt8)}, {});
  EXPECT_THAT(other.roles(), ElementsAre(Role::kParameter, Role::kOther));
  EXPECT_THAT(other.notes.properties, IsEmpty());
}

TEST(Annotate, WarnsOfAConfigurationThatIsNone) {
  const Annotated keras({Tensor("layers/dense/vars/0")}, {}, "{\"class_name\": ");
  EXPECT_THAT(keras.notes.warnings, ElementsAre(HasSubstr("is not JSON")));
  const Annotated deep({Tensor("layers/dense/vars/0")}, {}, std::string(100000, '['));
  EXPECT_THAT(deep.notes.warnings, ElementsAre(HasSubstr("JSON")));
}

TEST(ModelConfig, FindsLayersOfModelsWithinModels) {
  const ModelConfig config(
      R"({"class_name": "Functional", "config": {"layers": [
          {"class_name": "Functional", "config": {"name": "inner", "layers": [
            {"class_name": "Conv2D", "config": {"name": "c"}}]}},
          {"class_name": "Dense", "config": {"name": "d"}},
          {"class_name": "Dense", "config": {"name": "d"}}]}})");
  ASSERT_NE(config.AtPath("layers/functional/layers/conv2d"), nullptr);
  EXPECT_EQ(config.AtPath("layers/functional/layers/conv2d")->name, "c");
  EXPECT_EQ(config.AtPath("layers/dense_1/cell")->class_name, "Dense");
  EXPECT_EQ(config.WithName("c")->class_name, "Conv2D");
  EXPECT_EQ(config.WithName("d"), nullptr) << "there are two";
  EXPECT_EQ(config.AtPath("layers/dense_2"), nullptr);
}

TEST(SnakeCase, IsKerass) {
  EXPECT_EQ(SnakeCase("BatchNormalization"), "batch_normalization");
  EXPECT_EQ(SnakeCase("MaxPooling2D"), "max_pooling2d");
  EXPECT_EQ(SnakeCase("Conv2DTranspose"), "conv2d_transpose");
  EXPECT_EQ(SnakeCase("LSTM"), "lstm");
  EXPECT_EQ(SnakeCase("GRUCell"), "gru_cell");
}

}  // namespace
}  // namespace polyak::keras
