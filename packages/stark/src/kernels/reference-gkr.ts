import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import type { Fractions, Kernels, Pointer } from './kernels.ts'

/** The kernels of the fraction trees, plainly. */
export type TreeKernels = Pick<
  Kernels,
  | 'eqTables'
  | 'addFractions'
  | 'roundSums'
  | 'roundSquare'
  | 'bindFractions'
  | 'runningSum'
  | 'innerProduct'
  | 'sumConstraints'
>

/** A QM31 array read and written by index. */
interface Plane {
  get(i: number): QM31
  set(i: number, value: QM31): void
}

/** Over the memory that `words` gives views of. */
export function referenceTree(words: (pointer: Pointer, length: number) => Uint32Array): TreeKernels {
  const plane = (pointer: Pointer, n: number): Plane => {
    const limbs = Q.UNITS.map((_, l) => words(pointer + 4 * l * n, n))
    return {
      get: (i) => [limbs[0][i], limbs[1][i], limbs[2][i], limbs[3][i]],
      set: (i, value) => limbs.forEach((limb, l) => (limb[i] = value[l])),
    }
  }
  /** A column of M31 as QM31; read only. */
  const column = (pointer: Pointer, n: number): Plane => {
    const values = words(pointer, n)
    return {
      get: (i) => Q.fromBase(values[i]),
      set: () => {
        throw new RangeError('a plane of M31 is read only')
      },
    }
  }
  /** Four columns, one a limb. */
  const columns = (pointers: readonly Pointer[], n: number): ((i: number) => QM31) => {
    const [a, b, c, d] = pointers.map((p) => words(p, n))
    return (i) => [a[i], b[i], c[i], d[i]]
  }
  const numeratorsOf = ({ numerators, numeratorHalf, base }: Fractions): Plane =>
    (base ? column : plane)(numerators, 2 ** (numeratorHalf + 1))
  const denominatorsOf = ({ denominators, denominatorHalf }: Fractions): Plane =>
    plane(denominators, 2 ** (denominatorHalf + 1))
  /** n0, n1, d0, d1 at an index. */
  const pairs = (layer: Fractions): ((i: number) => readonly [QM31, QM31, QM31, QM31]) => {
    const [n, d] = [numeratorsOf(layer), denominatorsOf(layer)]
    const [nHalf, dHalf] = [2 ** layer.numeratorHalf, 2 ** layer.denominatorHalf]
    return (i) => [n.get(i), n.get(i + nHalf), d.get(i), d.get(i + dHalf)]
  }

  const roundSums: TreeKernels['roundSums'] = (layer, log, eq, lambda) => {
    const n = 2 ** (log - 1)
    const at = pairs(layer)
    const weights = plane(eq, n)
    const summand = ([n0, n1, d0, d1]: readonly QM31[]): QM31 =>
      Q.add(Q.mul(n0, d1), Q.mul(d0, Q.add(n1, Q.mul(lambda, d1))))
    let constant: QM31 = Q.ZERO
    let square: QM31 = Q.ZERO
    for (let y = 0; y < n; y++) {
      const [low, high] = [at(y), at(y + n)]
      constant = Q.add(constant, Q.mul(weights.get(y), summand(low)))
      const steps = low.map((f, k) => Q.sub(high[k], f))
      square = Q.add(square, Q.mul(weights.get(y), summand(steps)))
    }
    return [constant, square]
  }

  return {
    eqTables(point, tables) {
      plane(tables + 16, 1).set(0, Q.ONE)
      point.forEach((p, t) => {
        const n = 2 ** t
        const [from, to] = [plane(tables + 16 * n, n), plane(tables + 32 * n, 2 * n)]
        for (let i = 0; i < n; i++) {
          const high = Q.mul(from.get(i), p)
          to.set(i, Q.sub(from.get(i), high))
          to.set(i + n, high)
        }
      })
    },

    addFractions(from, log, { numerators, denominators, planeWords }) {
      const n = 2 ** log
      const at = pairs(from)
      const [toN, toD] = [plane(numerators, planeWords), plane(denominators, planeWords)]
      for (let i = 0; i < n; i++) {
        const [n0, n1, d0, d1] = at(i)
        toN.set(i, Q.add(Q.mul(n0, d1), Q.mul(n1, d0)))
        toD.set(i, Q.mul(d0, d1))
      }
    },

    roundSums,
    roundSquare: (layer, log, eq, lambda) => roundSums(layer, log, eq, lambda)[1],

    bindFractions(layer, log, challenge, to) {
      const n = 2 ** (log - 1)
      const bind = (from: Plane, fromHalf: number, into: Plane, intoHalf: number): void => {
        for (const k of [0, 1])
          for (let y = 0; y < n; y++) {
            const low = from.get(k * fromHalf + y)
            const step = Q.sub(from.get(k * fromHalf + y + n), low)
            into.set(k * intoHalf + y, Q.add(low, Q.mul(challenge, step)))
          }
      }
      const [numerators, denominators] = [numeratorsOf(layer), denominatorsOf(layer)]
      const [nHalf, dHalf] = [2 ** layer.numeratorHalf, 2 ** layer.denominatorHalf]
      if (layer.base) bind(numerators, nHalf, plane(to, 2 * n), n)
      else bind(numerators, nHalf, numerators, nHalf)
      bind(denominators, dHalf, denominators, dHalf)
    },

    runningSum(e, f, log, share, out) {
      const n = 2 ** log
      const [x, y, to] = [plane(e, n), plane(f, n), plane(out, n)]
      let sum: QM31 = Q.ZERO
      for (let i = 0; i < n; i++) {
        sum = Q.add(sum, Q.sub(Q.mul(x.get(i), y.get(i)), share))
        to.set(i, sum)
      }
      return sum
    },

    innerProduct(e, f, log) {
      const n = 2 ** log
      const [x, y] = [plane(e, n), plane(f, n)]
      let sum: QM31 = Q.ZERO
      for (let i = 0; i < n; i++) sum = Q.add(sum, Q.mul(x.get(i), y.get(i)))
      return sum
    },

    sumConstraints(at, log, { start, share, weights }, inverseVanishing, planes) {
      const n = 2 ** (log + 1)
      const [e, s, ratio] = [columns(at.e, n), columns(at.s, n), columns(at.ratio, n)]
      const combination = plane(at.combination, n)
      const [prev, first] = [words(at.prev, n), words(at.first, n)]
      const out = plane(planes, n)
      for (let q = 0; q < n; q++) {
        const before = prev[q]
        const values = [
          Q.mulBase(Q.sub(e(q), start), first[q]),
          Q.sub(e(q), Q.mul(e(before), ratio(q))),
          Q.add(Q.sub(Q.sub(s(q), s(before)), Q.mul(e(q), combination.get(q))), share),
          Q.mulBase(s(before), first[q]),
        ]
        const sum = values.reduce<QM31>((sum, v, j) => Q.add(sum, Q.mul(weights[j], v)), Q.ZERO)
        out.set(q, Q.add(out.get(q), Q.mulBase(sum, inverseVanishing[2 * q < n ? 0 : 1])))
      }
    },
  }
}
