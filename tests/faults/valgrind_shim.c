// Preloaded into polyak and its helper where valgrind watches them.
//
// valgrind needs descriptors of its own, and writes its log as the process that it watches: limits
// of descriptors and of file sizes, and closing all descriptors, are for it to refuse or to die of.
// Here they do nothing, and say that all is well. And a helper that is needed no more isn't killed:
// it ends by itself when its socket is closed, and valgrind says what it has found.
//
//   WATCHED_FAULT  where it is set, each process does what valgrind must find: it decides by memory
//                  that nobody has written
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int close_range(unsigned first, unsigned last, int flags) {
  (void)first, (void)last, (void)flags;
  return 0;
}

int setrlimit(__rlimit_resource_t resource, const struct rlimit* limit) {
  if (resource == RLIMIT_NOFILE || resource == RLIMIT_FSIZE) return 0;
  return (int)syscall(SYS_setrlimit, resource, limit);
}

int kill(pid_t process, int number) {
  if (number == SIGKILL) return 0;
  return (int)syscall(SYS_kill, process, number);
}

__attribute__((constructor)) static void Fault(void) {
  if (getenv("WATCHED_FAULT") == NULL) return;
  volatile char* nobodys = malloc(1);
  if (nobodys != NULL && nobodys[0] == 'x') setenv("WATCHED", "x", 1);
  free((void*)nobodys);
}
