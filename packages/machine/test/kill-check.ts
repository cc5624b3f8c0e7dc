import { busBalance, checkRows } from '../../stark/src/air/check.ts'
import type { FilledChip, RowColumns } from '../../stark/src/air/check.ts'
import { without } from '../../stark/src/air/chip.ts'
import type { Chip, Message } from '../../stark/src/air/chip.ts'
import { programOf, rowEvaluator } from '../../stark/src/air/program.ts'
import { riscvAir, TABLE_SLOTS } from '../src/index.ts'
import type { Counts, Run } from '../src/run.ts'
import { chooseTables, tablesSparseChip } from '../src/tables-sparse.ts'
import { problem } from './harness.ts'
import type { Filled } from './harness.ts'
import type { Oracle } from './kill-search.ts'

export const P = 2 ** 31 - 1

/** A chip to be checked by rows and buses alone, whatever it is filled from. */
export const plain = (c: Chip<Run>): Chip<never> => c as unknown as Chip<never>

export const chipNamed = (name: string): Chip<never> => plain(riscvAir.chips.find((c) => c.name === name)!)
export const chipOf = (f: Filled, name: string): FilledChip => f.chips.find((c) => c.chip.name === name)!
export const heightOf = (c: RowColumns): number => (c.main[0] ?? c.preprocessed![0]).length

/** Writes cells of one row; values may be negative. */
export function poke(c: FilledChip, row: number, cells: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(cells)) {
    const j = c.chip.columns.indexOf(name)
    if (j < 0) throw new RangeError(`${c.chip.name} has no ${name}`)
    c.columns.main[j][row] = ((value % P) + P) % P
  }
}

export const peek = (c: FilledChip, name: string, row: number): number =>
  c.columns.main[c.chip.columns.indexOf(name)][row]

export const cloneColumns = (c: RowColumns): RowColumns => ({
  main: c.main.map((x) => x.slice()),
  ...(c.preprocessed === undefined ? {} : { preprocessed: c.preprocessed.map((x) => x.slice()) }),
})

/** The run with another table in the place of the chip of the same name. */
export const exchange = (f: Filled, next: FilledChip): Filled => ({
  ...f,
  chips: f.chips.map((c) => (c.chip.name === next.chip.name ? next : c)),
})

/** The run as the check without `item` of `chip` sees it. */
export function checkedWithout(f: Filled, chip: string, item: string): Filled {
  const c = chipOf(f, chip)
  return exchange(f, { chip: without(c.chip, item), columns: c.columns })
}

/** What the tables answer, by bus; undefined for a bus that no table answers. `attacks.test.ts` holds the chips to it. */
export const tableOf: Oracle = (bus) => {
  if (bus === 'Range16') return ([v]) => v < 65536
  if (bus === 'Range15') return ([v]) => v < 32768
  if (bus === 'Bitwise') return ([op, x, y, z]) => x < 256 && y < 256 && z === [0, x & y, x | y, x ^ y][op]
  return undefined
}

/** The table buses that the sparse and the dense table answer. */
export const isTableBus = (name: string): name is keyof typeof TABLE_SLOTS => Object.hasOwn(TABLE_SLOTS, name)
export const isLookUp = (m: Message): boolean => m.sign === -1 && isTableBus(m.bus.name)

/**
 * Look-ups of one chip's table that no table answers: the bus balance of these messages alone against the sparse
 * table, with the counts that fit best.
 */
export function missedLookUps(
  chip: Chip<never>,
  columns: RowColumns,
  publics: readonly number[],
): readonly string[] {
  const messages = chip.messages.filter(isLookUp)
  if (messages.length === 0) return []
  const counts = {
    Range16: new Uint32Array(TABLE_SLOTS.Range16),
    Range15: new Uint32Array(TABLE_SLOTS.Range15),
    Bitwise: new Uint32Array(TABLE_SLOTS.Bitwise),
    Rom: new Uint32Array(0),
  } satisfies Counts
  const answered = { ...chip, messages, constraints: [] }
  const program = programOf(answered)
  const height = heightOf(columns)
  const valuesOf = rowEvaluator(program.steps, {
    main: columns.main,
    preprocessed: columns.preprocessed ?? [],
    publics,
    previous: (row) => (row + height - 1) % height,
    first: (row) => (row === 0 ? 1 : 0),
  })
  for (let row = 0; row < height; row++) {
    const v = valuesOf(row)
    messages.forEach(({ bus }, j) => {
      const times = v[program.messages[j].multiplicity]
      const tuple = program.messages[j].tuple.map((step) => v[step])
      if (times === 0 || !tableOf(bus.name)!(tuple)) return
      const slots = counts[bus.name as keyof typeof TABLE_SLOTS]
      const slot = tuple.reduce((k, x, i) => k + bus.table!.key[i] * x, 0)
      slots[slot] = (slots[slot] + times) % P
    })
  }
  const run = { counts, tables: { kind: undefined, values: new Uint32Array(0) } } as unknown as Run
  chooseTables(run)
  const rows = 2 ** Math.ceil(Math.log2(Math.max(1, run.tables.values.length)))
  const main = tablesSparseChip.columns.map(() => new Uint32Array(rows))
  tablesSparseChip.fill(main, run, rows)
  const table = { chip: plain(tablesSparseChip), columns: { main } }
  const open = busBalance([{ chip: answered, columns }, table], [], publics, 1000)
  return [
    ...new Set(open.flatMap((i) => i.touches.filter((t) => t.chip === chip.name).map((t) => t.message))),
  ]
}

/** Whether a table passes the check without `item` and not the check with it: rows and look-ups. */
export function refusedByItemAlone(
  chip: Chip<never>,
  item: string,
  columns: RowColumns,
  publics: readonly number[],
): boolean {
  const refused = checkRows(chip, columns, publics)?.constraint ?? missedLookUps(chip, columns, publics)[0]
  if (refused !== item) return false
  const open = without(chip, item)
  return checkRows(open, columns, publics) === undefined && missedLookUps(open, columns, publics).length === 0
}

/** Whether an honest run, accepted as it is, no longer balances without `message`. */
export const neededByRun = (f: Filled, chip: string, message: string): boolean =>
  problem(f) === undefined && (problem(checkedWithout(f, chip, message)) ?? '').includes(' is off by ')
