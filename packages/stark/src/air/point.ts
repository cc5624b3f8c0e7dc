import * as M from '../field/m31.ts'
import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import type { Chip } from './chip.ts'
import { programOf } from './program.ts'
import type { Step } from './program.ts'

/** A chip's columns and challenges at one point. Each list in column order. */
export interface PointValues {
  readonly main: readonly QM31[]
  readonly preprocessed: readonly QM31[]
  /** One a group, recombined from its four limbs. */
  readonly interaction: readonly QM31[]
  /** In the order of `chip.prevColumns`, at the previous row. */
  readonly prev: readonly QM31[]
  /** The last group at the previous row. */
  readonly prevInteraction: QM31
  readonly publics: readonly number[]
  /** The first-row selector. */
  readonly first: QM31
  /** log2 of the chip's height. */
  readonly log: number
  readonly claim: QM31
  readonly z: QM31
  readonly alpha: QM31
}

/**
 * The values of all constraints of a chip, then of its groups, at a point: each zero on every row of an honest trace.
 * The weights of the composition are in the same order.
 *
 * Group g holds c_g = Σ n_i/d_i with d = z − Σ_j alpha^j·t_j (t_0 the bus id) and n the signed multiplicity. The last
 * one holds the running sum S in its place: c = S − S_prev − Σ_{g<last} c_g + claim/2^log (Haböck, ePrint 2022/1530).
 */
export function constraintsAtPoint(chip: Chip<never>, at: PointValues): QM31[] {
  const { steps, constraints, messages } = programOf(chip)
  const values: QM31[] = []
  for (const s of steps) {
    switch (s.kind) {
      case 'const':
        values.push(Q.fromBase(s.value))
        break
      case 'public':
        values.push(Q.fromBase(at.publics[s.index]))
        break
      case 'first':
        values.push(at.first)
        break
      case 'main':
        values.push(at.main[s.index])
        break
      case 'preprocessed':
        values.push(at.preprocessed[s.index])
        break
      case 'prev':
        values.push(at.prev[chip.prevColumns.indexOf(s.index)])
        break
      case 'add':
        values.push(Q.add(values[s.a], values[s.b]))
        break
      case 'sub':
        values.push(Q.sub(values[s.a], values[s.b]))
        break
      case 'mul':
        values.push(
          steps[s.a].kind === 'const' || steps[s.a].kind === 'public'
            ? Q.mulBase(values[s.b], values[s.a][0])
            : product(values[s.a], steps[s.b], values[s.b]),
        )
        break
    }
  }
  const powers = challengePowers(chip, at.alpha)
  const denominators = chip.messages.map(({ bus }, i) =>
    messages[i].tuple.reduce(
      (d, step, j) => Q.sub(d, product(powers[j + 1], steps[step], values[step])),
      Q.sub(at.z, Q.fromBase(bus.id)),
    ),
  )
  const numerators = chip.messages.map(({ sign }, i) => {
    const m = values[messages[i].multiplicity]
    return sign === 1 ? m : Q.neg(m)
  })
  const last = chip.groups.length - 1
  const share = Q.mulBase(at.claim, M.inv(M.pow(2, at.log)))
  const groups = chip.groups.map((group, g) =>
    groupConstraint(
      g < last
        ? at.interaction[g]
        : at.interaction
            .slice(0, last)
            .reduce(Q.sub, Q.add(Q.sub(at.interaction[last], at.prevInteraction), share)),
      group.map((i) => numerators[i]),
      group.map((i) => denominators[i]),
    ),
  )
  return [...constraints.map((step) => values[step]), ...groups]
}

/** c·Π d − Σ_i n_i·Π_{j≠i} d_j, zero exactly when c = Σ n_i/d_i, for one or two fractions with no d zero. */
export function groupConstraint(c: QM31, numerators: readonly QM31[], denominators: readonly QM31[]): QM31 {
  const [n0, n1] = numerators
  const [d0, d1] = denominators
  if (n1 === undefined) return Q.sub(Q.mul(c, d0), n0)
  const crossed = Q.add(Q.mul(n0, d1), Q.mul(n1, d0))
  return Q.sub(Q.mul(c, Q.mul(d0, d1)), crossed)
}

/** alpha^0 … alpha^(longest tuple). */
export function challengePowers(chip: Chip<never>, alpha: QM31): QM31[] {
  const powers: QM31[] = [Q.ONE]
  const longest = chip.messages.reduce((n, m) => Math.max(n, m.tuple.length), 0)
  for (let j = 1; j <= longest; j++) powers.push(Q.mul(powers[j - 1], alpha))
  return powers
}

/** x·y, cheaper when y's step is of the base field. */
const product = (x: QM31, step: Step, y: QM31): QM31 =>
  step.kind === 'const' || step.kind === 'public' ? Q.mulBase(x, y[0]) : Q.mul(x, y)
