import { blake3 } from '@noble/hashes/blake3.js'
import { GRIND_KEY, LEAF_KEY, NODE_KEY, SEGMENT_WORDS } from './kernels.ts'
import { liftPosition } from './positions.ts'

/** The ASCII text zero-padded to 32 bytes. */
export function keyBytes(text: string): Uint8Array {
  const key = new Uint8Array(32)
  for (let i = 0; i < text.length; i++) key[i] = text.charCodeAt(i)
  return key
}

const LEAF = keyBytes(LEAF_KEY)
const NODE = keyBytes(NODE_KEY)
const GRIND = keyBytes(GRIND_KEY)

/** KEYED_BLAKE3 of words in little-endian order. */
function hashWords(key: Uint8Array, words: ArrayLike<number>): Uint32Array {
  const message = new Uint8Array(4 * words.length)
  const view = new DataView(message.buffer)
  for (let i = 0; i < words.length; i++) view.setUint32(4 * i, words[i], true)
  const digest = new DataView(blake3(message, { key }).buffer)
  return Uint32Array.from({ length: 8 }, (_, i) => digest.getUint32(4 * i, true))
}

/** Writes the leaves of lifted classes. See `Kernels.merkleTree`. */
export function hashLeaves(
  classes: readonly { readonly log: number; readonly columns: readonly Uint32Array[] }[],
  tree: Uint32Array,
): void {
  let previousLog = 0
  let digests: Uint32Array[] = [new Uint32Array(8)]
  for (const { log, columns } of classes) {
    const below = digests
    digests = Array.from({ length: 2 ** log }, (_, i) => {
      let d = below.length === 1 ? below[0] : below[liftPosition(i, log, previousLog)]
      for (let c = 0; c < columns.length; c += SEGMENT_WORDS) {
        const segment = columns.slice(c, c + SEGMENT_WORDS).map((column) => column[i])
        d = hashWords(LEAF, [...d, ...segment])
      }
      return d
    })
    previousLog = log
  }
  digests.forEach((d, i) => tree.set(d, 8 * i))
}

/** Writes the leaves of one FRI layer. See `Kernels.friTree`. */
export function hashFriLeaves(planes: Uint32Array, arityLog: number, tree: Uint32Array): void {
  const n = planes.length / 4
  const arity = 2 ** arityLog
  for (let leaf = 0; leaf < n / arity; leaf++) {
    const words: number[] = [0, 0, 0, 0, 0, 0, 0, 0]
    for (let i = leaf * arity; i < (leaf + 1) * arity; i++)
      words.push(planes[i], planes[n + i], planes[2 * n + i], planes[3 * n + i])
    tree.set(hashWords(LEAF, words), 8 * leaf)
  }
}

/** Fills a tree above its 2^log leaves. */
export function hashNodes(tree: Uint32Array, log: number): void {
  let from = 0
  for (let level = log; level > 0; level--) {
    const to = from + 8 * 2 ** level
    for (let i = 0; i < 2 ** (level - 1); i++)
      tree.set(hashWords(NODE, tree.subarray(from + 16 * i, from + 16 * i + 16)), to + 8 * i)
    from = to
  }
}

export function grind(seed: Uint32Array, bits: number, from: number, count: number): number | undefined {
  for (let nonce = from; nonce < from + count; nonce++) {
    const w = hashWords(GRIND, [...seed, nonce >>> 0, Math.floor(nonce / 2 ** 32)])[0]
    if (w % 2 ** bits === 0) return nonce
  }
  return undefined
}
