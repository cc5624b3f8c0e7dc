import { describe, expect, it } from 'vitest'
import * as C from '../src/field/circle.ts'
import * as M from '../src/field/m31.ts'
import * as Q from '../src/field/qm31.ts'

const EDGES = [0, 1, 2, 3, 0x7fff, 0x8000, 0xffff, 0x10000, 2 ** 30, M.P - 2, M.P - 1]

function* pseudoRandom(seed: number): Generator<number, never> {
  let s = seed
  for (;;) {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0
    yield s % M.P
  }
}

describe('M31', () => {
  it('multiplies like BigInt, also where a·b mod P lies near 0 and near P', () => {
    const r = pseudoRandom(1)
    const p = BigInt(M.P)
    for (let i = 0; i < 20_000; i++) {
      const a = i < 121 ? EDGES[i % 11] : r.next().value
      const b = i < 121 ? EDGES[Math.floor(i / 11)] : r.next().value
      expect(M.mul(a, b)).toBe(Number((BigInt(a) * BigInt(b)) % p))
      // A product within 300 of 0: b' = k / a.
      if (a !== 0) expect(M.mul(a, M.mul(M.inv(a), (i % 600) + 1))).toBe((i % 600) + 1)
    }
  })

  it('folds and joins like BigInt up to the ends of their ranges', () => {
    const p = BigInt(M.P)
    const canonical = (x: bigint): number => Number(((x % p) + p) % p)
    const ends = [2 ** 52 + 2 ** 51, 2 ** 52, 2 ** 47 * 32, 2 ** 31, M.P, M.P + 1, 65536, 1, 0]
    const values = ends.flatMap((x) => [x, x - 1, -x, 1 - x])
    for (const x of [...values, 2 ** 53, -(2 ** 53)]) {
      expect(canonical(BigInt(M.fold(x)))).toBe(canonical(BigInt(x)))
      expect(M.fold(x)).toBeGreaterThanOrEqual(-(2 ** 22))
      expect(M.fold(x)).toBeLessThan(2 ** 31 + 2 ** 22)
    }
    for (const low of values)
      for (const high of values)
        expect(M.join(low, high), `${low} ${high}`).toBe(canonical(BigInt(low) + BigInt(high) * 65536n))
  })

  it('keeps one encoding: P never comes out', () => {
    for (const a of EDGES) {
      expect(M.add(a, M.neg(a))).toBe(0)
      expect(M.sub(a, a)).toBe(0)
      expect(M.add(a, M.P - 1)).toBeLessThan(M.P)
    }
    expect(Object.is(M.fromInteger(-M.P), 0)).toBe(true)
    expect(() => M.inv(0)).toThrow(RangeError)
  })
})

describe('QM31', () => {
  it('satisfies i² = −1, u² = 2 + i and the ring laws', () => {
    const i: Q.QM31 = [0, 1, 0, 0]
    const u: Q.QM31 = [0, 0, 1, 0]
    expect(Q.mul(i, i)).toEqual(Q.neg(Q.ONE))
    expect(Q.mul(u, u)).toEqual([2, 1, 0, 0])
    const r = pseudoRandom(7)
    const draw = (): Q.QM31 => [r.next().value, r.next().value, r.next().value, r.next().value]
    for (let k = 0; k < 200; k++) {
      const [x, y, z] = [draw(), draw(), draw()]
      expect(Q.mul(x, Q.add(y, z))).toEqual(Q.add(Q.mul(x, y), Q.mul(x, z)))
      expect(Q.mul(Q.mul(x, y), z)).toEqual(Q.mul(x, Q.mul(y, z)))
      expect(Q.mul(x, Q.inv(x))).toEqual(Q.ONE)
      expect(Q.conjugate(Q.mul(x, y))).toEqual(Q.mul(Q.conjugate(x), Q.conjugate(y)))
      expect(Q.mulBase(x, y[0])).toEqual(Q.mul(x, Q.fromBase(y[0])))
    }
    expect(() => Q.inv(Q.ZERO)).toThrow(RangeError)
  })

  it('multiplies like BigInt where limbs are at the ends of their range', () => {
    const p = BigInt(M.P)
    const limbs = [0, 1, 0xffff, 0x10000, 0x7fff0000, M.P - 1]
    const r = pseudoRandom(11)
    const pick = (): number => limbs[r.next().value % limbs.length]
    const product = (x: readonly bigint[], y: readonly bigint[]): number[] => {
      const [a, b, c, d] = x
      const [e, f, g, h] = y
      const [re, im] = [c * g - d * h, c * h + d * g]
      const all = [
        a * e - b * f + 2n * re - im,
        a * f + b * e + re + 2n * im,
        a * g - b * h + c * e - d * f,
        a * h + b * g + c * f + d * e,
      ]
      return all.map((v) => Number(((v % p) + p) % p))
    }
    for (let k = 0; k < 20_000; k++) {
      const [x, y] = [0, 1].map((): Q.QM31 => [pick(), pick(), pick(), pick()])
      expect(Q.mul(x, y)).toEqual(product(x.map(BigInt), y.map(BigInt)))
    }
  })
})

describe('the circle', () => {
  const outside = (t: Q.QM31): C.ExtensionPoint => {
    const d = Q.inv(Q.add(Q.ONE, Q.square(t)))
    return { x: Q.mul(Q.sub(Q.ONE, Q.square(t)), d), y: Q.mul(Q.mulBase(t, 2), d) }
  }

  it('has a generator of order 2^31', () => {
    expect(C.multiply(C.GENERATOR, 2 ** 30)).toEqual({ x: M.P - 1, y: 0 })
    expect(C.double(C.multiply(C.GENERATOR, 2 ** 30))).toEqual(C.IDENTITY)
  })

  it('maps trace row i of size 2^k to row i mod 2^(k−1) under π', () => {
    for (let i = 0; i < 32; i++) expect(C.double(C.traceRow(5, i))).toEqual(C.traceRow(4, i % 16))
  })

  it('vanishes on the trace coset and nowhere on the next one', () => {
    for (const log of [1, 2, 5]) {
      for (let i = 0; i < 2 ** log; i++) {
        const on = C.traceRow(log, i)
        const off = C.traceRow(log + 1, i)
        expect(C.vanishing({ x: Q.fromBase(on.x), y: Q.fromBase(on.y) }, log)).toEqual(Q.ZERO)
        expect(C.vanishing({ x: Q.fromBase(off.x), y: Q.fromBase(off.y) }, log)).not.toEqual(Q.ZERO)
      }
    }
  })

  it('selects row 0: 0 on every other row, and the rows of a shifted coset sum to 1', () => {
    for (const log of [2, 3, 5]) {
      for (let i = 1; i < 2 ** log; i++) {
        if (i === 2 ** (log - 1)) continue // the antipode of row 0, where the closed form is 0/0
        const row = C.traceRow(log, i)
        expect(C.firstRowSelector({ x: Q.fromBase(row.x), y: Q.fromBase(row.y) }, log)).toEqual(Q.ZERO)
      }
      const p = outside([3, 1, 4, 15])
      let sum = Q.ZERO
      for (let i = 0; i < 2 ** log; i++) {
        const shifted = C.addBasePoint(p, C.multiply(C.subgroupGenerator(log), i))
        sum = Q.add(sum, C.firstRowSelector(shifted, log))
      }
      expect(sum).toEqual(Q.ONE)
    }
  })

  it('steps to the previous row by the same point for every lifted size', () => {
    const step = C.negate(C.subgroupGenerator(9))
    const p = outside([2, 7, 18, 28])
    for (const k of [4, 6, 9]) {
      const lifted = C.doubleTimes(C.addBasePoint(p, step), 9 - k)
      const direct = C.addBasePoint(C.doubleTimes(p, 9 - k), C.negate(C.subgroupGenerator(k)))
      expect(lifted).toEqual(direct)
    }
  })
})
