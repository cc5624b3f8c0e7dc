import { busBalance, checkRows, describeImbalance } from '../../stark/src/air/check.ts'
import type { FilledChip, RowColumns } from '../../stark/src/air/check.ts'
import { evaluate, rowValue } from '../../stark/src/air/expr.ts'
import type { Expr } from '../../stark/src/air/expr.ts'
import type { Chip } from '../../stark/src/air/chip.ts'
import * as M from '../../stark/src/field/m31.ts'
import { riscvAir } from '../src/air.ts'
import { collect } from '../src/collect.ts'
import { INITIAL_SP } from '@vouch/engine'
import type { Trace } from '@vouch/engine'
import { logHeightFor } from '../src/instances.ts'
import { imageColumns, imageOf } from '../src/image.ts'
import { listPublicTerms } from '../src/public-terms.ts'
import type { Instruction } from '../src/rom-rows.ts'
import type { Counts, Run } from '../src/run.ts'
import { airPublics } from '../src/statement.ts'
import type { Statement } from '../src/statement.ts'
import { chooseTables } from '../src/tables-sparse.ts'
import { runTiny } from './tiny-machine.ts'
import type { TinyCall, TinyInput, TinyProgram } from './tiny-machine.ts'

/** An instruction without its place; jumps and branches are relative, in bytes. */
export type Line = readonly [
  name: string,
  operands?: { rd?: number; rs1?: number; rs2?: number; imm?: number },
]

export const TEXT = 0x1000

/** Lines at TEXT, one after the other. A destination x0 is the sink, as the engine decodes it. */
export function program(lines: readonly Line[], words: Readonly<Record<number, number>> = {}): TinyProgram {
  const code: Instruction[] = lines.map(([name, o = {}], i) => ({
    pc: TEXT + 4 * i,
    name,
    rd: o.rd === undefined || o.rd === 0 ? 32 : o.rd,
    rs1: o.rs1 ?? 0,
    rs2: o.rs2 ?? 0,
    imm: o.imm ?? 0,
  }))
  const addr = Object.keys(words)
    .map(Number)
    .filter((a) => words[a] !== 0)
    .sort((a, b) => a - b)
  return {
    entry: TEXT,
    code,
    wordAddr: Uint32Array.from(addr),
    wordValue: Uint32Array.from(addr, (a) => words[a]),
  }
}

/** Lines that put a constant into a register. */
export function load(rd: number, value: number): Line[] {
  const low = (value << 20) >> 20
  return [
    ['lui', { rd, imm: (value - low) | 0 }],
    ['addi', { rd, rs1: rd, imm: low }],
  ]
}

export const exit = (code = 0): Line[] => [...load(10, code), ...load(17, 93), ['ecall']]

export interface Filled {
  readonly run: Run
  readonly statement: Statement
  readonly chips: FilledChip[]
  readonly publics: readonly number[]
  readonly entry: number
  /** What the audit log says, where there is one. */
  readonly calls: readonly TinyCall[]
}

/** Runs, fills every chip that has rows, counts and fills the tables. */
export function fillProgram(
  source: TinyProgram,
  input: TinyInput = {},
  tables?: 'dense',
  entry = TEXT,
): Filled {
  const { trace, journal, calls } = runTiny(source, input)
  const publicInput = input.publicInput ?? new Uint8Array(0)
  const logged = input.calls === undefined ? undefined : calls
  return fillTrace(source, trace, publicInput, journal, tables, entry, logged)
}

/** The buses know no digests: whether there is a log is all that matters here. */
const NO_AUDIT = { root: new Uint8Array(32), manifest: new Uint8Array(32), records: 0 }

export function fillTrace(
  source: TinyProgram,
  trace: Trace,
  publicInput: Uint8Array,
  journal: Uint8Array,
  tables?: 'dense',
  entry = source.entry,
  calls?: readonly TinyCall[],
): Filled {
  const image = imageOf(source)
  const run = collect(trace, image.rom, image.words, publicInput.length)
  const { halt } = run
  const statement: Statement = {
    imageId: new Uint8Array(32),
    publicInput,
    journal,
    halt: halt.kind,
    exitCode: halt.code,
    cycles: trace.cycles,
    publicConsumed: halt.publicCursor,
    ...(calls === undefined ? {} : { audit: NO_AUDIT }),
  }
  const publics = airPublics(statement)
  const trees = imageColumns(image, riscvAir.minLogHeight)
  const preprocessedOf = (c: Chip<Run>): Uint32Array[] =>
    c.preprocessed === undefined ? [] : trees[c.name as 'rom' | 'image']
  const chips: FilledChip[] = []
  const isTable = (c: Chip<Run>): boolean => c.messages.some((m) => m.sign === 1 && m.bus.table !== undefined)
  const add = (c: Chip<Run>): void => {
    const rows = c.rows(run)
    if (rows === 0) return
    const log = c.fixedLogHeight ?? logHeightFor(rows)
    const main = c.columns.map(() => new Uint32Array(2 ** log))
    c.fill(main, run, 2 ** log)
    const columns: RowColumns = { main, preprocessed: preprocessedOf(c) }
    if (!isTable(c)) count(c, columns, rows, run)
    chips.push({ chip: c as unknown as Chip<never>, columns })
  }
  riscvAir.chips.filter((c) => !isTable(c)).forEach(add)
  chooseTables(run)
  if (tables === 'dense') run.tables.kind = 'dense'
  riscvAir.chips.filter(isTable).forEach(add)
  return { run, statement, chips, publics, entry, calls: calls ?? [] }
}

/** The value of an expression in a row. */
export function valueAt(e: Expr, columns: RowColumns, row: number, publics: readonly number[] = []): number {
  const height = (columns.main[0] ?? columns.preprocessed![0])!.length
  return evaluate(e, {
    constant: (v) => v,
    column: (n) =>
      n.tree === 'main'
        ? columns.main[n.index][n.prev ? (row + height - 1) % height : row]
        : columns.preprocessed![n.index][row],
    public: (n) => publics[n.index],
    first: () => (row === 0 ? 1 : 0),
    row: (n) => rowValue(n.terms, row),
    add: M.add,
    sub: M.sub,
    mul: M.mul,
  })
}

function count(c: Chip<Run>, columns: RowColumns, rows: number, run: Run): void {
  for (const m of c.messages) {
    const { table } = m.bus
    if (table === undefined || m.sign === 1) continue
    const counts = run.counts[m.bus.name as keyof Counts]
    const base = m.bus.name === 'Rom' ? run.rom.base : 0
    for (let row = 0; row < rows; row++) {
      const times = valueAt(m.multiplicity, columns, row)
      if (times === 0) continue
      const key = m.tuple.reduce(
        (k, e, j) => k + (table.key[j] === 0 ? 0 : table.key[j] * valueAt(e, columns, row)),
        0,
      )
      const slot = (key >>> table.shift) - base
      if (!(slot >= 0 && slot < counts.length))
        throw new RangeError(`${c.name}.${m.name} in row ${row} looks up ${key}`)
      counts[slot] += times
    }
  }
}

/** The first thing wrong with a filled run, in words. */
export function problem({ chips, statement, publics, entry, calls }: Filled): string | undefined {
  for (const { chip, columns } of chips) {
    const v = checkRows(chip, columns, publics)
    if (v !== undefined) return `${v.chip}: '${v.constraint}' in row ${v.row}`
  }
  const [first] = busBalance(chips, listPublicTerms(statement, { entry, sp: INITIAL_SP }, calls), publics, 1)
  return first === undefined ? undefined : describeImbalance(first)
}
