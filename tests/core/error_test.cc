#include "core/error.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "core/format.h"

namespace polyak {
namespace {

TEST(Error, PutsContextInFront) {
  Error error(ErrorKind::kCorrupt, "is broken", "mend it");
  error.AddContext("conv1.w");
  error.AddContext("a.onnx");
  EXPECT_STREQ(error.what(), "a.onnx: conv1.w: is broken");
  EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
  EXPECT_EQ(error.hint(), "mend it");
}

TEST(Error, NamesTheSystemsReason) {
  EXPECT_STREQ(SystemError("cannot open", ENOENT).what(), "cannot open: No such file or directory");
}

TEST(IndexBudget, RefusesWithTheNumberThatIsNeeded) {
  IndexBudget budget(std::uint64_t{2} << 20);
  EXPECT_TRUE(budget.Charge(std::uint64_t{2} << 20));
  budget.CheckFits();
  EXPECT_FALSE(budget.Charge(1));
  EXPECT_FALSE(budget.Charge(std::uint64_t{4} << 20));
  try {
    budget.CheckFits();
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("needs about 7 MiB"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace polyak
