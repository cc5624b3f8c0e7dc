import type { Chip, Expr } from '@vouch/stark'
import { FAMILY } from './families.ts'
import type { Run } from './run.ts'

/** log2 of the fewest rows of a table. */
export const MIN_LOG_HEIGHT = 4

/** Most tables that the rows of one chip are cut into. */
const MAX_TABLES = 3

/**
 * Main cells that each further table has to save. It costs no cells, but every query opens its columns: a proof grows by
 * about half a kilobyte a column.
 */
export const LEAST_SAVING = 200_000

/** log2 of the height that holds `rows` rows, of which there is at least one. */
export const logHeightFor = (rows: number): number => Math.max(MIN_LOG_HEIGHT, Math.ceil(Math.log2(rows)))

/**
 * The rows of each of the tables that a chip of `columns` columns is cut into: all but the last are full, with the
 * greatest power of two that is left. Of one to three tables those with the fewest cells, a further one counted as
 * `saving` cells.
 */
export function cutRows(rows: number, columns: number, saving = LEAST_SAVING): number[] {
  const cost = (tables: readonly number[]): number =>
    tables.reduce(
      (cells, r) => cells + columns * (r === 0 ? 0 : 2 ** logHeightFor(r)),
      saving * tables.length,
    )
  let tables = [rows]
  let best = tables
  while (tables.length < MAX_TABLES) {
    const last = tables[tables.length - 1]
    const full = 2 ** Math.floor(Math.log2(last))
    if (full === last) break
    tables = [...tables.slice(0, -1), full, last - full]
    if (cost(tables) < cost(best)) best = tables
  }
  return best
}

/** What a chip is filled from: how many rows it has in a run, and the run as if it had only some of them. */
export interface Source {
  readonly count: (run: Run) => number
  readonly part: (run: Run, from: number, to: number) => Run
}

export const familySource = (family: keyof typeof FAMILY): Source => {
  const id = FAMILY[family]
  return {
    count: (run) => run.families[id].count,
    part: (run, from, to) => {
      const { cycle, rom } = run.families[id]
      const rows = { count: to - from, cycle: cycle.subarray(from, to), rom: rom.subarray(from, to) }
      return { ...run, families: run.families.map((own, f) => (f === id ? rows : own)) }
    },
  }
}

export const gapSource: Source = {
  count: (run) => run.gaps.count,
  part: (run, from, to) => {
    const { space, addr, v0, v1, from: start, to: end } = run.gaps
    const [a, b, c, d, e, f] = [space, addr, v0, v1, start, end].map((field) => field.subarray(from, to))
    return { ...run, gaps: { count: to - from, space: a, addr: b, v0: c, v1: d, from: e, to: f } }
  },
}

/** Whether an expression depends on more than the columns of its own row. */
function knowsPlace({ node }: Expr): boolean {
  switch (node.kind) {
    case 'first':
    case 'row':
      return true
    case 'column':
      return node.prev
    case 'add':
    case 'sub':
    case 'mul':
      return knowsPlace(node.a) || knowsPlace(node.b)
    default:
      return false
  }
}

/**
 * The chips 'x', 'x/2' and 'x/3' of one declaration, which share the rows of a run as `cutRows` says; those that get none
 * are absent. To prover and verifier they are chips like any other.
 *
 * Throws a RangeError where rows know of each other or of their place: two tables of such a chip are not one longer one.
 */
export function instances(chip: Chip<Run>, source: Source): Chip<Run>[] {
  const exprs = [
    ...chip.constraints.map((k) => k.expr),
    ...chip.messages.flatMap((m) => [m.multiplicity, ...m.tuple]),
  ]
  const fixed = chip.preprocessed !== undefined || chip.fixedLogHeight !== undefined
  if (fixed || exprs.some(knowsPlace)) throw new RangeError(`${chip.name} cannot be cut`)
  const bounds = (run: Run, i: number): [from: number, to: number] => {
    const tables = cutRows(source.count(run), chip.columns.length)
    const from = tables.slice(0, i).reduce((sum, rows) => sum + rows, 0)
    return [from, from + (tables[i] ?? 0)]
  }
  return Array.from({ length: MAX_TABLES }, (_, i) => ({
    ...chip,
    name: i === 0 ? chip.name : `${chip.name}/${i + 1}`,
    rows: (run) => {
      const [from, to] = bounds(run, i)
      return to - from
    },
    fill: (columns, run, height) => chip.fill(columns, source.part(run, ...bounds(run, i)), height),
  }))
}
