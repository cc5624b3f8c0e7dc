import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import { EQ_LOW_LOG } from './kernels.ts'
import type { EqFactors, Fractions, Kernels, Pointer } from './kernels.ts'

/** The kernels of the fraction trees, plainly. */
export type TreeKernels = Pick<
  Kernels,
  | 'eqTables'
  | 'addFractions'
  | 'roundSquare'
  | 'bindFirst'
  | 'bindNext'
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

  const weightsOf = ({ low, high }: EqFactors, log: number): ((y: number) => QM31) => {
    const k = Math.min(log, EQ_LOW_LOG)
    const [lower, upper] = [plane(low, 2 ** k), plane(high, 2 ** (log - k))]
    return (y) => Q.mul(lower.get(y % 2 ** k), upper.get(y >>> k))
  }

  /** h(0) and the coefficient of X² of h(X) = Σ eq(y)·summand. */
  const roundOf = (
    layer: Fractions,
    log: number,
    eq: EqFactors,
    summand: (values: readonly QM31[]) => QM31,
  ): readonly [QM31, QM31] => {
    const n = 2 ** (log - 1)
    const at = pairs(layer)
    const weight = weightsOf(eq, log - 1)
    let constant: QM31 = Q.ZERO
    let square: QM31 = Q.ZERO
    for (let y = 0; y < n; y++) {
      const [low, high] = [at(y), at(y + n)]
      const steps = low.map((f, k) => Q.sub(high[k], f))
      constant = Q.add(constant, Q.mul(weight(y), summand(low)))
      square = Q.add(square, Q.mul(weight(y), summand(steps)))
    }
    return [constant, square]
  }
  const joinedSummand = ([n0, n1, d0, d1]: readonly QM31[]): QM31 => Q.add(Q.mul(n0, d1), Q.mul(d0, n1))

  /** Binds bit log − 1; the numerators go to `to`, halves 2^toHalf words apart. */
  const bindTo = (layer: Fractions, log: number, challenge: QM31, to: Pointer, toHalf: number): Fractions => {
    const n = 2 ** (log - 1)
    const bound = { ...layer, numerators: to, numeratorHalf: toHalf, base: false }
    const bind = (from: Plane, fromHalf: number, into: Plane, intoHalf: number): void => {
      for (const k of [0, 1])
        for (let y = 0; y < n; y++) {
          const low = from.get(k * fromHalf + y)
          const step = Q.sub(from.get(k * fromHalf + y + n), low)
          into.set(k * intoHalf + y, Q.add(low, Q.mul(challenge, step)))
        }
    }
    bind(numeratorsOf(layer), 2 ** layer.numeratorHalf, numeratorsOf(bound), 2 ** toHalf)
    const denominators = denominatorsOf(layer)
    bind(denominators, 2 ** layer.denominatorHalf, denominators, 2 ** layer.denominatorHalf)
    return bound
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

    roundSquare: (layer, log, eq, lambda) =>
      roundOf(layer, log, eq, ([n0, n1, d0, d1]) =>
        joinedSummand([n0, Q.add(n1, Q.mul(lambda, d1)), d0, d1]),
      )[1],

    bindFirst(layer, log, challenge, lambda, eq, to) {
      const bound = layer.base
        ? bindTo(layer, log, challenge, to, log - 1)
        : bindTo(layer, log, challenge, layer.numerators, layer.numeratorHalf)
      const [n, d] = [numeratorsOf(bound), denominatorsOf(bound)]
      const [nHalf, dHalf] = [2 ** bound.numeratorHalf, 2 ** bound.denominatorHalf]
      for (let y = 0; y < 2 ** (log - 1); y++)
        n.set(nHalf + y, Q.add(n.get(nHalf + y), Q.mul(lambda, d.get(dHalf + y))))
      return roundOf(bound, log - 1, eq, joinedSummand)
    },

    bindNext(layer, log, challenge, eq) {
      const bound = bindTo(layer, log, challenge, layer.numerators, layer.numeratorHalf)
      return roundOf(bound, log - 1, eq, joinedSummand)
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
