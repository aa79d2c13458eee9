// The process that starts programs, with scripts for them.
#include "confinement/program_starter.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "confinement/process_end.h"
#include "core/error.h"
#include "support/files.h"

namespace polyak {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class Starter : public ::testing::Test {
 protected:
  std::string Script(const std::string& commands) const {
    test::WriteFile(folder_ / "program", "#!/bin/sh\n" + commands);
    fs::permissions(folder_ / "program", fs::perms::owner_all);
    return (folder_ / "program").string();
  }

  // The only child of this process.
  static pid_t StartersProcess() {
    pid_t process = 0;
    std::ifstream("/proc/self/task/" + std::to_string(gettid()) + "/children") >> process;
    return process;
  }

  static std::string ErrorOf(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  }

  static std::ptrdiff_t DescriptorsOf(pid_t process) {
    return std::distance(fs::directory_iterator("/proc/" + std::to_string(process) + "/fd"), {});
  }

  test::TemporaryFolder folder_;
};

TEST_F(Starter, StartsAProgramWithASocketAndKillsIt) {
  ProgramStarter starter(Script("printf \"$1 $2\" >&3; exec sleep 60"), "last");
  const auto [process, socket] = starter.Start(17);
  std::array<char, 100> text{};
  EXPECT_EQ(recv(socket, text.data(), text.size(), 0), 7);
  EXPECT_STREQ(text.data(), "17 last");
  starter.Kill(process);
  int status = 0;
  EXPECT_EQ(WaitForEnd(process, socket, status), process);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  close(socket);
}

TEST_F(Starter, SaysWhyAProgramCannotBeStartedAndKeepsNothingOfIt) {
  ProgramStarter starter((folder_ / "none").string(), "last");
  const pid_t process = StartersProcess();
  const std::string expected = "cannot start the helper: No such file or directory";
  EXPECT_EQ(ErrorOf([&] { starter.Start(1); }), expected);
  const std::ptrdiff_t descriptors = DescriptorsOf(process);
  constexpr int kOften = 50;
  for (int i = 0; i < kOften; ++i) EXPECT_EQ(ErrorOf([&] { starter.Start(1); }), expected);
  // It answers before it has closed the last ones.
  EXPECT_LT(DescriptorsOf(process), descriptors + kOften / 5);
}

TEST_F(Starter, SaysThatThereIsNoNullDevice) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can have another root folder";
  const std::string text = (folder_ / "text").string();
  const pid_t child = fork();
  if (child == 0) {
    std::ofstream out(text);
    if (chroot(folder_.path().c_str()) != 0) _exit(1);
    ProgramStarter starter("/program", "last");
    out << ErrorOf([&] { starter.Start(1); }) << std::flush;
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  EXPECT_EQ(test::ReadFile(text),
            "cannot open /dev/null for the helper: No such file or directory");
}

TEST_F(Starter, HoldsNobodyUpWhileItIsStopped) {
  const std::string program = Script("exec cat <&3");
  pid_t process = 0;
  int socket = -1;
  {
    ProgramStarter starter(program, "last");
    process = StartersProcess();
    const auto started = starter.Start(1);
    socket = started.socket;
    kill(process, SIGSTOP);
    std::atomic<bool> stop = false;
    const std::jthread user([&stop] {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      stop = true;
    });
    EXPECT_EQ(ErrorOf([&] { starter.Start(2, &stop); }), "stopped");
    starter.Kill(started.process);
    int status = 0;
    EXPECT_EQ(WaitForEnd(started.process, started.socket, status), 0) << "it lives on";
  }
  kill(process, SIGCONT);
  close(socket);
  // What was ordered before is carried out, and all end when there is nobody to talk to.
  while (wait(nullptr) >= 0) {
  }
}

TEST_F(Starter, LeavesNoChildThatNobodyWaitsForWhenItWasNotWaitedForItself) {
  {
    ProgramStarter starter(Script("exec cat <&3"), "last");
    const pid_t process = StartersProcess();
    kill(process, SIGSTOP);
    const std::atomic<bool> stop = true;
    EXPECT_EQ(ErrorOf([&] { starter.Start(1, &stop); }), "stopped");
    kill(process, SIGCONT);
  }
  EXPECT_EQ(wait(nullptr), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST_F(Starter, EndsThoughItIsStopped) {
  pid_t process = 0;
  {
    const ProgramStarter starter(Script("exec sleep 60"), "last");
    process = StartersProcess();
    kill(process, SIGSTOP);
  }
  EXPECT_EQ(waitpid(process, nullptr, WNOHANG), 0) << "it is still there";
  kill(process, SIGCONT);
  EXPECT_EQ(waitpid(process, nullptr, 0), process);
}

}  // namespace
}  // namespace polyak
