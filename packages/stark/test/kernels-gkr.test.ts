import { describe, expect, it } from 'vitest'
import * as M from '../src/field/m31.ts'
import * as Q from '../src/field/qm31.ts'
import type { QM31 } from '../src/field/qm31.ts'
import { createKernels } from '../src/kernels/create.ts'
import { EQ_LOW_LOG } from '../src/kernels/kernels.ts'
import type { EqFactors, Fractions, Kernels, Pointer } from '../src/kernels/kernels.ts'
import { prevPosition } from '../src/kernels/positions.ts'
import { source } from './kernels-conformance.ts'

const KINDS = ['reference', 'wasm'] as const
/** Around the size of a vector and of a block. */
const LOGS = [0, 1, 2, 3, 4, 5, 9]
/** Of those that bind a bit of a layer and sum over another: from one block to several. */
const ROUND_LOGS = [1, 2, 3, 4, 5, 6, 10, 12]

const put = (k: Kernels, values: ArrayLike<number>): Pointer => {
  const pointer = k.alloc(values.length)
  k.words(pointer, values.length).set(values)
  return pointer
}
const draw = (n: number, seed: number): number[] => Array.from({ length: n }, source(seed))
const drawQM31 = (seed: number): QM31 => draw(4, seed) as unknown as QM31
const get = (k: Kernels, pointer: Pointer, n: number, i: number): QM31 => {
  const w = k.words(pointer, 4 * n)
  return [w[i], w[n + i], w[2 * n + i], w[3 * n + i]]
}
const array = (k: Kernels, pointer: Pointer, n: number): QM31[] =>
  Array.from({ length: n }, (_, i) => get(k, pointer, n, i))

/** A layer whose halves hold 2^half fractions each. */
function layerOf(k: Kernels, half: number, base: boolean, seed: number): Fractions {
  const n = 2 ** (half + 1)
  return {
    numerators: put(k, draw(base ? n : 4 * n, seed)),
    numeratorHalf: half,
    base,
    denominators: put(k, draw(4 * n, seed + 1)),
    denominatorHalf: half,
  }
}
/** n0, n1, d0, d1 for x < 2^log. */
function halves(k: Kernels, layer: Fractions, log: number): readonly [QM31[], QM31[], QM31[], QM31[]] {
  const take = (pointer: Pointer, half: number, base: boolean): [QM31[], QM31[]] => {
    const n = 2 ** (half + 1)
    const at = (i: number): QM31 => (base ? Q.fromBase(k.words(pointer, n)[i]) : get(k, pointer, n, i))
    const part = (from: number): QM31[] => Array.from({ length: 2 ** log }, (_, x) => at(from + x))
    return [part(0), part(2 ** half)]
  }
  const d = take(layer.denominators, layer.denominatorHalf, false)
  return [...take(layer.numerators, layer.numeratorHalf, layer.base), ...d]
}

/** eq(point, i) by its definition. */
const eq = (point: readonly QM31[], i: number): QM31 =>
  point.reduce<QM31>((e, p, t) => Q.mul(e, ((i >> t) & 1) === 1 ? p : Q.sub(Q.ONE, p)), Q.ONE)
/** The multilinear extension at a point, one coordinate at a time from the lowest. */
const extensionAt = (values: readonly QM31[], point: readonly QM31[]): QM31 =>
  point.reduce<readonly QM31[]>(
    (v, p) =>
      Array.from({ length: v.length / 2 }, (_, i) =>
        Q.add(v[2 * i], Q.mul(p, Q.sub(v[2 * i + 1], v[2 * i]))),
      ),
    values,
  )[0]
const sum = (values: readonly QM31[]): QM31 => values.reduce(Q.add, Q.ZERO)

/** The factors of eq at a point of `log` coordinates, and eq itself. */
function eqOf(k: Kernels, log: number, at?: readonly QM31[]): { factors: EqFactors; weights: QM31[] } {
  const point = at?.slice(0, log) ?? Array.from({ length: log }, (_, t) => drawQM31(t + 20))
  const lower = Math.min(log, EQ_LOW_LOG)
  const [low, high] = [point.slice(0, lower), point.slice(lower)].map((some) => {
    const tables = k.alloc(8 * 2 ** some.length)
    k.eqTables(some, tables)
    return tables + 16 * 2 ** some.length
  })
  return { factors: { low, high }, weights: Array.from({ length: 2 ** log }, (_, i) => eq(point, i)) }
}

/**
 * h(0) and the coefficient of X² of h(X) = Σ weight·(n0·d1 + d0·n1), the factors linear in X: from h at 0, 1 and −1.
 */
function roundOf([n0, n1, d0, d1]: readonly QM31[][], weights: readonly QM31[]): [QM31, QM31] {
  const n = weights.length
  const h = (X: number): QM31 =>
    sum(
      weights.map((weight, y) => {
        const at = (f: readonly QM31[]): QM31 =>
          Q.add(f[y], Q.mulBase(Q.sub(f[y + n], f[y]), M.fromInteger(X)))
        return Q.mul(weight, Q.add(Q.mul(at(n0), at(d1)), Q.mul(at(d0), at(n1))))
      }),
    )
  const twice = Q.sub(Q.add(h(1), h(-1)), Q.mulBase(h(0), 2))
  return [h(0), Q.mulBase(twice, M.inv(2))]
}

/** A check by definition in each implementation, and that what they leave behind is the same word for word. */
function each(name: string, run: (k: Kernels) => readonly (readonly [Pointer, number])[] | void): void {
  it(name, async () => {
    const left: number[][][] = []
    for (const kind of KINDS) {
      const k = await createKernels({ kind })
      const outputs = run(k) ?? []
      const words = outputs.map(([pointer, length]) => [...k.words(pointer, length)])
      expect(words.flat().every((w) => w < M.P)).toBe(true)
      left.push(words)
    }
    expect(left[1]).toEqual(left[0])
  })
}

describe('kernels of the fraction trees', () => {
  for (const log of LOGS)
    each(`eqTables of ${log} coordinates`, (k) => {
      const point = Array.from({ length: log }, (_, t) => drawQM31(t + 1))
      const tables = k.alloc(8 * 2 ** log)
      k.eqTables(point, tables)
      for (let j = 0; j <= log; j++)
        for (const i of [0, 1, 2, 5, 2 ** j - 1].filter((i) => i < 2 ** j))
          expect(get(k, tables + 16 * 2 ** j, 2 ** j, i)).toEqual(eq(point.slice(0, j), i))
      return [[tables + 16, 8 * 2 ** log - 4]]
    })

  for (const base of [true, false])
    for (const log of LOGS) {
      const name = `${base ? 'M31' : 'QM31'} numerators, log ${log}`
      each(`addFractions, ${name}`, (k) => {
        const n = 2 ** log
        const layer = layerOf(k, log, base, 7)
        const [numerators, denominators] = [k.allocUninitialized(4 * n), k.allocUninitialized(4 * n)]
        k.addFractions(layer, log, { numerators, denominators, planeWords: 2 ** log })
        const [n0, n1, d0, d1] = halves(k, layer, log)
        const sums = n0.map((a, i) => Q.add(Q.mul(a, d1[i]), Q.mul(n1[i], d0[i])))
        expect(array(k, numerators, n)).toEqual(sums)
        const products = d0.map((d, i) => Q.mul(d, d1[i]))
        expect(array(k, denominators, n)).toEqual(products)
        return [
          [numerators, 4 * n],
          [denominators, 4 * n],
        ]
      })
    }

  for (const base of [true, false])
    for (const log of ROUND_LOGS) {
      const name = `${base ? 'M31' : 'QM31'} numerators, log ${log}`
      // A whole layer, and one of which some bits are bound already.
      for (const half of base ? [log] : [log, log + 1, log + 3]) {
        each(`roundSquare, ${name} of ${half}`, (k) => {
          const layer = layerOf(k, half, base, 8)
          const { factors, weights } = eqOf(k, log - 1)
          const lambda = drawQM31(5)
          const [n0, n1, d0, d1] = halves(k, layer, log)
          const joined = n1.map((n, x) => Q.add(n, Q.mul(lambda, d1[x])))
          const square = k.roundSquare(layer, log, factors, lambda)
          expect(square).toEqual(roundOf([n0, joined, d0, d1], weights)[1])
          return [[put(k, square), 4]]
        })

        if (log < 2) continue
        each(`bindFirst and bindNext, ${name} of ${half}`, (k) => {
          const layer = layerOf(k, half, base, 9)
          const before = halves(k, layer, log)
          const leaves = base ? [...k.words(layer.numerators, 2 * 2 ** log)] : []
          const [lambda, ...challenges] = [5, 6, 7].map(drawQM31)
          const to = k.allocUninitialized(base ? 4 * 2 ** log : 0)
          const bound = base ? { ...layer, base: false, numerators: to, numeratorHalf: log - 1 } : layer
          let values = before
          const sums: QM31[] = []
          for (let left = log; left >= Math.max(2, log - 1); left--) {
            const challenge = challenges[log - left]
            const { factors, weights } = eqOf(k, left - 2)
            const got =
              left === log
                ? k.bindFirst(layer, left, challenge, lambda, factors, to)
                : k.bindNext(bound, left, challenge, factors)
            const n = 2 ** (left - 1)
            const [n0, n1, d0, d1] = values.map((f) =>
              Array.from({ length: n }, (_, y) => extensionAt([f[y], f[y + n]], [challenge])),
            )
            const joined = left === log ? n1.map((v, y) => Q.add(v, Q.mul(lambda, d1[y]))) : n1
            values = [n0, joined, d0, d1]
            expect(halves(k, bound, left - 1)).toEqual(values)
            expect(got).toEqual(roundOf(values, weights))
            sums.push(...got)
          }
          if (base) expect([...k.words(layer.numerators, 2 * 2 ** log)]).toEqual(leaves)
          return [[put(k, [...sums, ...values.flat()].flat()), 4 * (sums.length + values.flat().length)]]
        })
      }
    }

  for (const log of LOGS)
    each(`innerProduct and runningSum of 2^${log}`, (k) => {
      const n = 2 ** log
      const [e, f] = [put(k, draw(4 * n, 1)), put(k, draw(4 * n, 2))]
      const products = array(k, e, n).map((x, i) => Q.mul(x, get(k, f, n, i)))
      const total = sum(products)
      expect(k.innerProduct(e, f, log)).toEqual(total)
      const out = k.allocUninitialized(4 * n)
      const share = Q.mulBase(total, M.inv(M.pow(2, log)))
      expect(k.runningSum(e, f, log, share, out)).toEqual(Q.ZERO)
      expect(k.runningSum(e, f, log, Q.ONE, out)).toEqual(Q.sub(total, Q.fromBase(n)))
      let running: QM31 = Q.ZERO
      const expected = products.map((p) => (running = Q.sub(Q.add(running, p), Q.ONE)))
      expect(array(k, out, n)).toEqual(expected)
      return [[out, 4 * n]]
    })

  for (const log of [0, 1, 2, 3, 6])
    each(`sumConstraints of 2^${log} rows`, (k) => {
      const n = 2 ** (log + 1)
      const limbs = (seed: number): Pointer[] => [0, 1, 2, 3].map((l) => put(k, draw(n, seed + l)))
      const previous = Array.from({ length: n }, (_, q) => prevPosition(q, log, 1))
      const columns = {
        e: limbs(10),
        s: limbs(20),
        ratio: limbs(30),
        combination: put(k, draw(4 * n, 40)),
        prev: put(k, previous),
        first: put(k, draw(n, 50)),
      }
      const weights = [1, 2, 3, 4].map(drawQM31)
      const challenges = { start: drawQM31(5), share: drawQM31(6), weights }
      const before = draw(4 * n, 60)
      const planes = put(k, before)
      const inverses = [77, M.P - 3] as const
      k.sumConstraints(columns, log, challenges, inverses, planes)
      const column = (pointers: readonly Pointer[]): QM31[] =>
        Array.from({ length: n }, (_, q) => pointers.map((p) => k.words(p, n)[q]) as unknown as QM31)
      const [E, S, R] = [column(columns.e), column(columns.s), column(columns.ratio)]
      const f = array(k, columns.combination, n)
      const first = k.words(columns.first, n)
      const expected = Array.from({ length: n }, (_, q) => {
        const values = [
          Q.mulBase(Q.sub(E[q], challenges.start), first[q]),
          Q.sub(E[q], Q.mul(E[previous[q]], R[q])),
          Q.sub(Q.add(S[q], challenges.share), Q.add(S[previous[q]], Q.mul(E[q], f[q]))),
          Q.mulBase(S[previous[q]], first[q]),
        ]
        const scaled = Q.mulBase(sum(values.map((v, j) => Q.mul(weights[j], v))), inverses[q < n / 2 ? 0 : 1])
        return Q.add([before[q], before[n + q], before[2 * n + q], before[3 * n + q]], scaled)
      })
      expect(array(k, planes, n)).toEqual(expected)
      return [[planes, 4 * n]]
    })

  each('beyond one call of a kernel', (k) => {
    const log = 15
    const n = 2 ** log
    const [leaves, layer] = [layerOf(k, log, true, 1), layerOf(k, log, false, 3)]
    const tables = k.alloc(8 * n)
    k.eqTables(
      Array.from({ length: log }, (_, t) => drawQM31(t + 5)),
      tables,
    )
    const lambda = drawQM31(4)
    const sums: number[] = []
    const [to, out] = [k.alloc(4 * n), k.alloc(8 * n)]
    for (const from of [leaves, layer]) {
      k.addFractions(from, log, { numerators: out, denominators: out + 16 * n, planeWords: n })
      for (const word of k.words(out, 8 * n)) sums.push(word)
      sums.push(...k.roundSquare(from, log, eqOf(k, log - 1).factors, lambda))
      sums.push(...k.bindFirst(from, log, drawQM31(3), lambda, eqOf(k, log - 2).factors, to).flat())
      const base = { ...from, base: false, numerators: to, numeratorHalf: log - 1 }
      const bound = from.base ? base : from
      sums.push(...k.bindNext(bound, log - 1, drawQM31(2), eqOf(k, log - 3).factors).flat())
    }
    sums.push(...k.innerProduct(layer.numerators, layer.denominators, log))
    k.runningSum(layer.numerators, layer.denominators, log, lambda, out)
    return [
      [put(k, sums), sums.length],
      [to, 4 * n],
      [layer.numerators, 8 * n],
      [leaves.denominators, 8 * n],
      [out, 4 * n],
      [tables + 16, 8 * n - 4],
    ]
  })

  for (const depth of [1, 2, 3, 5, 9, 11])
    each(`a tree of 2^${depth} leaves: sumchecks from the root end in claims on the leaves`, (k) => {
      const next = source(70 + depth)
      const challenge = (): QM31 => [next(), next(), next(), next()]
      const n = 2 ** depth
      const leaves = layerOf(k, depth - 1, true, 80 + depth)
      const layers: Fractions[] = []
      layers[depth - 1] = leaves
      for (let d = depth - 1; d >= 1; d--) {
        const [numerators, denominators] = [k.alloc(4 * 2 ** d), k.alloc(4 * 2 ** d)]
        k.addFractions(layers[d], d, { numerators, denominators, planeWords: 2 ** d })
        layers[d - 1] = {
          numerators,
          numeratorHalf: d - 1,
          base: false,
          denominators,
          denominatorHalf: d - 1,
        }
      }
      const leafN = Array.from(k.words(leaves.numerators, n), Q.fromBase)
      const leafD = array(k, leaves.denominators, n)
      const root = [k.alloc(4), k.alloc(4)]
      k.addFractions(layers[0], 0, { numerators: root[0], denominators: root[1], planeWords: 1 })
      let [claimN, claimD] = root.map((p) => get(k, p, 1, 0))
      let halfClaims: QM31[] = []
      const value = sum(leafN.map((a, i) => Q.mul(a, Q.inv(leafD[i]))))
      expect(Q.mul(claimN, Q.inv(claimD))).toEqual(value)

      let rho: QM31[] = []
      for (let d = 0; d < depth; d++) {
        const lambda = challenge()
        let layer = layers[d]
        let claim = Q.add(claimN, Q.mul(lambda, claimD))
        let outer: QM31 = Q.ONE
        const bound: QM31[] = []
        for (let log = d; log >= 1; log--) {
          const eqBelow = eqOf(k, log - 1, rho).factors
          const p = rho[log - 1]
          // The round's polynomial is outer·eq(rho_t, X)·h(X), and its sum over X = 0, 1 the claim.
          let constant: QM31
          let square: QM31
          if (log === d) {
            const [n0, n1, d0, d1] = halfClaims
            constant = Q.add(n0, Q.mul(lambda, d0))
            square = k.roundSquare(layer, log, eqBelow, lambda)
            expect(claim).toEqual(extensionAt([constant, Q.add(n1, Q.mul(lambda, d1))], [p]))
          } else if (log === d - 1) {
            const to = k.alloc(layer.base ? 4 * 2 ** d : 0)
            ;[constant, square] = k.bindFirst(layer, d, bound[0], lambda, eqBelow, to)
            if (layer.base) layer = { ...layer, base: false, numerators: to, numeratorHalf: d - 1 }
          } else [constant, square] = k.bindNext(layer, log + 1, bound[0], eqBelow)
          const low = Q.mul(Q.sub(Q.ONE, p), constant)
          const high = Q.mul(Q.sub(Q.mul(claim, Q.inv(outer)), low), Q.inv(p))
          const r = challenge()
          const linear = Q.sub(Q.sub(high, constant), square)
          const h = Q.add(constant, Q.mul(r, Q.add(linear, Q.mul(r, square))))
          outer = Q.mul(outer, extensionAt([Q.sub(Q.ONE, p), p], [r]))
          claim = Q.mul(outer, h)
          bound.unshift(r)
        }
        // The last variable is still free; from the second round on, n1 holds n1 + lambda·d1.
        const last = d === 0 ? [] : [bound[0]]
        const [n0, joined, d0, d1] = halves(k, layer, last.length).map((f) => extensionAt(f, last))
        const n1 = d < 2 ? joined : Q.sub(joined, Q.mul(lambda, d1))
        const value = Q.add(Q.add(Q.mul(n0, d1), Q.mul(n1, d0)), Q.mul(lambda, Q.mul(d0, d1)))
        expect(Q.mul(outer, value)).toEqual(claim)
        halfClaims = [n0, n1, d0, d1]
        const r = challenge()
        claimN = extensionAt([n0, n1], [r])
        claimD = extensionAt([d0, d1], [r])
        rho = [...bound, r]
      }
      expect(claimN).toEqual(extensionAt(leafN, rho))
      expect(claimD).toEqual(extensionAt(leafD, rho))
    })
})
