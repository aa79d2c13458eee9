// Models of more bytes than other readers take. Their files are holes: they take no room on a disk.
#include <gmock/gmock.h>

#include <cstddef>
#include <string>

#include "formats/registry.h"
#include "support/files.h"

namespace polyak {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kTwoGiB = std::uint64_t{1} << 31;

std::string Varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7f) | 0x80);
  return bytes + static_cast<char>(value);
}

// What comes before the elements of a model that is one initializer "w", uint8 in raw_data.
std::string HeadOf(std::uint64_t elements) {
  const std::string tensor =
      "\x08" + Varint(elements) + "\x10\x02" + "\x42\x01w" + "\x4a" + Varint(elements);
  const std::string initializer = "\x2a" + Varint(tensor.size() + elements) + tensor;
  return "\x3a" + Varint(initializer.size() + elements) + initializer;
}

class ModelOf {
 public:
  explicit ModelOf(std::uint64_t file_bytes) {
    elements_ = file_bytes - HeadOf(file_bytes).size();  // the numbers have as many digits
    test::WriteFile(folder_ / "m.onnx", HeadOf(elements_));
    std::filesystem::resize_file(folder_ / "m.onnx", file_bytes);
    OpenContext context;
    checkpoint_ = OpenCheckpoint(folder_ / "m.onnx", context).checkpoint;
  }

  const Checkpoint* operator->() const { return checkpoint_.get(); }
  std::uint64_t elements() const { return elements_; }

 private:
  test::TemporaryFolder folder_;
  std::uint64_t elements_ = 0;
  std::unique_ptr<Checkpoint> checkpoint_;
};

TEST(ModelSize, OverWhatProtocolBuffersReadIsAWarning) {
  const ModelOf model(kTwoGiB);
  EXPECT_THAT(model->warnings(), ElementsAre(HasSubstr("2 GiB")));
  ASSERT_EQ(model->tensors().size(), 1U);
  EXPECT_EQ(model->tensors()[0].elements, model.elements());
  std::byte last{1};
  model->Read(0, RangeBox(model.elements() - 1, 1), std::span(&last, 1));
  EXPECT_EQ(last, std::byte{0});
}

TEST(ModelSize, OfTheMostThatTheyReadIsNone) {
  EXPECT_THAT(ModelOf(kTwoGiB - 1)->warnings(), IsEmpty());
}

}  // namespace
}  // namespace polyak
