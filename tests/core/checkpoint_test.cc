#include "core/checkpoint.h"

#include <gtest/gtest.h>

#include <functional>

#include "support/fake_checkpoint.h"

namespace polyak {
namespace {

using test::FakeCheckpoint;
using test::MakeTensor;

using Tensors = std::shared_ptr<const std::vector<TensorInfo>>;

std::uint64_t ListBytes(const Checkpoint& checkpoint) {
  std::uint64_t bytes = 0;
  for (const TensorInfo& tensor : checkpoint.tensors()) bytes += tensor.list_bytes();
  return bytes;
}

TEST(Checkpoint, TakesAnEqualListOfTensorsForItsOwn) {
  FakeCheckpoint a("a", {MakeTensor("w", DType::kFloat32, {2, 3}, "one")});
  FakeCheckpoint b("b", {MakeTensor("w", DType::kFloat32, {2, 3}, "two")});
  Tensors last;
  EXPECT_EQ(a.ShareTensors(last), 0U);
  EXPECT_EQ(last->data(), a.tensors().data());
  EXPECT_EQ(b.ShareTensors(last), ListBytes(a));
  EXPECT_EQ(b.tensors().data(), a.tensors().data());
  EXPECT_EQ(b.tensors()[0].name, "w");
}

TEST(Checkpoint, KeepsAListOfTensorsThatDiffersInAnything) {
  const auto tensor = [](const std::function<void(TensorInfo&)>& change) {
    test::FakeTensor made = MakeTensor("w", DType::kFloat32, {2, 3});
    change(made.info);
    return made;
  };
  FakeCheckpoint a("a", {MakeTensor("w", DType::kFloat32, {2, 3})});
  Tensors last;
  a.ShareTensors(last);
  for (const auto& change : std::vector<std::function<void(TensorInfo&)>>{
           [](TensorInfo& info) { info.name = "v"; },
           [](TensorInfo& info) {
             info.shape = {3, 2};
           },
           [](TensorInfo& info) { info.use = "convolution weight"; },
           [](TensorInfo& info) { info.role = Role::kConstant; },
           [](TensorInfo& info) { info.storage = "elsewhere"; },
           [](TensorInfo& info) { info.unreadable = "for a test"; },
           [](TensorInfo& info) { ++info.stored_bytes; }}) {
    FakeCheckpoint b("b", {tensor(change)});
    Tensors known = last;
    EXPECT_EQ(b.ShareTensors(known), 0U);
    EXPECT_NE(b.tensors().data(), a.tensors().data());
    EXPECT_EQ(known->data(), b.tensors().data());
  }
}

}  // namespace
}  // namespace polyak
