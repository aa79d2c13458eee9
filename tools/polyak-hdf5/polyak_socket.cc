#include "polyak_socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "formats/hdf5/protocol.h"

namespace polyak::hdf5 {
namespace {

constexpr std::size_t kMostDescriptors = 2;
// What a field's message has around it in a reply.
constexpr std::size_t kFieldBytes = 8;

void TakeDescriptors(msghdr& message, Descriptors& descriptors) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      descriptors.Add(number);
    }
  }
}

// One packet, added to what came before. False where it is none.
bool ReceivePacket(wire::Request& request, Descriptors& descriptors) {
  static std::array<char, kMaxPacketBytes> bytes;
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostDescriptors * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t length = 0;
  do {
    length = recvmsg(kSocketDescriptor, &message, MSG_CMSG_CLOEXEC);
  } while (length < 0 && errno == EINTR);
  if (length <= 0) return false;
  TakeDescriptors(message, descriptors);
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return false;
  wire::Request packet;
  if (!packet.ParseFromArray(bytes.data(), static_cast<int>(length))) return false;
  request.set_more(false);
  request.MergeFrom(packet);
  return true;
}

}  // namespace

Descriptors::~Descriptors() {
  for (const int number : numbers_) close(number);
}

bool ReceivedRequest::Receive(std::optional<ReceivedRequest>& next) {
  next.emplace();
  do {
    if (!ReceivePacket(next->message, next->descriptors)) return false;
  } while (next->message.more());
  return next->descriptors.size() != 0;
}

wire::Reply& Answer::ReplyWith(std::size_t bytes) {
  if (pending_bytes_ + bytes + kFieldBytes > kMaxPacketBytes / 2) Flush();
  pending_bytes_ += bytes + kFieldBytes;
  return reply_;
}

void Answer::Flush() {
  if (pending_bytes_ != 0) Send();
}

void Answer::Finish() {
  reply_.set_done(true);
  Send();
}

void Answer::Fail(wire::Failure::Kind kind, const std::string& text) {
  reply_.Clear();
  reply_.mutable_failure()->set_kind(kind);
  reply_.mutable_failure()->set_text(text);
  Send();
}

void Answer::Send() {
  reply_.set_protocol(kProtocol);
  const std::string bytes = reply_.SerializeAsString();
  while (send(kSocketDescriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) _exit(0);
  }
  reply_.Clear();
  pending_bytes_ = 0;
}

}  // namespace polyak::hdf5
