// The helper program polyak-hdf5, running: the only place where the HDF5 library meets a file.
//
// It is started at the first HDF5 file of a run, and others where several are opened at once, with
// one end of a socket pair and nothing else of ours; it ends with this object. Whatever goes wrong
// with it, a crash on a hostile file included, is an Error here, after which this object is good
// for nothing but destruction. Not shared between threads.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/helper_program.h"
#include "formats/hdf5/index.pb.h"

namespace polyak::hdf5 {

class HelperProcess {
 public:
  // How long the helper may be silent while it works on a file.
  static constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(60);

  // With its path: looks in the given one if that isn't empty, else beside the running program and
  // in its ../libexec/polyak. Throws Error (kSystem) naming the places.
  static HelperProgram Find(HelperProgram given);

  // Starts `program`, which may use `memory_bytes`. Throws Error: kSystem, kCancelled once *stop is
  // set (may be null).
  static std::shared_ptr<HelperProcess> Start(const HelperProgram& program,
                                              std::uint64_t memory_bytes,
                                              const std::atomic<bool>* stop = nullptr,
                                              std::chrono::milliseconds patience = kPatience);

  HelperProcess(const HelperProcess&) = delete;
  HelperProcess& operator=(const HelperProcess&) = delete;
  // Kills it: it holds nothing that would be lost. Where whoever is to do that is stopped, it is
  // told that nobody will ask it any more, and left.
  ~HelperProcess();

  // Passes the request and a duplicate of the file's descriptor on; and one of `memory`. Negative
  // ones are none: the packets that go on with a request have no descriptors.
  void Send(const wire::Request& request, int file, int memory = -1);

  // Waits for the next reply. Throws Error: kCancelled once *stop is set (may be null), kCorrupt
  // where the helper crashed on the file or took too long, kSystem where it ended otherwise or
  // doesn't speak our language.
  wire::Reply Receive(const std::atomic<bool>* stop);

 private:
  HelperProcess(pid_t process, int socket, std::shared_ptr<ProgramStarter> starter,
                std::chrono::milliseconds patience);

  void WaitForPacket(const std::atomic<bool>* stop);
  // Why there won't be a reply any more.
  Error WhyItEnded();
  Error KilledBy(int signal_number) const;

  pid_t process_;
  int socket_;
  std::shared_ptr<ProgramStarter> starter_;  // null: this process started it
  std::chrono::milliseconds patience_;
  std::uint32_t cpu_seconds_ = 0;  // that it may take over the last request
  bool reaped_ = false;
  std::vector<char> packet_;
};

}  // namespace polyak::hdf5
