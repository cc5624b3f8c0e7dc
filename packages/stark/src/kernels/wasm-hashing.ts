import type { Arena } from './arena.ts'
import type { Kernels, Pointer } from './kernels.ts'
import { GRIND_KEY, LEAF_KEY, NODE_KEY, SEGMENT_WORDS } from './kernels.ts'
import * as H from './reference-hashing.ts'
import type { Functions, Pool } from './pool.ts'
import { KEYS } from './wasm-layout.ts'

/** The smallest class or layer hashed in four lanes; a smaller class is hashed by the reference. */
const MIN_LOG = 4
/** Leaves, nodes and nonces of a job: some tens of microseconds at least, and each a multiple of 16. */
const LEAF_WORDS = 2 ** 14
const NODE_CHUNK = 2 ** 10
const GRIND_CHUNK = 2 ** 12

/** Rows of a job that hashes `words` words a row. */
const leafChunk = (words: number): number => Math.max(16, (LEAF_WORDS / 2 ** Math.ceil(Math.log2(words))) | 0)

type Hashing = Pick<Kernels, 'merkleTree' | 'friTree' | 'grind'>

export function hashing(arena: Arena, functions: Functions, pool: Pool): Hashing {
  const { leaves, friLeaves, nodes, grind } = functions
  const splat = (pointer: Pointer, words: ArrayLike<number>): void => {
    const at = arena.words(pointer, 4 * words.length)
    for (let i = 0; i < words.length; i++) at.fill(words[i], 4 * i, 4 * i + 4)
  }
  for (const [pointer, text] of [
    [KEYS.leaf, LEAF_KEY],
    [KEYS.node, NODE_KEY],
    [KEYS.grind, GRIND_KEY],
  ] as const)
    splat(pointer, new Uint32Array(H.keyBytes(text).buffer))

  const hashUpwards = (tree: Pointer, log: number): void => {
    let from = tree
    for (let level = log; level > 0; level--) {
      const to = from + 32 * 2 ** level
      if (level >= 3) {
        const children = from
        pool.ranges(nodes, 0, 2 ** (level - 1), NODE_CHUNK, (a, b) => [children + 64 * a, to + 32 * a, b - a])
      } else {
        H.hashNodes(arena.words(from, 8 * (2 ** (level + 1) - 1)), level)
        return
      }
      from = to
    }
  }

  return {
    merkleTree(classes, tree) {
      const log = classes.at(-1)!.log
      // Small trees, and the small classes of a large one, are not worth lanes.
      const small = classes.filter((k) => k.log < MIN_LOG || log < MIN_LOG)
      const large = classes.slice(small.length)
      // Digests of class k wait among the inner nodes, from node 2^k − 1: classes are strictly ascending, so they fit.
      const digestsOf = (k: number): Pointer => (k === log ? tree : tree + 32 * (2 ** log + 2 ** k - 1))
      let previous: Pointer = 0
      let previousLog = 0
      if (small.length > 0) {
        previousLog = small.at(-1)!.log
        const digests = new Uint32Array(8 * 2 ** previousLog)
        H.hashLeaves(
          small.map((k) => ({ log: k.log, columns: k.columns.map((c) => arena.words(c, 2 ** k.log)) })),
          digests,
        )
        previous = digestsOf(previousLog)
        arena.words(previous, digests.length).set(digests)
      }
      for (const { log: classLog, columns } of large) {
        const to = digestsOf(classLog)
        const mark = arena.mark()
        const table = arena.alloc(columns.length)
        arena.words(table, columns.length).set(columns)
        // With no column at all a digest is only lifted.
        if (columns.length === 0) liftDigests(previous, previousLog, to, classLog)
        for (let c = 0; c < columns.length; c += SEGMENT_WORDS) {
          const words = Math.min(SEGMENT_WORDS, columns.length - c)
          const shift = previous === 0 ? 0 : classLog - previousLog
          const below = previous
          pool.ranges(leaves, 0, 2 ** classLog, leafChunk(words), (a, b) => [
            table + 4 * c,
            words,
            below,
            shift,
            to,
            a,
            b - a,
          ])
          previous = to
          previousLog = classLog
        }
        arena.release(mark)
        previous = to
        previousLog = classLog
      }
      hashUpwards(tree, log)
    },
    friTree(planes, log, arityLog, tree) {
      const leafLog = log - arityLog
      if (leafLog >= MIN_LOG)
        pool.ranges(friLeaves, 0, 2 ** leafLog, leafChunk(4 * 2 ** arityLog), (a, b) => [
          planes,
          4 * 2 ** log,
          arityLog,
          tree,
          a,
          b - a,
        ])
      else H.hashFriLeaves(arena.words(planes, 4 * 2 ** log), arityLog, arena.words(tree, 8 * 2 ** leafLog))
      hashUpwards(tree, leafLog)
    },
    grind(seed, bits, from, count) {
      return arena.scoped(() => {
        const splatted = arena.alloc(32)
        splat(splatted, seed)
        const mask = 2 ** bits - 1
        // A round of jobs at a time, so that little is looked at past a hit; none of them crosses a multiple of 2^32.
        const round = GRIND_CHUNK * (pool.threads === 1 ? 1 : 2 * pool.threads)
        for (let nonce = from; nonce < from + count;) {
          const low = nonce % 2 ** 32
          const high = Math.floor(nonce / 2 ** 32)
          const end = Math.min(low + round, low + from + count - nonce, 2 ** 32)
          const chunks: number[] = []
          const hits = pool.ranges(grind, low, end, GRIND_CHUNK, (a, b) => {
            chunks.push(a)
            return [splatted, mask, a, high, b - a]
          })
          const hit = hits.findIndex((h) => h >= 0)
          if (hit >= 0) return nonce + chunks[hit] - low + hits[hit]
          nonce += end - low
        }
        return undefined
      })
    },
  }

  function liftDigests(from: Pointer, fromLog: number, to: Pointer, toLog: number): void {
    const target = arena.words(to, 8 * 2 ** toLog)
    if (from === 0) {
      target.fill(0)
      return
    }
    const source = arena.words(from, 8 * 2 ** fromLog).slice()
    const m = toLog - fromLog
    for (let i = 0; i < 2 ** toLog; i++) {
      const q = m === 0 ? i : ((i >>> (m + 1)) << 1) | (i & 1)
      target.set(source.subarray(8 * q, 8 * q + 8), 8 * i)
    }
  }
}
