// The helper's end of the socket to polyak.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "formats/hdf5/index.pb.h"

namespace polyak::hdf5 {

// Descriptors that came with a packet, closed with this object.
class Descriptors {
 public:
  Descriptors() = default;
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;
  Descriptors(Descriptors&& other) noexcept : numbers_(std::exchange(other.numbers_, {})) {}
  Descriptors& operator=(Descriptors&&) = delete;
  ~Descriptors();

  void Add(int number) { numbers_.push_back(number); }
  std::size_t size() const noexcept { return numbers_.size(); }
  int operator[](std::size_t index) const { return numbers_[index]; }

 private:
  std::vector<int> numbers_;
};

// A request and the descriptors that came with it: the file's and, perhaps, that of memory.
struct ReceivedRequest {
  wire::Request message;
  Descriptors descriptors;

  // Waits for the next one, all packets of it, and puts it in `next`; false where there won't be
  // any: polyak has gone, or what came is no request. Throws std::bad_alloc.
  static bool Receive(std::optional<ReceivedRequest>& next);
};

// Sends the answer to one request, as much to a packet as is good. All functions end the program
// where polyak has gone.
class Answer {
 public:
  // The reply that is being filled, with room for `bytes` more. What it had is sent before where
  // there isn't so much.
  wire::Reply& ReplyWith(std::size_t bytes);
  // Sends what there is, if anything.
  void Flush();
  void Finish();
  void Fail(wire::Failure::Kind kind, const std::string& text);

 private:
  void Send();

  wire::Reply reply_;
  std::size_t pending_bytes_ = 0;
};

}  // namespace polyak::hdf5
