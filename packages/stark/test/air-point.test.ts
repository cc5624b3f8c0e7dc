import { describe, expect, it } from 'vitest'
import { constraintsAtPoint, groupConstraint } from '../src/air/point.ts'
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
  const [z, alpha] = [random.extension(), random.extension()]
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
  const interaction = Array.from({ length: 4 * source.groups.length }, () => kernels.alloc(height))
  const compiled = referenceChip(source, kernels)
  const claim = compiled.interaction(natural, log, z, alpha, interaction)
  const last = interaction.slice(-4).map((p) => kernels.words(p, height)[height - 1])
  expect(last).toEqual([0, 0, 0, 0])

  const extend = (pointers: readonly number[]): { coefficients: number; extended: number }[] =>
    pointers.map((values) => {
      const [coefficients, extended] = [kernels.alloc(height), kernels.alloc(height << logBlowup)]
      kernels.extendColumn(values, coefficients, extended, log, logBlowup)
      return { coefficients, extended }
    })
  const [main, preprocessed, inter] = [natural.main, natural.preprocessed, interaction].map(extend)
  const weights = Array.from({ length: source.constraints.length + source.groups.length }, random.extension)
  const count = 2 * height
  const planes = kernels.alloc(4 * count)
  const inverse = (half: number): number => M.inv(pointAt(2 * half, logBlowup + 1).x)
  compiled.constraints(
    {
      main: main.map((c) => c.extended),
      preprocessed: preprocessed.map((c) => c.extended),
      interaction: inter.map((c) => c.extended),
      publics: rows.publics,
      prev: kernels.prevPositions(log, logBlowup, count),
      first: kernels.firstSelector(log, logBlowup, count),
    },
    log,
    { z, alpha, claim, weights },
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
  const limbs = at(coefficients(inter), lifted, log)
  const values = constraintsAtPoint(source, {
    main: at(coefficients(main), lifted, log),
    preprocessed: at(coefficients(preprocessed), lifted, log),
    interaction: source.groups.map((_, g) => recombine(limbs.slice(4 * g, 4 * g + 4))),
    prev: at(coefficients(main), before, log).filter((_, i) => source.prevColumns.includes(i)),
    prevInteraction: recombine(at(coefficients(inter.slice(-4)), before, log)),
    publics: rows.publics,
    first: firstRowSelector(lifted, log),
    log,
    claim,
    z,
    alpha,
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

  it('a group constraint is zero exactly at the sum of its fractions', () => {
    const { extension } = randomNumbers(9)
    const [n0, n1, d0, d1] = [extension(), extension(), extension(), extension()]
    const one = Q.mul(n0, Q.inv(d0))
    const two = Q.add(one, Q.mul(n1, Q.inv(d1)))
    expect(groupConstraint(one, [n0], [d0])).toEqual(Q.ZERO)
    expect(groupConstraint(two, [n0, n1], [d0, d1])).toEqual(Q.ZERO)
    expect(groupConstraint(one, [n0, n1], [d0, d1])).not.toEqual(Q.ZERO)
    expect(groupConstraint(two, [n0], [d0])).not.toEqual(Q.ZERO)
  })

  it('takes less than a millisecond a chip', () => {
    const source = randomChip(11, { derived: 50, messages: 16 })
    const { extension } = randomNumbers(12)
    const list = (n: number): QM31[] => Array.from({ length: n }, extension)
    const values = {
      main: list(source.columns.length),
      preprocessed: list(2),
      interaction: list(source.groups.length),
      prev: list(source.prevColumns.length),
      prevInteraction: extension(),
      publics: [1, 2],
      first: extension(),
      log: 10,
      claim: extension(),
      z: extension(),
      alpha: extension(),
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
