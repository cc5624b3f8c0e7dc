import { BITWISE, RANGE15, RANGE16 } from './buses.ts'
import { machineChip } from './machine-chip.ts'
import { constant } from '@vouch/stark'
import type { Builder, Expr, RowPolynomial } from '@vouch/stark'
import type { Counts } from './run.ts'

export const TABLE_RANGES = {
  n16: 'free: any count that balances is right',
  n15: 'free: any count that balances is right',
  nBytes: 'free: any count that balances is right',
  nAnd: 'free: any count that balances is right',
  nOr: 'free: any count that balances is right',
  nXor: 'free: any count that balances is right',
} as const

type CountColumns<T> = { readonly [K in keyof typeof TABLE_RANGES]: T }

/** The answers for the 16-bit value x + 2^8·y: `and` is x & y, `low` is 1 where the value is below 2^15. */
export function answer(b: Builder, n: CountColumns<Expr>, x: Expr, y: Expr, and: Expr, low: Expr): void {
  const value = x.add(y.mul(256))
  const both = x.add(y)
  b.send('16 bits', RANGE16, n.n16, [value])
  // Every 15-bit value stands in two rows, and either may answer.
  b.send('15 bits', RANGE15, n.n15, [value.sub(low.not().mul(32768))])
  b.send('bytes', BITWISE, n.nBytes, [constant(0), x, y, 0])
  b.send('and', BITWISE, n.nAnd, [1, x, y, and])
  b.send('or', BITWISE, n.nOr, [2, x, y, both.sub(and)])
  b.send('xor', BITWISE, n.nXor, [3, x, y, both.sub(and.mul(2))])
}

/** Counts of the value in row r, for `rows` values. */
export function fillAnswers(
  c: CountColumns<Uint32Array>,
  counts: Counts,
  rows: number,
  valueOf: (row: number) => number,
): void {
  for (let r = 0; r < rows; r++) {
    const v = valueOf(r)
    c.n16[r] = counts.Range16[v]
    if (v < 32768) c.n15[r] = counts.Range15[v]
    c.nBytes[r] = counts.Bitwise[v]
    c.nAnd[r] = counts.Bitwise[65536 + v]
    c.nOr[r] = counts.Bitwise[2 * 65536 + v]
    c.nXor[r] = counts.Bitwise[3 * 65536 + v]
  }
}

/** Σ 2^j·Π of the bits that `bitsOf` names, for j < 8. */
const byte = (bitsOf: (j: number) => readonly number[]): RowPolynomial =>
  Array.from({ length: 8 }, (_, j) => ({ coefficient: 2 ** j, bits: bitsOf(j) }))

export const tablesDenseChip = machineChip({
  name: 'tables-dense',
  doc: 'All 16-bit values in order: ranges and bitwise operations by look-up.',
  columns: TABLE_RANGES,
  constrain: (c, b) =>
    answer(
      b,
      c,
      b.row(
        'x',
        'the low byte of the row’s index',
        byte((j) => [j]),
      ),
      b.row(
        'y',
        'its high byte',
        byte((j) => [8 + j]),
      ),
      b.row(
        'and',
        'x & y',
        byte((j) => [j, 8 + j]),
      ),
      b.row('low', '1 where the index is below 2^15', [
        { coefficient: 1, bits: [] },
        { coefficient: -1, bits: [15] },
      ]),
    ),
  rows: (run) => (run.tables.kind === 'dense' ? 65536 : 0),
  fixedLogHeight: 16,
  fill: (c, run) => fillAnswers(c, run.counts, 65536, (r) => r),
})
