import { bytesOfWords, wordsOfBytes } from './codec.ts'
import { Rejection } from './failure.ts'
import { LEAF_KEY, NODE_KEY, SEGMENT_WORDS } from './kernels/kernels.ts'
import type { Kernels, Pointer } from './kernels/kernels.ts'
import { keyOf } from '@vouch/hash'
import type { HashEach } from '@vouch/hash'
import { ancestors } from './pcs/domain.ts'

const LEAF = keyOf(LEAF_KEY)
const NODE = keyOf(NODE_KEY)
export const DIGEST_WORDS = 8

/**
 * Digests of so many leaves, 8 words each, extended by the words of one more class, as in Kernels.merkleTree. `rows` are
 * the words, leaf after leaf, of equal number. Lengths are bound because they come from the verifying key and the heights.
 * A chain of classes starts from digests of zeros.
 */
export function extendDigests(hashEach: HashEach, digests: Uint32Array, rows: Uint32Array): Uint32Array {
  const count = digests.length / DIGEST_WORDS
  const size = rows.length / count
  let chained = digests
  for (let at = 0; at < size; at += SEGMENT_WORDS) {
    const segment = Math.min(SEGMENT_WORDS, size - at)
    const messages = new Uint32Array(count * (DIGEST_WORDS + segment))
    let to = 0
    for (let i = 0; i < count; i++) {
      to = copyWords(chained, i * DIGEST_WORDS, DIGEST_WORDS, messages, to)
      to = copyWords(rows, i * size + at, segment, messages, to)
    }
    chained = hashWords(hashEach, LEAF, messages, DIGEST_WORDS + segment)
  }
  return chained
}

/** `hashEach` of messages and digests in words. */
const hashWords = (hashEach: HashEach, key: Uint8Array, messages: Uint32Array, words: number): Uint32Array =>
  wordsOfBytes(hashEach(key, bytesOfWords(messages), 4 * words))

/** Copies `count` words and answers where the next go. For rows of a few words, a view for `set` costs more than they do. */
export function copyWords(
  from: Uint32Array,
  at: number,
  count: number,
  to: Uint32Array,
  start: number,
): number {
  for (let i = 0; i < count; i++) to[start + i] = from[at + i]
  return start + count
}

/**
 * Rejects 'merkle/root' unless `leaves`, 8 words each, at strictly ascending `positions`, belong to the tree of 2^log
 * leaves with this root. `siblings` reads so many more of the digests that the opened leaves do not give, layer by layer
 * from the leaves up, left to right: how many is decided by the positions alone.
 */
export function checkOpening(
  hashEach: HashEach,
  name: string,
  root: Uint8Array,
  log: number,
  positions: readonly number[],
  leaves: Uint32Array,
  siblings: (count: number) => Uint32Array,
): void {
  let indices = positions
  let digests = leaves
  for (let layer = 0; layer < log; layer++) {
    const parents = ancestors(indices, 1)
    const missing = siblings(2 * parents.length - indices.length)
    const messages = new Uint32Array(2 * DIGEST_WORDS * parents.length)
    let own = 0
    let other = 0
    for (let child = 0; child < 2 * parents.length; child++) {
      if (indices[own] === 2 * parents[child >>> 1] + (child & 1))
        copyWords(digests, DIGEST_WORDS * own++, DIGEST_WORDS, messages, DIGEST_WORDS * child)
      else copyWords(missing, DIGEST_WORDS * other++, DIGEST_WORDS, messages, DIGEST_WORDS * child)
    }
    digests = hashWords(hashEach, NODE, messages, 2 * DIGEST_WORDS)
    indices = parents
  }
  const got = bytesOfWords(digests)
  if (!got.every((b, i) => b === root[i])) throw new Rejection('merkle/root', name, hex(root), hex(got))
}

/** The siblings that `checkOpening` will ask for, in its order, out of a tree of `Kernels.merkleTree` or `friTree`. */
export function siblings(
  kernels: Kernels,
  tree: Pointer,
  log: number,
  positions: ArrayLike<number>,
): Uint8Array {
  const found: number[] = []
  let indices = Array.from(positions)
  let offset = 0
  for (let layer = log; layer > 0; layer--) {
    const up: number[] = []
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i]
      if (index % 2 === 0 && indices[i + 1] === index + 1) i++
      else found.push(offset + (index ^ 1))
      up.push(index >>> 1)
    }
    indices = up
    offset += 2 ** layer
  }
  const digests = found.map((i) => digestAt(kernels, tree, i))
  const bytes = new Uint8Array(found.length * 32)
  digests.forEach((d, i) => bytes.set(d, i * 32))
  return bytes
}

/** The root of a tree of 2^log leaves. */
export const rootOf = (kernels: Kernels, tree: Pointer, log: number): Uint8Array =>
  digestAt(kernels, tree, 2 ** (log + 1) - 2)

/** Words of a tree of 2^log leaves. */
export const treeWords = (log: number): number => DIGEST_WORDS * (2 ** (log + 1) - 1)

const digestAt = (kernels: Kernels, tree: Pointer, index: number): Uint8Array =>
  bytesOfWords(kernels.words(tree + index * 4 * DIGEST_WORDS, DIGEST_WORDS))

export const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
