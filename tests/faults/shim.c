// Preloaded into polyak or its helper: the C library and the kernel as they may behave, too.
//
//   FAULTS_PROGRAM  the short name of the program that is meant; others run as ever
//   FAULTS_COUNTS   a file of five 64-bit numbers that are counted up: short transfers, calls that
//                   were interrupted, allocations, allocations that failed, starts of the program
//   FAULTS_SHORT    reads and writes of files transfer half of what was asked for
//   FAULTS_EINTR    one call in this many, at random, is interrupted before it does anything
//   FAULTS_MALLOC   the allocation of this number, counted from main on, fails
//   FAULTS_LASTING  all later ones do, too
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Of glibc, which has no other way to its own allocator for one who replaces it.
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* block, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

struct Counts {
  _Atomic uint64_t short_transfers;
  _Atomic uint64_t interrupted;
  _Atomic uint64_t allocations;
  _Atomic uint64_t failed_allocations;
  _Atomic uint64_t starts;
};

static struct Counts unused_counts;
static struct Counts* counts = &unused_counts;
static bool in_main;
static bool is_short;
static uint64_t interrupted_one_in;
static uint64_t failing_allocation;
static bool is_lasting;
static _Atomic uint64_t random_state = 0x9e3779b97f4a7c15;

static uint64_t NumberFrom(const char* name) {
  const char* text = getenv(name);
  return text == NULL ? 0 : strtoull(text, NULL, 10);
}

static void Prepare(void) {
  const char* program = getenv("FAULTS_PROGRAM");
  const char* path = getenv("FAULTS_COUNTS");
  if (program == NULL || path == NULL || strcmp(program, program_invocation_short_name) != 0) {
    return;
  }
  const int file = open(path, O_RDWR | O_CLOEXEC);
  void* shared = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (shared == MAP_FAILED) abort();
  close(file);
  counts = shared;
  counts->starts++;
  is_short = getenv("FAULTS_SHORT") != NULL;
  interrupted_one_in = NumberFrom("FAULTS_EINTR");
  failing_allocation = NumberFrom("FAULTS_MALLOC");
  is_lasting = getenv("FAULTS_LASTING") != NULL;
  in_main = true;
}

// --- main -----------------------------------------------------------------------------------

typedef int Main(int argc, char** argv, char** environment);
static Main* real_main;

static int PreparedMain(int argc, char** argv, char** environment) {
  Prepare();
  return real_main(argc, argv, environment);
}

int __libc_start_main(Main* main, int argc, char** argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void* stack_end) {
  typedef int Start(Main*, int, char**, void (*)(void), void (*)(void), void (*)(void), void*);
  Start* start = (Start*)dlsym(RTLD_NEXT, "__libc_start_main");
  real_main = main;
  return start(PreparedMain, argc, argv, init, fini, rtld_fini, stack_end);
}

// --- allocations ----------------------------------------------------------------------------

static bool Fails(void) {
  if (!in_main) return false;
  const uint64_t number = ++counts->allocations;
  if (failing_allocation == 0) return false;
  const bool fails = is_lasting ? number >= failing_allocation : number == failing_allocation;
  if (!fails) return false;
  counts->failed_allocations++;
  errno = ENOMEM;
  return true;
}

void* malloc(size_t size) { return Fails() ? NULL : __libc_malloc(size); }
void* calloc(size_t count, size_t size) { return Fails() ? NULL : __libc_calloc(count, size); }
void* realloc(void* block, size_t size) { return Fails() ? NULL : __libc_realloc(block, size); }
void* memalign(size_t alignment, size_t size) {
  return Fails() ? NULL : __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** block, size_t alignment, size_t size) {
  void* made = memalign(alignment, size);
  if (made == NULL) return ENOMEM;
  *block = made;
  return 0;
}

// --- calls ----------------------------------------------------------------------------------

static bool IsInterrupted(void) {
  if (!in_main || interrupted_one_in == 0) return false;
  uint64_t state = atomic_fetch_add(&random_state, 0x9e3779b97f4a7c15);
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
  state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
  if ((state >> 32) % interrupted_one_in != 0) return false;
  counts->interrupted++;
  errno = EINTR;
  return true;
}

// A message of a socket comes whole or not at all.
static size_t Shortened(int descriptor, size_t size) {
  struct stat status;
  if (!in_main || !is_short || size < 2) return size;
  // Not the C library's fstat, which the helper may not call.
  if (syscall(SYS_fstat, descriptor, &status) != 0 || S_ISSOCK(status.st_mode)) return size;
  counts->short_transfers++;
  return size / 2;
}

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

ssize_t read(int file, void* bytes, size_t size) {
  if (IsInterrupted()) return -1;
  return REAL(read)(file, bytes, Shortened(file, size));
}
ssize_t write(int file, const void* bytes, size_t size) {
  if (IsInterrupted()) return -1;
  return REAL(write)(file, bytes, Shortened(file, size));
}
ssize_t pread(int file, void* bytes, size_t size, off_t offset) {
  if (IsInterrupted()) return -1;
  return REAL(pread)(file, bytes, Shortened(file, size), offset);
}
ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
  if (IsInterrupted()) return -1;
  return REAL(pwrite)(file, bytes, Shortened(file, size), offset);
}
ssize_t copy_file_range(int from, off_t* from_offset, int to, off_t* to_offset, size_t size,
                        unsigned flags) {
  if (IsInterrupted()) return -1;
  return REAL(copy_file_range)(from, from_offset, to, to_offset, Shortened(from, size), flags);
}
int fallocate(int file, int mode, off_t offset, off_t length) {
  return IsInterrupted() ? -1 : REAL(fallocate)(file, mode, offset, length);
}
int poll(struct pollfd* files, nfds_t count, int milliseconds) {
  return IsInterrupted() ? -1 : REAL(poll)(files, count, milliseconds);
}
ssize_t recv(int socket, void* bytes, size_t size, int flags) {
  return IsInterrupted() ? -1 : REAL(recv)(socket, bytes, size, flags);
}
ssize_t recvmsg(int socket, struct msghdr* message, int flags) {
  return IsInterrupted() ? -1 : REAL(recvmsg)(socket, message, flags);
}
ssize_t send(int socket, const void* bytes, size_t size, int flags) {
  return IsInterrupted() ? -1 : REAL(send)(socket, bytes, size, flags);
}
ssize_t sendmsg(int socket, const struct msghdr* message, int flags) {
  return IsInterrupted() ? -1 : REAL(sendmsg)(socket, message, flags);
}
pid_t waitpid(pid_t process, int* status, int options) {
  return IsInterrupted() ? -1 : REAL(waitpid)(process, status, options);
}
