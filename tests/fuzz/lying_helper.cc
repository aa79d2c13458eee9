// Stands in for polyak-hdf5 as one that has been taken over: asks the real one, and changes what it
// answers. POLYAK_LIE is the number of the lie (the same number, the same lie), POLYAK_TRUTH the
// path of the real helper.
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "formats/hdf5/protocol.h"
#include "fuzz/reply_mutator.h"

namespace polyak::test {
namespace {

// What came in one packet.
struct Packet {
  std::string bytes;
  std::vector<int> descriptors;
};

// Empty where the other side has gone.
Packet Receive(int socket) {
  static std::array<char, hdf5::kMaxPacketBytes> room;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(2 * sizeof(int))> control{};
  iovec part{room.data(), room.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (length <= 0) _exit(0);
  Packet packet{{room.data(), static_cast<std::size_t>(length)}, {}};
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr;
       head = CMSG_NXTHDR(&message, head)) {
    const std::size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    packet.descriptors.resize(count);
    std::memcpy(packet.descriptors.data(), CMSG_DATA(head), count * sizeof(int));
  }
  return packet;
}

void Send(int socket, const Packet& packet) {
  iovec part{const_cast<char*>(packet.bytes.data()), packet.bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(2 * sizeof(int))> control{};
  const std::size_t bytes = packet.descriptors.size() * sizeof(int);
  if (bytes > 0) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(bytes);
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(bytes);
    std::memcpy(CMSG_DATA(head), packet.descriptors.data(), bytes);
  }
  if (sendmsg(socket, &message, MSG_NOSIGNAL) < 0) _exit(0);
}

// The real helper, with the other end of a new socket.
int StartTruth(const char* memory, const char* sandbox) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) _exit(9);
  const char* const program = std::getenv("POLYAK_TRUTH");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], hdf5::kSocketDescriptor);
  posix_spawn_file_actions_addclosefrom_np(&actions, hdf5::kSocketDescriptor + 1);
  std::string name = program;
  std::string limit = memory;
  std::string confined = sandbox;
  const std::array<char*, 4> arguments = {name.data(), limit.data(), confined.data(), nullptr};
  pid_t child = 0;
  if (posix_spawn(&child, program, &actions, nullptr, arguments.data(), environ) != 0) _exit(9);
  close(ends[1]);
  return ends[0];
}

// What becomes of a packet of the answer, and of the memory that both sides see.
void Tell(int polyak, ReplyMutator& mutator, const std::string& truth, int memory) {
  for (const std::string& lie : mutator.LiesFor(truth)) {
    if (memory >= 0 && mutator.ChangesMemory()) {
      if (ftruncate(memory, static_cast<off_t>(mutator.MemoryBytes())) != 0) _exit(9);
    }
    Send(polyak, {lie, {}});
  }
  if (mutator.EndsNow()) _exit(static_cast<int>(mutator.ExitStatus()));
}

// Where it was told of no end, polyak waits for a minute: this would take too long here.
void EndUnlessAsked(int polyak) {
  constexpr int kPatience = 300;  // milliseconds
  pollfd wanted{.fd = polyak, .events = POLLIN, .revents = 0};
  if (poll(&wanted, 1, kPatience) == 0) _exit(0);
}

[[noreturn]] void Run(const char* memory, const char* sandbox) {
  const int polyak = hdf5::kSocketDescriptor;
  const int truth = StartTruth(memory, sandbox);
  ReplyMutator mutator(std::strtoull(std::getenv("POLYAK_LIE"), nullptr, 10));
  while (true) {
    const Packet request = Receive(polyak);
    Send(truth, request);
    hdf5::wire::Request parsed;
    if (!parsed.ParseFromString(request.bytes)) _exit(9);
    if (parsed.more()) continue;
    bool done = false;
    while (!done) {
      const Packet reply = Receive(truth);
      hdf5::wire::Reply answer;
      done = !answer.ParseFromString(reply.bytes) || answer.done() || answer.has_failure();
      Tell(polyak, mutator, reply.bytes,
           request.descriptors.size() > 1 ? request.descriptors[1] : -1);
    }
    for (const int descriptor : request.descriptors) close(descriptor);
    EndUnlessAsked(polyak);
  }
}

}  // namespace
}  // namespace polyak::test

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  polyak::test::Run(argv[1], argv[2]);
}
