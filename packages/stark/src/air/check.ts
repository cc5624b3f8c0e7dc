import * as M from '../field/m31.ts'
import type { Bus, Chip } from './chip.ts'
import { programOf, rowEvaluator } from './program.ts'

/** A chip's columns in natural order, all of one height, each word canonical. */
export interface RowColumns {
  readonly main: readonly Uint32Array[]
  /** Needed when the chip has preprocessed columns. */
  readonly preprocessed?: readonly Uint32Array[]
}

export interface Violation {
  readonly chip: string
  readonly constraint: string
  readonly row: number
  /** Of the constraint; never 0. */
  readonly value: number
}

/**
 * The first constraint that a row violates, rows ascending and constraints in order; undefined when all hold. Says
 * nothing of the buses. Throws a RangeError when the columns do not fit the chip.
 */
export function checkRows(
  chip: Chip<never>,
  columns: RowColumns,
  publics: readonly number[] = [],
): Violation | undefined {
  const { steps, constraints } = programOf(chip)
  const { height, valuesOf } = rowsOf(chip, columns, publics, steps)
  for (let row = 0; row < height; row++) {
    const values = valuesOf(row)
    const j = constraints.findIndex((step) => values[step] !== 0)
    if (j >= 0)
      return { chip: chip.name, constraint: chip.constraints[j].name, row, value: values[constraints[j]] }
  }
  return undefined
}

export interface FilledChip {
  readonly chip: Chip<never>
  readonly columns: RowColumns
}

/** A tuple that the verifier adds; a negative multiplicity takes it away. */
export interface PublicTerm {
  readonly bus: Bus
  readonly multiplicity: number
  readonly tuple: readonly number[]
}

/** One row's part in a tuple's balance. */
export interface Touch {
  /** Chip and message, or 'public terms'. */
  readonly chip: string
  readonly message: string
  readonly row: number
  /** Signed by the message, as a field element nearest to 0. */
  readonly multiplicity: number
}

export interface Imbalance {
  readonly bus: string
  readonly tuple: readonly number[]
  /** The sum of the multiplicities, nearest to 0; never 0. */
  readonly total: number
  /** At most MAX_TOUCHES of them. */
  readonly touches: readonly Touch[]
}

const MAX_TOUCHES = 16

/**
 * The exact multiset check of all buses: every tuple whose multiplicities do not add up to 0 modulo P, at most
 * `limit` of them, in the order in which they were first touched. Empty when the buses balance.
 */
export function busBalance(
  chips: readonly FilledChip[],
  publicTerms: readonly PublicTerm[] = [],
  publics: readonly number[] = [],
  limit = 20,
): Imbalance[] {
  const totals = new Map<string, number>()
  eachTouch(chips, publicTerms, publics, (key, multiplicity) => {
    totals.set(key, M.add(totals.get(key) ?? 0, multiplicity))
  })
  const open = new Map<string, Touch[]>()
  for (const [key, total] of totals) if (total !== 0 && open.size < limit) open.set(key, [])
  if (open.size === 0) return []
  eachTouch(chips, publicTerms, publics, (key, multiplicity, chip, message, row) => {
    const touches = open.get(key)
    if (touches !== undefined && touches.length < MAX_TOUCHES)
      touches.push({ chip, message, row, multiplicity: signed(multiplicity) })
  })
  return Array.from(open, ([key, touches]) => {
    const [bus, tuple] = key.split('|')
    return { bus, tuple: tuple.split(',').map(Number), total: signed(totals.get(key)!), touches }
  })
}

/** An imbalance in words, for a failing test. */
export const describeImbalance = ({ bus, tuple, total, touches }: Imbalance): string =>
  [
    `${bus}(${tuple.join(', ')}) is off by ${total}:`,
    ...touches.map((t) => `  ${t.multiplicity} by ${t.chip}.${t.message} in row ${t.row}`),
  ].join('\n')

const signed = (m: number): number => (m > M.P / 2 ? m - M.P : m)

function eachTouch(
  chips: readonly FilledChip[],
  publicTerms: readonly PublicTerm[],
  publics: readonly number[],
  visit: (key: string, multiplicity: number, chip: string, message: string, row: number) => void,
): void {
  for (const { chip, columns } of chips) {
    const { steps, messages } = programOf(chip)
    const { height, valuesOf } = rowsOf(chip, columns, publics, steps)
    for (let row = 0; row < height; row++) {
      const values = valuesOf(row)
      chip.messages.forEach(({ name, bus, sign }, j) => {
        const m = values[messages[j].multiplicity]
        if (m === 0) return
        const tuple = messages[j].tuple.map((step) => values[step])
        visit(`${bus.name}|${tuple.join(',')}`, sign === 1 ? m : M.neg(m), chip.name, name, row)
      })
    }
  }
  publicTerms.forEach(({ bus, multiplicity, tuple }, row) => {
    const key = `${bus.name}|${tuple.map(M.fromInteger).join(',')}`
    visit(key, M.fromInteger(multiplicity), 'public terms', 'term', row)
  })
}

function rowsOf(
  chip: Chip<never>,
  { main, preprocessed = [] }: RowColumns,
  publics: readonly number[],
  steps: Parameters<typeof rowEvaluator>[0],
): { height: number; valuesOf: (row: number) => Float64Array } {
  const wanted = chip.preprocessed?.columns.length ?? 0
  if (main.length !== chip.columns.length || preprocessed.length !== wanted)
    throw new RangeError(
      `${chip.name}: expected ${chip.columns.length} + ${wanted} columns, got ${main.length} + ${preprocessed.length}`,
    )
  const height = (main[0] ?? preprocessed[0])?.length ?? 0
  if (height === 0 || [...main, ...preprocessed].some((c) => c.length !== height))
    throw new RangeError(`${chip.name}: columns of differing heights`)
  const valuesOf = rowEvaluator(steps, {
    main,
    preprocessed,
    publics,
    previous: (row) => (row === 0 ? height - 1 : row - 1),
    first: (row) => (row === 0 ? 1 : 0),
  })
  return { height, valuesOf }
}
