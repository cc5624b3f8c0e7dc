import * as Q from '../../src/field/qm31.ts'
import type { QM31 } from '../../src/field/qm31.ts'
import { ProverTranscript } from '../../src/transcript.ts'

/** What a prover sends in the place of the honest elements: the `count`-th message of a label. */
export type Change = (label: string, count: number, elements: readonly QM31[]) => readonly QM31[]

/** Runs a prover that sends other field elements than it made, and goes on from what it sent. */
export async function whileSending<T>(change: Change, run: () => Promise<T>): Promise<T> {
  const send = ProverTranscript.prototype.sendExtensions
  const counts = new Map<string, number>()
  ProverTranscript.prototype.sendExtensions = function (label, elements) {
    const count = counts.get(label) ?? 0
    counts.set(label, count + 1)
    send.call(this, label, change(label, count, elements))
  }
  try {
    return await run()
  } finally {
    ProverTranscript.prototype.sendExtensions = send
  }
}

/** One tree's values at the end of a sumcheck: n0, d0, n1, d1. */
export type EndValues = readonly QM31[]

/** Other numerators whose sum of two fractions has the same numerator and denominator. */
export const otherNumerators = ([n0, d0, n1, d1]: EndValues): EndValues => [
  Q.add(n0, d0),
  d0,
  Q.sub(n1, d1),
  d1,
]

/** Other denominators of which that is true, where no numerator is 0. */
export const otherDenominators = ([n0, d0, n1, d1]: EndValues): EndValues => {
  const factor = Q.mul(Q.mul(n0, d1), Q.inv(Q.mul(n1, d0)))
  return [n0, Q.mul(d0, factor), n1, Q.mul(d1, Q.inv(factor))]
}

/** Exchanges the values of one tree, counted by falling depth, in the sumcheck of layer `layer`. */
export const exchanging =
  (layer: number, tree: number, exchange: (values: EndValues) => EndValues): Change =>
  (label, count, elements) =>
    label === 'gkr values' && count === layer
      ? elements.toSpliced(4 * tree, 4, ...exchange(elements.slice(4 * tree, 4 * tree + 4)))
      : elements
