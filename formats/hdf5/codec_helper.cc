#include "formats/hdf5/codec_helper.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "core/error.h"
#include "formats/hdf5/failure.h"
#include "formats/hdf5/protocol.h"

namespace polyak::hdf5 {
namespace {

constexpr const char* kContextKey = "hdf5 codec";

[[noreturn]] void ThrowNonsense(const std::string& what) {
  throw Error(ErrorKind::kCorrupt, "the HDF5 library coded a chunk wrongly: " + what);
}

void PutIntoMemory(int memory, std::span<const std::byte> bytes, std::size_t room) {
  if (ftruncate(memory, static_cast<off_t>(std::max(bytes.size(), room))) != 0) {
    throw SystemError("can't size the HDF5 helper's memory", errno);
  }
  for (off_t at = 0; !bytes.empty();) {
    const ssize_t count = pwrite(memory, bytes.data(), bytes.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SystemError("can't write to the HDF5 helper's memory", errno);
    at += count;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

// The helper may have made it shorter than it says.
void TakeFromMemory(int memory, std::span<std::byte> bytes) {
  for (off_t at = 0; !bytes.empty();) {
    const ssize_t count = pread(memory, bytes.data(), bytes.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SystemError("can't read the HDF5 helper's memory", errno);
    if (count == 0) ThrowNonsense("a part of it is missing");
    at += count;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace

std::shared_ptr<CodecHelper> CodecHelper::Of(OpenContext& context) {
  return context.per_run->Of<CodecHelper>(kContextKey, [&context] {
    return std::make_shared<CodecHelper>(
        HelperSettings{context.hdf5_helper, context.helper_memory_bytes}, context.stop);
  });
}

CodecHelper::CodecHelper(HelperSettings settings, const std::atomic<bool>* stop)
    : settings_(std::move(settings)), stop_(stop) {}

void CodecHelper::Keep(OpenContext& context) {
  const MutexLock lock(mutex_);
  if (helper_ == nullptr) helper_ = RunHelpers::Of(context)->Only();
}

void CodecHelper::Stop() {
  const MutexLock lock(mutex_);
  helper_ = nullptr;
}

void CodecHelper::Decode(const Dataset& dataset, std::uint32_t mask,
                         std::span<const std::byte> stored, std::span<std::byte> elements) {
  const MutexLock lock(mutex_);
  const Encoded decoded = Code(dataset, false, mask, stored, elements);
  if (decoded.bytes != elements.size()) {
    ThrowNonsense("found " + std::to_string(decoded.bytes) + " bytes, expected " +
                  std::to_string(elements.size()));
  }
}

CodecHelper::Encoded CodecHelper::Encode(const Dataset& dataset,
                                         std::span<const std::byte> elements,
                                         std::span<std::byte> room) {
  const MutexLock lock(mutex_);
  return Code(dataset, true, 0, elements, room);
}

CodecHelper::Encoded CodecHelper::Code(const Dataset& dataset, bool encode, std::uint32_t mask,
                                       std::span<const std::byte> from, std::span<std::byte> to) {
  Start();
  PutIntoMemory(memory_->number(), from, to.size());
  wire::Request request;
  request.set_protocol(kProtocol);
  request.mutable_image()->set_offset(dataset.image.offset);
  request.mutable_image()->set_bytes(dataset.image.bytes);
  wire::Code& code = *request.mutable_code();
  code.set_object_address(dataset.object_address);
  code.set_encode(encode);
  code.set_mask(mask);
  code.set_bytes(from.size());
  code.set_room(to.size());
  try {
    const wire::Coded coded = Ask(dataset, request);
    if (coded.bytes() > to.size() || coded.bytes() == 0) {
      ThrowNonsense("it has " + std::to_string(coded.bytes()) + " bytes");
    }
    TakeFromMemory(memory_->number(), to.first(coded.bytes()));
    return {coded.bytes(), coded.mask()};
  } catch (...) {
    helper_ = nullptr;
    throw;
  }
}

wire::Coded CodecHelper::Ask(const Dataset& dataset, const wire::Request& request) {
  helper_->Send(request, dataset.file.descriptor(), memory_->number());
  const wire::Reply reply = helper_->Receive(stop_);
  if (reply.has_failure()) throw ErrorOf(reply.failure());
  if (!reply.has_coded() || !reply.done()) ThrowNonsense("there is no answer");
  return reply.coded();
}

void CodecHelper::Start() {
  if (helper_ == nullptr) {
    helper_ =
        HelperProcess::Start(HelperProcess::Find(settings_.program), settings_.memory_bytes, stop_);
  }
  if (memory_ != nullptr) return;
  const int memory = memfd_create("polyak", MFD_CLOEXEC);
  if (memory < 0) throw SystemError("can't make memory for the HDF5 helper", errno);
  memory_ = std::make_unique<Descriptor>(memory);
}

}  // namespace polyak::hdf5
