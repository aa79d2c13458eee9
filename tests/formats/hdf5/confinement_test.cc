// The real helper: how often it is started, what it may do, when it ends.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "formats/hdf5/file_builder.h"
#include "formats/hdf5/hdf5_fixture.h"

namespace polyak::hdf5 {
namespace {

namespace fs = std::filesystem;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class Hdf5Helper : public Hdf5Files {
 protected:
  Hdf5Helper() {
    // Notes each start before it becomes the helper.
    context_.hdf5_helper = folder_.WriteScript(
        "helper", fmt::format("echo $$ >> '{}'\nexec '{}' \"$@\"", (folder_ / "starts").string(),
                              POLYAK_HDF5_HELPER));
    const float value = 1;
    FileBuilder(good_).Dataset("w", H5T_IEEE_F32LE, {}, &value);
  }

  std::vector<pid_t> Starts() const {
    std::vector<pid_t> starts;
    const std::string text = test::ReadFile(folder_ / "starts");
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
      starts.push_back(std::stoi(text.substr(at)));
    }
    return starts;
  }

  fs::path good_ = folder_ / "good.h5";
};

TEST_F(Hdf5Helper, IsStartedOnceForManyFiles) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(OpenFile(good_)->tensors().size(), 1U);
  EXPECT_EQ(Starts().size(), 1U);
}

TEST_F(Hdf5Helper, IsStartedAgainAfterADamagedFile) {
  OpenFile(good_);
  ErrorOfOpening(folder_.Write("bad.h5", "\x89HDF\r\n\x1a\n and nothing"));
  EXPECT_EQ(OpenFile(good_)->tensors().size(), 1U);
  EXPECT_EQ(Starts().size(), 2U);
}

TEST_F(Hdf5Helper, IsStartedAgainAfterACrash) {
  OpenFile(good_);
  kill(Starts()[0], SIGSEGV);
  const Error error = ErrorOfOpening(good_);
  if (!IsSanitized()) {
    EXPECT_THAT(error.what(), HasSubstr("(signal 11)"));
  }
  EXPECT_EQ(OpenFile(good_)->tensors().size(), 1U);
}

TEST_F(Hdf5Helper, EndsWithItsContext) {
  OpenFile(good_);
  EXPECT_EQ(kill(Starts()[0], 0), 0);
  context_.per_run->Clear();
  EXPECT_EQ(kill(Starts()[0], 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST_F(Hdf5Helper, LeavesTheTerminalsSignalsToPolyak) {
  OpenFile(good_);
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) kill(Starts()[0], signal_number);
  EXPECT_EQ(OpenFile(good_)->tensors().size(), 1U);
  EXPECT_EQ(Starts().size(), 1U);
}

TEST_F(Hdf5Helper, HasNoDescriptorsButItsSocket) {
  const int stray = open("/dev/null", O_RDONLY);  // inheritable
  OpenFile(good_);
  std::vector<std::string> targets(4);
  for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fd", Starts()[0]))) {
    const int number = std::stoi(entry.path().filename().string());
    // After the answer it still closes the file, in its own time.
    if (number == 4 && fs::read_symlink(entry.path()) == good_) continue;
    ASSERT_LT(number, 4);
    targets[static_cast<std::size_t>(number)] = fs::read_symlink(entry.path()).string();
  }
  EXPECT_THAT(targets, ::testing::ElementsAre("/dev/null", "/dev/null", "/dev/null",
                                              ::testing::StartsWith("socket:")));
  close(stray);
}

TEST_F(Hdf5Helper, IsUnderLimits) {
  context_.helper_memory_bytes = 100 << 20;
  OpenFile(good_);
  const std::string process = fmt::format("/proc/{}/", Starts()[0]);
  const std::string limits = test::ReadFile(process + "limits");
  EXPECT_THAT(limits, ContainsRegex("Max cpu time +[0-9]+ "));
  EXPECT_THAT(limits, ContainsRegex("Max file size +0 "));
  EXPECT_THAT(limits, ContainsRegex("Max core file size +0 "));
  EXPECT_THAT(limits, ContainsRegex("Max open files +8 "));
  if (!IsSanitized()) {
    EXPECT_THAT(limits, ContainsRegex("Max data size +104857600 "));
  }
  EXPECT_THAT(test::ReadFile(process + "status"), ContainsRegex("NoNewPrivs:\t1"));
}

TEST_F(Hdf5Helper, SaysWhereItsMemoryDoesNotSuffice) {
  if (IsSanitized()) GTEST_SKIP() << "no limit under sanitizers";
  const auto path = folder_ / "many.h5";
  {
    FileBuilder builder(path);
    const float value = 1;
    for (int i = 0; i < 20000; ++i) {
      builder.Dataset("w" + std::to_string(i), H5T_IEEE_F32LE, {}, &value);
    }
  }
  context_.helper_memory_bytes = 5 << 20;
  const Error error = ErrorOfOpening(path);
  EXPECT_EQ(error.kind(), ErrorKind::kUnsupported);
  EXPECT_THAT(error.what(), HasSubstr("memory"));
  EXPECT_THAT(error.hint(), HasSubstr("--memory"));
}

}  // namespace
}  // namespace polyak::hdf5
