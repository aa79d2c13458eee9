// A seccomp filter: which system calls a process, and all that it starts, may make from now on. A
// program of the kernel's packet filter, written here without libseccomp: the library would add
// 0.2 ms to each start (measured), as much as the rest of confining takes, and the one of Debian 12
// knows no call that came after Linux 5.17.
// https://docs.kernel.org/userspace-api/seccomp_filter.html
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <vector>

namespace polyak {

class CallFilter {
 public:
  enum class Verdict : std::uint8_t {
    kAllow,
    kRefuse,    // the call fails with EPERM
    kNotThere,  // with ENOSYS: there is another one that does, which its callers know
  };

  // A call's argument, counted from 0, of which the bits of `mask`, within the lower 32, are looked
  // at.
  struct Argument {
    unsigned index;
    std::uint32_t mask;
    std::uint32_t value;
  };

  // False where the kernel has no such filters, or this machine's calls are not known here.
  static bool IsKnown() noexcept;

  // What is said of no call decides `otherwise`. Calls that are newer than this code are not there
  // at all: nobody knows what they can do. All functions throw std::bad_alloc.
  explicit CallFilter(Verdict otherwise);

  // Each call may be named once.
  void Add(std::span<const int> calls, Verdict verdict);
  // `verdict` where the argument has the value, else `other`.
  void Add(int call, Argument argument, Verdict verdict, Verdict other);
  // `verdict` where any of these is so; at most sixty.
  void Add(int call, std::span<const Argument> any, Verdict verdict, Verdict other);

  // For the calling thread, and whatever it starts from now on. There is no way back. Needs
  // prctl(PR_SET_NO_NEW_PRIVS). Throws Error (kSystem).
  void Enforce();

 private:
  using Program = std::vector<sock_filter>;
  struct Rule {
    int call;
    Program decision;
  };

  Program Decide(std::span<const Rule> rules) const;

  Verdict otherwise_;
  std::vector<Rule> rules_;
};

}  // namespace polyak
