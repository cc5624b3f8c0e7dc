import { blake3 } from '@noble/hashes/blake3.js'

/** A keyed hash with 32-byte keys and 32-byte digests. */
export type KeyedHash = (key: Uint8Array, message: Uint8Array) => Uint8Array

/**
 * The keyed hash of each of many messages of `length` bytes, which stand one after the other in `messages`; so do the
 * digests. `length` is a multiple of 4 from 4 to 1,024.
 */
export type HashEach = (key: Uint8Array, messages: Uint8Array, length: number) => Uint8Array

const IV = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a] as const
const CHUNK_START = 1
const CHUNK_END = 2
const ROOT = 8
const KEYED = 16
const CHUNK_BYTES = 1024
const BLOCK_BYTES = 64

const state = new Int32Array(8)
const block = new Int32Array(16)

/**
 * BLAKE3 keyed_hash with a 32-byte key. A message of one chunk, which is all that Merkle trees have, is hashed here:
 * @noble/hashes takes about five times as long, most of it to set up. It does the longer ones.
 */
export const keyedBlake3: KeyedHash = (key, message) => {
  if (message.length > CHUNK_BYTES) return blake3(message, { key })
  for (let i = 0; i < 8; i++) state[i] = wordAt(key, 4 * i, 32)
  const blocks = Math.max(1, Math.ceil(message.length / BLOCK_BYTES))
  for (let b = 0; b < blocks; b++) {
    const start = b * BLOCK_BYTES
    const length = Math.min(BLOCK_BYTES, message.length - start)
    for (let i = 0; i < 16; i++) block[i] = wordAt(message, start + 4 * i, message.length)
    const last = b === blocks - 1
    compress(length, KEYED | (b === 0 ? CHUNK_START : 0) | (last ? CHUNK_END | ROOT : 0))
  }
  const digest = new Uint8Array(32)
  for (let i = 0; i < 32; i++) digest[i] = state[i >> 2] >>> (8 * (i & 3))
  return digest
}

/** `HashEach` one message after the other. */
export const eachKeyedBlake3: HashEach = (key, messages, length) => {
  const count = messages.length / length
  const digests = new Uint8Array(32 * count)
  for (let i = 0; i < count; i++)
    digests.set(keyedBlake3(key, messages.subarray(i * length, (i + 1) * length)), 32 * i)
  return digests
}

/** Four bytes, little-endian; zero past `end`. */
function wordAt(bytes: Uint8Array, at: number, end: number): number {
  if (at + 4 <= end) return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
  let word = 0
  for (let i = 0; at + i < end; i++) word |= bytes[at + i] << (8 * i)
  return word
}

/** state <- compress(state, block) for counter 0. The quarter rounds are written out: a call each would cost twice the time. */
function compress(length: number, flags: number): void {
  let v0 = state[0]
  let v1 = state[1]
  let v2 = state[2]
  let v3 = state[3]
  let v4 = state[4]
  let v5 = state[5]
  let v6 = state[6]
  let v7 = state[7]
  let v8 = IV[0] | 0
  let v9 = IV[1] | 0
  let v10 = IV[2] | 0
  let v11 = IV[3] | 0
  let v12 = 0
  let v13 = 0
  let v14 = length
  let v15 = flags
  let m0 = block[0]
  let m1 = block[1]
  let m2 = block[2]
  let m3 = block[3]
  let m4 = block[4]
  let m5 = block[5]
  let m6 = block[6]
  let m7 = block[7]
  let m8 = block[8]
  let m9 = block[9]
  let m10 = block[10]
  let m11 = block[11]
  let m12 = block[12]
  let m13 = block[13]
  let m14 = block[14]
  let m15 = block[15]
  for (let r = 0; r < 7; r++) {
    v0 = (v0 + v4 + m0) | 0
    v12 ^= v0
    v12 = (v12 >>> 16) | (v12 << 16)
    v8 = (v8 + v12) | 0
    v4 ^= v8
    v4 = (v4 >>> 12) | (v4 << 20)
    v0 = (v0 + v4 + m1) | 0
    v12 ^= v0
    v12 = (v12 >>> 8) | (v12 << 24)
    v8 = (v8 + v12) | 0
    v4 ^= v8
    v4 = (v4 >>> 7) | (v4 << 25)
    v1 = (v1 + v5 + m2) | 0
    v13 ^= v1
    v13 = (v13 >>> 16) | (v13 << 16)
    v9 = (v9 + v13) | 0
    v5 ^= v9
    v5 = (v5 >>> 12) | (v5 << 20)
    v1 = (v1 + v5 + m3) | 0
    v13 ^= v1
    v13 = (v13 >>> 8) | (v13 << 24)
    v9 = (v9 + v13) | 0
    v5 ^= v9
    v5 = (v5 >>> 7) | (v5 << 25)
    v2 = (v2 + v6 + m4) | 0
    v14 ^= v2
    v14 = (v14 >>> 16) | (v14 << 16)
    v10 = (v10 + v14) | 0
    v6 ^= v10
    v6 = (v6 >>> 12) | (v6 << 20)
    v2 = (v2 + v6 + m5) | 0
    v14 ^= v2
    v14 = (v14 >>> 8) | (v14 << 24)
    v10 = (v10 + v14) | 0
    v6 ^= v10
    v6 = (v6 >>> 7) | (v6 << 25)
    v3 = (v3 + v7 + m6) | 0
    v15 ^= v3
    v15 = (v15 >>> 16) | (v15 << 16)
    v11 = (v11 + v15) | 0
    v7 ^= v11
    v7 = (v7 >>> 12) | (v7 << 20)
    v3 = (v3 + v7 + m7) | 0
    v15 ^= v3
    v15 = (v15 >>> 8) | (v15 << 24)
    v11 = (v11 + v15) | 0
    v7 ^= v11
    v7 = (v7 >>> 7) | (v7 << 25)
    v0 = (v0 + v5 + m8) | 0
    v15 ^= v0
    v15 = (v15 >>> 16) | (v15 << 16)
    v10 = (v10 + v15) | 0
    v5 ^= v10
    v5 = (v5 >>> 12) | (v5 << 20)
    v0 = (v0 + v5 + m9) | 0
    v15 ^= v0
    v15 = (v15 >>> 8) | (v15 << 24)
    v10 = (v10 + v15) | 0
    v5 ^= v10
    v5 = (v5 >>> 7) | (v5 << 25)
    v1 = (v1 + v6 + m10) | 0
    v12 ^= v1
    v12 = (v12 >>> 16) | (v12 << 16)
    v11 = (v11 + v12) | 0
    v6 ^= v11
    v6 = (v6 >>> 12) | (v6 << 20)
    v1 = (v1 + v6 + m11) | 0
    v12 ^= v1
    v12 = (v12 >>> 8) | (v12 << 24)
    v11 = (v11 + v12) | 0
    v6 ^= v11
    v6 = (v6 >>> 7) | (v6 << 25)
    v2 = (v2 + v7 + m12) | 0
    v13 ^= v2
    v13 = (v13 >>> 16) | (v13 << 16)
    v8 = (v8 + v13) | 0
    v7 ^= v8
    v7 = (v7 >>> 12) | (v7 << 20)
    v2 = (v2 + v7 + m13) | 0
    v13 ^= v2
    v13 = (v13 >>> 8) | (v13 << 24)
    v8 = (v8 + v13) | 0
    v7 ^= v8
    v7 = (v7 >>> 7) | (v7 << 25)
    v3 = (v3 + v4 + m14) | 0
    v14 ^= v3
    v14 = (v14 >>> 16) | (v14 << 16)
    v9 = (v9 + v14) | 0
    v4 ^= v9
    v4 = (v4 >>> 12) | (v4 << 20)
    v3 = (v3 + v4 + m15) | 0
    v14 ^= v3
    v14 = (v14 >>> 8) | (v14 << 24)
    v9 = (v9 + v14) | 0
    v4 ^= v9
    v4 = (v4 >>> 7) | (v4 << 25)
    const t0 = m0
    m0 = m2
    m2 = m3
    m3 = m10
    m10 = m12
    m12 = m9
    m9 = m11
    m11 = m5
    m5 = t0
    const t1 = m1
    m1 = m6
    m6 = m4
    m4 = m7
    m7 = m13
    m13 = m14
    m14 = m15
    m15 = m8
    m8 = t1
  }
  state[0] = v0 ^ v8
  state[1] = v1 ^ v9
  state[2] = v2 ^ v10
  state[3] = v3 ^ v11
  state[4] = v4 ^ v12
  state[5] = v5 ^ v13
  state[6] = v6 ^ v14
  state[7] = v7 ^ v15
}

/** A hash key: ASCII text, zero-padded to 32 bytes. */
export function keyOf(text: string): Uint8Array {
  const key = new Uint8Array(32)
  if (text.length > 32) throw new RangeError(`key '${text}' is longer than 32 bytes`)
  for (let i = 0; i < text.length; i++) key[i] = text.charCodeAt(i)
  return key
}
