import { constraintsAtPoint } from './air/point.ts'
import { vanishing } from './field/circle.ts'
import * as M from './field/m31.ts'
import * as Q from './field/qm31.ts'
import type { QM31 } from './field/qm31.ts'
import type { OodPoints } from './deep.ts'
import { ratioAt, rowSelectors } from './gkr/eq-column.ts'
import type { EqColumn } from './gkr/eq-column.ts'
import { claimedColumns } from './gkr/leaf-claims.ts'
import { sumWeights } from './layout.ts'
import type { Layout, PlacedChip, StarkStatement } from './layout.ts'
import type { Transcript } from './transcript.ts'

/** What was drawn and claimed before the out-of-domain point. */
export interface Challenges {
  /** The multilinear extensions of a present chip's columns at r, one list a chip: main, then preprocessed. */
  readonly columnClaims: readonly (readonly QM31[])[]
  /** What each of them is multiplied with in S. */
  readonly columnWeights: readonly (readonly QM31[])[]
  /** `eqColumns(r)` */
  readonly eqColumns: readonly EqColumn[]
  /** Composition weights. */
  readonly weights: readonly QM31[]
}

/** One list a present chip, as long as its claimed columns, out of one list over all. */
export function byChip<T>(chips: readonly Pick<PlacedChip, 'chip'>[], all: readonly T[]): T[][] {
  let next = 0
  return chips.map((placed) => {
    const count = claimedColumns(placed)
    next += count
    return all.slice(next - count, next)
  })
}

/** The 2^log-th part of what S adds up to over the chips of a height: Σ weight·claim / 2^log. */
export function sumShare(
  layout: Layout,
  height: number,
  drawn: Pick<Challenges, 'columnClaims' | 'columnWeights'>,
): QM31 {
  const { log } = layout.heights[height]
  const total = layout.chips.reduce<QM31>(
    (sum, chip, i) =>
      chip.log === log ? Q.add(sum, dot(drawn.columnWeights[i], drawn.columnClaims[i])) : sum,
    Q.ZERO,
  )
  return Q.mulBase(total, M.inv(M.pow(2, log)))
}

const dot = (x: readonly QM31[], y: readonly QM31[]): QM31 =>
  x.reduce<QM31>((sum, a, i) => Q.add(sum, Q.mul(a, y[i])), Q.ZERO)

/** The value of a QM31-valued column from those of its four limb columns at a point outside the base field. */
const recombine = (sampled: readonly QM31[], start: number): QM31 =>
  Q.UNITS.reduce((sum, unit, l) => Q.add(sum, Q.mul(sampled[start + l], unit)), Q.ZERO)

/** Both sides of the composition identity at P: Σ weight·constraint over all chips and heights, and v_n·composition. */
export function compositionSides(
  layout: Layout,
  statement: StarkStatement,
  points: OodPoints,
  sampled: readonly QM31[],
  drawn: Challenges,
): { constraints: QM31; composition: QM31 } {
  const { weights } = drawn
  const selectors = rowSelectors(points[0], layout.n)
  let constraints: QM31 = Q.ZERO
  let next = 0
  const combinations = layout.heights.map(() => Q.ZERO)
  layout.chips.forEach(({ chip, log, samples }, i) => {
    const take = (start: number, count: number): readonly QM31[] => sampled.slice(start, start + count)
    const main = take(samples.main, chip.columns.length)
    const preprocessed = take(samples.preprocessed, chip.preprocessed?.columns.length ?? 0)
    const values = constraintsAtPoint(chip, {
      main,
      preprocessed,
      prev: take(samples.prev, chip.prevColumns.length),
      publics: statement.publics,
      first: selectors.first[log],
    })
    for (const value of values) constraints = Q.add(constraints, Q.mul(weights[next++], value))
    const height = layout.heights.findIndex((h) => h.log === log)
    combinations[height] = Q.add(
      combinations[height],
      dot(drawn.columnWeights[i], [...main, ...preprocessed]),
    )
  })
  layout.heights.forEach(({ log, samples }, h) => {
    const eqColumn = drawn.eqColumns[log]
    const first = selectors.first[log]
    const [e, s] = [recombine(sampled, samples.sums), recombine(sampled, samples.sums + 4)]
    const [ePrev, sPrev] = [recombine(sampled, samples.prevSums), recombine(sampled, samples.prevSums + 4)]
    const values = [
      Q.mul(first, Q.sub(e, eqColumn.start)),
      Q.sub(e, Q.mul(ePrev, ratioAt(eqColumn, selectors))),
      Q.add(Q.sub(Q.sub(s, sPrev), Q.mul(e, combinations[h])), sumShare(layout, h, drawn)),
      Q.mul(first, sPrev),
    ]
    values.forEach((value, j) => {
      constraints = Q.add(constraints, Q.mul(weights[sumWeights(layout, h) + j], value))
    })
  })
  const v = vanishing(points[0], layout.n)
  const left = recombine(sampled, layout.compositionSample)
  const right = recombine(sampled, layout.compositionSample + 4)
  return { constraints, composition: Q.mul(v, Q.add(left, Q.mul(v, right))) }
}

/** One weight a claimed column. */
export const drawColumnWeights = (transcript: Transcript, { chips }: Layout): QM31[][] =>
  byChip(
    chips,
    transcript.drawExtensions(
      'column weights',
      chips.reduce((sum, chip) => sum + claimedColumns(chip), 0),
    ),
  )
