import { describe, expect, it } from 'vitest'
import { drawOodPoints, oodPoints, weightedSums } from '../src/deep.ts'
import { addBasePoint, negate, subgroupGenerator } from '../src/field/circle.ts'
import type { ExtensionPoint } from '../src/field/circle.ts'
import { P } from '../src/field/m31.ts'
import * as M from '../src/field/m31.ts'
import * as Q from '../src/field/qm31.ts'
import type { QM31 } from '../src/field/qm31.ts'
import { createKernels } from '../src/kernels/create.ts'
import { pointAt } from '../src/kernels/positions.ts'
import { domainPoint } from '../src/pcs/domain.ts'
import { evaluateLine, foldLeaves } from '../src/pcs/fri-fold.ts'
import { QM31_BLAKE3 } from '../src/suite.ts'
import { Transcript } from '../src/transcript.ts'

const kernels = await createKernels({ kind: 'reference' })
const element = (i: number): QM31 => [0, 1, 2, 3].map((l) => M.pow(7, 4 * i + l + 1)) as unknown as QM31
const write = (values: readonly QM31[]): number => {
  const p = kernels.alloc(4 * values.length)
  const w = kernels.words(p, 4 * values.length)
  values.forEach((v, i) => v.forEach((limb, l) => (w[l * values.length + i] = limb)))
  return p
}
const read = (p: number, count: number): QM31[] => {
  const w = kernels.words(p, 4 * count)
  return Array.from({ length: count }, (_, i) => [w[i], w[count + i], w[2 * count + i], w[3 * count + i]])
}

describe('domain', () => {
  it('agrees with the kernels on every position', () => {
    for (const log of [1, 2, 5, 8])
      for (let q = 0; q < 2 ** log; q++) expect(domainPoint(log, q)).toEqual(pointAt(q, log))
  })
})

describe('fri folding of leaves', () => {
  it.each([
    [0, 1],
    [0, 2],
    [0, 3],
    [0, 4],
    [1, 1],
    [1, 2],
    [3, 3],
    [4, 4],
  ])('depth %i, arity 2^%i: as the kernel folds the layer', (depth, arityLog) => {
    const logDomain = 9
    const log = logDomain - depth
    const values = Array.from({ length: 2 ** log }, (_, i) => element(i))
    const to = kernels.alloc(4 * 2 ** (log - arityLog))
    kernels.friFold(write(values), log, depth, arityLog, element(999), to)
    const expected = read(to, 2 ** (log - arityLog))
    const arity = 2 ** arityLog
    for (const leaves of [expected.map((_, leaf) => leaf), [expected.length - 1], [0, 1]]) {
      const words = leaves.flatMap((leaf) => values.slice(leaf * arity, (leaf + 1) * arity).flat())
      expect(foldLeaves(Uint32Array.from(words), arityLog, logDomain, depth, leaves, element(999))).toEqual(
        leaves.map((leaf) => expected[leaf]),
      )
    }
  })

  it('evaluates what lineInterpolate gives', () => {
    const [logDomain, depth, log] = [7, 3, 4]
    const values = Array.from({ length: 2 ** log }, (_, i) => element(i))
    const planes = write(values)
    kernels.lineInterpolate(planes, log, depth)
    const coefficients = read(planes, 2 ** log)
    const all = values.map((_, i) => i)
    expect(evaluateLine(coefficients, logDomain, depth, all)).toEqual(values)
    const some = [0, 3, 4, 11, 15]
    expect(evaluateLine(coefficients, logDomain, depth, some)).toEqual(some.map((i) => values[i]))
    expect(evaluateLine([element(1)], logDomain, depth, some)).toEqual(some.map(() => element(1)))
  })
})

describe('weightedSums', () => {
  it.each([1, 31, 32, 33, 1000])('is exact for %i of the largest terms', (count) => {
    const weights = Array.from({ length: count }, (_, i): QM31 => [P - 1, i, 0, P - 1 - i])
    const values = new Uint32Array(count + 3).fill(P - 1)
    const expected = weights.reduce((s, w) => Q.add(s, Q.mulBase(w, P - 1)), Q.ZERO)
    expect(weightedSums(weights)(values, 3)).toEqual(expected)
  })
})

/** A point of the circle over QM31 with x = c·u and y in CM31. */
function halfRealPoint(): ExtensionPoint {
  for (let c = 1; ; c++) {
    const x: QM31 = [0, 0, c, 0]
    const [a, b] = Q.sub(Q.ONE, Q.square(x))
    // √(a + bi) = r + (b/2r)·i with r² = (a + √(a² + b²))/2; a root in M31 is a power because P ≡ 3 mod 4.
    const root = (v: number): number => M.pow(v, 2 ** 29)
    const r = root(M.mul(M.add(a, root(M.add(M.mul(a, a), M.mul(b, b)))), 2 ** 30))
    if (r === 0) continue
    const y: QM31 = [r, M.mul(b, M.inv(M.mul(2, r))), 0, 0]
    if (Q.equals(Q.add(Q.square(x), Q.square(y)), Q.ONE)) return { x, y }
  }
}

describe('out-of-domain point', () => {
  it('is refused when t² = −1, t in M31, or y in CM31', () => {
    expect(oodPoints([0, 1, 0, 0], 8)).toBeUndefined()
    expect(oodPoints([0, P - 1, 0, 0], 8)).toBeUndefined()
    for (const t of [0, 1, 5, P - 1]) expect(oodPoints([t, 0, 0, 0], 8)).toBeUndefined()
    expect(oodPoints([3, 4, 0, 0], 8)).toBeUndefined()
    expect(oodPoints([3, 4, 5, 6], 8)).toBeDefined()
  })

  it('is refused when only one of the two points has y in CM31', () => {
    // P = (c·u, y) with y² = 1 − c²·u² in CM31 has a conjugate of the same y; moved by g_n it has not.
    const p = halfRealPoint()
    const tOf = ({ x, y }: ExtensionPoint): QM31 => Q.mul(y, Q.inv(Q.add(Q.ONE, x)))
    expect(Q.add(Q.square(p.x), Q.square(p.y))).toEqual(Q.ONE)
    expect(p.y.slice(2)).toEqual([0, 0])
    const before = addBasePoint(p, negate(subgroupGenerator(8)))
    const after = addBasePoint(p, subgroupGenerator(8))
    for (const q of [before, after]) expect(q.y.slice(2)).not.toEqual([0, 0])
    expect(oodPoints(tOf(p), 8)).toBeUndefined()
    expect(oodPoints(tOf(after), 8)).toBeUndefined()
    expect(oodPoints(tOf(before), 8)).toBeDefined()
  })

  it('is drawn again until it serves, and lies on the circle', () => {
    const transcript = new Transcript(QM31_BLAKE3)
    const draws: QM31[] = [
      [0, 1, 0, 0],
      [5, 0, 0, 0],
      [1, 2, 3, 4],
    ]
    transcript.drawExtension = () => draws.shift()!
    for (const { x, y } of drawOodPoints(transcript, 8))
      expect(Q.add(Q.square(x), Q.square(y))).toEqual(Q.ONE)
    expect(draws).toEqual([])
  })
})
