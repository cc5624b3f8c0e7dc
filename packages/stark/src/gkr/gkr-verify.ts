import { Rejection } from '../failure.ts'
import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import type { VerifierTranscript } from '../transcript.ts'
import type { FractionTree } from './forest.ts'
import { combined, cubicAt, cubicOf, eq, gate, joined, treeWeights } from './sumcheck.ts'
import type { Fraction, Halves, LeafPoint } from './sumcheck.ts'

/** What the trees' roots are claimed to be: one fraction a tree. */
export function receiveRoots(transcript: VerifierTranscript, trees: readonly FractionTree[]): Fraction[] {
  const values = transcript.receiveExtensions('fraction sums', 2 * trees.length)
  return trees.map((_, t) => ({ numerator: values[2 * t], denominator: values[2 * t + 1] }))
}

/**
 * Reduces claims on the roots to claims on the leaves, one a tree, layer by layer: a sumcheck over all trees together,
 * aligned at their leaves (Papini and Haböck, ePrint 2023/1283, §3). Twin of `gkrProve`. Rejects 'gkr/layer'.
 */
export function gkrVerify(
  transcript: VerifierTranscript,
  trees: readonly FractionTree[],
  roots: readonly Fraction[],
): { claims: readonly Fraction[]; point: LeafPoint } {
  const claims = roots.slice()
  const depth = trees[0].log
  let low: QM31[] = []
  let top: QM31 = Q.ZERO
  for (let layer = 0; layer < depth; layer++) {
    /** Variables of the layer of a tree; below 0 its root is not reached yet. */
    const variables = trees.map(({ log }) => layer - (depth - log))
    const lambda = transcript.drawExtension('gkr lambda')
    const weights = treeWeights(lambda, trees.length)
    const factors = weights.slice()
    const challenges: QM31[] = []
    let claim: QM31 = Q.ZERO
    const joining = (count: number): void => {
      variables.forEach((d, t) => {
        if (d === count) claim = Q.add(claim, Q.mul(weights[t], combined(claims[t], lambda)))
      })
    }
    for (let bit = layer - 1; bit >= 0; bit--) {
      joining(bit + 1)
      const round = cubicOf(claim, transcript.receiveExtensions('gkr round', 3))
      const challenge = transcript.drawExtension('gkr challenge')
      claim = cubicAt(round, challenge)
      challenges[bit] = challenge
      variables.forEach((d, t) => {
        if (d > bit) factors[t] = Q.mul(factors[t], eq(d === bit + 1 ? top : low[bit], challenge))
      })
    }
    joining(0)
    const present = trees.flatMap((_, t) => (variables[t] < 0 ? [] : [t]))
    const values = transcript.receiveExtensions('gkr values', 4 * present.length)
    const halves = present.map((_, i): Halves => ({
      low: { numerator: values[4 * i], denominator: values[4 * i + 1] },
      high: { numerator: values[4 * i + 2], denominator: values[4 * i + 3] },
    }))
    const expected = present.reduce(
      (sum, t, i) => Q.add(sum, Q.mul(factors[t], gate(halves[i], lambda))),
      Q.ZERO,
    )
    if (!Q.equals(claim, expected))
      throw new Rejection('gkr/layer', `layer ${layer}`, claim.join(' '), expected.join(' '))
    top = transcript.drawExtension('gkr half')
    low = challenges
    present.forEach((t, i) => {
      claims[t] = joined(halves[i], top)
    })
  }
  return { claims, point: { low, top } }
}
