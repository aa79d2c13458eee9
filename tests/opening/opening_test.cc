// Files are opened several at once: nothing that can be seen may depend on how many, or on which
// was the first to be done.
#include "opening.h"

#include <gmock/gmock.h>
#include <sys/inotify.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "polyak.h"
#include "report/report_json.h"
#include "support/files.h"
#include "support/folder_events.h"
#include "support/onnx_builder.h"

namespace polyak {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr int kOften = 10;

class Opening : public ::testing::Test {
 protected:
  OpenedCheckpoints Open(std::size_t threads, std::uint64_t memory_bytes = kDefaultMemoryBytes) {
    return OpenCheckpoints({.paths = paths_,
                            .threads = threads,
                            .memory_bytes = memory_bytes,
                            .hdf5_helper = helper_,
                            .temporary_folder = {},
                            .stop = &stop_});
  }

  std::string ErrorOf(std::size_t threads, std::uint64_t memory_bytes = kDefaultMemoryBytes) {
    try {
      Open(threads, memory_bytes);
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  }

  void AddDigits(const std::string& ending) {
    for (const char* epoch : {"09", "10", "11", "12"}) {
      paths_.push_back(test::TestData(std::string("digits/ep") + epoch + ending));
    }
  }

  void AddBad(const std::string& name, const std::string& bytes) {
    test::WriteFile(folder_ / name, bytes);
    paths_.push_back(folder_ / name);
  }

  // The same model some times, whose index takes some 20 MiB while it is read.
  void AddLarge(int count) {
    onnx::ModelProto model = test::EmptyModel();
    constexpr float kOne = 1;
    for (int i = 0; i < 40'000; ++i) {
      *model.mutable_graph()->add_initializer() =
          test::FloatTensor("weight" + std::to_string(i), {1}, {&kOne, 1});
    }
    test::WriteModel(folder_ / "large.onnx", model);
    paths_.assign(static_cast<std::size_t>(count), folder_ / "large.onnx");
  }

  test::TemporaryFolder folder_;
  std::vector<fs::path> paths_;
  fs::path helper_ = fs::path(POLYAK_PROGRAM).parent_path() / "polyak-hdf5";
  std::atomic<bool> stop_ = false;
};

TEST_F(Opening, KeepsTheOrderOfTheFiles) {
  AddDigits(".h5");
  AddDigits(".onnx");
  const OpenedCheckpoints opened = Open(3);
  ASSERT_EQ(opened.checkpoints.size(), 8U);
  for (std::size_t k = 0; k < 8; ++k) {
    EXPECT_EQ(opened.checkpoints[k].checkpoint->path(), paths_[k]);
    EXPECT_EQ(opened.checkpoints[k].format, k < 4 ? "hdf5" : "onnx");
    const auto& first = opened.checkpoints[k < 4 ? 0 : 4].checkpoint;
    EXPECT_EQ(opened.checkpoints[k].checkpoint->tensors().data(), first->tensors().data());
  }
}

TEST_F(Opening, TakesWhatTheFilesNeedWhateverTheTiming) {
  AddDigits(".h5");
  AddDigits(".onnx");
  const OpenedCheckpoints in_turn = Open(1);
  EXPECT_EQ(in_turn.index_bytes, in_turn.index_bytes_in_turn);
  const OpenedCheckpoints at_once = Open(4);
  EXPECT_EQ(at_once.index_bytes_in_turn, in_turn.index_bytes);
  EXPECT_GT(at_once.index_bytes, in_turn.index_bytes);
  for (int i = 0; i < kOften; ++i) EXPECT_EQ(Open(4).index_bytes, at_once.index_bytes);
}

TEST_F(Opening, FailsWithTheFirstBadFileWhateverTheTiming) {
  AddDigits(".h5");
  AddBad("cut.h5", test::ReadFile(paths_[0]).substr(0, 1000));
  AddBad("text.onnx", "this is no model, but text");
  AddBad("empty.onnx", "");
  AddDigits(".onnx");
  const std::string expected = ErrorOf(1);
  EXPECT_THAT(expected, HasSubstr("cut.h5: the file is truncated"));
  for (int i = 0; i < kOften; ++i) {
    for (const std::size_t threads : {2U, 4U, 11U}) EXPECT_EQ(ErrorOf(threads), expected);
  }
}

TEST_F(Opening, OpensNothingTwiceButTheFileThatCannotBe) {
  for (const char* name : {"1.onnx", "2.onnx", "3.onnx"}) {
    fs::copy(test::TestData("digits/ep09.onnx"), folder_ / name);
    paths_.push_back(folder_ / name);
  }
  const std::string cut = test::ReadFile(paths_[0]).substr(0, 1000);
  paths_.push_back(folder_ / "4.onnx");
  const auto count = [this](std::size_t threads) {
    const test::FolderEvents openings(folder_.path(), IN_OPEN);
    EXPECT_THAT(ErrorOf(threads), HasSubstr("4.onnx: "));
    std::map<std::string, int> found;
    for (const std::string& name : openings.Take()) ++found[name];
    EXPECT_LE(found["4.onnx"], 2);
    found.erase("4.onnx");
    return found;
  };
  for (const std::string& bad : {cut, std::string("text, which is no checkpoint at all")}) {
    test::WriteFile(folder_ / "4.onnx", bad);
    const std::map<std::string, int> expected = count(1);
    ASSERT_EQ(expected.size(), 3U);
    EXPECT_EQ(count(2), expected);
  }
}

TEST_F(Opening, FailsAsOneAfterTheOtherForEveryBadPlace) {
  AddDigits(".onnx");
  AddDigits(".h5");
  const std::vector<fs::path> good = paths_;
  AddBad("cut.h5", test::ReadFile(good[4]).substr(0, 1000));
  AddBad("text.onnx", "this is no model, but text");
  AddBad("none.onnx", "");
  fs::remove(folder_ / "none.onnx");
  const std::vector<fs::path> bad(paths_.begin() + 8, paths_.end());
  for (std::size_t place = 0; place < good.size(); ++place) {
    paths_ = good;
    for (std::size_t i = 0; i < bad.size() && place + i < paths_.size(); ++i) {
      paths_[place + i] = bad[(place + i) % bad.size()];
    }
    const std::string expected = ErrorOf(1);
    EXPECT_NE(expected, "none");
    EXPECT_EQ(ErrorOf(3), expected);
  }
}

TEST_F(Opening, IsOneAfterTheOtherWhereTheMemoryIsNotEnoughForMore) {
  AddLarge(3);
  const OpenedCheckpoints in_turn = Open(1, kLeastMemoryBytes);
  const OpenedCheckpoints at_once = Open(3, kLeastMemoryBytes);
  EXPECT_EQ(at_once.index_bytes, in_turn.index_bytes);
  EXPECT_GT(Open(3, kDefaultMemoryBytes).index_bytes, IndexBudgetBytes(kLeastMemoryBytes))
      << "it would have been enough: the test tests nothing";
}

TEST_F(Opening, NeedsAsMuchMemoryAsOneAfterTheOther) {
  AddLarge(9);
  const std::string expected = ErrorOf(1, kLeastMemoryBytes);
  EXPECT_THAT(expected, HasSubstr("doesn't fit the memory budget (needs about"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ErrorOf(4, kLeastMemoryBytes), expected);
}

TEST_F(Opening, PlansWithTheIndexOfOneAfterTheOtherWhereThatFitsAlone) {
  const OpenedCheckpoints opened{
      .checkpoints = {}, .helpers = 2, .index_bytes = 300 << 20, .index_bytes_in_turn = 100 << 20};
  const MemoryPlan plan = PlanMemoryWith(opened, {.index_bytes = 1 << 20});
  EXPECT_EQ(plan.peak_bytes, PlanMemory({.index_bytes = 101 << 20}).peak_bytes);
  const MemoryPlan larger = PlanMemoryWith(opened, {.budget_bytes = 1 << 30});
  EXPECT_EQ(larger.peak_bytes,
            PlanMemory({.budget_bytes = 1 << 30, .index_bytes = 300 << 20}).peak_bytes);
}

TEST_F(Opening, LeavesNoTraceOfTheNumberOfThreadsInTheReport) {
  AddDigits(".onnx");
  const auto report_of = [this](std::size_t threads) {
    Job job;
    job.inputs = paths_;
    job.output = folder_ / "out.onnx";
    job.threads = threads;
    job.replace_existing = true;
    std::ostringstream text;
    WriteJson(Average(job), text);
    nlohmann::json report = nlohmann::json::parse(text.str());
    for (const char* key : {"seconds", "memory", "threads", "free_bytes"}) report.erase(key);
    return report;
  };
  const nlohmann::json one = report_of(1);
  for (int i = 0; i < kOften; ++i) EXPECT_EQ(report_of(4), one);
}

TEST_F(Opening, StopsWhileHelpersAreSilent) {
  helper_ = folder_ / "silent";
  test::WriteFile(helper_, "#!/bin/sh\nexec sleep 60\n");
  fs::permissions(helper_, fs::perms::owner_all);
  AddDigits(".h5");
  std::jthread user([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    stop_ = true;
  });
  EXPECT_THAT(ErrorOf(3), HasSubstr("ep09.h5: stopped"));
}

}  // namespace
}  // namespace polyak
