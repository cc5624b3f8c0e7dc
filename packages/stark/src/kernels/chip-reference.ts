import { messageBits } from '../air/chip.ts'
import type { Chip } from '../air/chip.ts'
import { challengePowers, groupConstraint } from '../air/point.ts'
import { programOf, rowEvaluator } from '../air/program.ts'
import * as M from '../field/m31.ts'
import * as Q from '../field/qm31.ts'
import type { QM31 } from '../field/qm31.ts'
import { VanishingDenominator } from './kernels.ts'
import type { ChipColumns, ChipKernels, Kernels, Pointer } from './kernels.ts'

/** The chip kernels as plain interpretation: what the compiled ones are tested against. */
export function referenceChip(chip: Chip<never>, kernels: Kernels): ChipKernels {
  const program = programOf(chip)
  const last = chip.groups.length - 1

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

  /** Signed multiplicities and denominators of all messages, given the values of a row's steps. */
  const fractionsAt = (z: QM31, alpha: QM31): ((values: Float64Array) => { n: QM31[]; d: QM31[] }) => {
    const powers = challengePowers(chip, alpha)
    return (values) => ({
      n: chip.messages.map(({ sign }, i) => {
        const m = values[program.messages[i].multiplicity]
        return Q.fromBase(sign === 1 ? m : M.neg(m))
      }),
      d: chip.messages.map(({ bus }, i) =>
        program.messages[i].tuple.reduce(
          (d, step, j) => Q.sub(d, Q.mulBase(powers[j + 1], values[step])),
          Q.sub(z, Q.fromBase(bus.id)),
        ),
      ),
    })
  }

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

    fractions(columns, log, z, alpha, numerators, denominators) {
      const height = 2 ** log
      const size = 2 ** (log + messageBits(chip))
      const valuesOf = natural(columns, height)
      const fractionsOf = fractionsAt(z, alpha)
      kernels.words(numerators, size).fill(0)
      const planes = Q.ONE.map((limb, l) => kernels.words(denominators + 4 * l * size, size).fill(limb))
      for (let row = 0; row < height; row++) {
        const { n, d } = fractionsOf(valuesOf(row))
        chip.messages.forEach((_, m) => {
          const leaf = row + height * m
          kernels.words(numerators, size)[leaf] = n[m][0]
          d[m].forEach((limb, l) => (planes[l][leaf] = limb))
        })
      }
    },

    interaction(columns, log, z, alpha, out) {
      const height = 2 ** log
      const valuesOf = natural(columns, height)
      const fractionsOf = fractionsAt(z, alpha)
      const planes = out.map((p) => kernels.words(p, height))
      let claim: QM31 = Q.ZERO
      const totals: QM31[] = []
      for (let row = 0; row < height; row++) {
        const { n, d } = fractionsOf(valuesOf(row))
        let total: QM31 = Q.ZERO
        chip.groups.forEach((group, g) => {
          const c = group.reduce<QM31>((sum, i) => {
            if (Q.isZero(d[i]))
              throw new VanishingDenominator(`${chip.name}.${chip.messages[i].name}, row ${row}`)
            return Q.add(sum, Q.mul(n[i], Q.inv(d[i])))
          }, Q.ZERO)
          total = Q.add(total, c)
          if (g < last) c.forEach((limb, l) => (planes[4 * g + l][row] = limb))
        })
        totals.push(total)
        claim = Q.add(claim, total)
      }
      const share = Q.mulBase(claim, M.inv(M.pow(2, log)))
      let sum: QM31 = Q.ZERO
      totals.forEach((total, row) => {
        sum = Q.sub(Q.add(sum, total), share)
        sum.forEach((limb, l) => (planes[4 * last + l][row] = limb))
      })
      return claim
    },

    constraints(columns, log, { z, alpha, claim, weights }, inverseVanishing, planes) {
      const length = 2 ** (log + 1)
      const prev = kernels.words(columns.prev, length)
      const first = kernels.words(columns.first, length)
      const interaction = columns.interaction.map((p) => kernels.words(p, length))
      const out = kernels.words(planes, 4 * length)
      const valuesOf = evaluator(
        columns,
        length,
        (q) => prev[q],
        (q) => first[q],
      )
      const fractionsOf = fractionsAt(z, alpha)
      const share = Q.mulBase(claim, M.inv(M.pow(2, log)))
      const cell = (g: number, q: number): QM31 => [
        interaction[4 * g][q],
        interaction[4 * g + 1][q],
        interaction[4 * g + 2][q],
        interaction[4 * g + 3][q],
      ]
      for (let q = 0; q < length; q++) {
        const values = valuesOf(q)
        const { n, d } = fractionsOf(values)
        let sum: QM31 = Q.ZERO
        program.constraints.forEach((step, j) => {
          sum = Q.add(sum, Q.mulBase(weights[j], values[step]))
        })
        let c = Q.add(Q.sub(cell(last, q), cell(last, prev[q])), share)
        for (let g = 0; g < last; g++) c = Q.sub(c, cell(g, q))
        chip.groups.forEach((group, g) => {
          const value = groupConstraint(
            g < last ? cell(g, q) : c,
            group.map((i) => n[i]),
            group.map((i) => d[i]),
          )
          sum = Q.add(sum, Q.mul(weights[program.constraints.length + g], value))
        })
        const scaled = Q.mulBase(sum, inverseVanishing[q < 2 ** log ? 0 : 1])
        for (let l = 0; l < 4; l++) out[l * length + q] = M.add(out[l * length + q], scaled[l])
      }
    },

    rowConstraints(columns, log, weights, inverseVanishing, planes) {
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
