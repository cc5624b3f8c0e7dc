import { blake3 } from '@noble/hashes/blake3.js'
import { describe, expect, it } from 'vitest'
import * as C from '../src/field/circle.ts'
import * as M from '../src/field/m31.ts'
import * as Q from '../src/field/qm31.ts'
import type { Kernels } from '../src/kernels/kernels.ts'
import { GRIND_KEY, LEAF_KEY, NODE_KEY, OutOfMemory, SEGMENT_WORDS } from '../src/kernels/kernels.ts'
import { keyBytes } from '../src/kernels/reference-hashing.ts'

/** Oracles that share nothing with the kernels but the field and the circle group law. */
export function source(seed: number): () => number {
  let s = seed
  return () => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0
    const kind = (s >>> 24) & 15
    // One value in eight is an edge.
    if (kind === 0) return 0
    if (kind === 1) return M.P - 1
    return ((s ^ (s >>> 15)) >>> 0) % M.P
  }
}

const bitReverse = (n: number, bits: number): number =>
  bits === 0 ? 0 : Number.parseInt(n.toString(2).padStart(bits, '0').split('').reverse().join(''), 2)

/** Circle index c as an odd multiple of the generator of order 2^(log+1). */
const exponent = (c: number, log: number): number => {
  const half = 2 ** (log - 1)
  return c < half ? 4 * c + 1 : 2 ** (log + 1) - (4 * (c - half) + 1)
}
export const point = (q: number, log: number): C.Point =>
  C.multiply(C.subgroupGenerator(log + 1), exponent(bitReverse(q, log), log))

/** Basis function c at a base point, by its definition. */
function basis(c: number, p: C.Point): number {
  let value = (c & 1) === 1 ? p.y : 1
  let d = p
  for (let bit = 1; c >> bit > 0; bit++) {
    if (((c >> bit) & 1) === 1) value = M.mul(value, d.x)
    d = C.double(d)
  }
  return value
}
/** The same sum with each factor taken out once: for large columns. */
export function foldedValueAt(coefficients: ArrayLike<number>, p: C.Point): number {
  let values = Array.from(coefficients)
  let d = p
  for (let bit = 0; values.length > 1; bit++) {
    const factor = bit === 0 ? p.y : d.x
    values = Array.from({ length: values.length / 2 }, (_, c) =>
      M.add(values[2 * c], M.mul(factor, values[2 * c + 1])),
    )
    if (bit > 0) d = C.double(d)
  }
  return values[0]
}
const valueAt = (coefficients: ArrayLike<number>, p: C.Point): number => {
  let sum = 0
  for (let c = 0; c < coefficients.length; c++) sum = M.add(sum, M.mul(coefficients[c], basis(c, p)))
  return sum
}

const hash = (key: string, words: readonly number[]): number[] => {
  const digest = blake3(new Uint8Array(Uint32Array.from(words).buffer), { key: keyBytes(key) })
  return [...new Uint32Array(digest.buffer, 0, 8)]
}

/** Positions worth looking at: both ends, their neighbours and some between. */
const sample = (n: number): number[] =>
  [...new Set([0, 1, 2, 3, 4, 5, n >> 2, n >> 1, (n >> 1) + 1, (n * 5) >> 3, n - 2, n - 1])].filter(
    (q) => q >= 0 && q < n,
  )

export function kernelConformance(name: string, make: (maxWords?: number) => Promise<Kernels>): void {
  describe(`kernels: ${name}`, () => {
    const put = (k: Kernels, values: ArrayLike<number>): number => {
      const pointer = k.alloc(values.length)
      k.words(pointer, values.length).set(values)
      return pointer
    }
    /** Memory for an output that is to be written whole. */
    const dirty = (k: Kernels, words: number): number => {
      const pointer = k.allocUninitialized(words)
      k.words(pointer, words).fill(0xffffffff)
      return pointer
    }
    const draw = (n: number, seed: number): number[] => {
      const next = source(seed)
      return Array.from({ length: n }, next)
    }
    const drawQM31 = (seed: number): Q.QM31 => draw(4, seed) as unknown as Q.QM31
    /** A point of the circle over QM31, by the rational parametrisation. */
    const drawPoint = (seed: number): C.ExtensionPoint => {
      const t = drawQM31(seed)
      const d = Q.inv(Q.add(Q.ONE, Q.square(t)))
      return { x: Q.mul(Q.sub(Q.ONE, Q.square(t)), d), y: Q.mul(Q.add(t, t), d) }
    }
    const limbs = (k: Kernels, pointer: number, n: number, i: number): Q.QM31 => {
      const w = k.words(pointer, 4 * n)
      return [w[i], w[n + i], w[2 * n + i], w[3 * n + i]]
    }
    const canonical = (values: Uint32Array): void => {
      expect(values.every((v) => v < M.P)).toBe(true)
    }

    it('alloc gives zeroed, aligned memory, also after release', async () => {
      const k = await make(1000)
      const mark = k.mark()
      const a = k.alloc(5)
      expect(a % 16).toBe(0)
      k.words(a, 5).fill(7)
      k.release(mark)
      const dirtied = k.allocUninitialized(200)
      expect(dirtied).toBe(a)
      k.words(dirtied, 200).fill(9)
      k.release(mark)
      const b = k.alloc(400)
      expect(b).toBe(a)
      expect([...k.words(b, 400)]).toEqual(Array.from({ length: 400 }, () => 0))
      expect(k.usage.words).toBe(400)
      expect(() => k.alloc(601)).toThrow(OutOfMemory)
      expect(() => k.allocUninitialized(601)).toThrow(OutOfMemory)
      k.release(mark)
      expect([k.usage.words, k.usage.peakWords]).toEqual([0, 400])
    })

    for (const log of [1, 2, 3, 4, 5, 6, 7, 8, 10])
      for (const blowup of [1, 2])
        it(`extendColumn 2^${log} by ${blowup}: the polynomial through the rows, at the domain's points`, async () => {
          const k = await make()
          const n = 2 ** log
          const values = draw(n, log)
          const rows = put(k, values)
          const [coefficients, extended] = [dirty(k, n), dirty(k, n << blowup)]
          k.extendColumn(rows, coefficients, extended, log, blowup)
          canonical(k.words(coefficients, n))
          canonical(k.words(extended, n << blowup))
          expect([...k.words(rows, n)]).toEqual(values)
          const f = k.words(coefficients, n)
          for (const i of sample(n)) expect(valueAt(f, C.traceRow(log, i))).toBe(values[i])
          const g = k.words(extended, n << blowup)
          for (const q of sample(n << blowup)) expect(g[q]).toBe(valueAt(f, point(q, log + blowup)))
        })

    it('extendColumn keeps constants and the edges 0 and P − 1', async () => {
      const k = await make()
      const [coefficients, extended] = [dirty(k, 64), dirty(k, 128)]
      for (const v of [0, 1, M.P - 1]) {
        k.extendColumn(
          put(
            k,
            Array.from({ length: 64 }, () => v),
          ),
          coefficients,
          extended,
          6,
          1,
        )
        expect([...k.words(coefficients, 64)]).toEqual(
          Array.from({ length: 64 }, (_, i) => (i === 0 ? v : 0)),
        )
        expect(k.words(extended, 128).every((w) => w === v)).toBe(true)
      }
    })

    for (const [log, domain] of [
      [1, 1],
      [2, 3],
      [3, 4],
      [4, 7],
      [5, 6],
      [6, 6],
      [7, 9],
      [9, 10],
    ] as const)
      it(`interpolate 2^${log} positions of a domain of 2^${domain}, and evaluate back`, async () => {
        const k = await make()
        const n = 2 ** log
        const values = draw(n, 50 + log)
        const column = put(k, values)
        k.interpolate(column, log, domain)
        const f = k.words(column, n).slice()
        canonical(f)
        for (const q of sample(n)) expect(valueAt(f, point(q, domain))).toBe(values[q])
        const whole = dirty(k, 2 ** domain)
        k.evaluate(column, whole, log, domain)
        const w = k.words(whole, 2 ** domain)
        canonical(w)
        expect([...w.subarray(0, n)]).toEqual(values)
        for (const q of sample(2 ** domain)) expect(w[q]).toBe(valueAt(f, point(q, domain)))
        expect([...k.words(column, n)]).toEqual([...f])
      })

    it('addLiftedCoefficients adds q∘π^m', async () => {
      const k = await make()
      for (const [from, to] of [
        [3, 3],
        [1, 4],
        [4, 5],
        [5, 8],
      ] as const) {
        const [q, start] = [draw(2 ** from, from), draw(2 ** to, 90)]
        const [source_, target] = [put(k, q), put(k, start)]
        k.addLiftedCoefficients(source_, from, target, to)
        canonical(k.words(target, 2 ** to))
        for (const e of [1, 5, 77]) {
          const p = C.multiply(C.GENERATOR, e)
          let lifted = p
          for (let i = from; i < to; i++) lifted = C.double(lifted)
          expect(valueAt(k.words(target, 2 ** to), p)).toBe(M.add(valueAt(start, p), valueAt(q, lifted)))
        }
      }
    })

    it('basisAt and dotProducts evaluate at a point of the extension', async () => {
      const k = await make()
      for (const log of [1, 2, 3, 4, 5, 8]) {
        const n = 2 ** log
        const columns = [1, 2, 3, 4, 5].map((seed) => draw(n, seed + log))
        const at = drawPoint(log)
        const planes = dirty(k, 4 * n)
        k.basisAt(at, log, planes)
        const functions = Array.from({ length: n }, (_, c) => {
          let value = (c & 1) === 1 ? at.y : Q.ONE
          for (let bit = 1; c >> bit > 0; bit++)
            if (((c >> bit) & 1) === 1) value = Q.mul(value, C.doubleTimes(at, bit - 1).x)
          return value
        })
        functions.forEach((f, c) => expect(limbs(k, planes, n, c)).toEqual(f))
        const expected = columns.map((column) =>
          column.reduce((sum, v, c) => Q.add(sum, Q.mulBase(functions[c], v)), Q.ZERO),
        )
        const pointers = columns.map((c) => put(k, c))
        expect(k.dotProducts(pointers, log, planes)).toEqual(expected)
        expect(k.dotProducts([], log, planes)).toEqual([])
      }
    })

    it('accumulate adds weighted columns', async () => {
      const k = await make()
      for (const [log, count] of [
        [1, 3],
        [2, 1],
        [4, 13],
        [6, 40],
        [5, 0],
      ] as const) {
        const n = 2 ** log
        const columns = Array.from({ length: count }, (_, j) =>
          j === 2 ? Array.from({ length: n }, () => M.P - 1) : draw(n, j),
        )
        const weights = columns.map((_, j): Q.QM31 =>
          j === 2 ? [M.P - 1, M.P - 1, M.P - 1, M.P - 1] : drawQM31(60 + j),
        )
        const start = draw(4 * n, 8)
        const planes = put(k, start)
        const pointers = columns.map((c) => put(k, c))
        k.accumulate(pointers, weights, log, planes)
        for (let i = 0; i < n; i++) {
          let sum: Q.QM31 = [start[i], start[n + i], start[2 * n + i], start[3 * n + i]]
          columns.forEach((c, j) => (sum = Q.add(sum, Q.mulBase(weights[j], c[i]))))
          expect(limbs(k, planes, n, i)).toEqual(sum)
        }
      }
    })

    it('addQuotients divides lifted sums by the line through the point and its conjugate', async () => {
      const k = await make()
      for (const logs of [[4], [3, 5], [1, 2, 6]]) {
        const log = logs.at(-1)!
        const n = 2 ** log
        const at = drawPoint(31)
        const [a, b] = [drawQM31(1), drawQM31(2)]
        const start = draw(4 * n, 9)
        const planes = put(k, start)
        const arrays = logs.map((l) => ({ log: l, values: draw(4 * 2 ** l, l) }))
        const sums = arrays.map((s) => ({ log: s.log, planes: put(k, s.values) }))
        k.addQuotients(sums, at, a, b, log, planes)
        canonical(k.words(planes, 4 * n))
        // Re z = (z + z̄)/2 and Im z·u = (z − z̄)/2; the line through both points, up to the factor u.
        const re = (z: Q.QM31): Q.QM31 => [z[0], z[1], 0, 0]
        const im = (z: Q.QM31): Q.QM31 => [z[2], z[3], 0, 0]
        for (let q = 0; q < n; q++) {
          const p = point(q, log)
          let numerator = Q.neg(Q.add(Q.mulBase(a, p.y), b))
          for (const s of arrays) {
            let lifted = p
            for (let i = s.log; i < log; i++) lifted = C.double(lifted)
            const size = 2 ** s.log
            const r = Array.from({ length: size }, (_, j) => j).find((j) => {
              const h = point(j, s.log)
              return h.x === lifted.x && h.y === lifted.y
            })!
            const v = s.values
            numerator = Q.add(numerator, [v[r], v[size + r], v[2 * size + r], v[3 * size + r]])
          }
          const line = Q.sub(
            Q.mul(Q.sub(Q.fromBase(p.x), re(at.x)), im(at.y)),
            Q.mul(Q.sub(Q.fromBase(p.y), re(at.y)), im(at.x)),
          )
          const before: Q.QM31 = [start[q], start[n + q], start[2 * n + q], start[3 * n + q]]
          expect(Q.mul(Q.sub(limbs(k, planes, n, q), before), line)).toEqual(numerator)
        }
      }
    })

    it('addQuotients refuses a point of the base field, where the line is not defined', async () => {
      const k = await make()
      const at = { x: Q.fromBase(2), y: Q.fromBase(C.GENERATOR.y) }
      for (const log of [3, 5])
        expect(() => k.addQuotients([], at, Q.ONE, Q.ONE, log, k.alloc(4 * 2 ** log))).toThrow(RangeError)
    })

    it('friFold folds coefficients: by y on the circle, then by x, and lineInterpolate reads the rest', async () => {
      const k = await make()
      for (const [log, arities] of [
        [4, [1, 1]],
        [6, [3, 1]],
        [8, [3, 2]],
        [9, [2, 3]],
        [10, [4, 3]],
      ] as const) {
        const n = 2 ** log
        const beta = [drawQM31(3), drawQM31(4)]
        const coefficients = [0, 1, 2, 3].map((l) => draw(n, 20 + l))
        const planes = dirty(k, 4 * n)
        coefficients.forEach((f, l) => k.evaluate(put(k, f), planes + 4 * n * l, log, log))
        let folded = Array.from({ length: n }, (_, c) => coefficients.map((f) => f[c]) as unknown as Q.QM31)
        let [from, size, depth] = [planes, log as number, 0]
        arities.forEach((arity, round) => {
          const before = k.words(from, 4 * 2 ** size).slice()
          const to = dirty(k, 4 * 2 ** (size - arity))
          k.friFold(from, size, depth, arity, beta[round], to)
          expect(k.words(from, 4 * 2 ** size)).toEqual(before)
          canonical(k.words(to, 4 * 2 ** (size - arity)))
          for (let i = 0; i < arity; i++) {
            const power = Q.pow(beta[round], 2 ** i)
            folded = Array.from({ length: folded.length / 2 }, (_, c) =>
              Q.add(folded[2 * c], Q.mul(power, folded[2 * c + 1])),
            )
          }
          ;[from, size, depth] = [to, size - arity, depth + arity]
        })
        k.lineInterpolate(from, size, depth)
        folded.forEach((f, c) => expect(limbs(k, from, 2 ** size, c)).toEqual(f))
      }
    })

    it('prevPositions and firstSelector agree with the group', async () => {
      const k = await make()
      for (const [log, blowup] of [
        [1, 1],
        [2, 1],
        [4, 1],
        [3, 2],
        [5, 3],
      ] as const) {
        const domain = log + blowup
        const points = Array.from({ length: 2 ** domain }, (_, q) => point(q, domain))
        const step = C.negate(C.subgroupGenerator(log))
        const selector = dirty(k, 2 ** log)
        const first = Array.from({ length: 2 ** log }, (_, i) => (i === 0 ? 1 : 0))
        const extended = dirty(k, 2 ** domain)
        k.extendColumn(put(k, first), selector, extended, log, blowup)
        for (const count of [2 ** domain, 2 ** (log + 1)]) {
          const prev = k.prevPositions(log, blowup, count)
          const column = k.firstSelector(log, blowup, count)
          for (let q = 0; q < count; q++) {
            const expected = C.addPoints(points[q], step)
            expect(points[k.words(prev, count)[q]]).toEqual(expected)
            // Row 0's Lagrange polynomial may differ from the interpolant of (1, 0, 0, …) by a multiple of v.
            const p = points[q]
            const value = C.firstRowSelector({ x: Q.fromBase(p.x), y: Q.fromBase(p.y) }, log)
            expect(Q.fromBase(k.words(column, count)[q])).toEqual(value)
          }
          canonical(k.words(column, count))
          expect(k.words(column, count)).toEqual(k.words(extended, count))
        }
      }
    })

    it('merkleTree hashes lifted classes in segments, and pairs above', async () => {
      const k = await make()
      for (const shape of [
        [[1, 1]],
        [[2, 3]],
        [[4, 0]],
        [
          [3, 2],
          [5, 260],
        ],
        [
          [1, 8],
          [2, SEGMENT_WORDS],
          [4, SEGMENT_WORDS + 1],
          [6, 9],
        ],
        [
          [2, 7],
          [3, 24],
        ],
        [
          [2, 3],
          [4, 0],
          [5, 0],
          [7, 1],
        ],
      ] as const) {
        const log = shape.at(-1)![0]
        const n = 2 ** log
        const classes = shape.map(([l, count]) => ({
          log: l as number,
          values: Array.from({ length: count }, (_, j) => draw(2 ** l, 100 * l + j)),
        }))
        const tree = dirty(k, 8 * (2 * n - 1))
        k.merkleTree(
          classes.map((c) => ({ log: c.log, columns: c.values.map((v) => put(k, v)) })),
          tree,
        )
        let level = Array.from({ length: n }, (_, i) => {
          let d: number[] = [0, 0, 0, 0, 0, 0, 0, 0]
          for (const c of classes) {
            const lifted = c.log === log ? i : ((i >> (log - c.log + 1)) << 1) | (i & 1)
            const words = c.values.map((v) => v[lifted])
            for (let s = 0; s < words.length; s += SEGMENT_WORDS)
              d = hash(LEAF_KEY, [...d, ...words.slice(s, s + SEGMENT_WORDS)])
          }
          return d
        })
        const all = [...level]
        while (level.length > 1) {
          level = Array.from({ length: level.length / 2 }, (_, i) =>
            hash(NODE_KEY, [...level[2 * i], ...level[2 * i + 1]]),
          )
          all.push(...level)
        }
        expect([...k.words(tree, 8 * (2 * n - 1))]).toEqual(all.flat())
      }
    })

    it('friTree hashes folded groups of values, limbs innermost', async () => {
      const k = await make()
      for (const [log, arity] of [
        [4, 3],
        [3, 1],
        [6, 3],
        [5, 2],
        [3, 3],
        [7, 0],
        [8, 4],
      ] as const) {
        const n = 2 ** log
        const values = draw(4 * n, log)
        const leaves = n >> arity
        const tree = dirty(k, 8 * (2 * leaves - 1))
        k.friTree(put(k, values), log, arity, tree)
        const w = k.words(tree, 8 * (2 * leaves - 1))
        for (let leaf = 0; leaf < leaves; leaf++) {
          const words = Array.from({ length: 4 << arity }, (_, i) => {
            const position = (leaf << arity) + (i >> 2)
            return values[(i & 3) * n + position]
          })
          expect([...w.subarray(8 * leaf, 8 * leaf + 8)]).toEqual(
            hash(LEAF_KEY, [0, 0, 0, 0, 0, 0, 0, 0, ...words]),
          )
        }
        if (leaves > 1)
          expect([...w.subarray(8 * leaves, 8 * leaves + 8)]).toEqual(hash(NODE_KEY, [...w.subarray(0, 16)]))
      }
    })

    it('grind finds the smallest nonce of its range', async () => {
      const k = await make()
      const seed = Uint32Array.from(draw(8, 5))
      const word = (nonce: number): number =>
        hash(GRIND_KEY, [...seed, nonce >>> 0, Math.floor(nonce / 2 ** 32)])[0]
      for (const start of [0, 3, 2 ** 32 - 20, 2 ** 52 - 7]) {
        const found = k.grind(seed, 5, start, 1000)!
        expect(word(found) % 32).toBe(0)
        for (let nonce = start; nonce < found; nonce++) expect(word(nonce) % 32).not.toBe(0)
        expect(k.grind(seed, 5, start, found - start)).toBeUndefined()
        expect(k.grind(seed, 5, start, found - start + 1)).toBe(found)
        expect(k.grind(seed, 5, found, 1)).toBe(found)
      }
      expect(k.grind(seed, 0, 9, 1)).toBe(9)
      expect(k.grind(seed, 0, 9, 0)).toBeUndefined()
      expect(k.grind(seed, 31, 0, 200)).toBeUndefined()
    })
  })
}
