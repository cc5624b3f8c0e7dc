/* The functions that a freestanding compiler may call. Word copies where both sides are aligned. */
#include "vouch.h"

#define ALIGNED(a, b) ((((uintptr_t)(a) | (uintptr_t)(b)) & 3) == 0)

typedef uint32_t __attribute__((may_alias)) word;

void *memcpy(void *restrict to, const void *restrict from, size_t len) {
  uint8_t *t = to;
  const uint8_t *f = from;
  if (ALIGNED(t, f))
    for (; len >= 4; len -= 4, t += 4, f += 4) *(word *)t = *(const word *)f;
  while (len--) *t++ = *f++;
  return to;
}

void *memmove(void *to, const void *from, size_t len) {
  uint8_t *t = to;
  const uint8_t *f = from;
  if ((uintptr_t)t - (uintptr_t)f >= len) return memcpy(to, from, len);
  while (len--) t[len] = f[len];
  return to;
}

void *memset(void *to, int byte, size_t len) {
  uint8_t *t = to;
  if (ALIGNED(t, 0)) {
    word pattern = (uint8_t)byte * 0x01010101u;
    for (; len >= 4; len -= 4, t += 4) *(word *)t = pattern;
  }
  while (len--) *t++ = (uint8_t)byte;
  return to;
}

int memcmp(const void *a, const void *b, size_t len) {
  const uint8_t *x = a, *y = b;
  for (; len; len--, x++, y++)
    if (*x != *y) return *x - *y;
  return 0;
}

size_t strlen(const char *text) {
  const char *end = text;
  while (*end) end++;
  return (size_t)(end - text);
}
