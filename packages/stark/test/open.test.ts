import { describe, expect, it } from 'vitest'
import { createKernels } from '../src/kernels/create.ts'
import { liftPosition } from '../src/kernels/positions.ts'
import type { TreeLayout } from '../src/layout.ts'
import { siblings } from '../src/merkle.ts'
import { commitTree, openTree, reserve } from '../src/pcs/commit.ts'
import { readTree } from '../src/pcs/open.ts'
import type { OpenedClass } from '../src/pcs/open.ts'
import { Queries } from '../src/pcs/queries.ts'
import { QM31_BLAKE3 } from '../src/suite.ts'
import { ProverTranscript, VerifierTranscript } from '../src/transcript.ts'

const kernels = await createKernels({ kind: 'reference' })
const LOG_BLOWUP = 1
const LOG_DOMAIN = 9
const DRAWN = [3, 500, 3, 77, 78, 260, 261, 511, 0, 128]

describe('queries', () => {
  const queries = new Queries(DRAWN, LOG_DOMAIN)

  it('are ascending, each once, at every size', () => {
    expect(queries.at(LOG_DOMAIN)).toEqual([0, 3, 77, 78, 128, 260, 261, 500, 511])
    for (let log = 1; log <= LOG_DOMAIN; log++) {
      const expected = new Set(DRAWN.map((q) => liftPosition(q, LOG_DOMAIN, log)))
      expect(queries.at(log)).toEqual([...expected].sort((a, b) => a - b))
    }
  })

  it('lift from any size to any smaller one', () => {
    for (let from = 1; from <= LOG_DOMAIN; from++)
      for (let to = 1; to <= from; to++)
        expect(queries.lifted(from, to).map((i) => queries.at(to)[i])).toEqual(
          queries.at(from).map((p) => liftPosition(p, from, to)),
        )
  })
})

describe('an opened tree', () => {
  // Two columns of 2^2 rows, one of 2^4, three of 2^6, below a domain of 2^9.
  const heights = [2, 2, 4, 6, 6, 6]
  const columns = heights.map((log, c) => {
    const natural = kernels.alloc(2 ** log)
    kernels.words(natural, 2 ** log).forEach((_, i, w) => (w[i] = 1000 * c + 7 * i))
    const column = reserve(kernels, log, LOG_BLOWUP)
    kernels.extendColumn(natural, column.coefficients, column.extended, log, LOG_BLOWUP)
    return column
  })
  const committed = commitTree(kernels, columns, LOG_BLOWUP)
  const tree: TreeLayout = {
    name: 'tree',
    log: 6,
    runs: [],
    classes: [
      { log: 2, count: 2 },
      { log: 4, count: 1 },
      { log: 6, count: 3 },
    ],
    width: 6,
  }
  const queries = new Queries(DRAWN, LOG_DOMAIN)
  const transcript = new ProverTranscript(QM31_BLAKE3)
  openTree(kernels, transcript, committed, LOG_BLOWUP, DRAWN, LOG_DOMAIN)
  const bytes = transcript.proof()
  const read = (proof: Uint8Array): OpenedClass[] => {
    const reader = new VerifierTranscript(QM31_BLAKE3, proof)
    const opened = readTree(reader, tree, LOG_BLOWUP, committed.root, queries)
    reader.end()
    return opened
  }

  it('gives the columns at each lifted position', () => {
    const opened = read(bytes)
    opened.forEach(({ log, count, words }, k) => {
      const own = columns.filter((c) => c.log + LOG_BLOWUP === log)
      expect(count).toBe(own.length)
      const expected = queries.at(log).flatMap((p) => own.map((c) => kernels.words(c.extended, 2 ** log)[p]))
      expect(Array.from(words), `class ${k}`).toEqual(expected)
    })
  })

  it('holds each row of a class once', () => {
    const words = [3, 5, 7].map((log) => queries.at(log).length)
    const paths = siblings(kernels, committed.pointer, committed.log, queries.at(7)).length
    expect(bytes.length).toBe(4 * (2 * words[0] + words[1] + 3 * words[2]) + paths)
    expect(words[0]).toBeLessThan(words[2])
  })

  it('is bound by the root: every byte', () => {
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at] ^= 1
      expect(() => read(changed), `byte ${at}`).toThrow(/merkle\/root at tree/)
    }
  })
})
