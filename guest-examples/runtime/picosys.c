/*
 * What picolibc 1.8 asks of a system, as Linux riscv32 calls. There are no files beyond the descriptors that are open
 * from the start, so what takes a path fails with ENOSYS.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio-bufio.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <unistd.h>

#include "vouch.h"

#define LINUX_ENOSYS 38
#define LINUX_AT_EMPTY_PATH 0x1000
#define LINUX_STATX_BASIC_STATS 0x7ff
#define LINUX_TIOCGWINSZ 0x5413
#define LINUX_CLOCK_REALTIME 0

#define HEAP_STEP 0x10000u

#define ADDRESS(pointer) ((uint32_t)(uintptr_t)(pointer))

/* struct __kernel_timespec */
struct instant {
  int64_t seconds;
  int32_t nanoseconds;
  int32_t zero;
};

/* Linux's errnos are picolibc's up to ERANGE, 34. ENOSYS is the only one beyond that these calls may meet. */
static int32_t result(int32_t value) {
  if (value >= 0) return value;
  errno = value == -LINUX_ENOSYS ? ENOSYS : -value;
  return -1;
}

static int absent(void) { return (int)result(-LINUX_ENOSYS); }

ssize_t read(int fd, void *buf, size_t len) { return result(vouch_ecall(SYS_read, (uint32_t)fd, ADDRESS(buf), len)); }

ssize_t write(int fd, const void *buf, size_t len) {
  return result(vouch_ecall(SYS_write, (uint32_t)fd, ADDRESS(buf), len));
}

int close(int fd) { return (int)result(vouch_ecall(SYS_close, (uint32_t)fd, 0, 0)); }

off_t lseek(int fd, off_t offset, int whence) {
  int64_t at = 0;
  uint32_t high = offset < 0 ? UINT32_MAX : 0;
  int32_t failed =
      vouch_syscall(SYS_llseek, (uint32_t)fd, high, (uint32_t)offset, ADDRESS(&at), (uint32_t)whence, 0);
  return failed ? result(failed) : (off_t)at;
}

int isatty(int fd) {
  uint16_t size[4];
  return result(vouch_ecall(SYS_ioctl, (uint32_t)fd, LINUX_TIOCGWINSZ, ADDRESS(size))) == 0;
}

/* The words of struct statx that have a place in picolibc's struct stat. */
enum { STATX_BLKSIZE = 1, STATX_NLINK = 4, STATX_MODE = 7, STATX_SIZE = 10, STATX_WORDS = 64 };

int fstat(int fd, struct stat *to) {
  _Alignas(8) uint32_t statx[STATX_WORDS];
  if (result(vouch_syscall(SYS_statx, (uint32_t)fd, ADDRESS(""), LINUX_AT_EMPTY_PATH, LINUX_STATX_BASIC_STATS,
                           ADDRESS(statx), 0)) < 0)
    return -1;
  *to = (struct stat){
      .st_mode = (mode_t)(statx[STATX_MODE] & 0xffff),
      .st_nlink = (nlink_t)statx[STATX_NLINK],
      .st_size = (off_t)statx[STATX_SIZE],
      .st_blksize = (blksize_t)statx[STATX_BLKSIZE],
  };
  return 0;
}

/*
 * brk answers with the break there is: the one asked for, or the old one where that is refused. malloc moves it by a
 * few bytes at a time and each call is a record in the log, so it is asked for in steps.
 */
void *sbrk(ptrdiff_t increment) {
  static uint32_t end, limit;
  if (limit == 0) end = limit = (uint32_t)vouch_ecall(SYS_brk, 0, 0, 0);
  uint32_t start = end, wanted = start + (uint32_t)increment;
  if (wanted > limit) limit = (uint32_t)vouch_ecall(SYS_brk, (wanted + HEAP_STEP - 1) & -HEAP_STEP, 0, 0);
  if (wanted > limit || (increment > 0 && wanted < start)) {
    errno = ENOMEM;
    return (void *)-1;
  }
  end = wanted;
  return (void *)(uintptr_t)start;
}

int gettimeofday(struct timeval *restrict to, void *restrict zone) {
  struct instant now;
  (void)zone;
  if (result(vouch_ecall(SYS_clock_gettime64, LINUX_CLOCK_REALTIME, ADDRESS(&now), 0)) < 0) return -1;
  to->tv_sec = now.seconds;
  to->tv_usec = now.nanoseconds / 1000;
  return 0;
}

int getentropy(void *buf, size_t len) {
  int32_t got = result(vouch_ecall(SYS_getrandom, ADDRESS(buf), len, 0));
  return got < 0 ? -1 : (size_t)got == len ? 0 : (int)result(-EIO);
}

pid_t getpid(void) { return vouch_ecall(SYS_getpid, 0, 0, 0); }

/* Ends the guest as a shell reports a process that a signal ended: raise() has run the handler, if there is one. */
int kill(pid_t pid, int signal) {
  if (pid != getpid()) return (int)result(-ESRCH);
  _exit(128 + signal);
}

clock_t times(struct tms *to) {
  (void)to;
  return (clock_t)absent();
}

int open(const char *path, int flags, ...) {
  (void)path, (void)flags;
  return absent();
}

int unlink(const char *path) {
  (void)path;
  return absent();
}

int stat(const char *restrict path, struct stat *restrict to) {
  (void)path, (void)to;
  return absent();
}

_Noreturn void _exit(int code) {
  for (;;) vouch_ecall(SYS_exit_group, (uint32_t)code, 0, 0);
}

/* Debian builds picolibc without these three, which differ from board to board. */
static char in_buffer[BUFSIZ], out_buffer[BUFSIZ], err_buffer[BUFSIZ];
static struct __file_bufio in =
    FDEV_SETUP_BUFIO(STDIN_FILENO, in_buffer, sizeof in_buffer, read, write, lseek, close, __SRD, 0);
static struct __file_bufio out =
    FDEV_SETUP_BUFIO(STDOUT_FILENO, out_buffer, sizeof out_buffer, read, write, lseek, close, __SWR, 0);
static struct __file_bufio err =
    FDEV_SETUP_BUFIO(STDERR_FILENO, err_buffer, sizeof err_buffer, read, write, lseek, close, __SWR, __BLBF);
FILE *const stdin = &in.xfile.cfile.file;
FILE *const stdout = &out.xfile.cfile.file;
FILE *const stderr = &err.xfile.cfile.file;

/* exit() runs this; picolibc flushes nothing by itself. */
__attribute__((destructor)) static void flush(void) {
  fflush(stdout);
  fflush(stderr);
}
