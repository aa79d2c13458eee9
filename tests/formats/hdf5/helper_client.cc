#include "formats/hdf5/helper_client.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <stdexcept>

#include "confinement/sanitized.h"
#include "formats/hdf5/protocol.h"

namespace polyak::hdf5 {
namespace {

constexpr const char* kMemoryBytes = "268435456";

void Require(bool is_well, const char* what) {
  if (!is_well) throw std::runtime_error(what);
}

class OpenFile {
 public:
  explicit OpenFile(const std::filesystem::path& path) : number(open(path.c_str(), O_RDONLY)) {
    Require(number >= 0, "can't open the file");
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() { close(number); }

  const int number;
};

[[noreturn]] void BecomeHelper(int socket) {
  dup2(socket, kSocketDescriptor);
  const int nowhere = open("/dev/null", O_RDWR);
  for (int descriptor = 0; descriptor < 3; ++descriptor) dup2(nowhere, descriptor);
  const char* const sandbox =
      kIsSanitized ? "on" : "require";  // what is sanitized can't be confined
  execl(POLYAK_HDF5_HELPER, POLYAK_HDF5_HELPER, kMemoryBytes, sandbox, nullptr);
  _exit(127);
}

wire::Request RequestFor(std::uint64_t offset, std::uint64_t bytes) {
  wire::Request request;
  request.set_protocol(kProtocol);
  request.mutable_image()->set_offset(offset);
  request.mutable_image()->set_bytes(bytes);
  return request;
}

void AddAttribute(const wire::Attribute& piece, std::string& key, IndexAnswer& answer) {
  if (!piece.continues()) {
    key = piece.object() + ":" + piece.name();
    answer.attributes[key].assign(piece.values().begin(), piece.values().end());
    return;
  }
  std::vector<std::string>& values = answer.attributes[key];
  values.back() += piece.values(0);
  values.insert(values.end(), piece.values().begin() + 1, piece.values().end());
}

void AddChunks(const wire::Chunks& chunks, IndexedDataset& dataset) {
  for (int i = 0; i < chunks.offsets_size(); ++i) {
    dataset.chunks.push_back({chunks.offsets(i), chunks.bytes(i), chunks.masks(i)});
  }
}

}  // namespace

HelperClient::HelperClient() {
  std::array<int, 2> ends{};
  Require(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends.data()) == 0, "no socket");
  process_ = fork();
  Require(process_ >= 0, "no process");
  if (process_ == 0) BecomeHelper(ends[1]);
  close(ends[1]);
  socket_ = ends[0];
}

HelperClient::~HelperClient() {
  close(socket_);
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

void HelperClient::Send(const wire::Request& request, const std::vector<int>& descriptors) const {
  std::string bytes = request.SerializeAsString();
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(2 * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    const std::size_t length = descriptors.size() * sizeof(int);
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(length);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(length);
    std::memcpy(CMSG_DATA(header), descriptors.data(), length);
  }
  Require(sendmsg(socket_, &message, MSG_NOSIGNAL) >= 0, "the helper is dead");
}

wire::Reply HelperClient::Receive() const {
  static std::array<char, kMaxPacketBytes> packet;
  const ssize_t length = recv(socket_, packet.data(), packet.size(), MSG_TRUNC);
  Require(length > 0, "the helper died");
  Require(static_cast<std::size_t>(length) <= packet.size(), "the packet is too large");
  wire::Reply reply;
  Require(reply.ParseFromArray(packet.data(), static_cast<int>(length)), "no reply");
  return reply;
}

IndexAnswer HelperClient::Index(const std::filesystem::path& path) {
  return Index(path, 0, std::filesystem::file_size(path));
}

IndexAnswer HelperClient::Index(const std::filesystem::path& path, std::uint64_t offset,
                                std::uint64_t bytes) {
  const OpenFile file(path);
  wire::Request request = RequestFor(offset, bytes);
  request.mutable_index();
  Send(request, {file.number});
  IndexAnswer answer;
  IndexedDataset* last = nullptr;
  std::string attribute;
  while (true) {
    const wire::Reply reply = Receive();
    if (reply.has_failure()) answer.failure = reply.failure();
    if (reply.has_chunks()) AddChunks(reply.chunks(), *last);
    if (!reply.values().empty()) last->values = reply.values();
    for (const wire::Dataset& dataset : reply.datasets()) {
      last = &answer.datasets[dataset.path()];
      last->described = dataset;
    }
    for (const wire::Attribute& piece : reply.attributes()) {
      AddAttribute(piece, attribute, answer);
    }
    if (reply.done() || reply.has_failure()) return answer;
  }
}

RewriteAnswer HelperClient::Rewrite(const std::filesystem::path& path,
                                    const std::vector<wire::Rewrite>& parts) {
  const OpenFile file(path);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    wire::Request request;
    if (i == 0) request = RequestFor(0, std::filesystem::file_size(path));
    *request.mutable_rewrite() = parts[i];
    request.set_more(i + 1 < parts.size());
    Send(request, i == 0 ? std::vector<int>{file.number} : std::vector<int>{});
  }
  RewriteAnswer answer;
  while (true) {
    const wire::Reply reply = Receive();
    if (reply.has_failure()) answer.failure = reply.failure();
    const auto& offsets = reply.placed().offsets();
    answer.places.insert(answer.places.end(), offsets.begin(), offsets.end());
    for (const wire::Patch& patch : reply.patches()) {
      answer.patches.emplace_back(patch.offset(), patch.bytes());
    }
    answer.image_bytes = reply.image_bytes();
    if (reply.done() || reply.has_failure()) return answer;
  }
}

CodeAnswer HelperClient::Code(const std::filesystem::path& path, wire::Code code,
                              std::string_view bytes) {
  const OpenFile file(path);
  const int memory = memfd_create("chunk", 0);
  Require(memory >= 0, "no memory");
  code.set_bytes(bytes.size());
  const std::size_t room = std::max<std::size_t>(bytes.size(), code.room());
  Require(ftruncate(memory, static_cast<off_t>(room)) == 0, "no room");
  Require(pwrite(memory, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()),
          "can't write");
  wire::Request request = RequestFor(0, std::filesystem::file_size(path));
  *request.mutable_code() = code;
  Send(request, {file.number, memory});
  CodeAnswer answer;
  const wire::Reply reply = Receive();
  if (reply.has_failure()) answer.failure = reply.failure();
  answer.bytes.resize(reply.coded().bytes());
  answer.mask = reply.coded().mask();
  Require(pread(memory, answer.bytes.data(), answer.bytes.size(), 0) ==
              static_cast<ssize_t>(answer.bytes.size()),
          "can't read");
  close(memory);
  return answer;
}

}  // namespace polyak::hdf5
