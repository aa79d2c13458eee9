#include "formats/keras/shard_index.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/error.h"
#include "core/format.h"
#include "io/input_file.h"
#include "support/files.h"

namespace polyak {
namespace {

using namespace std::string_view_literals;

class ShardIndexText : public testing::Test {
 protected:
  keras::ShardIndex Read(std::string_view text) {
    test::WriteFile(folder_ / "m.weights.json", text);
    IndexBudget budget;
    return keras::ReadShardIndex(*InputFile::Open(folder_ / "m.weights.json"), budget);
  }

  test::TemporaryFolder folder_;
};

TEST_F(ShardIndexText, GetsNewNamesAndKeepsTheRest) {
  const keras::ShardIndex index =
      Read(R"({"metadata": {"total_size": 8}, "weight_map": {"/a\"b": "x.h5", "/c": ["x.h5"]}})");
  EXPECT_EQ(keras::RenameShards(index, {"y.h5"}),
            R"({"metadata": {"total_size": 8}, "weight_map": {"/a\"b": "y.h5", "/c": ["y.h5"]}})");
}

TEST_F(ShardIndexText, HasNothingBehindTheNulThatAParserTakesForItsEnd) {
  try {
    Read("{\"weight_map\": {\"/a\": \"x.h5\"}}\0 \"open"sv);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("NUL"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace polyak
