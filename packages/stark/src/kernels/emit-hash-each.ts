import { moduleBuilder } from '@vouch/wasm'
import type { FunctionBuilder, Local } from '@vouch/wasm'
import { transpose } from './wasm-field.ts'

/**
 * Keyed BLAKE3 of many messages of one length, four at once, one a lane. Emitting it takes longer than compiling it, so its
 * bytes are kept in hash-each-module.ts (`npm run regen`). They stay below 4 KB, which any browser compiles at once.
 * BLAKE3 specification (O'Connor, Aumasson, Neves, Wilcox-O'Hearn), §2.2, §2.3, §2.6.
 */
const IV = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a]
const PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
const QUARTERS = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const
const ROUNDS = 7
const CHUNK_START = 1
const CHUNK_END = 2
const ROOT = 8
const KEYED_HASH = 16
const DIGEST_BYTES = 32

/**
 * `hashes(key, from, to, count, words)`: digests of `count` messages of words >= 1 words, under the key whose 8 splatted
 * words are at `key`. Four messages are read at a time, whole blocks of 64 bytes: up to three digests more than `count`
 * are written, and some memory after the messages is read.
 */
export function hashEachModule(): Uint8Array<ArrayBuffer> {
  const m = moduleBuilder()
  const f = m.func('hashes', ['i32', 'i32', 'i32', 'i32', 'i32'])
  const [key, from, to, count, words] = f.params
  const [end, stride, left, flags, round] = Array.from({ length: 5 }, () => f.local('i32'))
  const rows = Array.from({ length: 4 }, () => f.local('i32'))
  const chaining = Array.from({ length: 8 }, () => f.local('v128'))
  const state = Array.from({ length: 16 }, () => f.local('v128'))
  const block = Array.from({ length: 16 }, () => f.local('v128'))
  const quarter = quarterRound(f)

  f.get(words).i32(2).op('i32.shl').set(stride)
  f.get(to, count).i32(5).op('i32.shl', 'i32.add').set(end)
  f.while(to, end, 4 * DIGEST_BYTES, () => {
    rows.forEach((row) => f.get(from).set(row).get(from, stride).op('i32.add').set(from))
    chaining.forEach((h, i) =>
      f
        .get(key)
        .load('v128.load', 16 * i)
        .set(h),
    )
    f.get(words).set(left)
    f.i32(KEYED_HASH | CHUNK_START).set(flags)
    f.loop((again) => {
      loadBlock(f, rows, left, block)
      chaining.forEach((h, i) => f.get(h).set(state[i]))
      IV.forEach((iv, i) => f.v128(iv).set(state[8 + i]))
      f.v128(0).set(state[12]).v128(0).set(state[13])
      // The block's bytes, and the flags of the last block where this is it.
      f.get(left).i32(16).get(left).i32(16).op('i32.lt_u', 'select').i32(2).op('i32.shl', 'i32x4.splat')
      f.set(state[14])
      f.get(flags)
        .i32(CHUNK_END | ROOT)
        .i32(0)
        .get(left)
        .i32(16)
        .op('i32.le_u', 'select', 'i32.or', 'i32x4.splat')
        .set(state[15])
      f.i32(0).set(round)
      f.while(round, ROUNDS, 1, () => {
        QUARTERS.forEach((q, i) => quarter(state, q, block[2 * i], block[2 * i + 1]))
        f.get(...PERMUTATION.map((i) => block[i])).set(...block)
      })
      chaining.forEach((h, i) =>
        f
          .get(state[i], state[i + 8])
          .op('v128.xor')
          .set(h),
      )
      f.i32(KEYED_HASH).set(flags)
      rows.forEach((row) => f.increment(row, 64))
      f.i32(16).get(left).op('i32.lt_u')
      f.increment(left, -16).brIf(again)
    })
    for (const half of [0, 1]) {
      const [a, b, c, d] = chaining.slice(4 * half, 4 * half + 4)
      transpose(f, [a, b, c, d])
      ;[a, b, c, d].forEach((h, k) => f.get(to, h).store('v128.store', DIGEST_BYTES * k + 16 * half))
    }
  })
  return m.bytes()
}

/** Sixteen words of each row, word by word; zeros from word `left` on. */
function loadBlock(f: FunctionBuilder, rows: readonly Local[], left: Local, block: readonly Local[]): void {
  for (let four = 0; four < 16; four += 4) {
    rows.forEach((row, k) =>
      f
        .get(row)
        .load('v128.load', 4 * four)
        .set(block[four + k]),
    )
    transpose(f, [block[four], block[four + 1], block[four + 2], block[four + 3]])
  }
  f.get(left).i32(16).op('i32.lt_u')
  f.if(() =>
    block.forEach((word, j) =>
      f.get(word).i32(0).i32(j).get(left).op('i32.lt_u', 'i32.sub', 'i32x4.splat', 'v128.and').set(word),
    ),
  )
}

type QuarterRound = (
  state: readonly Local[],
  at: readonly [number, number, number, number],
  first: Local,
  second: Local,
) => void

function quarterRound(f: FunctionBuilder): QuarterRound {
  const [rotate16, rotate8] = [f.local('v128'), f.local('v128')]
  f.v128(0x01000302, 0x05040706, 0x09080b0a, 0x0d0c0f0e).set(rotate16)
  f.v128(0x00030201, 0x04070605, 0x080b0a09, 0x0c0f0e0d).set(rotate8)
  const half = (a: Local, b: Local, c: Local, d: Local, word: Local, bytes: Local, bits: number): void => {
    f.get(a, b).op('i32x4.add').get(word).op('i32x4.add').set(a)
    f.get(d, a).op('v128.xor').get(bytes).op('i8x16.swizzle').set(d)
    f.get(c, d).op('i32x4.add').set(c)
    f.temp('v128', (t) => {
      f.get(b, c).op('v128.xor').tee(t).i32(bits).op('i32x4.shr_u')
      f.get(t)
        .i32(32 - bits)
        .op('i32x4.shl', 'v128.or')
        .set(b)
    })
  }
  return (state, [a, b, c, d], first, second) => {
    half(state[a], state[b], state[c], state[d], first, rotate16, 12)
    half(state[a], state[b], state[c], state[d], second, rotate8, 7)
  }
}
