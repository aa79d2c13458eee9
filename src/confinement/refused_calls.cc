#include "confinement/refused_calls.h"

#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

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
  const CallFilter::Argument itself{0, ~std::uint32_t{0}, static_cast<std::uint32_t>(getpid())};
  for (const int call : {SYS_tgkill, SYS_tkill}) {
    filter.Add(call, itself, Verdict::kAllow, Verdict::kRefuse);
  }
  // Its own limits may be asked for, and set; nobody else's.
  filter.Add(SYS_prlimit64, {0, ~std::uint32_t{0}, 0}, Verdict::kAllow, Verdict::kRefuse);
  // Keys that are typed for the user, on the terminal.
  filter.Add(SYS_ioctl, {1, ~std::uint32_t{0}, TIOCSTI}, {1, ~std::uint32_t{0}, TIOCLINUX},
             Verdict::kRefuse, Verdict::kAllow);
  filter.Add(kRefused, Verdict::kRefuse);
  return filter;
}

}  // namespace polyak
