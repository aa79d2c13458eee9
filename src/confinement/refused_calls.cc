#include "confinement/refused_calls.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vector>

namespace polyak {
namespace {

using Verdict = CallFilter::Verdict;

constexpr int kRefused[] = {
    // Programs.
    SYS_execve,
    SYS_execveat,
    // Sockets; and what opens files, connects, … without a system call for each.
    SYS_socket,
    SYS_socketpair,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    SYS_accept,
    SYS_accept4,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    // Other processes.
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_process_madvise,
    SYS_process_mrelease,
    SYS_pidfd_open,
    SYS_pidfd_getfd,
    SYS_pidfd_send_signal,
    SYS_kill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_kcmp,
    SYS_setpriority,
    SYS_ioprio_set,
    SYS_sched_setparam,
    SYS_sched_setscheduler,
    SYS_sched_setaffinity,
    SYS_sched_setattr,
    SYS_migrate_pages,
    SYS_move_pages,
    SYS_perf_event_open,
    SYS_shmget,
    SYS_shmat,
    SYS_shmctl,
    SYS_shmdt,
    SYS_msgget,
    SYS_msgsnd,
    SYS_msgrcv,
    SYS_msgctl,
    SYS_semget,
    SYS_semop,
    SYS_semtimedop,
    SYS_semctl,
    SYS_mq_open,
    SYS_mq_unlink,
    // Files, by their names, in ways that Landlock lets pass.
    SYS_truncate,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_utimensat,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_fsetxattr,
    SYS_removexattr,
    SYS_lremovexattr,
    SYS_fremovexattr,
    SYS_mknodat,
    SYS_name_to_handle_at,
    SYS_open_by_handle_at,
    SYS_fanotify_init,
    SYS_quotactl,
    SYS_quotactl_fd,
    SYS_acct,
    // Whom the process belongs to, and where it sees what.
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_setgroups,
    SYS_capset,
    SYS_personality,
    SYS_unshare,
    SYS_setns,
    SYS_chroot,
    SYS_pivot_root,
    SYS_mount,
    SYS_umount2,
    SYS_move_mount,
    SYS_open_tree,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    // The kernel.
    SYS_bpf,
    SYS_userfaultfd,
    SYS_memfd_secret,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_syslog,
    SYS_vhangup,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_adjtimex,
    SYS_clock_settime,
    SYS_clock_adjtime,
#ifdef __x86_64__
    SYS_fork,
    SYS_vfork,
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_utime,
    SYS_utimes,
    SYS_futimesat,
    SYS_mknod,
    SYS_uselib,
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
    SYS_kexec_file_load,
#endif
};

constexpr std::uint32_t kEveryBit = ~std::uint32_t{0};

// What the C library asks of a terminal and of what can be read. Others change files that are only
// open for reading (FS_IOC_SETFLAGS), or type for the user (TIOCSTI).
constexpr std::uint32_t kTerminalSettings2 = 0x802C542A;  // TCGETS2, as headers don't have it
constexpr std::uint32_t kDeviceRequests[] = {TCGETS, TIOCGWINSZ, FIONREAD, kTerminalSettings2};

// These have signals sent, to any process that a descriptor is said to belong to; or keep others
// from opening a file.
constexpr std::uint32_t kRefusedDescriptorCommands[] = {F_SETOWN, F_SETOWN_EX, F_SETSIG, F_SETLEASE,
                                                        F_NOTIFY};

std::vector<CallFilter::Argument> SecondIs(std::span<const std::uint32_t> values) {
  std::vector<CallFilter::Argument> any;
  for (const std::uint32_t value : values) any.push_back({1, kEveryBit, value});
  return any;
}

}  // namespace

CallFilter RefusedCalls() {
  CallFilter filter(Verdict::kAllow);
  // A thread is a process that shares its parent's. Where the arguments lie in memory, which a
  // filter doesn't see, the C library falls back on the call before.
  constexpr auto kThread = static_cast<std::uint32_t>(CLONE_THREAD);
  constexpr int kClone3[] = {SYS_clone3};
  filter.Add(kClone3, Verdict::kNotThere);
  filter.Add(SYS_clone, {0, kThread, kThread}, Verdict::kAllow, Verdict::kRefuse);
  for (const int call : {SYS_mmap, SYS_mprotect, SYS_pkey_mprotect}) {
    filter.Add(call, {2, PROT_EXEC, 0}, Verdict::kAllow, Verdict::kRefuse);
  }
  // How a process signals itself, when it ends by a signal.
  const CallFilter::Argument itself{0, kEveryBit, static_cast<std::uint32_t>(getpid())};
  for (const int call : {SYS_tgkill, SYS_tkill}) {
    filter.Add(call, itself, Verdict::kAllow, Verdict::kRefuse);
  }
  // Its own limits may be asked for, and set; nobody else's.
  filter.Add(SYS_prlimit64, {0, kEveryBit, 0}, Verdict::kAllow, Verdict::kRefuse);
  filter.Add(SYS_ioctl, SecondIs(kDeviceRequests), Verdict::kAllow, Verdict::kRefuse);
  filter.Add(SYS_fcntl, SecondIs(kRefusedDescriptorCommands), Verdict::kRefuse, Verdict::kAllow);
  // Permissions, but none to act for somebody.
  filter.Add(SYS_fchmod, {1, S_ISUID | S_ISGID, 0}, Verdict::kAllow, Verdict::kRefuse);
  filter.Add(kRefused, Verdict::kRefuse);
  return filter;
}

}  // namespace polyak
