#include "allowed_calls.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace polyak::hdf5 {
namespace {

using Verdict = CallFilter::Verdict;

constexpr int kAllowed[] = {
    // The file, memory that is shared with polyak, the socket. (write: what a dying C library
    // has to say, to /dev/null.)
    SYS_read,
    SYS_pread64,
    SYS_write,
    SYS_lseek,
    SYS_fstat,
    SYS_close,
    SYS_recvmsg,
    SYS_sendto,
    SYS_sendmsg,
    // Memory.
    SYS_brk,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    // Signals, threads' and processes' ends; what the C library does between.
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_restart_syscall,
    SYS_futex,
    SYS_sched_yield,
    SYS_exit,
    SYS_exit_group,
    SYS_getpid,
    SYS_gettid,
    SYS_getrandom,
    SYS_rseq,
    SYS_membarrier,
    // The time and limits.
    SYS_clock_gettime,
    SYS_gettimeofday,
    SYS_getrusage,
    SYS_getrlimit,
    SYS_setrlimit,
    // What the HDF5 library notes of a file that it opens.
    SYS_getcwd,
#ifdef __x86_64__
    SYS_time,
#endif
};

}  // namespace

CallFilter AllowedCalls() {
  CallFilter filter(Verdict::kRefuse);
  filter.Add(kAllowed, Verdict::kAllow);
  for (const int call : {SYS_mmap, SYS_mprotect}) {
    filter.Add(call, {2, PROT_EXEC, 0}, Verdict::kAllow, Verdict::kRefuse);
  }
  const std::uint32_t every_bit = ~std::uint32_t{0};
  // Of its own.
  filter.Add(SYS_prlimit64, {0, every_bit, 0}, Verdict::kAllow, Verdict::kRefuse);
  // abort()
  const CallFilter::Argument itself{0, every_bit, static_cast<std::uint32_t>(getpid())};
  for (const int call : {SYS_tgkill, SYS_tkill}) {
    filter.Add(call, itself, Verdict::kAllow, Verdict::kRefuse);
  }
  return filter;
}

}  // namespace polyak::hdf5
