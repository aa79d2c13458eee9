#include "formats/hdf5/hdf5_format.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "confinement/program_starter.h"
#include "formats/hdf5/helper_process.h"
#include "formats/hdf5/index_builder.h"
#include "formats/hdf5/protocol.h"
#include "formats/hdf5/run_helper.h"

namespace polyak::hdf5 {
namespace {

constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
constexpr std::uint64_t kFirstUserBlockBytes = 512;

bool HasSignatureAt(const InputFile& file, std::uint64_t offset) {
  std::array<char, kSignature.size()> found{};
  const std::size_t length = file.ReadUpTo(offset, std::as_writable_bytes(std::span(found)));
  return std::string_view(found.data(), length) == kSignature;
}

}  // namespace

bool Probe(const InputFile& file) {
  if (HasSignatureAt(file, 0)) return true;
  std::uint64_t offset = kFirstUserBlockBytes;
  while (offset < file.size()) {
    if (HasSignatureAt(file, offset)) return true;
    if (offset > file.size() / 2) return false;
    offset *= 2;
  }
  return false;
}

HelperProgram WithStarter(const HelperProgram& helper) {
  HelperProgram started;
  try {
    started = HelperProcess::Find(helper);
  } catch (const Error&) {
    return helper;
  }
  started.starter =
      std::make_shared<ProgramStarter>(started.path.string(), std::string(NameOf(started.sandbox)));
  return started;
}

ImageContents IndexImage(const InputFile& file, const Image& image, OpenContext& context) {
  HelperLease helper(context);
  IndexBuilder builder(image, context.index_budget);
  wire::Request request;
  request.set_protocol(kProtocol);
  request.mutable_image()->set_offset(image.offset);
  request.mutable_image()->set_bytes(image.bytes);
  request.mutable_index();
  helper->Send(request, file.descriptor());
  bool done = false;
  while (!done) {
    const wire::Reply reply = helper->Receive(context.stop);
    builder.Add(reply);
    done = reply.done();
  }
  helper.Keep();
  return std::move(builder).Build();
}

std::unique_ptr<Checkpoint> Open(std::shared_ptr<const InputFile> file, OpenContext& context) {
  const Image image{.file = 0, .offset = 0, .bytes = file->size()};
  CheckpointParts parts;
  parts.images = {image};
  parts.contents.push_back(IndexImage(*file, image, context));
  parts.files = {std::move(file)};
  return MakeCheckpoint(std::move(parts), context);
}

}  // namespace polyak::hdf5
