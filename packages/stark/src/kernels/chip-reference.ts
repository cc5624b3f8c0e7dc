import type { Chip } from '../air/chip.ts'
import { challengePowers } from '../air/point.ts'
import { programOf, rowEvaluator } from '../air/program.ts'
import * as M from '../field/m31.ts'
import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import type { ChipColumns, ChipKernels, Kernels, Pointer } from './kernels.ts'

/** The chip kernels as plain interpretation: what the compiled ones are tested against. */
export function referenceChip(chip: Chip<never>, kernels: Kernels): ChipKernels {
  const program = programOf(chip)

  const evaluator = (
    columns: ChipColumns,
    length: number,
    previous: (row: number) => number,
    first: (row: number) => number,
  ): ((row: number) => Float64Array) => {
    const views = (pointers: readonly Pointer[]): Uint32Array[] =>
      pointers.map((p) => kernels.words(p, length))
    return rowEvaluator(program.steps, {
      main: views(columns.main),
      preprocessed: views(columns.preprocessed),
      publics: columns.publics,
      previous,
      first,
    })
  }
  const natural = (columns: ChipColumns, length: number): ((row: number) => Float64Array) =>
    evaluator(
      columns,
      length,
      (row) => (row === 0 ? length - 1 : row - 1),
      (row) => (row === 0 ? 1 : 0),
    )

  return {
    count(columns, rows, counts) {
      const counted = chip.messages.flatMap(({ name, sign, bus }, i) => {
        const table = bus.table
        const into = sign === -1 && table !== undefined ? counts(bus.name) : undefined
        return table === undefined || into === undefined
          ? []
          : [{ name, table, into, ...program.messages[i] }]
      })
      const valuesOf = natural(columns, rows)
      for (let row = 0; row < rows; row++) {
        const values = valuesOf(row)
        for (const { name, table, into, multiplicity, tuple } of counted) {
          const m = values[multiplicity]
          if (m === 0) continue
          const key = table.key.reduce((sum, k, j) => sum + k * values[tuple[j]], 0)
          const slot = Math.floor(key / 2 ** table.shift) - into.base
          if (!(slot >= 0 && slot < into.slots))
            throw new RangeError(`${chip.name}.${name}: row ${row} looks up slot ${slot} of ${into.slots}`)
          const cell = kernels.words(into.pointer + 4 * slot, 1)
          cell[0] = M.add(cell[0], m)
        }
      }
    },

    fractions(columns, log, z, alpha, targets) {
      const height = 2 ** log
      const valuesOf = natural(columns, height)
      const powers = challengePowers(chip, alpha)
      const leaves = targets.map(({ numerators, denominators, planeWords }) => ({
        numerators: kernels.words(numerators, height),
        denominators: Q.UNITS.map((_, l) => kernels.words(denominators + 4 * l * planeWords, height)),
      }))
      for (let row = 0; row < height; row++) {
        const values = valuesOf(row)
        chip.messages.forEach(({ sign, bus }, i) => {
          const { multiplicity, tuple } = program.messages[i]
          const m = values[multiplicity]
          leaves[i].numerators[row] = sign === 1 ? m : M.neg(m)
          tuple
            .reduce(
              (d, step, j) => Q.sub(d, Q.mulBase(powers[j + 1], values[step])),
              Q.sub(z, Q.fromBase(bus.id)),
            )
            .forEach((limb, l) => (leaves[i].denominators[l][row] = limb))
        })
      }
    },

    constraints(columns, log, weights, inverseVanishing, planes) {
      const length = 2 ** (log + 1)
      const prev = kernels.words(columns.prev, length)
      const first = kernels.words(columns.first, length)
      const out = kernels.words(planes, 4 * length)
      const valuesOf = evaluator(
        columns,
        length,
        (q) => prev[q],
        (q) => first[q],
      )
      for (let q = 0; q < length; q++) {
        const values = valuesOf(q)
        const sum = program.constraints.reduce<QM31>(
          (sum, step, j) => Q.add(sum, Q.mulBase(weights[j], values[step])),
          Q.ZERO,
        )
        const scaled = Q.mulBase(sum, inverseVanishing[q < 2 ** log ? 0 : 1])
        for (let l = 0; l < 4; l++) out[l * length + q] = M.add(out[l * length + q], scaled[l])
      }
    },
  }
}
