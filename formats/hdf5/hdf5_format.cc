#include "formats/hdf5/hdf5_format.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "confinement/program_starter.h"
#include "core/checked.h"
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

std::optional<std::uint64_t> FindSignature(const InputFile& file) {
  if (HasSignatureAt(file, 0)) return 0;
  std::uint64_t offset = kFirstUserBlockBytes;
  while (offset < file.size()) {
    if (HasSignatureAt(file, offset)) return offset;
    if (offset > file.size() / 2) return std::nullopt;
    offset *= 2;
  }
  return std::nullopt;
}

// HDF5 File Format Specification 3.0, section II.A. Of the addresses the first is the base address,
// the third that of the file's end.
struct AddressPlaces {
  std::size_t width;  // where their size stands, in a byte
  std::size_t first;
};

std::optional<AddressPlaces> AddressesIn(char superblock_version) {
  switch (superblock_version) {
    case 0: return AddressPlaces{.width = 13, .first = 24};
    case 1: return AddressPlaces{.width = 13, .first = 28};
    case 2:
    case 3: return AddressPlaces{.width = 9, .first = 12};
    default: return std::nullopt;
  }
}

// The low 64 bits of a little-endian number.
std::uint64_t NumberOf(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = std::min(bytes.size(), sizeof number); i-- > 0;) {
    number = number << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return number;
}

}  // namespace

bool Probe(const InputFile& file) { return FindSignature(file).has_value(); }

std::optional<std::uint64_t> EndBySuperblock(const InputFile& file) {
  const std::optional<std::uint64_t> start = FindSignature(file);
  if (!start) return std::nullopt;
  std::array<char, 128> head{};
  file.ReadUpTo(*start, std::as_writable_bytes(std::span(head)));
  const std::optional<AddressPlaces> places = AddressesIn(head[kSignature.size()]);
  if (!places) return std::nullopt;
  const auto width = static_cast<unsigned char>(head[places->width]);
  const std::string_view addresses =
      std::string_view(head.data(), head.size()).substr(places->first);
  if (width == 0 || addresses.size() / width < 3) return std::nullopt;
  const std::uint64_t base = NumberOf(addresses.substr(0, width));
  const std::uint64_t end = NumberOf(addresses.substr(2 * std::size_t{width}, width));
  // As the library has it: both move with the superblock. An end that isn't there is none.
  return CheckedAdd(end - std::min(base, end), *start).value_or(end);
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
