import type { FunctionBuilder, Global, Local, ModuleBuilder } from '@vouch/wasm'
import type { Vectors } from './wasm-field.ts'
import { transpose } from './wasm-field.ts'
import { BLOCKS, CHAINING, KEYS } from './wasm-layout.ts'

/**
 * Keyed BLAKE3 of messages of one chunk (at most 1,024 bytes), four messages at once, one a lane.
 * BLAKE3 specification (O'Connor, Aumasson, Neves, Wilcox-O'Hearn), §2.2, §2.3, §2.6.
 *
 * leaves(table, words, previous, shift, to, start, count)  rows [start, start + count) of `words` columns; `previous` digests
 *                                                          lifted by `shift` layers, or 0 for zero digests
 * nodes(from, to, count)                                   parents of 2·count digests; count a multiple of 4
 * friLeaves(planes, planeBytes, arityLog, to, start, count)
 * grind(seed, mask, low, high, count)                      `seed`: 8 splatted words; nonces high·2^32 + low + [0, count); the offset of the first hit, or −1
 * Counts of leaves are multiples of 16.
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
const LAST = CHUNK_END | ROOT | KEYED_HASH
const MESSAGE_BYTES = 4096

export function emitBlake3(m: ModuleBuilder, scratch: Global): void {
  const compress = emitCompress(m)
  const message = emitMessage(m, scratch, compress)
  emitLeaves(m, scratch, message)
  emitFriLeaves(m, scratch, message)
  emitNodes(m, scratch, compress)
  emitGrind(m, scratch, compress)
}

/** `compress(message, from, to, length, flags)`: chaining values at `from` to those at `to`; all in four lanes, counter 0. */
function emitCompress(m: ModuleBuilder): FunctionBuilder {
  const f = m.func('', ['i32', 'i32', 'i32', 'i32', 'i32'])
  const [message, from, to, length, flags] = f.params
  const rotate16 = f.local('v128')
  const rotate8 = f.local('v128')
  f.v128(0x01000302, 0x05040706, 0x09080b0a, 0x0d0c0f0e).set(rotate16)
  f.v128(0x00030201, 0x04070605, 0x080b0a09, 0x0c0f0e0d).set(rotate8)
  const v = Array.from({ length: 16 }, () => f.local('v128'))
  const words = Array.from({ length: 16 }, () => f.local('v128'))
  for (let i = 0; i < 8; i++)
    f.get(from)
      .load('v128.load', 16 * i)
      .set(v[i])
  IV.forEach((iv, i) => f.v128(iv).set(v[8 + i]))
  f.v128(0).set(v[12]).v128(0).set(v[13])
  f.get(length).op('i32x4.splat').set(v[14]).get(flags).op('i32x4.splat').set(v[15])
  words.forEach((w, i) =>
    f
      .get(message)
      .load('v128.load', 16 * i)
      .set(w),
  )
  const shiftRotate = (local: Local, by: number): void => {
    f.temp('v128', (t) =>
      f
        .tee(t)
        .i32(by)
        .op('i32x4.shr_u')
        .get(t)
        .i32(32 - by)
        .op('i32x4.shl', 'v128.or')
        .set(local),
    )
  }
  const half = (a: Local, b: Local, c: Local, d: Local, w: Local, mask: Local, by: number): void => {
    f.get(a, b).op('i32x4.add').get(w).op('i32x4.add').set(a)
    f.get(d, a).op('v128.xor').get(mask).op('i8x16.swizzle').set(d)
    f.get(c, d).op('i32x4.add').set(c).get(b, c).op('v128.xor')
    shiftRotate(b, by)
  }
  let schedule = Array.from({ length: 16 }, (_, i) => i)
  for (let round = 0; round < ROUNDS; round++) {
    QUARTERS.forEach(([a, b, c, d], i) => {
      half(v[a], v[b], v[c], v[d], words[schedule[2 * i]], rotate16, 12)
      half(v[a], v[b], v[c], v[d], words[schedule[2 * i + 1]], rotate8, 7)
    })
    schedule = PERMUTATION.map((i) => schedule[i])
  }
  for (let i = 0; i < 8; i++)
    f.get(to, v[i], v[i + 8])
      .op('v128.xor')
      .store('v128.store', 16 * i)
  return f
}

/**
 * `message(at, words, to)`: the keyed hash (leaf key) of 4 messages of words >= 1 words at `at`, zero-padded there to whole blocks;
 * the digests go to `to` row by row.
 */
function emitMessage(m: ModuleBuilder, scratch: Global, compress: FunctionBuilder): FunctionBuilder {
  const f = m.func('', ['i32', 'i32', 'i32'])
  const [at, words, to] = f.params
  const [chaining, flags] = [f.local('i32'), f.local('i32')]
  f.i32(KEYS.leaf).set(chaining)
  f.i32(KEYED_HASH | CHUNK_START).set(flags)
  f.block((done) => {
    f.loop((again) => {
      f.get(words).i32(16).op('i32.le_u').brIf(done)
      f.get(at, chaining).global(scratch, CHAINING).i32(64).get(flags).call(compress)
      f.global(scratch, CHAINING).set(chaining).i32(KEYED_HASH).set(flags)
      f.increment(at, 64 * 4).increment(words, -16)
      f.br(again)
    })
  })
  f.get(at, chaining).global(scratch, CHAINING).get(words).i32(2).op('i32.shl')
  f.get(flags).i32(LAST).op('i32.or').call(compress)
  storeDigests(f, scratch, to)
  return f
}

const vectors = (f: FunctionBuilder): Vectors => [
  f.take('v128'),
  f.take('v128'),
  f.take('v128'),
  f.take('v128'),
]

/** The four digests at CHAINING, row by row from `to`. */
function storeDigests(f: FunctionBuilder, scratch: Global, to: Local): void {
  const v = vectors(f)
  for (const half of [0, 1]) {
    v.forEach((x, k) =>
      f
        .global(scratch)
        .load('v128.load', CHAINING + 64 * half + 16 * k)
        .set(x),
    )
    transpose(f, v)
    v.forEach((x, k) => f.get(to, x).store('v128.store', 32 * k + 16 * half))
  }
  f.give(...v)
}

/** Zeroes the words after `words` of the last block of the four messages at BLOCKS. */
function padMessages(f: FunctionBuilder, scratch: Global, words: Local): void {
  f.temp('i32', (at) =>
    f.temp('i32', (end) => {
      f.global(scratch).get(words).i32(4).op('i32.shl', 'i32.add').set(at)
      f.global(scratch)
        .get(words)
        .i32(15)
        .op('i32.add')
        .i32(-16)
        .op('i32.and')
        .i32(4)
        .op('i32.shl', 'i32.add')
        .set(end)
      f.while(at, end, 16, () => {
        for (let quad = 0; quad < 4; quad++)
          f.get(at)
            .v128(0)
            .store('v128.store', BLOCKS + MESSAGE_BYTES * quad)
      })
    }),
  )
}

/** Hashes the four messages at BLOCKS to 16 digests from `to`. */
function hashMessages(
  f: FunctionBuilder,
  scratch: Global,
  message: FunctionBuilder,
  words: Local,
  to: Local,
): void {
  for (let quad = 0; quad < 4; quad++)
    f.global(scratch, BLOCKS + MESSAGE_BYTES * quad)
      .get(words, to)
      .i32(128 * quad)
      .op('i32.add')
      .call(message)
}

function emitLeaves(m: ModuleBuilder, scratch: Global, message: FunctionBuilder): void {
  const f = m.func('leaves', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'])
  const [table, words, previous, shift, to, start, count] = f.params
  const i32 = (): Local => f.local('i32')
  const [end, at, tableEnd, offset, target, column] = [i32(), i32(), i32(), i32(), i32(), i32()]
  const v = vectors(f)
  f.get(start, count).op('i32.add').set(end)
  f.get(table, words).i32(2).op('i32.shl', 'i32.add').set(tableEnd)
  f.increment(words, 8)
  padMessages(f, scratch, words)
  f.increment(shift, 1)
  f.while(start, end, 16, () => {
    for (let quad = 0; quad < 4; quad++)
      for (const half of [0, 1]) {
        v.forEach((x, k) => {
          // The digest of position start + 4·quad + k lifted: its low bit stays, `shift` bits above go.
          f.get(previous)
          f.if(
            () => {
              f.get(start)
                .i32(4 * quad + k)
                .op('i32.add')
              f.get(shift).op('i32.shr_u').i32(6).op('i32.shl').get(previous).op('i32.add')
              f.load('v128.load', 32 * (k & 1) + 16 * half).set(x)
            },
            () => f.v128(0).set(x),
          )
        })
        transpose(f, v)
        v.forEach((x, k) =>
          f
            .global(scratch)
            .get(x)
            .store('v128.store', BLOCKS + MESSAGE_BYTES * quad + 64 * half + 16 * k),
        )
      }
    f.get(start).i32(2).op('i32.shl').set(offset)
    f.global(scratch, BLOCKS + 128).set(at)
    f.get(table).set(column)
    f.while(column, tableEnd, 4, () => {
      f.temp('i32', (source) => {
        f.get(column).load('i32.load').get(offset).op('i32.add').set(source)
        for (let quad = 0; quad < 4; quad++)
          f.get(at, source)
            .load('v128.load', 16 * quad)
            .store('v128.store', MESSAGE_BYTES * quad)
      })
      f.increment(at, 16)
    })
    f.get(to, start).i32(5).op('i32.shl', 'i32.add').set(target)
    hashMessages(f, scratch, message, words, target)
  })
}

function emitFriLeaves(m: ModuleBuilder, scratch: Global, message: FunctionBuilder): void {
  const f = m.func('friLeaves', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'])
  const [planes, planeBytes, arityLog, to, start, count] = f.params
  const i32 = (): Local => f.local('i32')
  const [end, words, arity, stride, j, at, source, target] = [
    i32(),
    i32(),
    i32(),
    i32(),
    i32(),
    i32(),
    i32(),
    i32(),
  ]
  const v = f.local('v128')
  f.get(start, count).op('i32.add').set(end)
  f.i32(1).get(arityLog).op('i32.shl').set(arity)
  f.get(arity).i32(2).op('i32.shl').tee(stride).i32(8).op('i32.add').set(words)
  padMessages(f, scratch, words)
  for (let w = 0; w < 8; w++)
    for (let quad = 0; quad < 4; quad++)
      f.global(scratch)
        .v128(0)
        .store('v128.store', BLOCKS + MESSAGE_BYTES * quad + 16 * w)
  f.while(start, end, 16, () => {
    f.i32(0).set(j)
    f.global(scratch, BLOCKS + 128).set(at)
    f.while(j, arity, 1, () => {
      for (let limb = 0; limb < 4; limb++) {
        // Value j of leaf `start`, limb by limb; the next leaf's is 2^arityLog words on.
        f.get(start, arityLog)
          .op('i32.shl')
          .get(j)
          .op('i32.add')
          .i32(2)
          .op('i32.shl')
          .get(planes)
          .op('i32.add')
        f.get(planeBytes).i32(limb).op('i32.mul', 'i32.add').set(source)
        for (let quad = 0; quad < 4; quad++) {
          for (let lane = 0; lane < 4; lane++) {
            f.get(source)
            if (lane === 0) f.load('v128.load32_zero').set(v)
            else f.get(v).memoryLane('v128.load32_lane', 0, lane).set(v)
            f.get(source, stride).op('i32.add').set(source)
          }
          f.get(at, v).store('v128.store', MESSAGE_BYTES * quad)
        }
        f.increment(at, 16)
      }
    })
    f.get(to, start).i32(5).op('i32.shl', 'i32.add').set(target)
    hashMessages(f, scratch, message, words, target)
  })
}

function emitNodes(m: ModuleBuilder, scratch: Global, compress: FunctionBuilder): void {
  const f = m.func('nodes', ['i32', 'i32', 'i32'])
  const [from, to, count] = f.params
  const end = f.local('i32')
  const v = vectors(f)
  f.get(to, count).i32(5).op('i32.shl', 'i32.add').set(end)
  f.while(to, end, 128, () => {
    for (let quarter = 0; quarter < 4; quarter++) {
      v.forEach((x, k) =>
        f
          .get(from)
          .load('v128.load', 64 * k + 16 * quarter)
          .set(x),
      )
      transpose(f, v)
      v.forEach((x, k) =>
        f
          .global(scratch)
          .get(x)
          .store('v128.store', BLOCKS + 64 * quarter + 16 * k),
      )
    }
    f.global(scratch, BLOCKS)
      .i32(KEYS.node)
      .global(scratch, CHAINING)
      .i32(64)
      .i32(CHUNK_START | LAST)
      .call(compress)
    storeDigests(f, scratch, to)
    f.increment(from, 256)
  })
}

function emitGrind(m: ModuleBuilder, scratch: Global, compress: FunctionBuilder): void {
  const f = m.func('grind', ['i32', 'i32', 'i32', 'i32', 'i32'], ['i32'])
  const [seed, mask, low, high, count] = f.params
  const [i, hits] = [f.local('i32'), f.local('i32')]
  const masks = f.local('v128')
  const word = (w: number, value: () => void): void => {
    f.global(scratch)
    value()
    f.store('v128.store', BLOCKS + 16 * w)
  }
  f.get(mask).op('i32x4.splat').set(masks)
  for (let w = 0; w < 8; w++) word(w, () => f.get(seed).load('v128.load', 16 * w))
  word(9, () => f.get(high).op('i32x4.splat'))
  for (let w = 10; w < 16; w++) word(w, () => f.v128(0))
  f.while(i, count, 4, () => {
    word(8, () => f.get(low, i).op('i32.add', 'i32x4.splat').v128(0, 1, 2, 3).op('i32x4.add'))
    f.global(scratch, BLOCKS)
      .i32(KEYS.grind)
      .global(scratch, CHAINING)
      .i32(40)
      .i32(CHUNK_START | LAST)
      .call(compress)
    f.global(scratch)
      .load('v128.load', CHAINING)
      .get(masks)
      .op('v128.and')
      .v128(0)
      .op('i32x4.eq', 'i32x4.bitmask')
    f.tee(hits).if(() => {
      f.get(hits).op('i32.ctz').get(i).op('i32.add').set(i)
      f.get(i).i32(-1).get(i, count).op('i32.lt_u', 'select', 'return')
    })
  })
  f.i32(-1)
}
