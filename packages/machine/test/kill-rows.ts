import type { FilledChip } from '../../stark/src/air/check.ts'
import { exit, fillProgram, load, program } from './harness.ts'
import type { Filled, Line } from './harness.ts'
import type { Way } from './kill-report.ts'
import { chipNamed, chipOf, poke } from './kill-check.ts'

/** A run of one register instruction on two operands. */
export const one = (line: Line, b: number, c: number): Filled =>
  fillProgram(program([...load(5, b), ...load(6, c), line, ...exit()]))
export const registers = { rd: 7, rs1: 5, rs2: 6 }

/** Slots counted from 1, so that x0 has no start. */
function registersFromOne(): FilledChip {
  const c = chipOf(fillProgram(program(exit())), 'registers')
  const index = c.columns.main[c.chip.columns.indexOf('index')]
  index.forEach((v, i) => (index[i] = v + 1))
  return c
}

/** Rows that need more cells at once than the search changes, by `chip: item`. */
export const BY_HAND: Readonly<Record<string, { readonly forge: () => FilledChip; readonly way: Way }>> = {
  'registers: indices start at 0': { forge: registersFromOne, way: 'input' },
}

/**
 * A row of the sparse table that one constraint alone refuses, and that would answer a look-up wrongly: a bit of byte i
 * that is 2^(8 − i), so that the byte is 256, or a wrong AND.
 */
export function sparseRow(item: string): FilledChip {
  const chip = chipNamed('tables-sparse')
  const c = { chip, columns: { main: chip.columns.map(() => new Uint32Array(1)) } }
  const [, column, bit] = /^([xy])(\d) is a bit$/.exec(item) ?? []
  if (bit === undefined) poke(c, 0, { x0: 1, y0: 1, and: 0, nAnd: 1 })
  else poke(c, 0, { [column + bit]: 2 ** (8 - Number(bit)), n16: 1, nBytes: 1 })
  return c
}
