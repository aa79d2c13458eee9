#include "confinement/program_starter.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <map>
#include <utility>

#include "confinement/process_end.h"
#include "core/error.h"

namespace polyak {
namespace {

constexpr int kProgramSocket = 3;
// How often one who waits for an answer looks at `stop`.
constexpr int kStepMilliseconds = 50;
constexpr std::size_t kStackBytes = std::size_t{64} << 10;

struct Order {
  std::uint64_t argument = 0;
  pid_t process_to_kill = 0;  // 0: start one
};

struct Answer {
  pid_t process = -1;
  int error_number = 0;
  bool lacks_null_device = false;
};

struct Pair {
  std::array<int, 2> ends{-1, -1};
  bool Open() { return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) == 0; }
};

// With a descriptor, where it isn't negative. Ends the process where that fails: the parent is
// waiting for an answer, and hears that there will be none.
void Send(int socket, Answer answer, int descriptor) {
  iovec part{&answer, sizeof answer};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  if (descriptor >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) _exit(1);
  }
}

// The answer, and the descriptor that came with it. False where none came.
bool Receive(int socket, Answer& answer, int& descriptor) {
  iovec part{&answer, sizeof answer};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t length = 0;
  do {
    length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (length < 0 && errno == EINTR);
  if (length != sizeof answer) {
    if (length >= 0) errno = EPIPE;
    return false;
  }
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header != nullptr) std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
  return true;
}

// False once *stop is set, which may be null; true where there is an answer, or won't be one.
bool WaitForAnswer(int socket, const std::atomic<bool>* stop) noexcept {
  pollfd wanted{.fd = socket, .events = POLLIN, .revents = 0};
  while (poll(&wanted, 1, kStepMilliseconds) <= 0) {
    if (stop != nullptr && stop->load()) return false;
  }
  return true;
}

// False where there is nobody to hear it any more.
bool Send(int socket, const Order& order) noexcept {
  while (send(socket, &order, sizeof order, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

// The life of the process that starts: single-threaded, a copy of its parent's memory.
class Starting {
 public:
  Starting(int socket, std::string& program, std::string& last_argument)
      : socket_(socket), program_(program), last_argument_(last_argument) {}

  [[noreturn]] void Live() {
    Prepare();
    Order order;
    while (true) {
      const ssize_t length = recv(socket_, &order, sizeof order, 0);
      if (length < 0 && errno == EINTR) continue;
      if (length != sizeof order) _exit(0);  // the parent has gone
      if (order.process_to_kill != 0) {
        Kill(order.process_to_kill);
      } else {
        Start(order.argument);
      }
    }
  }

 private:
  // What the program inherits: no signal's handling but that of a terminal's, which polyak decides
  // about for both; no descriptor but /dev/null. Without that nothing will be started.
  void Prepare() {
    // Stopped, it wouldn't hear that its parent has gone. Where Landlock keeps the parent's signals
    // to itself (version 6), this one doesn't come either: then it ends when it goes on.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) signal(number, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    const int nowhere = open("/dev/null", O_RDWR);
    null_device_error_ = nowhere < 0 ? errno : 0;
    for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      if (nowhere >= 0 && dup2(nowhere, number) < 0) _exit(1);
    }
    if (socket_ != kProgramSocket && dup3(socket_, kProgramSocket, O_CLOEXEC) < 0) _exit(1);
    socket_ = kProgramSocket;
    if (close_range(kProgramSocket + 1, ~0U, 0) != 0) _exit(1);
  }

  void Start(std::uint64_t argument) {
    if (null_device_error_ != 0) return Send(socket_, {-1, null_device_error_, true}, -1);
    Pair pair;
    if (!pair.Open()) return Send(socket_, {-1, errno}, -1);
    argument_ = std::to_string(argument);
    program_socket_ = pair.ends[1];
    error_number_ = 0;
    int process_descriptor = -1;
    // As vfork does, so that the error comes back by memory; and as a child of our parent, which
    // is to know how it ends.
    const int process = clone([](void* self) { return static_cast<Starting*>(self)->Become(); },
                              stack_.data() + stack_.size(),
                              CLONE_VM | CLONE_VFORK | CLONE_PARENT | CLONE_PIDFD | SIGCHLD, this,
                              &process_descriptor);
    const Answer answer{process, process < 0 ? errno : error_number_};
    if (answer.error_number == 0) {
      processes_[process] = process_descriptor;
    } else if (process >= 0) {
      close(process_descriptor);
    }
    Send(socket_, answer, process < 0 ? -1 : pair.ends[0]);
    close(pair.ends[0]);
    close(pair.ends[1]);
  }

  // In the new process, on the old one's memory.
  int Become() {
    std::array<char*, 4> arguments = {program_.data(), argument_.data(), last_argument_.data(),
                                      nullptr};
    if (dup2(program_socket_, kProgramSocket) >= 0) {
      execve(program_.c_str(), arguments.data(), environ);
    }
    error_number_ = errno;
    constexpr int kNotStarted = 127;
    _exit(kNotStarted);
  }

  void Kill(pid_t process) {
    const auto started = processes_.find(process);
    if (started == processes_.end()) return;
    syscall(SYS_pidfd_send_signal, started->second, SIGKILL, nullptr, 0U);
    close(started->second);
    processes_.erase(started);
  }

  int socket_;
  std::string& program_;
  std::string& last_argument_;
  std::string argument_;
  int program_socket_ = -1;
  volatile int error_number_ = 0;
  int null_device_error_ = 0;
  std::map<pid_t, int> processes_;  // with a descriptor of each: numbers come again
  alignas(16) std::array<std::byte, kStackBytes> stack_{};
};

}  // namespace

ProgramStarter::ProgramStarter(std::string program, std::string last_argument) {
  Pair pair;
  if (!pair.Open()) throw SystemError("cannot make a socket for what starts the helper", errno);
  process_ = fork();
  if (process_ == 0) Starting(pair.ends[1], program, last_argument).Live();
  const int error_number = errno;
  close(pair.ends[1]);
  const MutexLock lock(mutex_);
  socket_ = pair.ends[0];
  if (process_ >= 0) return;
  close(socket_);
  throw SystemError("cannot start a process", error_number);
}

ProgramStarter::~ProgramStarter() {
  const MutexLock lock(mutex_);
  int status = 0;
  shutdown(socket_, SHUT_WR);
  if (WaitForEnd(process_, socket_, status) > 0) EndUnclaimed();
  close(socket_);
}

void ProgramStarter::EndUnclaimed() noexcept {
  Answer answer;
  int socket = -1;
  int status = 0;
  if (!Receive(socket_, answer, socket) || answer.process <= 0) return;
  shutdown(socket, SHUT_RDWR);
  WaitForEnd(answer.process, socket, status);
  close(socket);
}

ProgramStarter::Started ProgramStarter::Start(std::uint64_t argument,
                                              const std::atomic<bool>* stop) {
  const MutexLock lock(mutex_);
  const Order order{.argument = argument};
  Answer answer;
  int socket = -1;
  const bool is_asked = Send(socket_, order);
  if (is_asked && !WaitForAnswer(socket_, stop)) {
    shutdown(socket_, SHUT_WR);
    throw Error(ErrorKind::kCancelled, "stopped");
  }
  if (!is_asked || !Receive(socket_, answer, socket)) {
    throw SystemError("cannot ask for the helper to be started", errno);
  }
  if (answer.error_number == 0 && socket >= 0) return {answer.process, socket};
  if (socket >= 0) close(socket);
  if (answer.process > 0) waitpid(answer.process, nullptr, 0);
  throw SystemError(
      answer.lacks_null_device ? "cannot open /dev/null for the helper" : "cannot start the helper",
      answer.error_number != 0 ? answer.error_number : EMFILE);
}

void ProgramStarter::Kill(pid_t process) noexcept {
  const MutexLock lock(mutex_);
  Send(socket_, Order{.process_to_kill = process});
}

}  // namespace polyak
