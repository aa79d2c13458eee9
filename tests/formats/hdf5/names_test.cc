// Which datasets there are, what they are called, and in which order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "formats/hdf5/file_builder.h"
#include "formats/hdf5/hdf5_fixture.h"
#include "formats/hdf5/protocol.h"

namespace polyak::hdf5 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Hdf5Names : public Hdf5Files {
 protected:
  static void Add(FileBuilder& builder, const std::string& name) {
    const float value = 1;
    builder.Dataset(name, H5T_IEEE_F32LE, {}, &value);
  }

  // a/a/.../a, `depth` groups, and a dataset in the last.
  static std::string Nested(std::size_t depth) {
    std::string path;
    for (std::size_t i = 0; i < depth; ++i) path += "a/";
    return path + "w";
  }
};

TEST_F(Hdf5Names, ArePathsInTheOrderOfTheNames) {
  const auto path = folder_ / "names.h5";
  {
    FileBuilder builder(path);
    for (const char* name : {"z", "conv1/conv1/kernel:0", "conv1/conv1/bias:0", "a"}) {
      Add(builder, name);
    }
  }
  EXPECT_THAT(Names(*OpenFile(path)),
              ElementsAre("a", "conv1/conv1/bias:0", "conv1/conv1/kernel:0", "z"));
}

TEST_F(Hdf5Names, FollowTheOrderOfCreationWhereItIsTracked) {
  const auto path = folder_ / "order.h5";
  {
    FileBuilder builder(path, 0, true);
    Add(builder, "z");
    builder.Group("m");  // doesn't track it
    for (const char* name : {"m/y", "m/b", "a"}) Add(builder, name);
  }
  EXPECT_THAT(Names(*OpenFile(path)), ElementsAre("z", "m/b", "m/y", "a"));
}

TEST_F(Hdf5Names, MayHaveAnyBytes) {
  const auto path = folder_ / "bytes.h5";
  {
    FileBuilder builder(path);
    for (const char* name : {"new\nline", "\x1b[31m", "\xff\xfe", "Gew\xc3\xa4sser"}) {
      Add(builder, name);
    }
  }
  EXPECT_THAT(Names(*OpenFile(path)),
              ElementsAre("\x1b[31m", "Gew\xc3\xa4sser", "new\nline", "\xff\xfe"));
}

TEST_F(Hdf5Names, OfOneDatasetShareItsPayload) {
  const auto path = folder_ / "alias.h5";
  {
    FileBuilder builder(path);
    Add(builder, "layer/w");
    Add(builder, "other");
    builder.HardLink("layer/w", "tied");
  }
  const auto checkpoint = OpenFile(path);
  EXPECT_THAT(Names(*checkpoint), ElementsAre("layer/w", "other", "tied"));
  EXPECT_EQ(checkpoint->PayloadId(0), checkpoint->PayloadId(2));
  EXPECT_NE(checkpoint->PayloadId(0), checkpoint->PayloadId(1));
}

TEST_F(Hdf5Names, EndWhereGroupsHoldThemselves) {
  const auto path = folder_ / "cycle.h5";
  {
    FileBuilder builder(path);
    Add(builder, "g/w");
    builder.HardLink("g", "g/again");
    builder.HardLink("/", "g/root");
    builder.HardLink("g", "second_name");
  }
  EXPECT_THAT(Names(*OpenFile(path)), ElementsAre("g/w"));
}

TEST_F(Hdf5Names, AreNotLookedForBehindSoftAndExternalLinks) {
  const auto path = folder_ / "links.h5";
  const auto other = folder_ / "other.h5";
  {
    FileBuilder outside(other);
    Add(outside, "secret");
    FileBuilder builder(path);
    Add(builder, "w");
    Succeeds(H5Lcreate_soft("/w", builder.file(), "soft", H5P_DEFAULT, H5P_DEFAULT));
    Succeeds(H5Lcreate_soft("/nowhere", builder.file(), "dangling", H5P_DEFAULT, H5P_DEFAULT));
    Succeeds(H5Lcreate_external(other.c_str(), "/secret", builder.file(), "external", H5P_DEFAULT,
                                H5P_DEFAULT));
  }
  const auto checkpoint = OpenFile(path);
  EXPECT_THAT(Names(*checkpoint), ElementsAre("external", "w"));
  const TensorInfo& link = Tensor(*checkpoint, "external");
  EXPECT_EQ(link.dtype, DType::kUnknown);
  EXPECT_EQ(link.role, Role::kParameter);
  EXPECT_EQ(link.unreadable, "external link: the data lies in another file");
}

TEST_F(Hdf5Names, TellOptimizerStateFromParameters) {
  const auto path = folder_ / "roles.h5";
  {
    FileBuilder builder(path);
    for (const char* name : {"optimizer/vars/0", "optimizer_weights/Adam/m:0", "optimizers/w",
                             "layers/optimizer/w", "optimizer_w"}) {
      Add(builder, name);
    }
    const int count = 1;
    builder.Dataset("steps", H5T_STD_I32LE, {}, &count);
  }
  const auto checkpoint = OpenFile(path);
  EXPECT_EQ(Tensor(*checkpoint, "optimizer/vars/0").role, Role::kOptimizerState);
  EXPECT_EQ(Tensor(*checkpoint, "optimizer_weights/Adam/m:0").role, Role::kOptimizerState);
  EXPECT_EQ(Tensor(*checkpoint, "optimizers/w").role, Role::kParameter);
  EXPECT_EQ(Tensor(*checkpoint, "layers/optimizer/w").role, Role::kParameter);
  EXPECT_EQ(Tensor(*checkpoint, "optimizer_w").role, Role::kParameter);
  EXPECT_EQ(Tensor(*checkpoint, "steps").role, Role::kOther);
}

TEST_F(Hdf5Names, MayBeSixtyFourGroupsDeepAndNoDeeper) {
  const auto path = folder_ / "deep.h5";
  {
    FileBuilder builder(path);
    Add(builder, Nested(kMaxGroupDepth));
  }
  EXPECT_THAT(Names(*OpenFile(path)), ElementsAre(Nested(kMaxGroupDepth)));
  for (const std::size_t depth : {kMaxGroupDepth + 1, std::size_t{200}, std::size_t{5000}}) {
    {
      FileBuilder builder(path);
      builder.Group("a");
      std::vector<Id> groups;
      groups.emplace_back(H5Gopen2(builder.file(), "/a", H5P_DEFAULT), H5Gclose);
      for (std::size_t i = 1; i < depth; ++i) {
        groups.emplace_back(H5Gcreate2(groups.back(), "a", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                            H5Gclose);
      }
    }
    const Error error = ErrorOfOpening(path);
    EXPECT_EQ(error.kind(), ErrorKind::kUnsupported);
    EXPECT_THAT(error.what(), HasSubstr("groups are nested more than 64 deep"));
  }
}

TEST_F(Hdf5Names, MustNotBeEndless) {
  const auto path = folder_ / "long.h5";
  {
    FileBuilder builder(path);
    Add(builder, std::string(3000, 'g') + "/" + std::string(3000, 'w'));
  }
  const Error error = ErrorOfOpening(path);
  EXPECT_EQ(error.kind(), ErrorKind::kUnsupported);
  EXPECT_THAT(error.what(), HasSubstr("more than 4096"));
}

TEST_F(Hdf5Names, AreChargedToTheIndexBudget) {
  const auto path = folder_ / "budget.h5";
  {
    FileBuilder builder(path);
    for (int i = 0; i < 100; ++i) Add(builder, "w" + std::to_string(i));
  }
  context_.index_budget = IndexBudget(30000 + (std::uint64_t{128} << 20));
  context_.helper_memory_bytes = (std::uint64_t{114} << 20);  // with its code: all but 30,000
  EXPECT_EQ(ErrorOfOpening(path).kind(), ErrorKind::kUnsupported);
  EXPECT_GT(context_.index_budget.used_bytes(), 100 * sizeof(TensorInfo));
}

}  // namespace
}  // namespace polyak::hdf5
