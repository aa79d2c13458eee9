#include "formats/hdf5/helper_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

#include "confinement/process_end.h"
#include "confinement/program_starter.h"
#include "formats/hdf5/protocol.h"
#include "formats/hdf5/time_limit.h"

namespace polyak::hdf5 {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr const char* kProgramName = "polyak-hdf5";
// How often a waiting Receive looks at `stop`.
constexpr milliseconds kStep{50};

bool IsProgram(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && access(path.c_str(), X_OK) == 0;
}

// What posix_spawn is to do before the program begins.
class SpawnSettings {
 public:
  explicit SpawnSettings(int socket) {
    Check(posix_spawn_file_actions_init(&actions_));
    Check(posix_spawnattr_init(&attributes_));
    // The socket first: its number may be one of those that are given away next.
    Check(posix_spawn_file_actions_adddup2(&actions_, socket, kSocketDescriptor));
    Check(posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDWR, 0));
    // Not the user's terminal: what a dying C library says is of no use there.
    Check(posix_spawn_file_actions_adddup2(&actions_, 0, 1));
    Check(posix_spawn_file_actions_adddup2(&actions_, 0, 2));
    Check(posix_spawn_file_actions_addclosefrom_np(&actions_, kSocketDescriptor + 1));
    sigset_t signals;
    sigemptyset(&signals);
    Check(posix_spawnattr_setsigmask(&attributes_, &signals));
    sigfillset(&signals);
    Check(posix_spawnattr_setsigdefault(&attributes_, &signals));
    Check(posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  const posix_spawn_file_actions_t* actions() const noexcept { return &actions_; }
  const posix_spawnattr_t* attributes() const noexcept { return &attributes_; }

 private:
  static void Check(int error_number) {
    if (error_number != 0) throw SystemError("can't prepare the HDF5 helper", error_number);
  }

  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

struct SocketPair {
  SocketPair() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      throw SystemError("can't make a socket for the HDF5 helper", errno);
    }
    ours = ends[0];
    theirs = ends[1];
  }
  SocketPair(const SocketPair&) = delete;
  SocketPair& operator=(const SocketPair&) = delete;
  ~SocketPair() {
    if (ours >= 0) close(ours);
    close(theirs);
  }

  int ours = -1;
  int theirs = -1;
};

Error Nonsense() {
  return {ErrorKind::kSystem, "the HDF5 helper's answer makes no sense",
          "are polyak and polyak-hdf5 of the same version?"};
}

fs::path FindProgram(const fs::path& given) {
  if (!given.empty()) {
    if (IsProgram(given)) return given;
    throw Error(
        ErrorKind::kSystem,
        fmt::format("HDF5 files need the helper program, but '{}' isn't one", given.string()));
  }
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error)
    throw SystemError("can't find out where polyak is, to find its HDF5 helper there",
                      error.value());
  const fs::path beside = self.parent_path() / kProgramName;
  if (IsProgram(beside)) return beside;
  const fs::path installed = self.parent_path().parent_path() / "libexec" / "polyak" / kProgramName;
  if (IsProgram(installed)) return installed;
  throw Error(ErrorKind::kSystem,
              fmt::format("HDF5 files need the helper program {}, which is neither '{}' nor '{}'",
                          kProgramName, beside.string(), installed.string()),
              "it is built where libhdf5 and its headers are installed");
}

ProgramStarter::Started StartHere(const HelperProgram& program, std::uint64_t memory_bytes) {
  SocketPair pair;
  const SpawnSettings settings(pair.theirs);
  std::string name = program.path.string();
  std::string memory = std::to_string(memory_bytes);
  std::string sandbox(NameOf(program.sandbox));
  const std::array<char*, 4> arguments = {name.data(), memory.data(), sandbox.data(), nullptr};
  pid_t process = -1;
  // The environment is passed on unread, for where the dynamic linker needs it; the helper drops
  // it.
  const int error_number = posix_spawn(&process, name.c_str(), settings.actions(),
                                       settings.attributes(), arguments.data(), environ);
  if (error_number != 0 && access("/dev/null", R_OK | W_OK) != 0) {
    throw SystemError("can't open /dev/null for the HDF5 helper", errno);
  }
  if (error_number != 0) throw SystemError("can't start " + name, error_number);
  return {process, std::exchange(pair.ours, -1)};
}

}  // namespace

HelperProgram HelperProcess::Find(HelperProgram given) {
  if (given.starter == nullptr) given.path = FindProgram(given.path);
  return given;
}

std::shared_ptr<HelperProcess> HelperProcess::Start(const HelperProgram& program,
                                                    std::uint64_t memory_bytes,
                                                    const std::atomic<bool>* stop,
                                                    milliseconds patience) {
  const auto [process, socket] = program.starter != nullptr
                                     ? program.starter->Start(memory_bytes, stop)
                                     : StartHere(program, memory_bytes);
  return std::shared_ptr<HelperProcess>(
      new HelperProcess(process, socket, program.starter, patience));
}

HelperProcess::HelperProcess(pid_t process, int socket, std::shared_ptr<ProgramStarter> starter,
                             milliseconds patience)
    : process_(process),
      socket_(socket),
      starter_(std::move(starter)),
      patience_(patience),
      packet_(kMaxPacketBytes) {}

HelperProcess::~HelperProcess() {
  if (!reaped_) {
    shutdown(socket_, SHUT_WR);
    if (starter_ != nullptr) {
      starter_->Kill(process_);
    } else {
      kill(process_, SIGKILL);
    }
    int status = 0;
    WaitForEnd(process_, socket_, status);
  }
  close(socket_);
}

void HelperProcess::Send(const wire::Request& request, int file, int memory) {
  const std::array<int, 2> descriptors = {file, memory};
  cpu_seconds_ = CpuSecondsFor(request);
  std::string bytes = request.SerializeAsString();
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(2 * sizeof(int))> control{};
  if (file >= 0) {
    const std::size_t descriptor_bytes = (memory < 0 ? 1 : 2) * sizeof(int);
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(descriptor_bytes);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptor_bytes);
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptor_bytes);
  }
  // Never blocks for long: at most one request is under way.
  while (sendmsg(socket_, &message, MSG_NOSIGNAL) < 0) {
    if (errno == EPIPE || errno == ECONNRESET) throw WhyItEnded();
    if (errno != EINTR) throw SystemError("can't talk to the HDF5 helper", errno);
  }
}

wire::Reply HelperProcess::Receive(const std::atomic<bool>* stop) {
  while (true) {
    WaitForPacket(stop);
    const ssize_t length = recv(socket_, packet_.data(), packet_.size(), MSG_DONTWAIT | MSG_TRUNC);
    if (length < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (length < 0 && errno != ECONNRESET) throw SystemError("can't hear the HDF5 helper", errno);
    if (length <= 0) throw WhyItEnded();
    if (static_cast<std::size_t>(length) > packet_.size()) throw Nonsense();
    wire::Reply reply;
    if (!reply.ParseFromArray(packet_.data(), static_cast<int>(length))) throw Nonsense();
    if (reply.protocol() != kProtocol) throw Nonsense();
    return reply;
  }
}

void HelperProcess::WaitForPacket(const std::atomic<bool>* stop) {
  const auto deadline = steady_clock::now() + patience_;
  pollfd wanted{.fd = socket_, .events = POLLIN, .revents = 0};
  while (true) {
    if (stop != nullptr && stop->load()) throw Error(ErrorKind::kCancelled, "stopped");
    const int ready = poll(&wanted, 1, static_cast<int>(kStep.count()));
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) throw SystemError("can't wait for the HDF5 helper", errno);
    if (steady_clock::now() >= deadline) {
      throw Error(ErrorKind::kCorrupt,
                  fmt::format("the HDF5 library said nothing about this file for {} s",
                              patience_.count() / 1000));
    }
  }
}

Error HelperProcess::KilledBy(int signal_number) const {
  if (signal_number == SIGXCPU) {
    return {
        ErrorKind::kCorrupt,
        fmt::format("damaged or hostile HDF5 file: the library took more than {} s of processor "
                    "time over it, many times what files of its size take",
                    cpu_seconds_)};
  }
  if (signal_number == SIGKILL) {
    return {ErrorKind::kSystem, "the HDF5 helper was killed, perhaps for want of memory"};
  }
  return {ErrorKind::kCorrupt,
          fmt::format("damaged or hostile HDF5 file: the library crashed on it (signal {})",
                      signal_number)};
}

Error HelperProcess::WhyItEnded() {
  int status = 0;
  const pid_t ended = WaitForEnd(process_, socket_, status);
  if (ended == 0) return Nonsense();  // it closed its socket and lives on
  reaped_ = true;                     // or somebody else has reaped it, and the status is lost
  if (ended > 0 && WIFSIGNALED(status)) return KilledBy(WTERMSIG(status));
  if (ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == kExitUnconfined) {
    return {ErrorKind::kSystem, "the HDF5 helper cannot confine itself",
            "--sandbox off runs unconfined"};
  }
  if (ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == kExitUnlimited) {
    return {ErrorKind::kSystem, "the HDF5 helper cannot limit its own memory, time and files"};
  }
  if (ended > 0 && WIFEXITED(status)) {
    return {ErrorKind::kSystem,
            fmt::format("the HDF5 helper ended without an answer (exit status {})",
                        WEXITSTATUS(status))};
  }
  return {ErrorKind::kSystem, "the HDF5 helper ended without an answer"};
}

}  // namespace polyak::hdf5
