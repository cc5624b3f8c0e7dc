import { describe, expect, it } from 'vitest'
import * as Q from '../src/field/qm31.ts'
import type { QM31 } from '../src/field/qm31.ts'
import { fractionForest } from '../src/gkr/forest.ts'
import { claimedColumns, leafClaims } from '../src/gkr/leaf-claims.ts'
import { fractionLeaves } from '../src/gkr/leaves.ts'
import type { LeafPoint } from '../src/gkr/sumcheck.ts'
import { createKernels } from '../src/kernels/create.ts'
import type { Pointer } from '../src/kernels/kernels.ts'
import { layoutOf } from '../src/layout.ts'
import type { Layout, PlacedChip } from '../src/layout.ts'
import { pacer } from '../src/progress.ts'
import { sumcheckErrors } from '../src/profiles.ts'
import { randomChip, randomNumbers, randomRows } from './air-random.ts'
import { toy, toyAir } from './helpers/toy.ts'

const kernels = await createKernels({ kind: 'reference' })

/** The multilinear extension at a point, bit t of an index belonging to coordinate t. */
const extensionAt = (values: readonly QM31[], point: readonly QM31[]): QM31 =>
  point.reduce<readonly QM31[]>(
    (v, p) =>
      Array.from({ length: v.length / 2 }, (_, i) =>
        Q.add(v[2 * i], Q.mul(p, Q.sub(v[2 * i + 1], v[2 * i]))),
      ),
    values,
  )[0]

describe('the leaves of the fraction trees', () => {
  it.each([[[3]], [[4, 4, 2]], [[1, 5, 3, 3]], [[6, 2, 1, 4, 5]]])(
    'of chips of heights %j have the extensions that the verifier makes of those of the columns',
    async (logs) => {
      const random = randomNumbers(logs.length)
      const [z, alpha] = [random.extension(), random.extension()]
      const publics = [random.element(), random.element()]
      const samples = { main: 0, preprocessed: 0, prev: 0 }
      const chips = logs.map((log, index): PlacedChip => ({
        chip: randomChip(index + 1, { messages: 1 + 2 * index }),
        index,
        log,
        samples,
      }))
      const forest = fractionForest(chips)
      const columns = chips.map(({ chip, log, index }) => {
        const { main, preprocessed } = randomRows(chip, log, index)
        return [...main, ...preprocessed].map((values): Pointer => {
          const pointer = kernels.alloc(2 ** log)
          kernels.words(pointer, 2 ** log).set(values)
          return pointer
        })
      })
      const layout = { chips, forest } as unknown as Layout
      const pace = pacer(undefined, undefined)
      const columnsOf = ({ index }: PlacedChip): Pointer[] => columns[index]
      const leaves = await fractionLeaves(kernels, layout, publics, columnsOf, { z, alpha }, pace)

      const point: LeafPoint = {
        low: Array.from({ length: forest[0].log - 1 }, random.extension),
        top: random.extension(),
      }
      const values = chips.map(({ log, index }) =>
        columns[index].map((p) =>
          extensionAt(Array.from(kernels.words(p, 2 ** log), Q.fromBase), point.low.slice(0, log)),
        ),
      )
      chips.forEach((placed, i) => expect(claimedColumns(placed)).toBe(values[i].length))
      const claims = leafClaims(chips, forest, point, { values, publics, z, alpha })
      const expected = leaves.map(({ log, numerators, denominators }) => {
        const size = 2 ** log
        const own = [...point.low.slice(0, log - 1), point.top]
        const limbs = kernels.words(denominators, 4 * size)
        return {
          numerator: extensionAt(Array.from(kernels.words(numerators, size), Q.fromBase), own),
          denominator: extensionAt(
            Array.from({ length: size }, (_, i): QM31 => [
              limbs[i],
              limbs[size + i],
              limbs[2 * size + i],
              limbs[3 * size + i],
            ]),
            own,
          ),
        }
      })
      expect(claims).toEqual(expected)
    },
  )
})

describe('the shape that the report is about', () => {
  it('counts the constraints on sums, the samples of both points, the leaves and the rounds of the trees', () => {
    const t = toy(kernels)
    const logs = [5, 7, 6, 8, 4]
    const { samples, security, forest, heights } = layoutOf(t.vk, t.statement, [...logs, 0])
    const chips = toyAir.chips.slice(0, logs.length)
    const count = (of: (chip: (typeof chips)[number], i: number) => number): number =>
      chips.reduce((sum, chip, i) => sum + of(chip, i), 0)
    expect(heights.map((h) => h.log)).toEqual([4, 5, 6, 7, 8])
    // E and S, four limbs each, at two points; the composition's eight.
    const opened = count(
      (c) => c.columns.length + (c.preprocessed?.columns.length ?? 0) + c.prevColumns.length,
    )
    expect(samples).toHaveLength(opened + heights.length * 16 + 8)
    expect(security.shape).toMatchObject({
      logHeight: 8,
      constraints: count((c) => c.constraints.length) + 4 * heights.length,
      batchTerms: samples.length,
      logupTerms: count((c, i) => c.messages.length * 2 ** logs[i]) + t.statement.publicTerms.count,
      sumcheckErrors: sumcheckErrors(forest.map((tree) => tree.log)),
      tupleWidth: 4,
    })
  })
})
