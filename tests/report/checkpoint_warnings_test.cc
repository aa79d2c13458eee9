#include "report/checkpoint_warnings.h"

#include <gmock/gmock.h>

#include "support/fake_checkpoint.h"

namespace polyak {
namespace {

using test::FakeCheckpoint;
using ::testing::ElementsAre;

TEST(WarningsOf, TellWhatSeveralHaveAlikeOnce) {
  const FakeCheckpoint a("a", {}, {.warnings = {"is odd", "is old"}});
  const FakeCheckpoint b("b", {});
  const FakeCheckpoint c("c", {}, {.warnings = {"is new", "is odd"}});
  const FakeCheckpoint d("d", {}, {.warnings = {"is odd"}});
  EXPECT_THAT(WarningsOf(std::array<const Checkpoint*, 4>{&b, &a, &c, &d}),
              ElementsAre("a: is odd (and so for 2 more)", "a: is old", "c: is new"));
  EXPECT_THAT(WarningsOf(std::array<const Checkpoint*, 1>{&b}), ElementsAre());
}

TEST(WarningsOf, EndALongListWithHowManyAreLeft) {
  std::vector<std::string> many;
  for (int i = 0; i < 25; ++i) many.push_back(std::to_string(i));
  const FakeCheckpoint a("a", {}, {.warnings = many});
  const std::vector<std::string> found = WarningsOf(std::array<const Checkpoint*, 1>{&a});
  ASSERT_EQ(found.size(), 21U);
  EXPECT_EQ(found[19], "a: 19");
  EXPECT_EQ(found[20], "5 more things are odd about the checkpoints");
}

}  // namespace
}  // namespace polyak
