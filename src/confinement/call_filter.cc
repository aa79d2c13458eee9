#include "confinement/call_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "core/error.h"

namespace polyak {
namespace {

// All machines number the calls alike since 424; what came before Linux 6.2 ends with this one.
constexpr std::uint32_t kNewestCall = 450;  // set_mempolicy_home_node

#if defined(__x86_64__) && !defined(__ILP32__)
constexpr std::uint32_t kMachine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__) && !defined(__AARCH64EB__)
constexpr std::uint32_t kMachine = AUDIT_ARCH_AARCH64;
#elif defined(__riscv) && __riscv_xlen == 64
constexpr std::uint32_t kMachine = AUDIT_ARCH_RISCV64;
#else
constexpr std::uint32_t kMachine = 0;
#endif

std::uint32_t CodeOf(CallFilter::Verdict verdict) noexcept {
  switch (verdict) {
    case CallFilter::Verdict::kAllow: return SECCOMP_RET_ALLOW;
    case CallFilter::Verdict::kRefuse: return SECCOMP_RET_ERRNO | EPERM;
    case CallFilter::Verdict::kNotThere: return SECCOMP_RET_ERRNO | ENOSYS;
  }
  return SECCOMP_RET_ERRNO | EPERM;
}

sock_filter Load(std::size_t offset) noexcept {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

// Skips so many statements where it is so, and where it isn't.
sock_filter If(std::uint16_t test, std::uint32_t value, std::size_t then, std::size_t otherwise) {
  return BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | BPF_K | test), value,
                  static_cast<std::uint8_t>(then), static_cast<std::uint8_t>(otherwise));
}

// The lower half: all machines that are known here are little-endian.
std::size_t OffsetOf(unsigned argument) noexcept {
  return offsetof(seccomp_data, args) + sizeof(std::uint64_t) * argument;
}

}  // namespace

bool CallFilter::IsKnown() noexcept {
  const std::uint32_t action = SECCOMP_RET_ERRNO;
  return kMachine != 0 && syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0U, &action) == 0;
}

CallFilter::CallFilter(Verdict otherwise) : otherwise_(otherwise) {
  constexpr std::size_t kUsualStatements = 400;
  program_.reserve(kUsualStatements);
  program_.push_back(Load(offsetof(seccomp_data, arch)));
  program_.push_back(If(BPF_JEQ, kMachine, 1, 0));
  Return(Verdict::kRefuse);
  program_.push_back(Load(offsetof(seccomp_data, nr)));
  program_.push_back(If(BPF_JGT, kNewestCall, 0, 1));
  Return(Verdict::kNotThere);
}

void CallFilter::Return(Verdict verdict) {
  program_.push_back(BPF_STMT(BPF_RET | BPF_K, CodeOf(verdict)));
}

void CallFilter::Add(std::span<const int> calls, Verdict verdict) {
  for (const int call : calls) {
    program_.push_back(If(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 1));
    Return(verdict);
  }
}

void CallFilter::Compare(Argument argument, Verdict verdict) {
  program_.push_back(Load(OffsetOf(argument.index)));
  program_.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, argument.mask));
  program_.push_back(If(BPF_JEQ, argument.value, 0, 1));
  Return(verdict);
}

void CallFilter::Add(int call, Argument argument, Verdict verdict, Verdict other) {
  program_.push_back(If(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 5));
  Compare(argument, verdict);
  Return(other);
}

void CallFilter::Add(int call, Argument first, Argument second, Verdict verdict, Verdict other) {
  program_.push_back(If(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 9));
  Compare(first, verdict);
  Compare(second, verdict);
  Return(other);
}

void CallFilter::Enforce() {
  Return(otherwise_);
  const sock_fprog program{.len = static_cast<std::uint16_t>(program_.size()),
                           .filter = program_.data()};
  // What some processors could guess is no concern: nothing foreign runs here. Kernels before 5.16
  // would make all arithmetic slower.
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) !=
      0) {
    throw SystemError("cannot confine itself: the kernel enforces no filter of system calls",
                      errno);
  }
}

}  // namespace polyak
