import { fractionsAtPoint } from '../air/point.ts'
import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import type { PlacedChip } from '../layout.ts'
import type { FractionTree } from './forest.ts'
import { one } from './sumcheck.ts'
import type { Fraction, LeafPoint } from './sumcheck.ts'

/** What a leaf claim is made of: the multilinear extensions of all columns at the rows' coordinates. */
export interface ColumnClaims {
  /** One list a present chip: main columns, then preprocessed ones. */
  readonly values: readonly (readonly QM31[])[]
  readonly publics: readonly number[]
  readonly z: QM31
  readonly alpha: QM31
}

/** How many columns are claimed of each chip. */
export const claimedColumns = ({ chip }: Pick<PlacedChip, 'chip'>): number =>
  chip.columns.length + (chip.preprocessed?.columns.length ?? 0)

/**
 * The multilinear extensions of each tree's leaves at the point, from those of the columns: multiplicities and tuples are
 * linear in the columns, so a message's fraction at a point is its expression of the columns there. Leaves that are not
 * there are 0/1.
 */
export function leafClaims(
  chips: readonly PlacedChip[],
  trees: readonly FractionTree[],
  { low, top }: LeafPoint,
  { values, publics, z, alpha }: ColumnClaims,
): Fraction[] {
  const fractions = chips.map(({ chip, log }, i) =>
    fractionsAtPoint(chip, {
      main: values[i].slice(0, chip.columns.length),
      preprocessed: values[i].slice(chip.columns.length),
      publics,
      // The row 0 of the cube.
      first: low.slice(0, log).reduce<QM31>((product, r) => Q.mul(product, one(r)), Q.ONE),
      z,
      alpha,
      coordinates: low.slice(0, log),
    }),
  )
  return trees.map((tree) => {
    const weightOf = blockWeights([...low.slice(0, tree.log - 1), top])
    let numerator: QM31 = Q.ZERO
    let denominator: QM31 = Q.ONE
    for (const { chip, message, log, offset } of tree.blocks) {
      const weight = weightOf(log, offset / 2 ** log)
      const fraction = fractions[chip][message]
      numerator = Q.add(numerator, Q.mul(weight, fraction.numerator))
      denominator = Q.add(denominator, Q.mul(weight, Q.sub(fraction.denominator, Q.ONE)))
    }
    return { numerator, denominator }
  })
}

/**
 * eq of the coordinates from `log` on and the bits of `index`, which all leaves of a block share. Blocks that lie together
 * share most of the product, so each prefix is worked out once.
 */
function blockWeights(point: readonly QM31[]): (log: number, index: number) => QM31 {
  const known = new Map<string, QM31>()
  const weightOf = (log: number, index: number): QM31 => {
    if (log === point.length) return Q.ONE
    const key = `${log} ${index}`
    let weight = known.get(key)
    if (weight === undefined) {
      const factor = index % 2 === 1 ? point[log] : one(point[log])
      weight = Q.mul(weightOf(log + 1, Math.floor(index / 2)), factor)
      known.set(key, weight)
    }
    return weight
  }
  return weightOf
}
