import { bytesOfWords } from './codec.ts'
import { Rejection } from './failure.ts'
import { LEAF_KEY, NODE_KEY, SEGMENT_WORDS } from './kernels/kernels.ts'
import type { Kernels, Pointer } from './kernels/kernels.ts'
import { keyOf } from '@vouch/hash'
import type { HashEach } from '@vouch/hash'
import { distinct } from './pcs/domain.ts'

const LEAF = keyOf(LEAF_KEY)
const NODE = keyOf(NODE_KEY)
export const DIGEST_WORDS = 8
export const DIGEST_BYTES = 4 * DIGEST_WORDS

/**
 * Digests of so many leaves extended by the words of one more class, as in Kernels.merkleTree. `rows` are the words,
 * little-endian, leaf after leaf, of equal number. Lengths are bound because they come from the verifying key and the
 * heights. A chain of classes starts from digests of zeros.
 */
export function extendDigests(hashEach: HashEach, digests: Uint8Array, rows: Uint8Array): Uint8Array {
  const count = digests.length / DIGEST_BYTES
  const size = rows.length / count
  let chained = digests
  for (let at = 0; at < size; at += SEGMENT_WORDS * 4) {
    const segment = Math.min(SEGMENT_WORDS * 4, size - at)
    const length = DIGEST_BYTES + segment
    const messages = new Uint8Array(count * length)
    for (let i = 0; i < count; i++) {
      messages.set(chained.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES), i * length)
      messages.set(rows.subarray(i * size + at, i * size + at + segment), i * length + DIGEST_BYTES)
    }
    chained = hashEach(LEAF, messages, length)
  }
  return chained
}

/**
 * Rejects 'merkle/root' unless `leaves`, 32 bytes each, at strictly ascending `positions`, belong to the tree of 2^log
 * leaves with this root. `siblings` reads so many more of the digests that the opened leaves do not give, layer by layer
 * from the leaves up, left to right: how many is decided by the positions alone.
 */
export function checkOpening(
  hashEach: HashEach,
  name: string,
  root: Uint8Array,
  log: number,
  positions: readonly number[],
  leaves: Uint8Array,
  siblings: (count: number) => Uint8Array,
): void {
  let indices = positions
  let digests = leaves
  for (let layer = 0; layer < log; layer++) {
    const parents = distinct(indices.map((i) => i >>> 1))
    const missing = siblings(2 * parents.length - indices.length)
    const messages = new Uint8Array(2 * DIGEST_BYTES * parents.length)
    let own = 0
    let other = 0
    for (let child = 0; child < 2 * parents.length; child++) {
      const isOwn = indices[own] === 2 * parents[child >>> 1] + (child & 1)
      const [from, k] = isOwn ? [digests, own++] : [missing, other++]
      messages.set(from.subarray(DIGEST_BYTES * k, DIGEST_BYTES * (k + 1)), DIGEST_BYTES * child)
    }
    digests = hashEach(NODE, messages, 2 * DIGEST_BYTES)
    indices = parents
  }
  if (!digests.every((b, i) => b === root[i]))
    throw new Rejection('merkle/root', name, hex(root), hex(digests))
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
