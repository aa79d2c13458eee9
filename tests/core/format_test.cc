#include "core/format.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace polyak {
namespace {

TEST(IndexBudget, TakesAgainWhatWasGivenBack) {
  IndexBudget budget(100);
  EXPECT_TRUE(budget.Charge(80));
  budget.Release(50);
  EXPECT_TRUE(budget.Charge(70));
  EXPECT_EQ(budget.used_bytes(), 100U);
  EXPECT_NO_THROW(budget.CheckFits());
  EXPECT_FALSE(budget.Charge(1));
  EXPECT_THROW(budget.CheckFits(), Error);
}

TEST(IndexBudget, RemembersTheMostThatWasInUse) {
  IndexBudget budget(100);
  budget.Charge(80);
  budget.Release(50);
  budget.Charge(20);
  EXPECT_EQ(budget.used_bytes(), 50U);
  EXPECT_EQ(budget.most_bytes(), 80U);
}

TEST(IndexBudget, NeverHasLessThanNothingInUse) {
  IndexBudget budget(100);
  budget.Charge(10);
  budget.Release(11);
  EXPECT_EQ(budget.used_bytes(), 0U);
}

}  // namespace
}  // namespace polyak
