// What an argument stands for: a file, a folder, a glob, a list.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "choosing.h"

namespace polyak {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
namespace fs = std::filesystem;

using File = test::Choosing;
using Folder = test::Choosing;
using Glob = test::Choosing;
using List = test::Choosing;

TEST_F(File, ThatExistsIsThatWhateverItsNameHolds) {
  Checkpoints({"@x", "a*b", "ckpt[1].onnx", "c1", "axb", "x"});
  fs::current_path(folder_.path());
  EXPECT_THAT(Choose({"@x", "a*b", "ckpt[1].onnx"}), ElementsAre("@x", "a*b", "ckpt[1].onnx"));
  fs::current_path("/");
}

TEST_F(File, ThatIsMissingIsAnErrorWhateverIsAskedFor) {
  Checkpoint("ep1.onnx");
  request_.last = 5;
  EXPECT_EQ(Refusal({Path("ep1.onnx"), Path("ep2.onnx")}, ErrorKind::kSystem),
            "ep2.onnx: cannot open: No such file or directory");
}

TEST_F(File, ThatIsNamedIsNotLookedInto) {
  Write("half.onnx", "");
  EXPECT_THAT(Choose({Path("half.onnx")}), ElementsAre("half.onnx"));
}

TEST_F(File, MayBeGivenTwice) {
  Checkpoint("ep1.onnx");
  request_.order_matters = true;
  EXPECT_THAT(Choose({Path("ep1.onnx"), Path("ep1.onnx")}), SizeIs(2));
  EXPECT_THAT(Warnings(), IsEmpty());
}

TEST_F(File, WithANulByteIsNoPath) {
  EXPECT_THAT(Refusal({std::string("a\0b", 3)}, ErrorKind::kUsage), HasSubstr("NUL"));
}

TEST_F(Folder, StandsForItsCheckpoints) {
  Checkpoints({"run/ep1.onnx", "run/ep2", "run/.hidden3", "run/sub/ep4.onnx"});
  Write("run/log.txt", "text");
  EXPECT_THAT(Choose({Path("run")}), ElementsAre("run/ep1.onnx", "run/ep2"));
  EXPECT_THAT(Warnings(), ElementsAre("run: left out, for it is no checkpoint: log.txt, sub/"));
  EXPECT_THAT(Choose({Path("run/")}), ElementsAre("run/ep1.onnx", "run/ep2"));
}

TEST_F(Folder, NamesFiveOfWhatIsLeftOut) {
  Checkpoint("run/ep1.onnx");
  for (const char c : std::string("abcdefg")) Write(std::string("run/") + c, "text");
  Choose({Path("run")});
  EXPECT_THAT(Warnings(), ElementsAre(HasSubstr(": a, b, c, d, e and 2 more")));
}

TEST_F(Folder, AsksAboutWhateverIsNoFolder) {
  Checkpoint("run/ep1.onnx");
  fs::create_symlink(Path("nowhere"), Path("run/ep3.onnx"));
  request_.is_checkpoint = [](const fs::path& path) {
    if (!fs::exists(path)) throw SystemError("cannot open", ENOENT);
    return true;
  };
  EXPECT_EQ(Refusal({Path("run")}, ErrorKind::kSystem),
            "run: ep3.onnx: cannot open: No such file or directory");
}

TEST_F(Folder, LeavesOutDataThatBelongsToACheckpoint) {
  Checkpoint("run/ep1.onnx");
  Write("run/ep1.onnx.data", "weights");
  EXPECT_THAT(Choose({Path("run")}), ElementsAre("run/ep1.onnx"));
  EXPECT_THAT(Warnings(), ElementsAre(HasSubstr("ep1.onnx.data")));
}

TEST_F(Folder, FollowsLinksToFilesAndFolders) {
  Checkpoints({"real/ep2.onnx", "elsewhere.onnx"});
  fs::create_symlink(Path("elsewhere.onnx"), Path("real/ep1.onnx"));
  fs::create_directory_symlink(Path("real"), Path("link"));
  EXPECT_THAT(Choose({Path("link")}), ElementsAre("link/ep1.onnx", "link/ep2.onnx"));
}

TEST_F(Folder, NeverOpensWhatIsNoRegularFile) {
  Checkpoint("run/ep1.onnx");
  ASSERT_EQ(mkfifo(Path("run/pipe").c_str(), 0600), 0);
  EXPECT_THAT(Choose({Path("run")}), ElementsAre("run/ep1.onnx"));  // reading it would wait
  EXPECT_THAT(Warnings(), ElementsAre(HasSubstr("pipe")));
}

TEST_F(Folder, WithoutACheckpointIsRefused) {
  fs::create_directory(folder_ / "empty");
  EXPECT_EQ(Refusal({Path("empty")}, ErrorKind::kUnsupported), "empty: no checkpoint in it");
  Checkpoint("run/checkpoint-1/model.onnx");
  EXPECT_EQ(Refusal({Path("run")}, ErrorKind::kUnsupported),
            "run: no checkpoint in it (found checkpoint-1/)");
  EXPECT_THAT(hint_, HasSubstr("'*/*.onnx'"));
}

TEST_F(Folder, PassesOnWhatLookingIntoAFileThrows) {
  Checkpoint("run/ep1.onnx");
  request_.is_checkpoint = [](const fs::path&) -> bool { throw SystemError("cannot read", EIO); };
  EXPECT_EQ(Refusal({Path("run")}, ErrorKind::kSystem),
            "run: ep1.onnx: cannot read: Input/output error");
}

// Root may read everything: until it goes out of scope the test is nobody.
class AsNobody {
 public:
  AsNobody() { is_changed_ = geteuid() == 0 && seteuid(kNobody) == 0; }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
  ~AsNobody() {
    if (is_changed_) {
      EXPECT_EQ(seteuid(0), 0);
    }
  }

 private:
  static constexpr uid_t kNobody = 65534;
  bool is_changed_ = false;
};

TEST_F(Folder, ThatCanNotBeReadIsRefused) {
  Checkpoint("run/ep1.onnx");
  ASSERT_EQ(chmod(folder_.path().c_str(), 0755), 0);
  ASSERT_EQ(chmod(Path("run").c_str(), 0), 0);
  {
    const AsNobody nobody;
    ASSERT_NE(geteuid(), 0U);
    EXPECT_EQ(Refusal({Path("run")}, ErrorKind::kSystem),
              "run: cannot read the folder: Permission denied");
    EXPECT_THAT(Refusal({Path("run/*")}, ErrorKind::kSystem), HasSubstr("Permission denied"));
    EXPECT_THAT(Refusal({Path("*/ep1.onnx")}, ErrorKind::kSystem), HasSubstr("Permission denied"));
  }
  chmod(Path("run").c_str(), 0700);
}

TEST_F(Glob, TakesWhatMatchesAndNothingElse) {
  Checkpoints({"step_100.onnx", "step_1000.onnx", "step_10000.onnx", "step_100.h5"});
  EXPECT_THAT(Choose({Path("step_100.onn?")}), ElementsAre("step_100.onnx"));
  EXPECT_THAT(Choose({Path("step_?00.onnx")}), ElementsAre("step_100.onnx"));
  EXPECT_THAT(Choose({Path("step_1000*.onnx")}), ElementsAre("step_1000.onnx", "step_10000.onnx"));
}

TEST_F(Glob, MatchesAsPosixSays) {
  Checkpoints({"ep1", "ep2", "ep3", ".ep4", "ep\\5", "ep*6", "d/ep7"});
  EXPECT_THAT(Choose({Path("ep[13]")}), ElementsAre("ep1", "ep3"));
  EXPECT_THAT(Choose({Path("ep[!1-2]")}), ElementsAre("ep3"));
  EXPECT_THAT(Choose({Path("ep[[:digit:]]")}), ElementsAre("ep1", "ep2", "ep3"));
  EXPECT_THAT(Choose({Path(".ep*")}), ElementsAre(".ep4"));
  EXPECT_THAT(Choose({Path("ep\\**")}), ElementsAre("ep*6"));
  EXPECT_THAT(Choose({Path("*/ep7")}), ElementsAre("d/ep7"));
  EXPECT_THAT(Choose({Path("**/ep*")}), ElementsAre("d/ep7"));
  EXPECT_THAT(Refusal({Path("*ep4")}, ErrorKind::kSystem), HasSubstr("matches no file"));
}

TEST_F(Glob, SaysWhatASetInFrontKeepsOut) {
  Checkpoints({"a_1.onnx", "init.onnx", "new.onnx", "train_9.onnx", "x_2.onnx"});
  EXPECT_THAT(Choose({Path("[!init]*.onnx")}), ElementsAre("a_1.onnx", "x_2.onnx"));
  EXPECT_THAT(Warnings(), ElementsAre(AllOf(HasSubstr("stand for one, not for a word"),
                                            HasSubstr("init.onnx, new.onnx, train_9.onnx"))));
  EXPECT_THAT(Choose({Path("[ax]*.onnx")}), SizeIs(2));
  EXPECT_THAT(Warnings(), IsEmpty());
}

TEST_F(Glob, WithoutAMatchSaysWhatThereIs) {
  Checkpoints({"run/init.onnx", "run/new.onnx"});
  EXPECT_EQ(Refusal({Path("run/ep*.onnx")}, ErrorKind::kSystem),
            "run/ep*.onnx: matches no file (run holds init.onnx, new.onnx)");
  EXPECT_EQ(hint_, "");
  Refusal({Path("run/[!init]*.onnx")}, ErrorKind::kSystem);
  EXPECT_THAT(hint_, HasSubstr("[...] stands for one character"));
  EXPECT_EQ(Refusal({Path("nowhere/*.onnx")}, ErrorKind::kSystem),
            "nowhere/*.onnx: matches no file (there is no folder nowhere)");
  EXPECT_EQ(Refusal({Path("run/init.onnx/*")}, ErrorKind::kSystem),
            "run/init.onnx/*: matches no file (there is no folder run/init.onnx)");
}

TEST_F(Glob, LeavesOutFoldersWithAWarning) {
  Checkpoints({"run/ep1.onnx", "run/ep2/model.onnx"});
  EXPECT_THAT(Choose({Path("run/*")}), ElementsAre("run/ep1.onnx"));
  EXPECT_THAT(Warnings(), ElementsAre("run/*: left out, for it is a folder: run/ep2"));
  EXPECT_THAT(Refusal({Path("run/ep2*")}, ErrorKind::kSystem),
              HasSubstr("matches only folders (run/ep2)"));
}

TEST_F(Glob, PassesOnALinkThatLeadsNowhere) {
  Checkpoint("ep1.onnx");
  fs::create_symlink(Path("nowhere"), Path("ep2.onnx"));
  EXPECT_THAT(Choose({Path("ep*.onnx")}), ElementsAre("ep1.onnx", "ep2.onnx"));
}

TEST_F(Glob, IsRelativeToTheCurrentFolder) {
  Checkpoints({"ep1.onnx", "run/ep2.onnx"});
  fs::current_path(folder_.path());
  EXPECT_THAT(Choose({"*.onnx", "run//*.onnx", "./ep*"}),
              ElementsAre("ep1.onnx", "run/ep2.onnx", "./ep1.onnx"));
  fs::current_path("/");
}

TEST_F(List, NamesFilesAndFoldersLiterally) {
  Checkpoints({"b.onnx", "a*.onnx", "ax.onnx", "run/ep2.onnx", "run/ep1.onnx"});
  Write("list", "# comment\n\n" + Path("b.onnx") + "\n" + Path("run") + "\n" + Path("a*.onnx"));
  EXPECT_THAT(Choose({"@" + Path("list")}),
              ElementsAre("b.onnx", "run/ep1.onnx", "run/ep2.onnx", "a*.onnx"));
}

TEST_F(List, MayComeFromWindows) {
  Checkpoints({"b.onnx", " a.onnx"});
  Write("list", "\xEF\xBB\xBF" + Path("b.onnx") + "\r\n\r\n#x\r\n" + Path(" a.onnx") + "\r\n");
  EXPECT_THAT(Choose({"@" + Path("list")}), ElementsAre("b.onnx", " a.onnx"));
}

TEST_F(List, SaysWhichLineIsWrong) {
  Checkpoint("b.onnx");
  Write("list", Path("b.onnx") + "\n\n" + Path("gone.onnx") + "\n");
  EXPECT_THAT(Refusal({"@" + Path("list")}, ErrorKind::kSystem),
              HasSubstr("list: line 3: gone.onnx: cannot open: No such file"));
  fs::create_directory(folder_ / "empty");
  Write("list", Path("b.onnx") + "\n" + Path("empty"));
  EXPECT_THAT(Refusal({"@" + Path("list")}, ErrorKind::kUnsupported),
              HasSubstr("line 2: empty: no checkpoint"));
}

TEST_F(List, ThatIsNoneIsRefused) {
  Write("list", "# nothing\n\n");
  EXPECT_THAT(Refusal({"@" + Path("list")}, ErrorKind::kUsage), HasSubstr("lists no path"));
  Write("list", std::string("a\nb\0\n", 5));
  EXPECT_THAT(Refusal({"@" + Path("list")}, ErrorKind::kUsage), HasSubstr("line 2: holds a NUL"));
  Write("list", std::string((16U << 20) + 1, '\n'));
  EXPECT_THAT(Refusal({"@" + Path("list")}, ErrorKind::kUsage), HasSubstr("too large"));
  EXPECT_THAT(Refusal({"@" + Path("gone")}, ErrorKind::kSystem), HasSubstr("No such file"));
}

TEST_F(List, OfTooManyPathsIsRefused) {
  std::string text;
  for (int i = 0; i < 100'001; ++i) text += "a\n";
  Write("list", text);
  EXPECT_THAT(Refusal({"@" + Path("list")}, ErrorKind::kUnsupported),
              HasSubstr("more than 100000"));
}

}  // namespace
}  // namespace polyak
