/*
 * Public input: SHA-256 of a credential (32 bytes), then a date (YYYY-MM-DD). Private input: the credential, ASCII,
 *
 *   vouch-credential-1\n name=<1 to 64 printable bytes>\n born=<YYYY-MM-DD>\n salt=<32 lower-case hex digits>\n
 *
 * without the spaces. Journal: the commitment, then 1 if the holder is 18 or older on that date, else 0. A malformed
 * input, or a credential that does not match the commitment, exits with 1 and an empty journal.
 */
#include "sha256.h"
#include "vouch.h"

#define ADULT 18
#define MAX_CREDENTIAL 256

static uint32_t credential[MAX_CREDENTIAL / 4];

static const char *expect(const char *at, const char *end, const char *text) {
  uint32_t len = (uint32_t)strlen(text);
  if ((uint32_t)(end - at) < len || memcmp(at, text, len) != 0) halt(1);
  return at + len;
}

static uint32_t digits(const char *at, uint32_t count) {
  uint32_t value = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (at[i] < '0' || at[i] > '9') halt(1);
    value = value * 10 + (uint32_t)(at[i] - '0');
  }
  return value;
}

/* A day of the Gregorian calendar as year·10000 + month·100 + day, which orders as dates do. Reads 10 bytes. */
static uint32_t date(const char *at) {
  static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  uint32_t year = digits(at, 4), month = digits(at + 5, 2), day = digits(at + 8, 2);
  if (at[4] != '-' || at[7] != '-' || month < 1 || month > 12) halt(1);
  uint32_t leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  uint32_t last = days[month - 1] + (month == 2 ? leap : 0);
  if (day < 1 || day > last) halt(1);
  return year * 10000 + month * 100 + day;
}

/* Checks the whole credential, so that one commitment has one meaning, and returns the date of birth. */
static uint32_t birth(const char *at, const char *end) {
  at = expect(at, end, "vouch-credential-1\nname=");
  uint32_t len = 0;
  for (; at < end && *at >= ' ' && *at <= '~'; at++) len++;
  if (len < 1 || len > 64) halt(1);

  at = expect(at, end, "\nborn=");
  if (end - at < 10) halt(1);
  uint32_t born = date(at);
  at = expect(at + 10, end, "\nsalt=");

  if (end - at != 33 || at[32] != '\n') halt(1);
  for (uint32_t i = 0; i < 32; i++)
    if (!((at[i] >= '0' && at[i] <= '9') || (at[i] >= 'a' && at[i] <= 'f'))) halt(1);
  return born;
}

int main(void) {
  uint32_t commitment[8], state[8], digest[8];
  char today[11];
  if (read_public(commitment, 32) != 32 || read_public(today, sizeof today) != 10) halt(1);

  uint32_t len = read_private(credential, MAX_CREDENTIAL);
  sha256_init(state);
  sha256_finish(state, credential, len, len, digest);
  if (memcmp(commitment, digest, 32) != 0) halt(1);

  const char *text = (const char *)credential;
  uint8_t verdict = birth(text, text + len) + ADULT * 10000 <= date(today);
  commit(commitment, 32);
  commit(&verdict, 1);
  return 0;
}
