// The helper's life, with stand-ins that do what a helper must not.
#include "formats/hdf5/helper_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "core/error.h"
#include "core/format.h"
#include "formats/hdf5/hdf5_format.h"
#include "formats/hdf5/protocol.h"
#include "formats/hdf5/script_folder.h"
#include "formats/hdf5/time_limit.h"

namespace polyak::hdf5 {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

class StandIn : public ::testing::Test {
 protected:
  // What opening a file gives if the helper is a script of these commands.
  Error ErrorWith(std::string_view commands) {
    context_.hdf5_helper = folder_.WriteScript("helper", commands);
    return ErrorOfOpening();
  }

  Error ErrorOfOpening() {
    try {
      Open(InputFile::Open(folder_.Write("any.h5", "any content, for nobody looks")), context_);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "it opened";
    return {ErrorKind::kUsage, "none"};
  }

  ScriptFolder folder_;
  OpenContext context_;
};

TEST_F(StandIn, ThatIsMissingIsAClearError) {
  context_.hdf5_helper = folder_ / "nowhere";
  const Error error = ErrorOfOpening();
  EXPECT_EQ(error.kind(), ErrorKind::kSystem);
  EXPECT_THAT(error.what(), HasSubstr((folder_ / "nowhere").string()));
}

TEST_F(StandIn, ThatCannotRunIsAClearError) {
  context_.hdf5_helper = folder_.Write("text", "not a program");
  EXPECT_EQ(ErrorOfOpening().kind(), ErrorKind::kSystem);
  std::filesystem::permissions(context_.hdf5_helper.path, std::filesystem::perms::owner_all);
  const Error error = ErrorOfOpening();
  EXPECT_EQ(error.kind(), ErrorKind::kSystem);
  EXPECT_THAT(error.what(), HasSubstr("can't start"));
}

TEST_F(StandIn, ThatIsNotNamedIsLookedForBesideTheProgram) {
  const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  if (std::filesystem::exists(here / "polyak-hdf5")) GTEST_SKIP() << "there is one";
  try {
    HelperProcess::Find({});
    ADD_FAILURE() << "it was found";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kSystem);
    EXPECT_THAT(error.what(), HasSubstr((here / "polyak-hdf5").string()));
    EXPECT_THAT(error.what(), HasSubstr("libexec/polyak/polyak-hdf5"));
  }
}

TEST_F(StandIn, ThatCrashesBlamesTheFile) {
  const Error error = ErrorWith("kill -SEGV $$");
  EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
  EXPECT_STREQ(error.what(), "damaged or hostile HDF5 file: the library crashed on it (signal 11)");
}

TEST_F(StandIn, ThatUsesUpItsTimeBlamesTheFile) {
  const Error error = ErrorWith("kill -XCPU $$");
  EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
  EXPECT_THAT(error.what(), HasSubstr("took more than 3 s of processor time"));
}

TEST(TimeLimit, GrowsWithTheFileUpToAMost) {
  const auto seconds_for = [](std::uint64_t bytes) {
    wire::Request request;
    request.mutable_image()->set_bytes(bytes);
    return CpuSecondsFor(request);
  };
  EXPECT_EQ(seconds_for(0), 3U);
  EXPECT_EQ(seconds_for((2 << 20) - 1), 3U);
  EXPECT_EQ(seconds_for(20 << 20), 13U);
  EXPECT_EQ(seconds_for(34 << 20), 20U);
  EXPECT_EQ(seconds_for(~std::uint64_t{0}), 20U);
  wire::Request coding;
  coding.mutable_code();
  EXPECT_EQ(CpuSecondsFor(coding), 20U);
}

TEST_F(StandIn, ThatIsKilledBlamesTheSystem) {
  EXPECT_EQ(ErrorWith("kill -KILL $$").kind(), ErrorKind::kSystem);
}

TEST_F(StandIn, ThatEndsIsAClearError) {
  const Error error = ErrorWith("exit 7");
  EXPECT_EQ(error.kind(), ErrorKind::kSystem);
  EXPECT_THAT(error.what(), HasSubstr("exit status 7"));
}

TEST_F(StandIn, ThatTalksNonsenseIsAClearError) {
  for (const char* commands : {
           "printf garbage >&3; exec sleep 9",
           "printf '\\010\\177\\130\\001' >&3; exec sleep 9",  // protocol 127
           "printf '\\130\\001' >&3; exec sleep 9",            // no protocol
           "dd if=/dev/zero bs=70000 count=1 >&3; exec sleep 9",
           "exec 3>&-; exec sleep 9",
       }) {
    const auto start = steady_clock::now();
    const Error error = ErrorWith(commands);
    EXPECT_EQ(error.kind(), ErrorKind::kSystem) << commands;
    EXPECT_THAT(error.what(), HasSubstr("makes no sense")) << commands;
    EXPECT_LT(steady_clock::now() - start, milliseconds(5000)) << commands;
  }
}

TEST_F(StandIn, ThatSpeaksItsLanguageIsBelievedAsFarAsTheFileAgrees) {
  // protocol 2, done: a file without datasets.
  context_.hdf5_helper =
      folder_.WriteScript("helper", "printf '\\010\\002\\130\\001' >&3; exec sleep 9");
  const auto file = InputFile::Open(folder_.Write("any.h5", "x"));
  EXPECT_EQ(Open(file, context_)->tensors().size(), 0U);
}

TEST_F(StandIn, ThatSaysNothingIsGivenUp) {
  const auto helper = HelperProcess::Start(folder_.WriteScript("helper", "exec sleep 9"), 0,
                                           nullptr, milliseconds(100));
  const auto start = steady_clock::now();
  try {
    helper->Receive(nullptr);
    ADD_FAILURE() << "it answered";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
    EXPECT_THAT(error.what(), HasSubstr("said nothing"));
  }
  EXPECT_LT(steady_clock::now() - start, milliseconds(3000));
}

TEST_F(StandIn, ThatSaysNothingDoesNotHoldUpCancelling) {
  std::atomic<bool> stop = false;
  context_.stop = &stop;
  std::thread stopper([&stop] {
    std::this_thread::sleep_for(milliseconds(150));
    stop = true;
  });
  const auto start = steady_clock::now();
  EXPECT_EQ(ErrorWith("exec sleep 9").kind(), ErrorKind::kCancelled);
  EXPECT_LT(steady_clock::now() - start, milliseconds(3000));
  stopper.join();
}

}  // namespace
}  // namespace polyak::hdf5
