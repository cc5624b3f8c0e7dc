import { describe, expect, it } from 'vitest'
import { Expr } from '../src/air/expr.ts'
import { constraintsAtPoint, fractionsAtPoint } from '../src/air/point.ts'
import {
  addBasePoint,
  doubleTimes,
  firstRowSelector,
  negate,
  subgroupGenerator,
  vanishing,
} from '../src/field/circle.ts'
import type { ExtensionPoint } from '../src/field/circle.ts'
import * as M from '../src/field/m31.ts'
import * as Q from '../src/field/qm31.ts'
import type { QM31 } from '../src/field/qm31.ts'
import { referenceChip } from '../src/kernels/chip-reference.ts'
import { pointAt } from '../src/kernels/positions.ts'
import { referenceKernels } from '../src/kernels/reference.ts'
import { randomChip, randomNumbers, randomRows } from './air-random.ts'

/** A point of the circle over QM31: ((1 − t²)/(1 + t²), 2t/(1 + t²)). */
function extensionPoint(t: QM31): ExtensionPoint {
  const s = Q.square(t)
  const k = Q.inv(Q.add(Q.ONE, s))
  return { x: Q.mul(Q.sub(Q.ONE, s), k), y: Q.mul(Q.add(t, t), k) }
}

const UNITS: readonly QM31[] = [
  [1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, 0, 1, 0],
  [0, 0, 0, 1],
]
const recombine = (limbs: readonly QM31[]): QM31 =>
  limbs.reduce((sum, v, l) => Q.add(sum, Q.mul(v, UNITS[l])), Q.ZERO)

/** Proves a chip up to the composition polynomial and compares it with the constraints at a random point. */
function identity(seed: number, log: number, logBlowup: number, lift: number): [QM31, QM31] {
  const kernels = referenceKernels()
  const source = randomChip(seed)
  const rows = randomRows(source, log, seed)
  const random = randomNumbers(seed + 1000)
  const height = 2 ** log
  const column = (values: Uint32Array): number => {
    const pointer = kernels.alloc(height)
    kernels.words(pointer, height).set(values)
    return pointer
  }
  const natural = {
    main: rows.main.map(column),
    preprocessed: rows.preprocessed.map(column),
    publics: rows.publics,
  }
  const compiled = referenceChip(source, kernels)
  const extend = (pointers: readonly number[]): { coefficients: number; extended: number }[] =>
    pointers.map((values) => {
      const [coefficients, extended] = [kernels.alloc(height), kernels.alloc(height << logBlowup)]
      kernels.extendColumn(values, coefficients, extended, log, logBlowup)
      return { coefficients, extended }
    })
  const [main, preprocessed] = [natural.main, natural.preprocessed].map(extend)
  const weights = source.constraints.map(random.extension)
  const count = 2 * height
  const planes = kernels.alloc(4 * count)
  const inverse = (half: number): number => M.inv(pointAt(2 * half, logBlowup + 1).x)
  compiled.constraints(
    {
      main: main.map((c) => c.extended),
      preprocessed: preprocessed.map((c) => c.extended),
      publics: rows.publics,
      prev: kernels.prevPositions(log, logBlowup, count),
      first: kernels.firstSelector(log, logBlowup, count),
    },
    log,
    weights,
    [inverse(0), inverse(1)],
    planes,
  )

  const P = extensionPoint(random.extension())
  const lifted = doubleTimes(P, lift)
  const before = addBasePoint(lifted, negate(subgroupGenerator(log)))
  const at = (pointers: readonly number[], point: ExtensionPoint, size: number): QM31[] => {
    const basis = kernels.alloc(4 * 2 ** size)
    kernels.basisAt(point, size, basis)
    return kernels.dotProducts(pointers, size, basis)
  }
  const coefficients = (columns: readonly { coefficients: number }[]): number[] =>
    columns.map((c) => c.coefficients)
  const quotientPlanes = UNITS.map((_, l) => planes + 4 * l * count)
  for (const plane of quotientPlanes) kernels.interpolate(plane, log + 1, log + logBlowup)
  const quotient = recombine(at(quotientPlanes, lifted, log + 1))
  const values = constraintsAtPoint(source, {
    main: at(coefficients(main), lifted, log),
    preprocessed: at(coefficients(preprocessed), lifted, log),
    prev: at(coefficients(main), before, log).filter((_, i) => source.prevColumns.includes(i)),
    publics: rows.publics,
    first: firstRowSelector(lifted, log),
  })
  expect(values).toHaveLength(weights.length)
  const constraints = values.reduce((sum, v, j) => Q.add(sum, Q.mul(v, weights[j])), Q.ZERO)
  return [constraints, Q.mul(quotient, vanishing(lifted, log))]
}

describe('constraints at a point', () => {
  it('equal the quotient times the vanishing polynomial', () => {
    for (const [seed, log, logBlowup, lift] of [
      [1, 4, 1, 0],
      [2, 4, 2, 0],
      [3, 5, 1, 3],
      [4, 3, 3, 1],
      [5, 4, 1, 2],
    ]) {
      const [constraints, composition] = identity(seed, log, logBlowup, lift)
      expect(constraints, `seed ${seed}`).toEqual(composition)
    }
  })

  it('takes less than a millisecond a chip', () => {
    const source = randomChip(11, { derived: 50, messages: 16 })
    const { extension } = randomNumbers(12)
    const list = (n: number): QM31[] => Array.from({ length: n }, extension)
    const values = {
      main: list(source.columns.length),
      preprocessed: list(2),
      prev: list(source.prevColumns.length),
      publics: [1, 2],
      first: extension(),
    }
    let best = Infinity
    for (let i = 0; i < 20; i++) {
      const start = performance.now()
      for (let k = 0; k < 30; k++) constraintsAtPoint(source, values)
      best = Math.min(best, performance.now() - start)
    }
    expect(best).toBeLessThan(30)
  })
})

/** The multilinear extension of a column at a point, bit t of a row's index belonging to coordinate t. */
const extensionAt = (column: readonly QM31[], point: readonly QM31[]): QM31 =>
  column.reduce<QM31>((sum, value, row) => {
    const eq = point.reduce<QM31>((e, r, t) => Q.mul(e, (row >>> t) % 2 === 1 ? r : Q.sub(Q.ONE, r)), Q.ONE)
    return Q.add(sum, Q.mul(eq, value))
  }, Q.ZERO)

describe('fractions at a point', () => {
  it('of the cube are the extensions of the fractions of the rows', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const log = 1 + (seed % 4)
      const source = randomChip(seed)
      const { main, preprocessed, publics } = randomRows(source, log, seed)
      const { extension } = randomNumbers(seed + 50)
      const [z, alpha] = [extension(), extension()]
      const point = Array.from({ length: log }, extension)
      const rows = Array.from({ length: 2 ** log }, (_, row) =>
        fractionsAtPoint(source, {
          main: main.map((c) => Q.fromBase(c[row])),
          preprocessed: preprocessed.map((c) => Q.fromBase(c[row])),
          publics,
          first: row === 0 ? Q.ONE : Q.ZERO,
          z,
          alpha,
        }),
      )
      const at = (column: Uint32Array): QM31 => extensionAt(Array.from(column, Q.fromBase), point)
      const claimed = fractionsAtPoint(source, {
        main: main.map(at),
        preprocessed: preprocessed.map(at),
        publics,
        first: extensionAt([Q.ONE], point),
        z,
        alpha,
      })
      claimed.forEach(({ numerator, denominator }, m) => {
        const part = (of: (f: { numerator: QM31; denominator: QM31 }) => QM31): QM31 =>
          extensionAt(
            rows.map((fractions) => of(fractions[m])),
            point,
          )
        expect(numerator).toEqual(part((f) => f.numerator))
        expect(denominator).toEqual(part((f) => f.denominator))
      })
    }
  })

  it('refuse a message that reads the row before', () => {
    const source = randomChip(1)
    const before = new Expr({ kind: 'column', tree: 'main', index: 0, name: 'f0', prev: true })
    const bad = { ...source, messages: [{ ...source.messages[0], multiplicity: before }] }
    const zeros = (n: number): QM31[] => Array.from({ length: n }, () => Q.ZERO)
    const at = {
      main: zeros(20),
      preprocessed: zeros(2),
      publics: [0, 0],
      first: Q.ZERO,
      z: Q.ONE,
      alpha: Q.ONE,
    }
    expect(() => fractionsAtPoint(bad, at)).toThrow('a message reads the previous row')
  })
})
