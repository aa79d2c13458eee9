#include "attempts.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <ostream>

#include "confinement/sanitized.h"

namespace polyak::test {
namespace {

int ErrorOf(long result) { return result < 0 ? errno : 0; }
int OpeningOf(const char* path, int flags) { return ErrorOf(open(path, flags, 0600)); }

int OpenBySecondCall() {
  open_how how{};
  return ErrorOf(syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof how));
}

int Execute() { return ErrorOf(execl("/bin/true", "/bin/true", nullptr)); }

int Fork() {
  const long process = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (process == 0) _exit(0);
  return ErrorOf(process);
}

int MapExecutable() {
  void* const page = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? errno : 0;
}

int MakeExecutable() {
  void* const page =
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return ErrorOf(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

int ReadParentsMemory() {
  char byte = 0;
  iovec here{&byte, 1};
  iovec there{&byte, 1};
  return ErrorOf(process_vm_readv(getppid(), &here, 1, &there, 1, 0));
}

int MakeRing() {
  char parameters[256] = {};
  return ErrorOf(syscall(SYS_io_uring_setup, 1, parameters));
}

int MountSomething() { return ErrorOf(syscall(SYS_mount, "none", "out", "tmpfs", 0, nullptr)); }

// An input that is open for reading: the helper finds the one that it was passed.
int OpenInput() {
  const int input = open("in/input", O_RDONLY);
  return input >= 0 ? input : STDERR_FILENO;
}

int LetInputActForItsOwner(mode_t bit) { return ErrorOf(fchmod(OpenInput(), bit | 0755)); }

int ForbidToChangeInput() {
  int flags = FS_NODUMP_FL;
  return ErrorOf(ioctl(OpenInput(), FS_IOC_SETFLAGS, &flags));
}

int HaveParentSignalled() { return ErrorOf(fcntl(OpenInput(), F_SETOWN, getppid())); }

int HaveParentsThreadSignalled() {
  f_owner_ex owner{F_OWNER_TID, getppid()};
  return ErrorOf(fcntl(OpenInput(), F_SETOWN_EX, &owner));
}

int ChooseParentsProcessors() {
  cpu_set_t processors;
  CPU_ZERO(&processors);
  CPU_SET(0, &processors);
  return ErrorOf(sched_setaffinity(getppid(), sizeof processors, &processors));
}

int ChooseParentsScheduler() {
  const sched_param parameters{};
  return ErrorOf(sched_setscheduler(getppid(), SCHED_OTHER, &parameters));
}

int ChooseParentsSchedulerParameters() {
  const sched_param parameters{};
  return ErrorOf(sched_setparam(getppid(), &parameters));
}

// A sched_attr: its size, SCHED_OTHER, and the rest zeros.
int ChooseParentsSchedulerAnotherWay() {
  std::uint32_t attributes[14] = {sizeof attributes};
  return ErrorOf(syscall(SYS_sched_setattr, getppid(), attributes, 0));
}

int SlowParentDown() { return ErrorOf(setpriority(PRIO_PROCESS, static_cast<id_t>(getppid()), 0)); }

int DelayParentsReading() {
  constexpr int kProcess = 1;
  return ErrorOf(syscall(SYS_ioprio_set, kProcess, getppid(), 0));
}

// What isn't its own to read.
std::vector<Attempt> AttemptsToLook() {
  return {
      {"ReadPasswords", [] { return OpeningOf("/etc/passwd", O_RDONLY); }},
      {"ReadPasswordsAnotherWay", OpenBySecondCall},
      {"ListRoot", [] { return OpeningOf("/", O_RDONLY | O_DIRECTORY); }},
      {"LookIntoParent", [] { return OpeningOf("/proc/1/environ", O_RDONLY); }},
  };
}

// Files and folders made, changed and removed.
std::vector<Attempt> AttemptsToWrite() {
  return {
      {"MakeAFileInTmp", [] { return OpeningOf("/tmp/polyak-attempt", O_WRONLY | O_CREAT); }},
      {"WriteToAnInput", [] { return OpeningOf("in/input", O_RDWR); }},
      {"MakeAFileBesideAnInput", [] { return OpeningOf("in/new", O_WRONLY | O_CREAT); }},
      {"MakeANamelessFileThere", [] { return OpeningOf("in", O_TMPFILE | O_RDWR); }},
      {"RemoveAnInput", [] { return ErrorOf(unlink("in/input")); }},
      {"MoveAnInput", [] { return ErrorOf(rename("in/input", "in/moved")); }},
      {"MakeAFolder", [] { return ErrorOf(mkdir("in/folder", 0700)); }},
      {"MakeALink", [] { return ErrorOf(symlink("/etc/passwd", "out/link")); }},
      {"CutAnInput", [] { return ErrorOf(truncate("in/input", 0)); }},
      {"OpenAnInputToAll", [] { return ErrorOf(fchmodat(AT_FDCWD, "in/input", 0666, 0)); }},
      {"ChangeAnInputsTime", [] { return ErrorOf(utimensat(AT_FDCWD, "in/input", nullptr, 0)); }},
      {"LetAnInputActForItsUser", [] { return LetInputActForItsOwner(S_ISUID); }},
      {"LetAnInputActForItsGroup", [] { return LetInputActForItsOwner(S_ISGID); }},
      {"ForbidToChangeAnInput", ForbidToChangeInput},
  };
}

// The network, other programs, new code, the kernel's rarer doors.
std::vector<Attempt> AttemptsToReachOut() {
  return {
      {"OpenASocketToTheNet", [] { return ErrorOf(socket(AF_INET, SOCK_STREAM, 0)); }},
      {"OpenALocalSocket", [] { return ErrorOf(socket(AF_UNIX, SOCK_STREAM, 0)); }},
      {"RunAProgram", Execute},
      {"Fork", Fork},
      {"MapExecutablePages", MapExecutable},
      {"MakePagesExecutable", MakeExecutable},
      {"MakeARing", MakeRing},
      {"Mount", MountSomething},
      {"TypeOnTheTerminal", [] { return ErrorOf(ioctl(0, TIOCSTI, "x")); }},
  };
}

// Other processes.
std::vector<Attempt> AttemptsOnOtherProcesses() {
  return {
      {"Trace", [] { return ErrorOf(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }},
      {"ReadParentsMemory", ReadParentsMemory},
      {"SignalParent", [] { return ErrorOf(kill(getppid(), 0)); }},
      {"SignalParentsThread", [] { return ErrorOf(syscall(SYS_tgkill, getppid(), getppid(), 0)); }},
      {"HaveParentSignalled", HaveParentSignalled},
      {"HaveParentsThreadSignalled", HaveParentsThreadSignalled},
      {"ChooseTheSignal", [] { return ErrorOf(fcntl(OpenInput(), F_SETSIG, SIGTERM)); }},
      {"LeaseAnInput", [] { return ErrorOf(fcntl(OpenInput(), F_SETLEASE, F_RDLCK)); }},
      {"WatchAnInputsFolder", [] { return ErrorOf(fcntl(OpenInput(), F_NOTIFY, DN_ACCESS)); }},
      {"SlowParentDown", SlowParentDown},
      {"DelayParentsReading", DelayParentsReading},
      {"ChooseParentsProcessors", ChooseParentsProcessors},
      {"ChooseParentsScheduler", ChooseParentsScheduler},
      {"ChooseParentsSchedulerParameters", ChooseParentsSchedulerParameters},
      {"ChooseParentsSchedulerAnotherWay", ChooseParentsSchedulerAnotherWay},
  };
}

}  // namespace

void PrintTo(const Attempt& attempt, std::ostream* out) { *out << attempt.name; }

const std::vector<Attempt>& Attempts() {
  static const std::vector<Attempt> attempts = [] {
    std::vector<Attempt> all;
    for (const auto& group :
         {AttemptsToLook(), AttemptsToWrite(), AttemptsToReachOut(), AttemptsOnOtherProcesses()}) {
      all.insert(all.end(), group.begin(), group.end());
    }
    return all;
  }();
  return attempts;
}

int ResultOf(const std::function<void()>& confine, int (*attempt)()) {
  const pid_t child = fork();
  if (child == 0) {
    confine();
    _exit(attempt());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool IsDenial(int error_number) { return error_number == EPERM || error_number == EACCES; }

void AttemptTest::SetUp() {
  if (kIsSanitized) GTEST_SKIP() << "nothing is confined under sanitizers";
  ASSERT_EQ(chdir(folder_.path().c_str()), 0);
  std::filesystem::create_directories("in");
  std::filesystem::create_directories("out");
  WriteFile("in/input", "input");
}

void AttemptTest::TearDown() { ASSERT_EQ(chdir("/"), 0); }

void AttemptTest::ExpectDenied(int result) {
  EXPECT_TRUE(IsDenial(result)) << "errno " << result;
  EXPECT_EQ(ReadFile("in/input"), "input");
}

}  // namespace polyak::test
