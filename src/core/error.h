// The one exception type of polyak. Everything that the outside world can do wrong is thrown
// as an Error; our own faults are asserts. The text is one line without a full stop; whoever
// passes the error on puts what it was working on in front: "FILE: TENSOR: what is wrong".
// Names in it are as the file has them: escape before printing (report/printable.h).
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace polyak {

struct Mismatches;

enum class ErrorKind : std::uint8_t {
  kUsage,        // the request makes no sense, whatever the files hold
  kMismatch,     // the checkpoints don't fit together
  kCorrupt,      // a file is damaged or not what it claims to be
  kUnsupported,  // a file is fine, but polyak can't average it
  kNonfinite,    // NaN or infinity in an input or as a result
  kSystem,       // the operating system refused
  kCancelled,    // asked to stop
};

class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string text, std::string hint = {});

  ErrorKind kind() const noexcept { return kind_; }
  const char* what() const noexcept override { return text_.c_str(); }
  // What to do about it; may be empty.
  const std::string& hint() const noexcept { return hint_; }

  // Of kind kMismatch: all of what doesn't match (core/mismatch.h). Null: the text says it all.
  const std::shared_ptr<const Mismatches>& mismatches() const noexcept { return mismatches_; }
  void Attach(std::shared_ptr<const Mismatches> mismatches) noexcept {
    mismatches_ = std::move(mismatches);
  }

  // Puts "context: " in front of the text.
  void AddContext(std::string_view context);

 private:
  ErrorKind kind_;
  std::string text_;
  std::string hint_;
  std::shared_ptr<const Mismatches> mismatches_;
};

// "what: message of error_number", of kind kSystem.
Error SystemError(std::string_view what, int error_number);

}  // namespace polyak
