#include "formats/hdf5/image_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "formats/hdf5/failure.h"
#include "formats/hdf5/index.pb.h"
#include "formats/hdf5/protocol.h"

namespace polyak::hdf5 {
namespace {

// So much of a request goes into one packet at most, and a compact dataset on top.
constexpr std::size_t kChunksOfPacket = 2000;
constexpr std::size_t kRecordBytesOfPacket = std::size_t{32} << 10;

[[noreturn]] void ThrowWrong(std::string what) {
  throw Error(ErrorKind::kCorrupt, "the HDF5 library can't write it: " + std::move(what));
}

// The request, packet by packet.
class RequestSender {
 public:
  RequestSender(HelperProcess& helper, const ImageToChange& image)
      : helper_(helper), image_(image) {
    Begin();
  }

  void Add(const ChunkedChange& change) {
    for (std::size_t first = 0; first < change.chunks.size(); first += kChunksOfPacket) {
      wire::ChunkedWrite& message = *request_.mutable_rewrite()->add_chunked();
      message.set_object_address(change.object_address);
      message.set_replaces_all(change.replaces_all);
      const auto part = std::span(change.chunks).subspan(first);
      for (const NewChunk& chunk : part.first(std::min(part.size(), kChunksOfPacket))) {
        message.add_chunks(chunk.number);
        message.add_bytes(chunk.bytes);
        message.add_masks(chunk.mask);
      }
      SendIfFull();
    }
  }

  void Add(const Allocation& allocation) {
    request_.mutable_rewrite()->add_allocated(allocation.object_address);
    SendIfFull();
  }

  void Add(const CompactChange& change) {
    if (request_.ByteSizeLong() > kMaxPacketBytes / 4) Send(true);
    wire::CompactWrite& message = *request_.mutable_rewrite()->add_compact();
    message.set_object_address(change.object_address);
    message.set_values(change.values.data(), change.values.size());
    SendIfFull();
  }

  void AddRecord(std::string_view record) {
    while (!record.empty()) {
      const std::string_view part = record.substr(0, kRecordBytesOfPacket);
      request_.mutable_rewrite()->add_record(part.data(), part.size());
      record.remove_prefix(part.size());
      SendIfFull();
    }
  }

  void Finish() { Send(false); }

 private:
  void Begin() {
    request_.Clear();
    request_.set_protocol(kProtocol);
    request_.mutable_image()->set_offset(image_.image.offset);
    request_.mutable_image()->set_bytes(image_.image.bytes);
    request_.mutable_rewrite();
  }

  void SendIfFull() {
    if (request_.ByteSizeLong() > kMaxPacketBytes / 4) Send(true);
  }

  void Send(bool more) {
    request_.set_more(more);
    helper_.Send(request_, std::exchange(descriptor_, -1));
    Begin();
  }

  HelperProcess& helper_;
  const ImageToChange& image_;
  int descriptor_ = image_.descriptor;  // goes with the first packet
  wire::Request request_;
};

// The answer, checked as it comes.
class AnswerCheck {
 public:
  AnswerCheck(const ImageToChange& image, const ImageChanges& changes, const OnPatch& on_patch)
      : taken_(image.untouchable.begin(), image.untouchable.end()), on_patch_(on_patch) {
    for (const ChunkedChange& dataset : changes.chunked) {
      for (const NewChunk& chunk : dataset.chunks) wanted_bytes_.push_back(chunk.bytes);
    }
    chunks_ = wanted_bytes_.size();
    for (const Allocation& allocation : changes.allocated) {
      wanted_bytes_.push_back(allocation.bytes);
    }
  }

  // True after the last one.
  bool Take(const wire::Reply& reply) {
    if (reply.has_failure()) throw ErrorOf(reply.failure());
    if (reply.has_placed()) TakePlaces(reply.placed());
    for (const wire::Patch& patch : reply.patches()) TakePatch(patch);
    const bool says_something = reply.has_placed() || !reply.patches().empty() || reply.done();
    if (!says_something) ThrowWrong("a part of its answer is empty");
    if (!reply.done()) return false;
    if (!is_sorted_) SortTaken();
    if (reply.image_bytes() < end_) ThrowWrong("what it wrote lies outside of the file");
    image_bytes_ = reply.image_bytes();
    return true;
  }

  ChangedImage Result() && {
    return {.chunks = {places_.begin(), places_.begin() + static_cast<std::ptrdiff_t>(chunks_)},
            .allocated = {places_.begin() + static_cast<std::ptrdiff_t>(chunks_), places_.end()},
            .bytes = image_bytes_};
  }

 private:
  void TakePlaces(const wire::Placed& placed) {
    for (const std::uint64_t offset : placed.offsets()) {
      if (places_.size() == wanted_bytes_.size()) ThrowWrong("it wrote more than it was asked to");
      Take({.offset = offset, .length = wanted_bytes_[places_.size()]});
      places_.push_back(offset);
    }
  }

  void Take(const Extent& extent) {
    if (extent.offset > kMostBytes || extent.length > kMostBytes - extent.offset) {
      ThrowWrong(fmt::format("its place {} is no place in a file", extent.offset));
    }
    taken_.push_back(extent);
  }

  // Once all places are known.
  void SortTaken() {
    if (places_.size() != wanted_bytes_.size()) ThrowWrong("it wrote less than it was asked to");
    std::ranges::sort(taken_, {}, &Extent::offset);
    for (std::size_t i = 1; i < taken_.size(); ++i) {
      if (taken_[i].offset < taken_[i - 1].end())
        ThrowWrong(fmt::format("two payloads lie at {}", taken_[i].offset));
    }
    is_sorted_ = true;
    if (!taken_.empty()) end_ = std::max(end_, taken_.back().end());
  }

  void TakePatch(const wire::Patch& patch) {
    if (!is_sorted_) SortTaken();
    const Extent extent{.offset = patch.offset(), .length = patch.bytes().size()};
    if (extent.length == 0 || extent.offset > kMostBytes) ThrowWrong("a change of it is nowhere");
    const auto after = std::ranges::lower_bound(taken_, extent.end(), {}, &Extent::offset);
    if (after != taken_.begin() && std::prev(after)->end() > extent.offset) {
      ThrowWrong(fmt::format("its structure would lie over a payload at {}", extent.offset));
    }
    end_ = std::max(end_, extent.end());
    on_patch_(patch.offset(), std::as_bytes(std::span(patch.bytes())));
  }

  static constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 62;

  std::vector<Extent> taken_;
  bool is_sorted_ = false;
  std::vector<std::uint64_t> wanted_bytes_;  // chunks, then allocations
  std::size_t chunks_ = 0;
  std::vector<std::uint64_t> places_;
  std::uint64_t end_ = 0;
  std::uint64_t image_bytes_ = 0;
  const OnPatch& on_patch_;
};

}  // namespace

ChangedImage WorkOutChanges(HelperProcess& helper, const ImageToChange& image,
                            const ImageChanges& changes, const std::atomic<bool>* stop,
                            const OnPatch& on_patch) {
  RequestSender sender(helper, image);
  for (const ChunkedChange& change : changes.chunked) sender.Add(change);
  for (const Allocation& allocation : changes.allocated) sender.Add(allocation);
  for (const CompactChange& change : changes.compact) sender.Add(change);
  sender.AddRecord(changes.record);
  sender.Finish();
  AnswerCheck answer(image, changes, on_patch);
  while (!answer.Take(helper.Receive(stop))) {
  }
  return std::move(answer).Result();
}

}  // namespace polyak::hdf5
