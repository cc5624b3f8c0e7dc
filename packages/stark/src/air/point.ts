import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import * as M from '../field/m31.ts'
import type { Chip } from './chip.ts'
import type { RowPolynomial } from './expr.ts'
import { programOf } from './program.ts'
import type { Step } from './program.ts'

/** A chip's columns at one point. Each list in column order. */
export interface PointValues {
  readonly main: readonly QM31[]
  readonly preprocessed: readonly QM31[]
  readonly publics: readonly number[]
  /** The first-row selector. */
  readonly first: QM31
}

/**
 * The values of all constraints of a chip at a point: each zero on every row of an honest trace. `prev`: in the order of
 * `chip.prevColumns`, at the previous row.
 */
export function constraintsAtPoint(
  chip: Chip<never>,
  at: PointValues & { readonly prev: readonly QM31[] },
): QM31[] {
  const { steps, constraints } = programOf(chip)
  const values = stepValues(steps, at, (index) => at.prev[chip.prevColumns.indexOf(index)])
  return constraints.map(values)
}

/**
 * The fractions of a chip's messages: the signed multiplicity over d = z − Σ_j alpha^j·t_j, t_0 the bus id (Haböck,
 * ePrint 2022/1530). `at` may be a point of the circle or of the cube: both expressions are linear in the columns.
 */
export function fractionsAtPoint(
  chip: Chip<never>,
  at: PointValues & {
    readonly z: QM31
    readonly alpha: QM31
    /** The point of the cube, one coordinate a bit of the row's index. Only row polynomials ask for it. */
    readonly coordinates?: readonly QM31[]
  },
): { numerator: QM31; denominator: QM31 }[] {
  const { steps, messages } = programOf(chip)
  const previous = (): never => {
    throw new RangeError(`${chip.name}: a message reads the previous row`)
  }
  const values = stepValues(steps, at, previous, at.coordinates)
  const powers = challengePowers(chip, at.alpha)
  return chip.messages.map(({ bus, sign }, i) => {
    const { multiplicity, tuple } = messages[i]
    const numerator = values(multiplicity)
    return {
      numerator: sign === 1 ? numerator : Q.neg(numerator),
      denominator: tuple.reduce(
        (d, step, j) => Q.sub(d, product(powers[j + 1], steps[step], values(step))),
        Q.sub(at.z, Q.fromBase(bus.id)),
      ),
    }
  })
}

/** The value of a step at a point, each worked out once. */
function stepValues(
  steps: readonly Step[],
  at: PointValues,
  previous: (index: number) => QM31,
  coordinates: readonly QM31[] = [],
): (step: number) => QM31 {
  const known: (QM31 | undefined)[] = []
  const build = (s: Step): QM31 => {
    switch (s.kind) {
      case 'const':
        return Q.fromBase(s.value)
      case 'public':
        return Q.fromBase(at.publics[s.index])
      case 'first':
        return at.first
      case 'main':
        return at.main[s.index]
      case 'preprocessed':
        return at.preprocessed[s.index]
      case 'prev':
        return previous(s.index)
      case 'row':
        return rowExtension(s.terms, coordinates)
      case 'add':
        return Q.add(value(s.a), value(s.b))
      case 'sub':
        return Q.sub(value(s.a), value(s.b))
      case 'mul':
        return isBase(steps[s.a])
          ? Q.mulBase(value(s.b), value(s.a)[0])
          : product(value(s.a), steps[s.b], value(s.b))
    }
  }
  const value = (step: number): QM31 => (known[step] ??= build(steps[step]))
  return value
}

/** The multilinear extension of a row polynomial. Throws a RangeError where a coordinate is missing. */
function rowExtension(terms: RowPolynomial, coordinates: readonly QM31[]): QM31 {
  return terms.reduce<QM31>((sum, { coefficient, bits }) => {
    if (bits.some((bit) => coordinates[bit] === undefined))
      throw new RangeError('a row polynomial has no value here')
    const product = bits.reduce<QM31>((p, bit) => Q.mul(p, coordinates[bit]), Q.ONE)
    return Q.add(sum, Q.mulBase(product, M.fromInteger(coefficient)))
  }, Q.ZERO)
}

/** alpha^0 … alpha^(longest tuple). */
export function challengePowers(chip: Chip<never>, alpha: QM31): QM31[] {
  const powers: QM31[] = [Q.ONE]
  const longest = chip.messages.reduce((n, m) => Math.max(n, m.tuple.length), 0)
  for (let j = 1; j <= longest; j++) powers.push(Q.mul(powers[j - 1], alpha))
  return powers
}

const isBase = (step: Step): boolean => step.kind === 'const' || step.kind === 'public'

/** x·y, cheaper when y's step is of the base field. */
const product = (x: QM31, step: Step, y: QM31): QM31 => (isBase(step) ? Q.mulBase(x, y[0]) : Q.mul(x, y))
