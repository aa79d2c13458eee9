// The helper's end of the socket to polyak.
#pragma once

#include <cstddef>
#include <optional>

#include "formats/hdf5/index.pb.h"

namespace polyak::hdf5 {

// A request and the descriptor that came with it, which is closed with this object.
class ReceivedRequest {
 public:
  ReceivedRequest(wire::Request message, int descriptor);
  ReceivedRequest(const ReceivedRequest&) = delete;
  ReceivedRequest& operator=(const ReceivedRequest&) = delete;
  ~ReceivedRequest();

  const wire::Request& message() const noexcept { return message_; }
  int descriptor() const noexcept { return descriptor_; }

  // Waits for the next one and puts it in `next`; false where there won't be any: polyak has gone,
  // or what came is no request.
  static bool Receive(std::optional<ReceivedRequest>& next);

 private:
  wire::Request message_;
  int descriptor_;
};

// Sends the answer to one request, many datasets to a packet. Both functions end the program where
// polyak has gone.
class Answer {
 public:
  void Add(wire::Dataset dataset);
  void Finish();
  void Fail(wire::Failure::Kind kind, const std::string& text);

 private:
  void Send();

  wire::Reply reply_;
  std::size_t pending_bytes_ = 0;
};

}  // namespace polyak::hdf5
