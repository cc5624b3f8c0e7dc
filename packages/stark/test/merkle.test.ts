import { describe, expect, it } from 'vitest'
import { wordsOfBytes } from '../src/codec.ts'
import { createKernels } from '../src/kernels/create.ts'
import type { Kernels, Pointer } from '../src/kernels/kernels.ts'
import { liftPosition } from '../src/kernels/positions.ts'
import { DIGEST_WORDS, checkOpening, extendDigests, rootOf, siblings, treeWords } from '../src/merkle.ts'
import { distinct } from '../src/pcs/domain.ts'
import { QM31_BLAKE3 } from '../src/suite.ts'

const { hashEach } = QM31_BLAKE3
const kernels: Kernels = await createKernels({ kind: 'reference' })

const column = (log: number, salt: number): Pointer => {
  const p = kernels.alloc(2 ** log)
  kernels.words(p, 2 ** log).forEach((_, i, w) => {
    w[i] = (salt * 1_000_003 + i * 7919) % (2 ** 31 - 1)
  })
  return p
}

// 300 columns make two segments of one class.
const classes = [
  { log: 3, columns: [column(3, 1)] },
  { log: 4, columns: Array.from({ length: 300 }, (_, i) => column(4, i + 2)) },
  { log: 6, columns: [column(6, 400), column(6, 401)] },
]
const log = 6
const tree = kernels.alloc(treeWords(log))
kernels.merkleTree(classes, tree)
const root = rootOf(kernels, tree, log)

const leaf = (position: number): Uint32Array =>
  classes.reduce((digest, k) => {
    const row = k.columns.map((c) => kernels.words(c, 2 ** k.log)[liftPosition(position, log, k.log)])
    return extendDigests(hashEach, digest, Uint32Array.from(row))
  }, new Uint32Array(DIGEST_WORDS))

function check(
  positions: readonly number[],
  change: (path: Uint8Array, leaves: Uint32Array[]) => void,
): void {
  const path = siblings(kernels, tree, log, positions)
  const leaves = positions.map(leaf)
  change(path, leaves)
  const digests = Uint32Array.from(leaves.flatMap((digest) => [...digest]))
  let at = 0
  const next = (count: number): Uint32Array => wordsOfBytes(path.subarray(at, (at += 32 * count)))
  checkOpening(hashEach, 'tree', root, log, positions, digests, next)
  expect(at).toBe(path.length)
}

const sets = [
  [0],
  [63],
  [0, 1],
  [1, 2],
  [3, 17, 18, 40, 41, 63],
  Array.from({ length: 64 }, (_, i) => i),
  distinct(Array.from({ length: 20 }, (_, i) => (i * 29) % 64)),
]

describe('merkle', () => {
  it.each(sets.map((s) => [s]))('opens %j', (positions) => {
    check(positions, () => {})
  })

  it('shares paths: all leaves need no sibling, neighbours share one path', () => {
    expect(siblings(kernels, tree, log, sets[5]).length).toBe(0)
    expect(siblings(kernels, tree, log, [0, 1]).length).toBe(32 * 5)
  })

  it('merkle/root: any sibling changed, any leaf changed, a leaf at another position', () => {
    const positions = sets[4]
    for (let i = 0; i < siblings(kernels, tree, log, positions).length; i += 32)
      expect(() => check(positions, (path) => void (path[i + 5] ^= 1))).toThrow(/merkle\/root at tree/)
    for (let i = 0; i < positions.length; i++)
      expect(() => check(positions, (_, leaves) => void (leaves[i] = leaf(positions[i] ^ 8)))).toThrow(
        /merkle\/root/,
      )
  })

  it('hashes many leaves as each by itself, over the border of a segment too', () => {
    for (const size of [1, 3, 247, 248, 249, 600]) {
      const digests = Uint32Array.from({ length: 3 * DIGEST_WORDS }, (_, i) => i)
      const rows = Uint32Array.from({ length: 3 * size }, (_, i) => 77 * i)
      const all = extendDigests(hashEach, digests, rows)
      for (let i = 0; i < 3; i++) {
        const own = digests.subarray(DIGEST_WORDS * i, DIGEST_WORDS * (i + 1))
        const row = rows.subarray(size * i, size * (i + 1))
        expect(all.subarray(DIGEST_WORDS * i, DIGEST_WORDS * (i + 1))).toEqual(
          extendDigests(hashEach, own, row),
        )
      }
    }
  })

  it('binds where classes and segments end', () => {
    const words = Uint32Array.of(1, 2, 3, 4)
    const digests = [[4], [1, 3], [2, 2], [1, 1, 2]].map((counts) => {
      let at = 0
      return counts
        .reduce(
          (d, count) => extendDigests(hashEach, d, words.slice(at, (at += count))),
          new Uint32Array(DIGEST_WORDS),
        )
        .join()
    })
    expect(new Set(digests).size).toBe(4)
  })
})
