/* SHA-256 (FIPS 180-4) over words. Buffers must be 4-aligned, since Vouch halts on an unaligned load. */
#ifndef VOUCH_SHA256_H
#define VOUCH_SHA256_H

#include <stdint.h>

/* Initial hash value, FIPS 180-4 section 5.3.3. */
void sha256_init(uint32_t state[8]);

/* Absorbs `count` blocks of 64 bytes. */
void sha256_blocks(uint32_t state[8], const uint32_t *blocks, uint32_t count);

/*
 * Absorbs the last `len` bytes of a message of `total` bytes (total - len is a multiple of 64; total < 2^29), pads,
 * and writes the digest as bytes. `tail` needs no room for the padding.
 */
void sha256_finish(uint32_t state[8], const uint32_t *tail, uint32_t len, uint32_t total, uint32_t digest[8]);

#endif
