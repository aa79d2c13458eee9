// Signals: those that end a program become a request to stop, so that it cleans up; then the
// program ends with the signal, as whoever waits for it expects.
#pragma once

#include <atomic>

namespace polyak::command {

// SIGINT, SIGTERM and SIGHUP ask for a stop (one that is ignored stays so); SIGPIPE and SIGXFSZ
// become errors of the calls that meet them.
void HandleSignals();

// Set by a signal.
const std::atomic<bool>& StopRequest() noexcept;

// Ends the process by the signal that asked for the stop; returns if there was none.
void EndBySignal();

}  // namespace polyak::command
