#include "polyak_socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "formats/hdf5/protocol.h"

namespace polyak::hdf5 {
namespace {

// What a dataset's message has around it in a reply.
constexpr std::size_t kFieldBytes = 8;

// The descriptor that came with a message; -1: none.
int DescriptorIn(msghdr& message) {
  int descriptor = -1;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(int))) {
      std::memcpy(&descriptor, CMSG_DATA(header), sizeof(int));
    }
  }
  return descriptor;
}

}  // namespace

ReceivedRequest::ReceivedRequest(wire::Request message, int descriptor)
    : message_(std::move(message)), descriptor_(descriptor) {}

ReceivedRequest::~ReceivedRequest() { close(descriptor_); }

bool ReceivedRequest::Receive(std::optional<ReceivedRequest>& next) {
  next.reset();
  std::array<char, 4096> bytes{};
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
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
  const int descriptor = DescriptorIn(message);
  wire::Request request;
  if (descriptor < 0 || (message.msg_flags & MSG_TRUNC) != 0) return false;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(length))) return false;
  next.emplace(std::move(request), descriptor);
  return true;
}

void Answer::Add(wire::Dataset dataset) {
  const std::size_t bytes = dataset.ByteSizeLong() + kFieldBytes;
  if (pending_bytes_ + bytes > kMaxPacketBytes / 2) Send();
  pending_bytes_ += bytes;
  *reply_.add_datasets() = std::move(dataset);
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
