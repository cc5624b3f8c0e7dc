import { constraintsAtPoint } from './air/point.ts'
import { doubleTimes, firstRowSelector, vanishing } from './field/circle.ts'
import * as Q from './field/qm31.ts'
import type { QM31 } from './field/qm31.ts'
import type { OodPoints } from './deep.ts'
import { boundaryWeight } from './layout.ts'
import type { Layout, StarkStatement } from './layout.ts'

/** What was drawn and claimed before the out-of-domain point. `claims`: one a present chip. */
export interface Challenges {
  readonly z: QM31
  readonly alpha: QM31
  readonly claims: readonly QM31[]
  readonly weights: readonly QM31[]
}

/** The value of a QM31-valued column from those of its four limb columns at a point outside the base field. */
const recombine = (sampled: readonly QM31[], start: number): QM31 =>
  Q.UNITS.reduce((sum, unit, l) => Q.add(sum, Q.mul(sampled[start + l], unit)), Q.ZERO)

/** Both sides of the composition identity at P: Σ weight·constraint over all chips, and v_n·composition. */
export function compositionSides(
  layout: Layout,
  statement: StarkStatement,
  points: OodPoints,
  sampled: readonly QM31[],
  { z, alpha, claims, weights }: Challenges,
): { constraints: QM31; composition: QM31 } {
  let constraints: QM31 = Q.ZERO
  let next = 0
  layout.chips.forEach(({ chip, log, samples }, i) => {
    const take = (start: number, count: number): readonly QM31[] => sampled.slice(start, start + count)
    const first = firstRowSelector(doubleTimes(points[0], layout.n - log), log)
    const prevInteraction = recombine(sampled, samples.prevInteraction)
    const values = constraintsAtPoint(chip, {
      main: take(samples.main, chip.columns.length),
      preprocessed: take(samples.preprocessed, chip.preprocessed?.columns.length ?? 0),
      interaction: chip.groups.map((_, g) => recombine(sampled, samples.interaction + 4 * g)),
      prev: take(samples.prev, chip.prevColumns.length),
      prevInteraction,
      publics: statement.publics,
      first,
      log,
      claim: claims[i],
      z,
      alpha,
    })
    for (const value of values) constraints = Q.add(constraints, Q.mul(weights[next++], value))
    const boundary = Q.mul(first, prevInteraction)
    constraints = Q.add(constraints, Q.mul(weights[boundaryWeight(layout, i)], boundary))
  })
  const v = vanishing(points[0], layout.n)
  const left = recombine(sampled, layout.compositionSample)
  const right = recombine(sampled, layout.compositionSample + 4)
  return { constraints, composition: Q.mul(v, Q.add(left, Q.mul(v, right))) }
}
