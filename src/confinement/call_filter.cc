#include "confinement/call_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <utility>

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

sock_filter Return(CallFilter::Verdict verdict) noexcept {
  return BPF_STMT(BPF_RET | BPF_K, CodeOf(verdict));
}

void AppendCompare(CallFilter::Argument argument, CallFilter::Verdict verdict,
                   std::vector<sock_filter>& program) {
  program.push_back(Load(OffsetOf(argument.index)));
  program.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, argument.mask));
  program.push_back(If(BPF_JEQ, argument.value, 0, 1));
  program.push_back(Return(verdict));
}

}  // namespace

bool CallFilter::IsKnown() noexcept {
  const std::uint32_t action = SECCOMP_RET_ERRNO;
  return kMachine != 0 && syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0U, &action) == 0;
}

CallFilter::CallFilter(Verdict otherwise) : otherwise_(otherwise) {}

void CallFilter::Add(std::span<const int> calls, Verdict verdict) {
  for (const int call : calls) rules_.push_back({call, {Return(verdict)}});
}

void CallFilter::Add(int call, Argument argument, Verdict verdict, Verdict other) {
  Add(call, std::span(&argument, 1), verdict, other);
}

void CallFilter::Add(int call, std::span<const Argument> any, Verdict verdict, Verdict other) {
  Rule rule{call, {}};
  for (const Argument& argument : any) AppendCompare(argument, verdict, rule.decision);
  rule.decision.push_back(Return(other));
  rules_.push_back(std::move(rule));
}

// By halves, down to a few: the kernel runs the program for each call that there is when it takes
// it, and most of what confining takes is that.
CallFilter::Program CallFilter::Decide(std::span<const Rule> rules) const {
  constexpr std::size_t kFew = 4;
  Program program;
  if (rules.size() > kFew) {
    const std::size_t middle = rules.size() / 2;
    const Program before = Decide(rules.first(middle));
    const Program after = Decide(rules.subspan(middle));
    program.push_back(If(BPF_JGE, static_cast<std::uint32_t>(rules[middle].call), 0, 1));
    program.push_back(BPF_STMT(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(before.size())));
    program.insert(program.end(), before.begin(), before.end());
    program.insert(program.end(), after.begin(), after.end());
    return program;
  }
  for (const auto& [call, decision] : rules) {
    program.push_back(If(BPF_JEQ, static_cast<std::uint32_t>(call), 0, decision.size()));
    program.insert(program.end(), decision.begin(), decision.end());
  }
  program.push_back(Return(otherwise_));
  return program;
}

void CallFilter::Enforce() {
  std::ranges::sort(rules_, {}, &Rule::call);
  Program program = {Load(offsetof(seccomp_data, arch)), If(BPF_JEQ, kMachine, 1, 0),
                     Return(Verdict::kRefuse),           Load(offsetof(seccomp_data, nr)),
                     If(BPF_JGT, kNewestCall, 0, 1),     Return(Verdict::kNotThere)};
  const Program decision = Decide(rules_);
  program.insert(program.end(), decision.begin(), decision.end());
  const sock_fprog taken{.len = static_cast<std::uint16_t>(program.size()),
                         .filter = program.data()};
  // What some processors could guess is no concern: nothing foreign runs here. Kernels before 5.16
  // would make all arithmetic slower.
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &taken) != 0) {
    throw SystemError("cannot confine itself: the kernel enforces no filter of system calls",
                      errno);
  }
}

}  // namespace polyak
