// What the helper says about a changed image is hostile until it is checked.
#include "formats/hdf5/image_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "formats/hdf5/helper_process.h"
#include "formats/hdf5/index.pb.h"
#include "formats/hdf5/protocol.h"
#include "formats/hdf5/script_folder.h"
#include "io/input_file.h"

namespace polyak::hdf5 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// An image of 1000 bytes with a payload at 100 to 200. Two chunks of 10 and 20 bytes and an
// allocation of 30 are asked for.
class ChangedImageAnswer : public ::testing::Test {
 protected:
  ChangedImageAnswer() {
    changes_.chunked.push_back(
        {.object_address = 7,
         .replaces_all = true,
         .chunks = {{.number = 0, .bytes = 10}, {.number = 3, .bytes = 20}}});
    changes_.allocated.push_back({.object_address = 8, .bytes = 30});
    reply_.set_protocol(kProtocol);
    for (const std::uint64_t offset : {300U, 400U, 1000U}) {
      reply_.mutable_placed()->add_offsets(offset);
    }
    Patch(500, "patch");
    reply_.set_image_bytes(1030);
    reply_.set_done(true);
  }

  void Patch(std::uint64_t offset, const std::string& bytes) {
    wire::Patch& patch = *reply_.add_patches();
    patch.set_offset(offset);
    patch.set_bytes(bytes);
  }

  // A helper that says reply_, whatever it is asked.
  ChangedImage Run() {
    const auto answer = folder_.Write("answer", reply_.SerializeAsString());
    const auto script = folder_.WriteScript(
        "helper", "dd if=" + answer.string() + " bs=100000 >&3 2>/dev/null; exec sleep 9");
    const auto helper = HelperProcess::Start(script, 0, nullptr, std::chrono::milliseconds(5000));
    const auto file = InputFile::Open(folder_.Write("file", std::string(1000, 'x')));
    const std::vector<Extent> untouchable = {{.offset = 100, .length = 100}};
    return WorkOutChanges(*helper, {file->descriptor(), {0, 0, 1000}, untouchable}, changes_,
                          nullptr, [this](std::uint64_t offset, std::span<const std::byte> bytes) {
                            patches_.push_back({offset, bytes.size()});
                          });
  }

  std::string ErrorText() {
    try {
      Run();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
      return error.what();
    }
    return "no error";
  }

  ScriptFolder folder_;
  ImageChanges changes_;
  wire::Reply reply_;
  std::vector<Extent> patches_;
};

TEST_F(ChangedImageAnswer, ThatIsSoundIsTaken) {
  const ChangedImage image = Run();
  EXPECT_THAT(image.chunks, ElementsAre(300, 400));
  EXPECT_THAT(image.allocated, ElementsAre(1000));
  EXPECT_EQ(image.bytes, 1030U);
  EXPECT_THAT(patches_, ElementsAre(Extent{.offset = 500, .length = 5}));
}

TEST_F(ChangedImageAnswer, WithAPlaceOverAPayloadIsRefused) {
  reply_.mutable_placed()->set_offsets(0, 91);
  EXPECT_THAT(ErrorText(), HasSubstr("two payloads lie at 100"));
}

TEST_F(ChangedImageAnswer, WithTwoPlacesInOneIsRefused) {
  reply_.mutable_placed()->set_offsets(1, 309);
  EXPECT_THAT(ErrorText(), HasSubstr("two payloads lie at 309"));
}

TEST_F(ChangedImageAnswer, WithOnePlaceTwiceIsRefused) {
  reply_.mutable_placed()->set_offsets(1, 300);
  EXPECT_THAT(ErrorText(), HasSubstr("two payloads lie at 300"));
}

TEST_F(ChangedImageAnswer, WithAPlaceOutsideOfTheImageIsRefused) {
  reply_.set_image_bytes(1029);
  EXPECT_THAT(ErrorText(), HasSubstr("outside of the file"));
}

TEST_F(ChangedImageAnswer, WithAPlaceThatOverflowsIsRefused) {
  reply_.mutable_placed()->set_offsets(0, ~std::uint64_t{0} - 3);
  EXPECT_THAT(ErrorText(), HasSubstr("no place in a file"));
}

TEST_F(ChangedImageAnswer, WithTooFewPlacesIsRefused) {
  reply_.mutable_placed()->mutable_offsets()->RemoveLast();
  EXPECT_THAT(ErrorText(), HasSubstr("less than it was asked"));
}

TEST_F(ChangedImageAnswer, WithTooManyPlacesIsRefused) {
  reply_.mutable_placed()->add_offsets(700);
  EXPECT_THAT(ErrorText(), HasSubstr("more than it was asked"));
}

TEST_F(ChangedImageAnswer, WithAPatchOverAPayloadIsRefused) {
  Patch(196, "patch");
  EXPECT_THAT(ErrorText(), HasSubstr("over a payload at 196"));
}

TEST_F(ChangedImageAnswer, WithAPatchOverANewPlaceIsRefused) {
  Patch(1029, "p");
  EXPECT_THAT(ErrorText(), HasSubstr("over a payload at 1029"));
}

TEST_F(ChangedImageAnswer, WithAPatchOutsideOfTheImageIsRefused) {
  Patch(1030, "p");
  EXPECT_THAT(ErrorText(), HasSubstr("outside of the file"));
}

TEST_F(ChangedImageAnswer, ThatCutsAPayloadOffIsRefused) {
  changes_ = {};
  reply_.clear_placed();
  reply_.clear_patches();
  reply_.set_image_bytes(199);
  EXPECT_THAT(ErrorText(), HasSubstr("outside of the file"));
}

TEST_F(ChangedImageAnswer, ThatSaysNothingIsRefused) {
  reply_.clear_placed();
  reply_.clear_patches();
  reply_.set_done(false);
  EXPECT_THAT(ErrorText(), HasSubstr("is empty"));
}

TEST_F(ChangedImageAnswer, OfAFailureIsItsError) {
  reply_.mutable_failure()->set_kind(wire::Failure::DAMAGED);
  reply_.mutable_failure()->set_text("it broke");
  EXPECT_THAT(ErrorText(), HasSubstr("it broke"));
}

}  // namespace
}  // namespace polyak::hdf5
