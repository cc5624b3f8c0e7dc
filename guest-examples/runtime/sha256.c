#include "sha256.h"
#include "vouch.h"

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

#define ROR(x, n) ((x) >> (n) | (x) << (32 - (n)))
#define SIGMA0(x) (ROR(x, 2) ^ ROR(x, 13) ^ ROR(x, 22))
#define SIGMA1(x) (ROR(x, 6) ^ ROR(x, 11) ^ ROR(x, 25))
#define sigma0(x) (ROR(x, 7) ^ ROR(x, 18) ^ (x) >> 3)
#define sigma1(x) (ROR(x, 17) ^ ROR(x, 19) ^ (x) >> 10)

/* Maj(a, b, c) = b ^ ((a ^ b) & (b ^ c)); b ^ c is the a ^ b of the round before. */
#define ROUND(a, b, c, d, e, f, g, h, i, word)                       \
  h += k[i] + (word) + SIGMA1(e) + (g ^ (e & (f ^ g)));              \
  d += h;                                                            \
  ab = a ^ b;                                                        \
  h += SIGMA0(a) + (b ^ (ab & bc));                                  \
  bc = ab;

#define SIXTEEN(word)                                                                              \
  ROUND(a, b, c, d, e, f, g, h, 0, word(0)) ROUND(h, a, b, c, d, e, f, g, 1, word(1))              \
  ROUND(g, h, a, b, c, d, e, f, 2, word(2)) ROUND(f, g, h, a, b, c, d, e, 3, word(3))              \
  ROUND(e, f, g, h, a, b, c, d, 4, word(4)) ROUND(d, e, f, g, h, a, b, c, 5, word(5))              \
  ROUND(c, d, e, f, g, h, a, b, 6, word(6)) ROUND(b, c, d, e, f, g, h, a, 7, word(7))              \
  ROUND(a, b, c, d, e, f, g, h, 8, word(8)) ROUND(h, a, b, c, d, e, f, g, 9, word(9))              \
  ROUND(g, h, a, b, c, d, e, f, 10, word(10)) ROUND(f, g, h, a, b, c, d, e, 11, word(11))          \
  ROUND(e, f, g, h, a, b, c, d, 12, word(12)) ROUND(d, e, f, g, h, a, b, c, 13, word(13))          \
  ROUND(c, d, e, f, g, h, a, b, 14, word(14)) ROUND(b, c, d, e, f, g, h, a, 15, word(15))

#define MESSAGE(i) (w[i] = swap(block[i]))
#define SCHEDULE(i) (w[i] += sigma1(w[(i + 14) & 15]) + w[(i + 9) & 15] + sigma0(w[(i + 1) & 15]))

static inline uint32_t swap(uint32_t x) {
  uint32_t y = (x >> 8 & 0x00ff00ff) | (x & 0x00ff00ff) << 8;
  return y >> 16 | y << 16;
}

void sha256_init(uint32_t state[8]) {
  static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  memcpy(state, initial, 32);
}

/* Sixteen rounds a pass, so that the message schedule lives at fixed offsets and the code stays under 8 KiB. */
void sha256_blocks(uint32_t state[8], const uint32_t *block, uint32_t count) {
  uint32_t w[16];
  for (; count; count--, block += 16) {
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    uint32_t ab, bc = b ^ c;
    const uint32_t *k = K;
    SIXTEEN(MESSAGE)
    do {
      k += 16;
      SIXTEEN(SCHEDULE)
    } while (k != K + 48);
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
  }
}

void sha256_finish(uint32_t state[8], const uint32_t *tail, uint32_t len, uint32_t total, uint32_t digest[8]) {
  uint32_t last[32];
  uint32_t rest = len & 63;
  uint32_t blocks = rest < 56 ? 1 : 2;
  sha256_blocks(state, tail, len >> 6);
  memset(last, 0, blocks * 64);
  memcpy(last, tail + (len >> 6) * 16, rest);
  ((uint8_t *)last)[rest] = 0x80;
  last[blocks * 16 - 1] = swap(total << 3);
  sha256_blocks(state, last, blocks);
  for (int i = 0; i < 8; i++) digest[i] = swap(state[i]);
}
