// What polyak's own process can't do any more once it is confined, and what it still can.
#include "confinement/confinement.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include "attempts.h"
#include "support/files.h"

namespace polyak {
namespace {

class Confined : public test::AttemptTest {
 protected:
  static int ResultOf(int (*attempt)()) {
    return test::ResultOf(
        [] { Confine({.read_folders = {"in"}, .write_folders = {"out"}}, Sandbox::kRequire); },
        attempt);
  }
};

TEST_P(Confined, ProcessIsDenied) { ExpectDenied(ResultOf(GetParam().make)); }

INSTANTIATE_TEST_SUITE_P(Attempts, Confined, ::testing::ValuesIn(test::Attempts()),
                         [](const auto& suite) { return suite.param.name; });

using ConfinedStill = Confined;

TEST_F(ConfinedStill, ReadsInputs) {
  EXPECT_EQ(ResultOf([] { return open("in/input", O_RDONLY) < 0 ? errno : 0; }), 0);
}

TEST_F(ConfinedStill, ListsTheirFolder) {
  EXPECT_EQ(ResultOf([] { return open("in", O_RDONLY | O_DIRECTORY) < 0 ? errno : 0; }), 0);
}

TEST_F(ConfinedStill, WritesAnOutputAndPutsItInPlace) {
  EXPECT_EQ(ResultOf([] {
              const int file = open("out/.new", O_RDWR | O_CREAT | O_EXCL, 0666);
              if (file < 0 || write(file, "x", 1) != 1 || ftruncate(file, 3) != 0) return errno;
              if (fallocate(file, 0, 0, 100) != 0 || fchmod(file, 0600) != 0) return errno;
              if (fsync(file) != 0) return errno;
              if (rename("out/.new", "out/output") != 0) return errno;
              const int folder = open("out", O_RDONLY | O_DIRECTORY);
              return folder < 0 || fsync(folder) != 0 ? errno : 0;
            }),
            0);
  EXPECT_EQ(std::filesystem::file_size("out/output"), 100U);
}

TEST_F(ConfinedStill, ReplacesAndRemoves) {
  test::WriteFile("out/old", "old");
  test::WriteFile("out/older", "older");
  EXPECT_EQ(ResultOf([] {
              return rename("out/old", "out/older") != 0 || unlink("out/older") != 0 ? errno : 0;
            }),
            0);
}

TEST_F(ConfinedStill, MakesNamelessFiles) {
  EXPECT_EQ(ResultOf([] { return open("out", O_TMPFILE | O_RDWR, 0600) < 0 ? errno : 0; }), 0);
}

TEST_F(ConfinedStill, StartsThreads) {
  EXPECT_EQ(ResultOf([] {
              int result = 1;
              std::thread([&result] { result = 0; }).join();
              return result;
            }),
            0);
}

TEST_F(ConfinedStill, ConfinesItsThreads) {
  EXPECT_TRUE(test::IsDenial(ResultOf([] {
    int result = 0;
    std::thread([&result] {
      if (open("/etc/passwd", O_RDONLY) < 0) result = errno;
    }).join();
    return result;
  })));
}

TEST_F(ConfinedStill, SeesItsOwnStateAndTheProcessors) {
  EXPECT_EQ(ResultOf([] { return open("/proc/self/status", O_RDONLY) < 0 ? errno : 0; }), 0);
  EXPECT_EQ(ResultOf([] { return std::thread::hardware_concurrency() > 0 ? 0 : 1; }), 0);
}

TEST_F(ConfinedStill, AsksWhatKindOfDeviceADescriptorIs) {
  EXPECT_EQ(ResultOf([] {
              const int file = open("in/input", O_RDONLY);
              int left = 0;
              if (ioctl(file, FIONREAD, &left) != 0 || left != 5) return 1;
              return isatty(file) == 0 && errno == ENOTTY ? 0 : 2;
            }),
            0);
}

TEST_F(ConfinedStill, MakesADescriptorItsProgramsOwn) {
  EXPECT_EQ(ResultOf([] {
              const int file = open("in/input", O_RDONLY);
              return fcntl(file, F_SETFD, FD_CLOEXEC) == 0 && fcntl(file, F_GETFD) == FD_CLOEXEC
                         ? 0
                         : errno;
            }),
            0);
}

TEST_F(ConfinedStill, EndsBySignalsOfItsOwn) {
  EXPECT_EQ(ResultOf([] {
              std::raise(SIGTERM);
              return 0;
            }),
            -1);
}

TEST_F(ConfinedStill, FindsCallsMissingThatAreNewerThanItIs) {
  EXPECT_EQ(ResultOf([] { return syscall(451, 0, 0, 0) < 0 ? errno : 0; }), ENOSYS);
}

TEST_F(ConfinedStill, IsFreeWithoutSandbox) {
  EXPECT_EQ(test::ResultOf([] { Confine({}, Sandbox::kOff); },
                           [] { return open("/etc/passwd", O_RDONLY) < 0 ? errno : 0; }),
            0);
}

TEST_F(ConfinedStill, DoesNotMissFoldersThatAreNotThere) {
  EXPECT_EQ(test::ResultOf(
                [] {
                  Confine({.read_folders = {"nowhere", "in"},
                           .write_folders = {"in/input", "in/input/none"}},
                          Sandbox::kRequire);
                },
                [] { return open("in/input", O_RDONLY) < 0 ? errno : 0; }),
            0);
}

}  // namespace
}  // namespace polyak
