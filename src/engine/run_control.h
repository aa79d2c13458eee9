// What whoever starts a long piece of work has in hand while it runs: progress and a way to stop.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

namespace polyak {

struct RunControl {
  // Set from anywhere, a signal handler too: the work ends with Error (kCancelled) within a part
  // of a second. May be null. Must outlive the run.
  const std::atomic<bool>* stop = nullptr;
  // Called now and then with bytes read or copied so far and in all, from the thread that
  // started the work. May be empty.
  std::function<void(std::uint64_t done_bytes, std::uint64_t total_bytes)> progress;

  // Called with each warning as soon as there is one, from that thread, too; the report has all of
  // them. May be empty.
  std::function<void(const std::string& text)> warning;

  bool is_stopped() const noexcept {
    return stop != nullptr && stop->load(std::memory_order_relaxed);
  }
};

// Throws Error (kCancelled) if a stop was asked for.
void CheckStop(const RunControl& control);

}  // namespace polyak
