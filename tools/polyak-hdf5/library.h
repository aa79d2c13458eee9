// The HDF5 library's ids and errors, in C++.
#pragma once

#include <hdf5.h>

#include <exception>
#include <string>
#include <utility>

#include "formats/hdf5/index.pb.h"

namespace polyak::hdf5 {

// What ends the work on a file. The text is one line, for the answer.
class Failure : public std::exception {
 public:
  Failure(wire::Failure::Kind kind, std::string text) : kind_(kind), text_(std::move(text)) {}

  const char* what() const noexcept override { return text_.c_str(); }
  wire::Failure::Kind kind() const noexcept { return kind_; }
  const std::string& text() const noexcept { return text_; }
  // Puts "context: " in front; an empty one isn't put.
  void AddContext(const std::string& context) {
    if (!context.empty()) text_ = context + ": " + text_;
  }

 private:
  wire::Failure::Kind kind_;
  std::string text_;
};

// The reason for the library's last failure, as its innermost function put it.
Failure LibraryFailure();

// Passes the result of a library function on; throws LibraryFailure() where it is negative.
template <typename Result>
Result Checked(Result result) {
  if (result < 0) throw LibraryFailure();
  return result;
}

// An open id of the library. Throws LibraryFailure() where opening has failed.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);

  Handle(hid_t id, Close close_function) : id_(Checked(id)), close_(close_function) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }

  hid_t id() const noexcept { return id_; }
  // Throws LibraryFailure() where closing fails.
  void CloseNow() { Checked(close_(std::exchange(id_, H5I_INVALID_HID))); }

 private:
  hid_t id_;
  Close close_;
};

// Silences the library and forbids it to load plugins. Once, before anything else is called.
void PrepareLibrary();

}  // namespace polyak::hdf5
