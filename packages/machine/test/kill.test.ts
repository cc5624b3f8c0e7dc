import { describe, expect, it } from 'vitest'
import type { FilledChip } from '../../stark/src/air/check.ts'
import type { Chip, Message } from '../../stark/src/air/chip.ts'
import { riscvChips } from '../src/index.ts'
import type { Run } from '../src/run.ts'
import { fillProgram, problem, valueAt } from './harness.ts'
import type { Filled } from './harness.ts'
import {
  checkedWithout,
  chipOf,
  cloneColumns,
  exchange,
  heightOf,
  isLookUp,
  isTableBus,
  neededByRun,
  plain,
  poke,
  refusedByItemAlone,
  tableOf,
} from './kill-check.ts'
import { FETCHING, tour, TOUR_INPUT } from './kill-programs.ts'
import { report } from './kill-report.ts'
import type { Way } from './kill-report.ts'
import { withRomOf } from './kill-rom.ts'
import { BY_HAND, sparseRow } from './kill-rows.ts'
import { search } from './kill-search.ts'
import type { Table } from './kill-search.ts'
import {
  AUDITED_CALLS,
  auditedCalls,
  branches,
  HOST_INPUT,
  hostCalls,
  immediateOperations,
  jumps,
  longLoop,
  memoryAccesses,
  registerOperations,
  shifts,
  stop,
} from './programs.ts'

/** Small, seeded: failures must be repeatable. */
function generator(seed: number): () => number {
  let s = seed
  return () => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0
    return s / 2 ** 32
  }
}

/** Runs with many rows of every kind, to look for rows in. */
const varied: readonly Filled[] = [
  fillProgram(hostCalls(), { ...HOST_INPUT, calls: {} }),
  fillProgram(auditedCalls(), { ...HOST_INPUT, calls: AUDITED_CALLS }),
  fillProgram(memoryAccesses()),
  fillProgram(jumps()),
  fillProgram(longLoop()),
  fillProgram(immediateOperations()),
  fillProgram(shifts()),
  fillProgram(branches()),
  fillProgram(registerOperations()),
  fillProgram(stop()),
]
const toured = fillProgram(tour(), TOUR_INPUT)
const dense = fillProgram(tour(), TOUR_INPUT, 'dense')
/** Between them every message of every chip has a part; the shortest come first. */
const runs: readonly Filled[] = [toured, dense, fillProgram(longLoop(8300))]

const SAMPLE = 512

/**
 * Rows of the chip's longest table, enough to look for others in. They are a table of their own: where a chip looks at
 * the row before, they are the whole table.
 */
function sampleOf(chip: Chip<Run>, random: () => number): Table {
  const found = varied.flatMap((f) => f.chips.filter((c) => c.chip.name === chip.name).map((c) => ({ c, f })))
  // Host calls first: they alone have the public input.
  const { c, f } =
    chip.name === 'ecall' || chip.name === 'copy'
      ? found[0]
      : found.reduce((a, b) => (heightOf(b.c.columns) > heightOf(a.c.columns) ? b : a))
  const all = heightOf(c.columns)
  const height = chip.prevColumns.length > 0 ? all : Math.min(all, SAMPLE)
  const rows = Array.from({ length: height }, (_, i) =>
    height === all ? i : i === height - 1 ? all - 1 : Math.floor(random() * all),
  )
  const pick = (column: Uint32Array): Uint32Array => Uint32Array.from(rows, (r) => column[r])
  return {
    main: c.columns.main.map(pick),
    preprocessed: (c.columns.preprocessed ?? []).map(pick),
    height,
    publics: f.publics,
  }
}

const TRIES = [
  { seed: 1, budget: 5_000, honestInputs: true },
  { seed: 1, budget: 60_000, honestInputs: false },
  { seed: 2, budget: 60_000, honestInputs: false },
  { seed: 3, budget: 60_000, honestInputs: false },
  { seed: 4, budget: 200_000, honestInputs: false },
]

/** A row that the check refuses for `item` alone. */
function killByRow(chip: Chip<Run>, item: string, table: Table): Way | undefined {
  const { height, publics } = table
  for (const { seed, budget, honestInputs } of TRIES) {
    const random = generator(seed)
    const rows = [0, ...Array.from({ length: 80 }, () => Math.floor(random() * height)), height - 1]
    const found = search(chip, table, item, tableOf, { rows, random, budget, honestInputs })
    if (found === undefined) continue
    const forged: FilledChip = { chip: plain(chip), columns: cloneColumns(table) }
    poke(forged, found.row, Object.fromEntries(found.cells.map((c) => [c.column, c.after])))
    if (refusedByItemAlone(forged.chip, item, forged.columns, publics)) return honestInputs ? 'row' : 'input'
  }
  return undefined
}

/** A row written by hand. */
function killByHand(chip: Chip<Run>, item: string): Way | undefined {
  const { forge, way } = BY_HAND[`${chip.name}: ${item}`]
  return refusedByItemAlone(plain(chip), item, forge().columns, []) ? way : undefined
}

/** A row of the sparse table that would answer what no table should. */
function killBySparseRow(chip: Chip<Run>, item: string): Way | undefined {
  const { columns } = sparseRow(item)
  const answersWrongly = chip.messages.some(
    (m) =>
      valueAt(m.multiplicity, columns, 0) !== 0 &&
      !tableOf(m.bus.name)!(m.tuple.map((e) => valueAt(e, columns, 0))),
  )
  return answersWrongly && refusedByItemAlone(plain(chip), item, columns, []) ? 'row' : undefined
}

/** A run of one program, proved against the ROM of another. */
function killByRom(chip: Chip<Run>, item: string): Way | undefined {
  const forged = withRomOf(toured, tour(chip.name))
  const open = withRomOf(checkedWithout(toured, chip.name, item), tour(chip.name))
  return problem(forged)?.startsWith('Rom(') && problem(open) === undefined ? 'rom' : undefined
}

const uses = (f: Filled, chip: string, m: Message): number => {
  const c = chipOf(f, chip)
  if (c === undefined) return -1
  for (let row = 0; row < heightOf(c.columns); row++)
    if (valueAt(m.multiplicity, c.columns, row, f.publics) !== 0) return row
  return -1
}

/** An honest run that does not balance without the message. */
function killByRun(chip: Chip<Run>, m: Message): Way | undefined {
  const run = runs.find((f) => uses(f, chip.name, m) >= 0)
  return run !== undefined && neededByRun(run, chip.name, m.name) ? 'run' : undefined
}

/** The same for an answer of a table; and one answer too many, where it is not 0 times, is refused. */
function killByTable(chip: Chip<Run>, m: Message): Way | undefined {
  const run = runs.find((f) => uses(f, chip.name, m) >= 0)
  if (run === undefined || killByRun(chip, m) === undefined) return undefined
  const table = chipOf(run, chip.name)
  const forged = { chip: table.chip, columns: cloneColumns(table.columns) }
  const row = uses(run, chip.name, m)
  const count = m.multiplicity.node
  if (count.kind !== 'column') return undefined
  forged.columns.main[chip.columns.indexOf(count.name)][row] += 1
  return problem(exchange(run, forged))?.startsWith(`${m.bus.name}(`) ? 'table' : undefined
}

function killMessage(chip: Chip<Run>, m: Message, table: Table): Way | undefined {
  if (isLookUp(m))
    return BY_HAND[`${chip.name}: ${m.name}`] ? killByHand(chip, m.name) : killByRow(chip, m.name, table)
  if (m.bus.name === 'Rom' && m.sign === -1) return killByRom(chip, m.name)
  return isTableBus(m.bus.name) || m.bus.name === 'Rom' ? killByTable(chip, m) : killByRun(chip, m)
}

function killConstraint(chip: Chip<Run>, name: string, table: Table): Way | undefined {
  if (BY_HAND[`${chip.name}: ${name}`]) return killByHand(chip, name)
  return chip.name === 'tables-sparse' ? killBySparseRow(chip, name) : killByRow(chip, name, table)
}

const kills = new Map<string, ReadonlyMap<string, Way>>()

describe('each constraint and each message, taken away, lets something pass or breaks an honest run', () => {
  it.each(riscvChips.map((c) => [c.name, c] as const))('%s', (_, chip) => {
    const table: Table =
      chip.name === 'tables-dense' || chip.name === 'tables-sparse'
        ? { main: [], preprocessed: [], height: 0, publics: [] }
        : sampleOf(chip, generator(2))
    const ways = new Map<string, Way>()
    const note = (name: string, way: Way | undefined): void => {
      if (way !== undefined) ways.set(name, way)
    }
    for (const k of chip.constraints) note(k.name, killConstraint(chip, k.name, table))
    for (const m of chip.messages) note(m.name, killMessage(chip, m, table))
    kills.set(chip.name, ways)
    expect(
      [...chip.constraints, ...chip.messages].filter((i) => !ways.has(i.name)).map((i) => i.name),
    ).toEqual([])
  })
  it('a constraint that others imply stays alive', () => {
    const { constraints, ...rest } = riscvChips.find((c) => c.name === 'add')!
    const twice = { ...rest, constraints: [...constraints, { ...constraints[0], name: 'said twice' }] }
    const table = sampleOf(twice, generator(2))
    expect(killByRow(twice, 'said twice', table)).toBeUndefined()
    expect(killByRow(twice, constraints[1].name, table)).toBeDefined()
  })
  it('every chip that fetches is in the programs that differ in one instruction', () => {
    const fetching = riscvChips.filter((c) => c.messages.some((m) => m.bus.name === 'Rom' && m.sign === -1))
    expect(fetching.map((c) => c.name).sort()).toEqual([...FETCHING].sort())
  })
  it('all are killed', () => {
    const { lines, alive, killed, total } = report(riscvChips, kills)
    console.log(lines.join('\n'))
    expect(alive).toEqual([])
    expect(killed).toBe(total)
  })
})
