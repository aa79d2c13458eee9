// polyak-hdf5 MEMORY-BYTES SANDBOX: the HDF5 library for polyak, which starts it and talks to it
// over descriptor 3 (formats/hdf5/index.proto). It opens nothing, writes no file, and may crash:
// the HDF5 library does on hostile files, and that is why it runs here.
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "attribute_texts.h"
#include "chunk_codec.h"
#include "confinement.h"
#include "confinement/sanitized.h"
#include "data_places.h"
#include "dataset_answer.h"
#include "descriptor_driver.h"
#include "descriptor_status.h"
#include "formats/hdf5/protocol.h"
#include "formats/hdf5/time_limit.h"
#include "index.h"
#include "known_headers.h"
#include "library.h"
#include "polyak_socket.h"
#include "rewrite.h"

namespace polyak::hdf5 {
namespace {

constexpr int kExitUsage = 2;

void AnswerIndex(const Image& image, Answer& answer) {
  const DescriptorFile file(image);
  DataPlaces data;
  AttributeSender attributes(answer);
  KnownHeaders headers;
  Visits visits;
  visits.group = [&](hid_t group, const std::string& path) { attributes.Send(group, path); };
  visits.known_dataset = [&](const std::string& path, haddr_t address) {
    auto known = headers.Find(path, address);
    if (known) AnswerKnown(std::move(*known), answer, data);
    return known.has_value();
  };
  visits.dataset = [&](hid_t dataset, const std::string& path, haddr_t address) {
    AnswerDataset(dataset, path, address, answer, data, headers);
  };
  visits.external_link = [&](const std::string& path) {
    wire::Dataset& link = *answer.ReplyWith(path.size()).add_datasets();
    link.set_path(path);
    link.set_is_external_link(true);
  };
  WalkObjects(file.id(), visits);
  data.CheckApartFrom(DescriptorFile::StructurePlaces());
}

void AnswerCode(const ReceivedRequest& request, const Image& image, Answer& answer) {
  if (request.descriptors.size() != 2) {
    throw Failure(wire::Failure::SYSTEM, "polyak has sent no memory");
  }
  *answer.ReplyWith(0).mutable_coded() =
      CodeChunk(image, request.descriptors[1], request.message.code());
}

void AnswerRequest(const ReceivedRequest& request, Answer& answer) {
  const wire::Request& message = request.message;
  const Image image = FindImage(request.descriptors[0], message.image());
  switch (message.work_case()) {
    case wire::Request::kIndex: AnswerIndex(image, answer); break;
    case wire::Request::kRewrite: AnswerRewrite(image, message.rewrite(), answer); break;
    case wire::Request::kCode: AnswerCode(request, image, answer); break;
    default: throw Failure(wire::Failure::SYSTEM, "polyak asks for something unknown");
  }
}

// False where it failed: the library's state is then best forgotten.
bool AnswerWith(const ReceivedRequest& request, Answer& answer) {
  try {
    AnswerRequest(request, answer);
    answer.Finish();
    return true;
  } catch (const std::bad_alloc&) {
    answer.Fail(wire::Failure::MEMORY, "out of memory");
  } catch (const Failure& failure) {
    if (const int error_number = DescriptorFile::LastReadError(); error_number != 0) {
      answer.Fail(wire::Failure::SYSTEM,
                  fmt::format("can't read the file: {}", std::strerror(error_number)));
    } else {
      answer.Fail(failure.kind(), failure.text());
    }
  }
  return false;
}

void Serve() {
  std::optional<ReceivedRequest> request;
  while (ReceivedRequest::Receive(request)) {
    LimitProcessorTime(kIsSanitized ? kMostCpuSeconds : CpuSecondsFor(request->message));
    Answer answer;
    if (request->message.protocol() != kProtocol) {
      answer.Fail(wire::Failure::SYSTEM, "polyak-hdf5 and polyak are of different versions");
      return;
    }
    if (!AnswerWith(*request, answer)) return;
  }
}

bool IsSocket(int descriptor) {
  struct stat status {};
  return GetStatus(descriptor, status) && S_ISSOCK(status.st_mode);
}

std::optional<std::uint64_t> ParseBytes(std::string_view text) {
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return bytes;
}

std::optional<Sandbox> ParseSandbox(std::string_view text) {
  for (const Sandbox sandbox : {Sandbox::kOff, Sandbox::kOn, Sandbox::kRequire}) {
    if (text == NameOf(sandbox)) return sandbox;
  }
  return std::nullopt;
}

}  // namespace

int Main(int argc, char** argv) {
  const auto memory_bytes = argc == 3 ? ParseBytes(argv[1]) : std::nullopt;
  const auto sandbox = argc == 3 ? ParseSandbox(argv[2]) : std::nullopt;
  if (!memory_bytes || !sandbox || !IsSocket(kSocketDescriptor)) {
    fmt::print(stderr, "polyak-hdf5 is a part of polyak, which starts it\n");
    return kExitUsage;
  }
  // The library obeys variables: where plugins are, whether files are locked.
  clearenv();
  // And the time zone of the machine, for a time of an old kind that it reads and writes again.
  setenv("TZ", "UTC0", 1);
  tzset();
  Confine(*memory_bytes, *sandbox);
  PrepareLibrary();
  Serve();
  // Not exit: the library's own clean-up crashes after some failures.
  _exit(0);
}

}  // namespace polyak::hdf5

int main(int argc, char** argv) { return polyak::hdf5::Main(argc, argv); }
