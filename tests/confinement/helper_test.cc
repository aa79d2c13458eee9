// The same for the HDF5 helper, by the very function that it calls.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <vector>

#include "attempts.h"
#include "formats/hdf5/protocol.h"
#include "support/files.h"
#include "tools/polyak-hdf5/confinement.h"
#include "tools/polyak-hdf5/descriptor_status.h"

namespace polyak::hdf5 {
namespace {

constexpr int kPassedFile = 2;
constexpr std::uint64_t kMemoryBytes = std::uint64_t{64} << 20;

class ConfinedHelper : public test::AttemptTest {
 protected:
  static int ResultOf(int (*attempt)()) {
    return test::ResultOf(
        [] {
          std::array<int, 2> pair{};
          if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair.data()) != 0) _exit(99);
          dup2(open("in/input", O_RDONLY), kPassedFile);
          dup2(pair[0], kSocketDescriptor);
          dup2(pair[1], 1);
          Confine(kMemoryBytes, Sandbox::kRequire);
        },
        attempt);
  }
};

TEST_P(ConfinedHelper, IsDenied) { ExpectDenied(ResultOf(GetParam().make)); }

INSTANTIATE_TEST_SUITE_P(Attempts, ConfinedHelper, ::testing::ValuesIn(test::Attempts()),
                         [](const auto& suite) { return suite.param.name; });

using ConfinedHelperStill = ConfinedHelper;

TEST_F(ConfinedHelperStill, ReadsWhatItWasPassed) {
  EXPECT_EQ(ResultOf([] {
              char byte = 0;
              return pread(kPassedFile, &byte, 1, 0) == 1 && byte == 'i' ? 0 : errno;
            }),
            0);
}

TEST_F(ConfinedHelperStill, Answers) {
  EXPECT_EQ(ResultOf([] { return send(kSocketDescriptor, "x", 1, 0) == 1 ? 0 : errno; }), 0);
}

TEST_F(ConfinedHelperStill, AllocatesMemory) {
  EXPECT_EQ(ResultOf([] {
              std::vector<std::byte> much(std::size_t{16} << 20, std::byte{1});
              return much.back() == std::byte{1} ? 0 : 1;
            }),
            0);
}

TEST_F(ConfinedHelperStill, DiesOfAnAbort) {
  EXPECT_EQ(ResultOf([] {
              std::raise(SIGABRT);
              return 0;
            }),
            -1);
}

TEST_F(ConfinedHelperStill, CannotOpenEvenTheFoldersOfPolyaksRun) {
  EXPECT_TRUE(test::IsDenial(ResultOf([] { return open("in/input", O_RDONLY) < 0 ? errno : 0; })));
  EXPECT_TRUE(test::IsDenial(
      ResultOf([] { return open("out/new", O_WRONLY | O_CREAT, 0600) < 0 ? errno : 0; })));
}

TEST_F(ConfinedHelperStill, DiesWhereItsTimeIsUp) {
  EXPECT_EQ(ResultOf([] {
              LimitProcessorTime(1);
              for (std::atomic<unsigned> work = 0;; ++work) {
              }
              return 0;
            }),
            -1);
}

TEST_F(ConfinedHelperStill, CannotEvenLookAtAPath) {
  for (const auto attempt : {
           +[] {
             struct stat status {};
             return stat("/etc/passwd", &status) != 0 ? errno : 0;
           },
           +[] {
             struct statx status {};
             return statx(AT_FDCWD, "/etc/passwd", 0, STATX_SIZE, &status) != 0 ? errno : 0;
           },
           +[] { return access("/etc/passwd", F_OK) != 0 ? errno : 0; },
       }) {
    EXPECT_TRUE(test::IsDenial(ResultOf(attempt)));
  }
}

TEST_F(ConfinedHelperStill, LooksAtWhatItWasPassed) {
  EXPECT_EQ(ResultOf([] {
              struct stat status {};
              return GetStatus(kPassedFile, status) && status.st_size == 5 ? 0 : errno;
            }),
            0);
}

}  // namespace
}  // namespace polyak::hdf5
