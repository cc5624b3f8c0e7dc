import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'

/** A fraction of QM31, or a claim on the multilinear extensions of a layer's numerators and denominators. */
export interface Fraction {
  readonly numerator: QM31
  readonly denominator: QM31
}

/** The two fractions that make one of the layer above, at the point where a sumcheck ended. */
export interface Halves {
  readonly low: Fraction
  readonly high: Fraction
}

/** Where the leaves are claimed: a tree of 2^log leaves at (low_0, …, low_(log−2), top). */
export interface LeafPoint {
  readonly low: readonly QM31[]
  readonly top: QM31
}

export const one = (x: QM31): QM31 => Q.sub(Q.ONE, x)

/** eq(x, y) = x·y + (1 − x)·(1 − y) in one coordinate. */
export const eq = (x: QM31, y: QM31): QM31 => Q.add(Q.mul(x, y), Q.mul(one(x), one(y)))

/** The point between the values at 0 and 1. */
export const between = (low: QM31, high: QM31, at: QM31): QM31 => Q.add(low, Q.mul(at, Q.sub(high, low)))

/** Coefficients of a round's polynomial, constant first. */
export type Cubic = readonly [QM31, QM31, QM31, QM31]

export const cubicAt = ([c0, c1, c2, c3]: Cubic, x: QM31): QM31 =>
  Q.add(c0, Q.mul(x, Q.add(c1, Q.mul(x, Q.add(c2, Q.mul(x, c3))))))

/** The polynomial of which c0, c2 and c3 were sent, given its sum over 0 and 1. */
export const cubicOf = (claim: QM31, [c0, c2, c3]: readonly QM31[]): Cubic => [
  c0,
  Q.sub(Q.sub(claim, Q.add(c0, c0)), Q.add(c2, c3)),
  c2,
  c3,
]

/** n + lambda·d of a layer from the layer below: n₀·d₁ + n₁·d₀ + lambda·d₀·d₁. */
export const gate = ({ low, high }: Halves, lambda: QM31): QM31 =>
  Q.add(
    Q.mul(low.numerator, high.denominator),
    Q.mul(low.denominator, Q.add(high.numerator, Q.mul(lambda, high.denominator))),
  )

/** A claim n + lambda·d. */
export const combined = ({ numerator, denominator }: Fraction, lambda: QM31): QM31 =>
  Q.add(numerator, Q.mul(lambda, denominator))

/** The claim on the layer below that holds both halves at `top`. */
export const joined = ({ low, high }: Halves, top: QM31): Fraction => ({
  numerator: between(low.numerator, high.numerator, top),
  denominator: between(low.denominator, high.denominator, top),
})

/** lambda^0, lambda^2, lambda^4, …: one a tree, so that 2·trees claims have a power each. */
export function treeWeights(lambda: QM31, trees: number): QM31[] {
  const square = Q.square(lambda)
  const weights: QM31[] = []
  for (let t = 0; t < trees; t++) weights.push(t === 0 ? Q.ONE : Q.mul(weights[t - 1], square))
  return weights
}
