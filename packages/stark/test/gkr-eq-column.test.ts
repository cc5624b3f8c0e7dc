import { describe, expect, it } from 'vitest'
import { oodPoints } from '../src/deep.ts'
import { doubleTimes } from '../src/field/circle.ts'
import * as Q from '../src/field/qm31.ts'
import type { QM31 } from '../src/field/qm31.ts'
import { eqColumns, ratioAt, ratioPlanes, rowSelectors } from '../src/gkr/eq-column.ts'
import { createKernels } from '../src/kernels/create.ts'
import { randomNumbers } from './air-random.ts'

const kernels = await createKernels({ kind: 'reference' })
const LOG = 5

const { extension } = randomNumbers(21)
const r = Array.from({ length: LOG }, extension)
const columns = eqColumns(r)!

/** Π over coordinates by the bits of i. */
const eq = (log: number, i: number): QM31 =>
  r.slice(0, log).reduce<QM31>((e, x, t) => Q.mul(e, (i >>> t) % 2 === 1 ? x : Q.sub(Q.ONE, x)), Q.ONE)

const ratios = (log: number): QM31[] =>
  Array.from({ length: 2 ** log }, (_, i) => Q.mul(eq(log, i), Q.inv(eq(log, (i === 0 ? 2 ** log : i) - 1))))

/** The value at a point of the polynomial that a column of M31 interpolates. */
function interpolated(
  column: readonly number[],
  log: number,
  point: Parameters<typeof doubleTimes>[0],
): QM31 {
  const mark = kernels.mark()
  const size = 2 ** log
  const [natural, coefficients] = [kernels.alloc(size), kernels.alloc(size)]
  kernels.words(natural, size).set(column)
  kernels.extendColumn(natural, coefficients, kernels.alloc(2 * size), log, 1)
  const basis = kernels.alloc(4 * size)
  kernels.basisAt(point, log, basis)
  const [value] = kernels.dotProducts([coefficients], log, basis)
  kernels.release(mark)
  return value
}

const points = [1, 2, 3].map((seed) => oodPoints(randomNumbers(seed).extension(), LOG + 2)![0])

describe('the column eq(r, ·)', () => {
  it('starts at eq(r, 0) and goes on by R, from the last row to the first too', () => {
    for (let log = 1; log <= LOG; log++) {
      const { start, steps, wrap } = columns[log]
      expect(start).toEqual(eq(log, 0))
      expect(steps).toHaveLength(log)
      let value = start
      for (let i = 1; i < 2 ** log; i++) {
        value = Q.mul(value, steps[31 - Math.clz32(i & -i)])
        expect(value, `row ${i} of 2^${log}`).toEqual(eq(log, i))
      }
      expect(Q.mul(value, wrap)).toEqual(start)
    }
  })

  it('has no ratios where a coordinate is 0 or 1', () => {
    for (const bad of [Q.ZERO, Q.ONE])
      for (let at = 0; at < LOG; at++) expect(eqColumns(r.with(at, bad))).toBeUndefined()
    expect(eqColumns(r.with(2, [0, 0, 0, 1]))).toHaveLength(LOG + 1)
    expect(eqColumns(r.with(2, [2, 0, 0, 0]))).toHaveLength(LOG + 1)
  })

  it('ratioPlanes are the ratios of neighbours', () => {
    for (let log = 1; log <= LOG; log++) {
      const out = new Uint32Array(4 * 2 ** log)
      ratioPlanes(columns[log], out)
      const expected = ratios(log)
      expect([...out]).toEqual([0, 1, 2, 3].flatMap((l) => expected.map((v) => v[l])))
    }
  })

  it('rowSelectors are 1 in their row and 0 elsewhere', () => {
    for (const p of points) {
      const { first, middle } = rowSelectors(p, LOG + 2)
      expect(first[0]).toEqual(Q.ONE)
      for (let log = 1; log <= LOG + 2; log++) {
        const at = doubleTimes(p, LOG + 2 - log)
        const only = (row: number): number[] =>
          Array.from({ length: 2 ** log }, (_, i) => (i === row ? 1 : 0))
        expect(first[log], `first of 2^${log}`).toEqual(interpolated(only(0), log, at))
        expect(middle[log - 1], `middle of 2^${log}`).toEqual(interpolated(only(2 ** (log - 1)), log, at))
      }
    }
  })

  it('ratioAt is the interpolant of the ratios, at the height they are lifted from', () => {
    for (const p of points) {
      const selectors = rowSelectors(p, LOG + 2)
      for (let log = 1; log <= LOG; log++) {
        const at = doubleTimes(p, LOG + 2 - log)
        const expected = Q.UNITS.reduce<QM31>((sum, unit, l) => {
          const limb = ratios(log).map((v) => v[l])
          return Q.add(sum, Q.mul(unit, interpolated(limb, log, at)))
        }, Q.ZERO)
        expect(ratioAt(columns[log], selectors), `2^${log}`).toEqual(expected)
      }
    }
  })
})
