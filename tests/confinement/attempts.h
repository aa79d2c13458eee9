// What somebody who has taken a process over would try, each as one step that says how it went.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "support/files.h"

namespace polyak::test {

struct Attempt {
  std::string name;
  // 0 where it succeeds, else errno. In a process with a file "in/input" and a folder "out" in its
  // current folder.
  int (*make)();
};

// For the names of tests, which would else have its address in them.
void PrintTo(const Attempt& attempt, std::ostream* out);

// What must not succeed, wherever a process is confined.
const std::vector<Attempt>& Attempts();

// The errno that `attempt` ends with in a child that has called `confine`; -1 where the child dies.
int ResultOf(const std::function<void()>& confine, int (*attempt)());

// Whether a call that ended so was denied.
bool IsDenial(int error_number);

// The current folder has what attempts are made on.
class AttemptTest : public ::testing::TestWithParam<Attempt> {
 protected:
  void SetUp() override;
  void TearDown() override;

  // By the attempt's result, and by what is there.
  static void ExpectDenied(int result);

 private:
  TemporaryFolder folder_;
};

}  // namespace polyak::test
