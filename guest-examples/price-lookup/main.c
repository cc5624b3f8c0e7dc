/*
 * Public input: a limit (u64 little-endian, in hundredths), then a symbol (1 to 12 capital letters or digits). Private
 * input: a quantity (u32). The guest asks its host for the symbol's price. Journal: the symbol, padded with zeros to 12
 * bytes, its price in hundredths (u32), then 1 if quantity times price exceeds the limit, else 0 (u32).
 *
 * Exit code 1: an input is malformed. 2: the host gave no price. 3: what it gave is not one. The journal is then empty.
 */
#include "vouch.h"

/* The host program's call. a0, a1: the symbol; a2, a3: room for the answer. Result: the answer's length, or -errno. */
#define LOOK_UP_PRICE 0x7b00

#define SYMBOL_MAX 12
#define ANSWER_MAX 16

/* "1234.50" in hundredths: digits, then nothing or a point and two digits. */
static uint32_t parse_price(const char *text, uint32_t len) {
  uint64_t value = 0;
  uint32_t whole = len > 3 && text[len - 3] == '.' ? len - 3 : len;
  for (uint32_t i = 0; i < len; i++) {
    if (i == whole) continue;
    if (text[i] < '0' || text[i] > '9') halt(3);
    value = value * 10 + (uint32_t)(text[i] - '0');
    if (value > UINT32_MAX) halt(3);
  }
  if (len == 0) halt(3);
  if (whole == len) value *= 100;
  if (value > UINT32_MAX) halt(3);
  return (uint32_t)value;
}

static uint32_t look_up_price(const char *symbol, uint32_t len) {
  char answer[ANSWER_MAX] = {0};
  int32_t got = vouch_syscall(LOOK_UP_PRICE, (uint32_t)(uintptr_t)symbol, len, (uint32_t)(uintptr_t)answer,
                              sizeof answer, 0, 0);
  if (got < 0) halt(2);
  if ((uint32_t)got > sizeof answer) halt(3);
  return parse_price(answer, (uint32_t)got);
}

int main(void) {
  uint64_t limit;
  uint32_t quantity, extra;
  char symbol[SYMBOL_MAX + 1];
  if (read_public(&limit, sizeof limit) != sizeof limit) halt(1);
  uint32_t len = read_public(symbol, sizeof symbol);
  if (len < 1 || len > SYMBOL_MAX) halt(1);
  for (uint32_t i = 0; i < len; i++)
    if (!((symbol[i] >= 'A' && symbol[i] <= 'Z') || (symbol[i] >= '0' && symbol[i] <= '9'))) halt(1);
  if (read_private(&quantity, 4) != 4 || read_private(&extra, 1) != 0) halt(1);

  uint32_t price = look_up_price(symbol, len);
  uint32_t exceeds = (uint64_t)quantity * price > limit;
  memset(symbol + len, 0, sizeof symbol - len);
  commit(symbol, SYMBOL_MAX);
  commit(&price, 4);
  commit(&exceeds, 4);
  return 0;
}
