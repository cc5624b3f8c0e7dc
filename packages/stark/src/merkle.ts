import { bytesOfWords } from './codec.ts'
import { Rejection } from './failure.ts'
import { LEAF_KEY, NODE_KEY, SEGMENT_WORDS } from './kernels/kernels.ts'
import type { Kernels, Pointer } from './kernels/kernels.ts'
import { keyOf } from '@vouch/hash'
import type { KeyedHash } from '@vouch/hash'

const LEAF = keyOf(LEAF_KEY)
const NODE = keyOf(NODE_KEY)
export const DIGEST_WORDS = 8

/**
 * The digest of a leaf, for `classes` of so many words each: see Kernels.merkleTree. `bytes` are the leaf's words,
 * little-endian, class after class. Lengths are bound because they come from the verifying key and the heights.
 */
export function leafDigest(hash: KeyedHash, bytes: Uint8Array, classes: readonly number[]): Uint8Array {
  let digest: Uint8Array = new Uint8Array(32)
  let at = 0
  for (const words of classes) {
    const end = at + words * 4
    do {
      const next = Math.min(end, at + SEGMENT_WORDS * 4)
      const message = new Uint8Array(32 + next - at)
      message.set(digest)
      message.set(bytes.subarray(at, next), 32)
      digest = hash(LEAF, message)
      at = next
    } while (at < end)
  }
  return digest
}

/**
 * Rejects 'merkle/root' unless `leaves`, at strictly ascending `positions`, belong to the tree of 2^log leaves with
 * this root. `sibling` reads the digests that the opened leaves do not give, layer by layer from the leaves up, left
 * to right: how many is decided by the positions alone.
 */
export function checkOpening(
  hash: KeyedHash,
  name: string,
  root: Uint8Array,
  log: number,
  positions: ArrayLike<number>,
  leaves: readonly Uint8Array[],
  sibling: () => Uint8Array,
): void {
  let indices = Array.from(positions)
  let digests = leaves
  const message = new Uint8Array(64)
  for (let layer = 0; layer < log; layer++) {
    const upIndices: number[] = []
    const upDigests: Uint8Array[] = []
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i]
      const own = digests[i]
      const paired = index % 2 === 0 && indices[i + 1] === index + 1
      const other = paired ? digests[++i] : sibling()
      message.set(own, index % 2 === 0 ? 0 : 32)
      message.set(other, index % 2 === 0 ? 32 : 0)
      upIndices.push(index >>> 1)
      upDigests.push(hash(NODE, message))
    }
    indices = upIndices
    digests = upDigests
  }
  if (!digests[0].every((b, i) => b === root[i]))
    throw new Rejection('merkle/root', name, hex(root), hex(digests[0]))
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
