import { machineChip } from './machine-chip.ts'
import type { Run } from './run.ts'
import { sum } from '@vouch/stark'
import type { Expr } from '@vouch/stark'
import { answer, fillAnswers, TABLE_RANGES } from './tables-dense.ts'

const X = ['x0', 'x1', 'x2', 'x3', 'x4', 'x5', 'x6', 'x7'] as const
const Y = ['y0', 'y1', 'y2', 'y3', 'y4', 'y5', 'y6', 'y7'] as const
const bits = Object.fromEntries([...X, ...Y].map((n) => [n, 'bool'])) as Record<
  (typeof X | typeof Y)[number],
  'bool'
>

export const tablesSparseChip = machineChip({
  name: 'tables-sparse',
  doc: 'One 16-bit value that the run looks up, as bits: the tables of a short run.',
  columns: { ...bits, and: 'and of the bits', ...TABLE_RANGES },
  constrain(c, b) {
    const byte = (names: readonly (keyof typeof bits)[]): Expr => sum(names.map((n, i) => c[n].mul(1 << i)))
    b.zero('and of the bits', sum(X.map((n, i) => c[n].mul(c[Y[i]]).mul(1 << i))).sub(c.and))
    answer(b, c, byte(X), byte(Y), c.and, c.y7.not())
  },
  rows: (run) => (run.tables.kind === 'sparse' ? run.tables.values.length : 0),
  fill(c, run) {
    const { values } = run.tables
    ;[...X, ...Y].forEach((name, i) => {
      for (let r = 0; r < values.length; r++) c[name][r] = (values[r] >> i) & 1
    })
    for (let r = 0; r < values.length; r++) c.and[r] = values[r] & (values[r] >> 8) & 255
    fillAnswers(c, run.counts, values.length, (r) => values[r])
  },
})

/**
 * A row of the sparse table has 23 cells, one of the dense table 6, and there are 2^16 of those: a sparse table of 2^14 rows
 * has about as many cells and a quarter of the fractions, one of 2^15 nearly twice the cells.
 */
export const SPARSE_LIMIT = 1 << 14

/** Picks the table chip that answers the look-ups counted so far. Call it after all counting, before filling tables. */
export function chooseTables(run: Run): void {
  const { Range16, Range15, Bitwise } = run.counts
  const used = new Uint32Array(65536)
  let n = 0
  for (let v = 0; v < 65536; v++) {
    const looked =
      Range16[v] |
      (v < 32768 ? Range15[v] : 0) |
      Bitwise[v] |
      Bitwise[65536 + v] |
      Bitwise[2 * 65536 + v] |
      Bitwise[3 * 65536 + v]
    if (looked !== 0) used[n++] = v
  }
  run.tables.kind = n < SPARSE_LIMIT ? 'sparse' : 'dense'
  run.tables.values = run.tables.kind === 'sparse' ? used.subarray(0, n) : new Uint32Array(0)
}
