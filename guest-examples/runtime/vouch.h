/*
 * Guest side of Vouch's system calls: number in a7, arguments in a0..a5, result in a0 (a length, or -errno).
 * Numbers and the first three descriptors are Linux riscv32's, so that a guest also runs under qemu-riscv32.
 */
#ifndef VOUCH_H
#define VOUCH_H

#include <stddef.h>
#include <stdint.h>
#include "syscalls.h"

#define VOUCH_PRIVATE 0
#define VOUCH_CONSOLE 1
#define VOUCH_JOURNAL 3
#define VOUCH_PUBLIC 4

/* Exit code of a guest whose read or write was refused. */
#define VOUCH_IO_ERROR 74

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *text);

static inline int32_t vouch_ecall(uint32_t number, uint32_t arg0, uint32_t arg1, uint32_t arg2) {
  register uint32_t a0 __asm__("a0") = arg0;
  register uint32_t a1 __asm__("a1") = arg1;
  register uint32_t a2 __asm__("a2") = arg2;
  register uint32_t a7 __asm__("a7") = number;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
  return (int32_t)a0;
}

/* Any call of the host, its own ones included: as vouch_ecall, with all the arguments that the ABI has. */
static inline int32_t vouch_syscall(uint32_t number, uint32_t arg0, uint32_t arg1, uint32_t arg2, uint32_t arg3,
                                    uint32_t arg4, uint32_t arg5) {
  register uint32_t a0 __asm__("a0") = arg0;
  register uint32_t a1 __asm__("a1") = arg1;
  register uint32_t a2 __asm__("a2") = arg2;
  register uint32_t a3 __asm__("a3") = arg3;
  register uint32_t a4 __asm__("a4") = arg4;
  register uint32_t a5 __asm__("a5") = arg5;
  register uint32_t a7 __asm__("a7") = number;
  __asm__ volatile("ecall"
                   : "+r"(a0)
                   : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7)
                   : "memory");
  return (int32_t)a0;
}

/* Ends the run. A code other than 0 says that the guest refused its input; it can be proved like any other. */
__attribute__((noreturn)) static inline void halt(uint32_t code) {
  for (;;) vouch_ecall(SYS_exit, code, 0, 0);
}

/* Reads until `len` bytes or the end of the stream; returns how many. */
static inline uint32_t vouch_read(uint32_t fd, void *buf, uint32_t len) {
  uint32_t done = 0;
  while (done < len) {
    int32_t n = vouch_ecall(SYS_read, fd, (uint32_t)(uintptr_t)buf + done, len - done);
    if (n < 0) halt(VOUCH_IO_ERROR);
    if (n == 0) break;
    done += (uint32_t)n;
  }
  return done;
}

static inline void vouch_write(uint32_t fd, const void *buf, uint32_t len) {
  uint32_t done = 0;
  while (done < len) {
    int32_t n = vouch_ecall(SYS_write, fd, (uint32_t)(uintptr_t)buf + done, len - done);
    if (n <= 0) halt(VOUCH_IO_ERROR);
    done += (uint32_t)n;
  }
}

/* Input that the verifier is not given. Not part of the statement; see the README on zero-knowledge. */
static inline uint32_t read_private(void *buf, uint32_t len) { return vouch_read(VOUCH_PRIVATE, buf, len); }

/* Input that the verifier knows and checks. */
static inline uint32_t read_public(void *buf, uint32_t len) { return vouch_read(VOUCH_PUBLIC, buf, len); }

/* Appends to the journal, the proved public output. */
static inline void commit(const void *buf, uint32_t len) { vouch_write(VOUCH_JOURNAL, buf, len); }

/* Writes to the console, which is shown while the guest runs and is no part of the statement. */
static inline void print(const char *text) { vouch_write(VOUCH_CONSOLE, text, (uint32_t)strlen(text)); }

#endif
