import { afterEach, describe, expect, it } from 'vitest'
import { traceRow } from '../src/field/circle.ts'
import * as M from '../src/field/m31.ts'
import { createKernels } from '../src/kernels/create.ts'
import { OutOfMemory } from '../src/kernels/kernels.ts'
import type { Kernels } from '../src/kernels/kernels.ts'
import {
  liftPosition,
  pointAt,
  positionOfRow,
  prevPosition,
  rowOfPosition,
} from '../src/kernels/positions.ts'
import { closeThreads, threadedKernels } from './helpers/threads.ts'
import { foldedValueAt, kernelConformance, point, source } from './kernels-conformance.ts'

const options = (maxWords?: number): { maxWords?: number } => (maxWords === undefined ? {} : { maxWords })

kernelConformance('reference', (maxWords) => createKernels({ kind: 'reference', ...options(maxWords) }))
kernelConformance('wasm', (maxWords) => createKernels({ kind: 'wasm', ...options(maxWords) }))
kernelConformance('wasm on three threads', (maxWords) => threadedKernels(3, options(maxWords)))
afterEach(closeThreads)

describe('positions', () => {
  it('name the same points by row, by position and by circle index', () => {
    for (const log of [1, 2, 3, 6])
      for (let q = 0; q < 2 ** log; q++) {
        expect(pointAt(q, log)).toEqual(point(q, log))
        expect(traceRow(log, rowOfPosition(q, log))).toEqual(pointAt(q, log))
        expect(positionOfRow(rowOfPosition(q, log), log)).toBe(q)
        expect(liftPosition(q, log, log)).toBe(q)
      }
    expect(liftPosition(13, 5, 3)).toBe(3)
    expect(prevPosition(0, 2, 1)).toBe(positionOfRow(6, 3))
  })
})

describe('kernels: wasm', () => {
  it('is the default', async () => {
    expect((await createKernels()).name).toBe('wasm')
  })

  // 2^14 and 2^18 pass the sizes at which the FFT splits into blocks.
  for (const log of [13, 14, 15, 18])
    it(`extends 2^${log} rows in blocks`, async () => {
      const k = await createKernels()
      const n = 2 ** log
      const [values, coefficients, extended] = [k.alloc(n), k.alloc(n), k.alloc(2 * n)]
      const next = source(log)
      k.words(values, n).forEach((_, i, v) => (v[i] = next()))
      k.extendColumn(values, coefficients, extended, log, 1)
      const f = k.words(coefficients, n).slice()
      for (const i of [1, n - 3]) expect(foldedValueAt(f, traceRow(log, i))).toBe(k.words(values, n)[i])
      for (const q of [2, n + 9, 2 * n - 1])
        expect(foldedValueAt(f, pointAt(q, log + 1))).toBe(k.words(extended, 2 * n)[q])
      const twin = k.alloc(n)
      k.words(twin, n).set(k.words(extended, n))
      k.interpolate(twin, log, log + 1)
      expect(k.words(twin, n)).toEqual(f)
    })

  it('works in chunks beyond one: sums, products and quotients of 2^12 rows equal the reference', async () => {
    const expected = chunked(await createKernels({ kind: 'reference' }))
    expect(chunked(await createKernels())).toEqual(expected)
    const threads = await threadedKernels(3)
    for (let round = 0; round < 10; round++) expect(chunked(threads)).toEqual(expected)
  })

  it('refuses a domain past its tables and memory past 4 GiB', async () => {
    const k = await createKernels()
    expect(() => k.extendColumn(k.alloc(16), k.alloc(16), k.alloc(16), 24, 2)).toThrow(RangeError)
    expect(() => k.alloc(2 ** 30)).toThrow(OutOfMemory)
    expect(k.alloc(4)).toBeGreaterThan(0)
  })
})

/** What every kernel makes of 2^12 rows. */
function chunked(k: Kernels): unknown[] {
  const mark = k.mark()
  const log = 12
  const n = 2 ** log
  const next = source(3)
  const columns = Array.from({ length: 13 }, () => {
    const p = k.alloc(n)
    k.words(p, n).forEach((_, i, v) => (v[i] = next()))
    return p
  })
  const planes = k.alloc(4 * n)
  const weights = columns.map((_, j) => [j, M.P - 1 - j, 5, 1 << j] as const)
  k.accumulate(columns, weights, log, planes)
  const at = { x: [1, 2, 3, 4], y: [5, 6, 7, 8] } as const
  const basis = k.alloc(4 * n)
  k.basisAt(at, log, basis)
  const dots = k.dotProducts(columns, log, basis)
  const sums = [
    { log: 9, planes: columns[0] },
    { log, planes },
  ]
  const out = k.alloc(4 * n)
  k.addQuotients(sums, at, weights[1], weights[2], log, out)
  const folded = k.alloc(n / 2)
  k.friFold(out, log, 0, 3, weights[3], folded)
  const first = k.firstSelector(log - 1, 1, n)
  const tree = k.alloc(16 * n)
  k.merkleTree([{ log, columns }], tree)
  const root = k.words(tree + 32 * (2 * n - 2), 8).slice()
  k.friTree(planes, log, 2, tree)
  const friRoot = k.words(tree + 32 * (n / 2 - 2), 8).slice()
  const made = [
    ...[planes, out, basis].map((p) => k.words(p, 4 * n).slice()),
    k.words(folded, n / 2).slice(),
    k.words(first, n).slice(),
  ]
  k.release(mark)
  return [dots, root, friRoot, made]
}
