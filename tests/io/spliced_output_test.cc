#include "io/spliced_output.h"

#include <gtest/gtest.h>
#include <sys/inotify.h>

#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "support/files.h"
#include "support/folder_events.h"

namespace polyak {
namespace {

// A template "head|AAAABBBB|mid|CCCC|tail" with two tensors of bytes, a = AAAABBBB in two extents
// in reverse order of the file, b = CCCC.
class SplicedOutputTest : public ::testing::Test {
 protected:
  SplicedOutputTest() {
    test::WriteFile(folder_ / "template", "head|AAAABBBB|mid|CCCC|tail");
    file_ = InputFile::Open(folder_ / "template");
    tensors_.resize(2);
    tensors_[0].shape = {2, 4};
    tensors_[1].shape = {4};
    for (TensorInfo& tensor : tensors_) {
      tensor.dtype = DType::kUInt8;
      tensor.element_bytes = 1;
      tensor.elements = ElementsOf(tensor.shape);
      tensor.stored_bytes = tensor.elements;
    }
    payloads_ = {{.runs = {{9, 4}, {5, 4}}}, {.runs = {{18, 4}}}};
  }

  OutputLayout Edited(std::vector<Edit> edits, std::span<const std::size_t> replaced) const {
    OutputLayout layout{.sources = {file_}, .main = {}, .data = {}};
    layout.main.CopyEdited(0, *file_, edits, SpansIn(0, replaced, payloads_));
    return layout;
  }

  std::string Splice(std::vector<std::size_t> replaced, std::vector<Edit> edits,
                     std::string_view provenance = "") {
    SplicedOutput output({.path = folder_ / "out", .replace_existing = true, .replaced = replaced},
                         Edited(std::move(edits), replaced), payloads_, tensors_);
    for (std::size_t part = output.kept_parts(); part-- > 0;) output.WriteKept(part);
    for (const std::size_t tensor : replaced) {
      const std::string elements = tensor == 0 ? "01234567" : "wxyz";
      const Tiles tiles = output.TilesOf(tensor, 3);
      for (std::uint64_t i = tiles.count(); i-- > 0;) {
        const Box box = tiles.BoxAt(i);
        const auto bytes = std::string_view(elements).substr(box.start[0], box.count[0]);
        output.Write(tensor, box, std::as_bytes(std::span(bytes)));
      }
    }
    output.Commit(provenance);
    return test::ReadFile(folder_ / "out");
  }

  test::TemporaryFolder folder_;
  std::shared_ptr<const InputFile> file_;
  std::vector<TensorInfo> tensors_;
  std::vector<Payload> payloads_;
};

TEST_F(SplicedOutputTest, WithNothingReplacedIsTheTemplate) {
  EXPECT_EQ(Splice({}, {}), test::ReadFile(folder_ / "template"));
}

TEST_F(SplicedOutputTest, ReplacesPayloadsAndNothingElse) {
  EXPECT_EQ(Splice({0}, {}), "head|45670123|mid|CCCC|tail");
  EXPECT_EQ(Splice({0, 1}, {}), "head|45670123|mid|wxyz|tail");
}

TEST_F(SplicedOutputTest, MovesWhatFollowsAnEdit) {
  EXPECT_EQ(Splice({1}, {{.offset = 0, .removed = 0, .inserted = "new "},
                         {.offset = 13, .removed = 5, .inserted = "<>"},
                         {.offset = 27, .removed = 0, .inserted = "!"}}),
            "new head|AAAABBBB<>wxyz|tail!");
}

TEST_F(SplicedOutputTest, TakesEditsThatTouchOneAnother) {
  EXPECT_EQ(Splice({1}, {{.offset = 13, .removed = 1, .inserted = "[["},
                         {.offset = 14, .removed = 3, .inserted = ""},
                         {.offset = 17, .removed = 0, .inserted = "]]"}}),
            "head|AAAABBBB[[]]|wxyz|tail");
}

TEST_F(SplicedOutputTest, FillsTheProvenanceRecordInAtCommit) {
  EXPECT_EQ(Splice({}, {{.offset = 27, .removed = 0, .inserted = "<000>", .record_at = 1}}, "abc"),
            "head|AAAABBBB|mid|CCCC|tail<abc>");
}

TEST_F(SplicedOutputTest, RefusesToCommitWhileSomethingIsMissing) {
  const std::vector<std::size_t> replaced = {1};
  {
    SplicedOutput output({.path = folder_ / "out", .replaced = replaced},
                         Edited({{.offset = 27, .removed = 0, .inserted = "!"}}, replaced),
                         payloads_, tensors_);
    EXPECT_THROW(output.Commit(""), Error) << "nothing is there yet";
    for (std::size_t part = 0; part < output.kept_parts(); ++part) output.WriteKept(part);
    output.Write(1, RangeBox(0, 3), std::as_bytes(std::span("wxy", 3)));
    EXPECT_THROW(output.Commit(""), Error) << "one element is missing";
  }
  EXPECT_EQ(folder_.Names(), std::vector<std::string>{"template"});
}

TEST_F(SplicedOutputTest, RemovesItsMainTemporaryLastWhereADataFileCannotBe) {
  const std::vector<std::size_t> none;
  OutputLayout layout = Edited({}, none);
  layout.data = {{.name = "data1", .layout = {}}, {.name = "data2", .layout = {}}};
  test::WriteFile(folder_ / "data2", "somebody's");
  const test::FolderEvents removals(folder_.path(), IN_DELETE);
  EXPECT_THROW(SplicedOutput({.path = folder_ / "out", .replaced = none}, std::move(layout),
                             payloads_, tensors_),
               Error);
  const std::vector<std::string> removed = removals.Take();
  ASSERT_EQ(removed.size(), 2U);
  EXPECT_TRUE(removed[0].starts_with(removed[1] + "-")) << "the data's name begins with the main's";
  EXPECT_EQ(folder_.Names(), (std::vector<std::string>{"data2", "template"}));
}

TEST_F(SplicedOutputTest, KnowsItsSizeBefore) {
  const std::vector<std::size_t> none;
  const SplicedOutput output({.path = folder_ / "out", .replaced = none},
                             Edited({{.offset = 13, .removed = 5, .inserted = "<>"}}, none),
                             payloads_, tensors_);
  EXPECT_EQ(output.size_bytes(), 27U - 5 + 2);
  EXPECT_EQ(output.kept_bytes(), 27U - 18) << "what is short becomes literal";
}

TEST_F(SplicedOutputTest, WritesElementsInTheByteOrderOfTheFile) {
  tensors_[1].dtype = DType::kUInt16;
  tensors_[1].element_bytes = 2;
  tensors_[1].shape = {2};
  tensors_[1].elements = 2;
  payloads_[1].swapped_bytes = 2;
  const std::vector<std::size_t> replaced = {1};
  SplicedOutput output({.path = folder_ / "out", .replaced = replaced}, Edited({}, replaced),
                       payloads_, tensors_);
  for (std::size_t part = 0; part < output.kept_parts(); ++part) output.WriteKept(part);
  output.Write(1, RangeBox(0, 2), std::as_bytes(std::span("wxyz", 4)));
  output.Commit("");
  EXPECT_EQ(test::ReadFile(folder_ / "out"), "head|AAAABBBB|mid|xwzy|tail");
}

TEST_F(SplicedOutputTest, LeavesWhatLiesBetweenScatteredNumbers) {
  std::vector<PayloadRun> runs;
  for (const std::uint64_t offset : {0U, 2U, 4U, 6U, 8U, 10U, 12U, 14U}) {
    AppendPiece({offset, 1}, runs);
  }
  ASSERT_EQ(runs.size(), 1U);
  payloads_[0] = {.runs = runs};
  EXPECT_EQ(Splice({0, 1}, {}), "0e1d2A3A4B5B6|7id|wxyz|tail");
  EXPECT_EQ(Splice({0},
                   {
                       {.offset = 27, .removed = 0, .inserted = "!"},
                   }),
            "0e1d2A3A4B5B6|7id|CCCC|tail!");
}

}  // namespace
}  // namespace polyak
