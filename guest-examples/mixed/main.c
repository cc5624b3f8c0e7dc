/*
 * Scalable benchmark. Public input: number of rounds (u32 little-endian, 1 to 4096). Each round writes a JSON record
 * from a pseudo-random state, tokenises it, sorts 48 words and hashes all of it; the digest seeds the next round. A round
 * takes a little less than 2^14 cycles. Journal: rounds, tokens seen, sum of the numbers read (u32 each), last digest.
 */
#include "sha256.h"
#include "vouch.h"

#define MAX_ROUNDS 4096
#define KEYS 48

/* What a round hashes: the last digest with the sorted keys mixed in, then the record, which takes at most 84 bytes. */
static struct {
  uint32_t digest[8];
  char text[96];
} page;

static uint32_t keys[KEYS];
static uint32_t random_state;

/* xorshift32 (Marsaglia 2003). */
static uint32_t next_random(void) {
  uint32_t x = random_state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return random_state = x;
}

static char *put_text(char *to, const char *text) {
  while (*text) *to++ = *text++;
  return to;
}

static char *put_number(char *to, int32_t value) {
  char reversed[10];
  uint32_t count = 0, rest = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
  if (value < 0) *to++ = '-';
  do reversed[count++] = (char)('0' + rest % 10);
  while (rest /= 10);
  while (count) *to++ = reversed[--count];
  return to;
}

static char *put_word(char *to, uint32_t letters) {
  for (uint32_t bits = next_random(); letters; letters--, bits >>= 4) *to++ = (char)('a' + (bits & 15));
  return to;
}

/* {"id":<u31>,"name":"<8 letters>","score":<i16>,"tags":["<3 letters>","<5 letters>"],"ok":<bool>} */
static uint32_t write_record(void) {
  char *at = put_text(page.text, "{\"id\":");
  at = put_number(at, (int32_t)(next_random() >> 1));
  at = put_word(put_text(at, ",\"name\":\""), 8);
  at = put_number(put_text(at, "\",\"score\":"), (int16_t)next_random());
  at = put_word(put_text(at, ",\"tags\":[\""), 3);
  at = put_word(put_text(at, "\",\""), 5);
  at = put_text(put_text(at, "\"],\"ok\":"), next_random() & 1 ? "true}" : "false}");
  return (uint32_t)(at - page.text);
}

/* Counts the tokens of a record and adds up the integers among them, mod 2^32. For well-formed text only. */
static uint32_t tokenise(const char *at, const char *end, uint32_t *sum) {
  uint32_t tokens = 0;
  while (at < end) {
    char c = *at++;
    tokens++;
    if (c == '"') {
      while (*at++ != '"') continue;
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      uint32_t value = c == '-' ? 0 : (uint32_t)(c - '0');
      for (; at < end && *at >= '0' && *at <= '9'; at++) value = value * 10 + (uint32_t)(*at - '0');
      *sum += c == '-' ? 0u - value : value;
    } else if (c >= 'a' && c <= 'z') {
      while (at < end && *at >= 'a' && *at <= 'z') at++;
    }
  }
  return tokens;
}

/* Heapsort (Williams 1964): its running time hardly depends on the keys. */
static void sift(uint32_t root, uint32_t count) {
  uint32_t key = keys[root];
  for (uint32_t child; (child = root * 2 + 1) < count; root = child) {
    if (child + 1 < count && keys[child + 1] > keys[child]) child++;
    if (keys[child] <= key) break;
    keys[root] = keys[child];
  }
  keys[root] = key;
}

static void sort_keys(void) {
  for (uint32_t i = KEYS / 2; i--;) sift(i, KEYS);
  for (uint32_t last = KEYS - 1; last; last--) {
    uint32_t greatest = keys[0];
    keys[0] = keys[last];
    keys[last] = greatest;
    sift(0, last);
  }
}

int main(void) {
  uint32_t rounds, extra, tokens = 0, sum = 0;
  if (read_public(&rounds, 4) != 4 || read_public(&extra, 1) != 0) halt(1);
  if (rounds < 1 || rounds > MAX_ROUNDS) halt(1);

  for (uint32_t round = 0; round < rounds; round++) {
    uint32_t state[8];
    random_state = page.digest[0] | 1;
    uint32_t len = write_record();
    tokens += tokenise(page.text, page.text + len, &sum);

    for (uint32_t i = 0; i < KEYS; i++) keys[i] = next_random();
    sort_keys();
    for (uint32_t i = 0; i < KEYS; i++) page.digest[i & 7] = page.digest[i & 7] * 31 + keys[i];

    sha256_init(state);
    sha256_finish(state, (const uint32_t *)&page, 32 + len, 32 + len, page.digest);
  }

  uint32_t head[3] = {rounds, tokens, sum};
  commit(head, sizeof head);
  commit(page.digest, 32);
  return 0;
}
