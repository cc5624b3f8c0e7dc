import { blake3 } from '@noble/hashes/blake3.js'
import type { KeyedHash } from './suite.ts'

const IV = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a] as const
const CHUNK_START = 1
const CHUNK_END = 2
const ROOT = 8
const KEYED = 16
const CHUNK_BYTES = 1024
const BLOCK_BYTES = 64

/** Message word order of all 7 rounds, one after the other. */
const ORDER = ((): Uint8Array => {
  const permutation = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
  const order: number[] = Array.from({ length: 16 }, (_, i) => i)
  for (let round = 1; round < 7; round++) order.push(...permutation.map((p) => order[16 * (round - 1) + p]))
  return Uint8Array.from(order)
})()

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
  for (let r = 0; r < 112; r += 16) {
    v0 = (v0 + v4 + block[ORDER[r]]) | 0
    v12 ^= v0
    v12 = (v12 >>> 16) | (v12 << 16)
    v8 = (v8 + v12) | 0
    v4 ^= v8
    v4 = (v4 >>> 12) | (v4 << 20)
    v0 = (v0 + v4 + block[ORDER[r + 1]]) | 0
    v12 ^= v0
    v12 = (v12 >>> 8) | (v12 << 24)
    v8 = (v8 + v12) | 0
    v4 ^= v8
    v4 = (v4 >>> 7) | (v4 << 25)
    v1 = (v1 + v5 + block[ORDER[r + 2]]) | 0
    v13 ^= v1
    v13 = (v13 >>> 16) | (v13 << 16)
    v9 = (v9 + v13) | 0
    v5 ^= v9
    v5 = (v5 >>> 12) | (v5 << 20)
    v1 = (v1 + v5 + block[ORDER[r + 3]]) | 0
    v13 ^= v1
    v13 = (v13 >>> 8) | (v13 << 24)
    v9 = (v9 + v13) | 0
    v5 ^= v9
    v5 = (v5 >>> 7) | (v5 << 25)
    v2 = (v2 + v6 + block[ORDER[r + 4]]) | 0
    v14 ^= v2
    v14 = (v14 >>> 16) | (v14 << 16)
    v10 = (v10 + v14) | 0
    v6 ^= v10
    v6 = (v6 >>> 12) | (v6 << 20)
    v2 = (v2 + v6 + block[ORDER[r + 5]]) | 0
    v14 ^= v2
    v14 = (v14 >>> 8) | (v14 << 24)
    v10 = (v10 + v14) | 0
    v6 ^= v10
    v6 = (v6 >>> 7) | (v6 << 25)
    v3 = (v3 + v7 + block[ORDER[r + 6]]) | 0
    v15 ^= v3
    v15 = (v15 >>> 16) | (v15 << 16)
    v11 = (v11 + v15) | 0
    v7 ^= v11
    v7 = (v7 >>> 12) | (v7 << 20)
    v3 = (v3 + v7 + block[ORDER[r + 7]]) | 0
    v15 ^= v3
    v15 = (v15 >>> 8) | (v15 << 24)
    v11 = (v11 + v15) | 0
    v7 ^= v11
    v7 = (v7 >>> 7) | (v7 << 25)
    v0 = (v0 + v5 + block[ORDER[r + 8]]) | 0
    v15 ^= v0
    v15 = (v15 >>> 16) | (v15 << 16)
    v10 = (v10 + v15) | 0
    v5 ^= v10
    v5 = (v5 >>> 12) | (v5 << 20)
    v0 = (v0 + v5 + block[ORDER[r + 9]]) | 0
    v15 ^= v0
    v15 = (v15 >>> 8) | (v15 << 24)
    v10 = (v10 + v15) | 0
    v5 ^= v10
    v5 = (v5 >>> 7) | (v5 << 25)
    v1 = (v1 + v6 + block[ORDER[r + 10]]) | 0
    v12 ^= v1
    v12 = (v12 >>> 16) | (v12 << 16)
    v11 = (v11 + v12) | 0
    v6 ^= v11
    v6 = (v6 >>> 12) | (v6 << 20)
    v1 = (v1 + v6 + block[ORDER[r + 11]]) | 0
    v12 ^= v1
    v12 = (v12 >>> 8) | (v12 << 24)
    v11 = (v11 + v12) | 0
    v6 ^= v11
    v6 = (v6 >>> 7) | (v6 << 25)
    v2 = (v2 + v7 + block[ORDER[r + 12]]) | 0
    v13 ^= v2
    v13 = (v13 >>> 16) | (v13 << 16)
    v8 = (v8 + v13) | 0
    v7 ^= v8
    v7 = (v7 >>> 12) | (v7 << 20)
    v2 = (v2 + v7 + block[ORDER[r + 13]]) | 0
    v13 ^= v2
    v13 = (v13 >>> 8) | (v13 << 24)
    v8 = (v8 + v13) | 0
    v7 ^= v8
    v7 = (v7 >>> 7) | (v7 << 25)
    v3 = (v3 + v4 + block[ORDER[r + 14]]) | 0
    v14 ^= v3
    v14 = (v14 >>> 16) | (v14 << 16)
    v9 = (v9 + v14) | 0
    v4 ^= v9
    v4 = (v4 >>> 12) | (v4 << 20)
    v3 = (v3 + v4 + block[ORDER[r + 15]]) | 0
    v14 ^= v3
    v14 = (v14 >>> 8) | (v14 << 24)
    v9 = (v9 + v14) | 0
    v4 ^= v9
    v4 = (v4 >>> 7) | (v4 << 25)
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
