import { Expr, degree, expr } from './expr.ts'
import type { RowPolynomial } from './expr.ts'
import { readsPrevious, rowConstraints } from './seam.ts'

/**
 * A bus: a multiset of tuples that must balance over all chips and the public terms of the verifier (logUp,
 * Haböck, ePrint 2022/1530). A tuple on the wire is (id, ...fields).
 */
export interface Bus {
  readonly name: string
  /** The bus's own constant, first entry of each of its tuples; unique within an AIR and >= 1. */
  readonly id: number
  readonly fields: readonly string[]
  /**
   * Present for a bus that one table answers: how the prover counts look-ups. Every message with a negative
   * (receive) multiplicity adds its multiplicity to `counts[(Σ key[j]·field j) >>> shift - base]`, where the sum is
   * taken over integers and stays below 2^31 on honest rows. `base` and `slots` belong to the run.
   */
  readonly table?: { readonly key: readonly number[]; readonly shift: number }
}

/** `send` adds the tuple `multiplicity` times, `receive` takes it away. */
export interface Message {
  readonly name: string
  readonly bus: Bus
  readonly sign: 1 | -1
  readonly multiplicity: Expr
  readonly tuple: readonly Expr[]
}

export interface Constraint {
  readonly name: string
  /** Zero on every row. */
  readonly expr: Expr
}

/**
 * How a column's values are kept in range, checked by the lint:
 * 'bool' adds the constraint x·(x − 1) = 0 by itself; any other text names the message or the constraint that
 * binds the column, or 'free: <why nothing needs to>'.
 */
export type Range = 'bool' | (string & {})

/** The columns of a chip as arrays of one padded height, to be filled; all zero before. */
export type Columns<N extends string> = { readonly [K in N]: Uint32Array }

/** What a chip's `constrain` calls to say things. */
export interface Builder {
  /** `e` is zero on every row. */
  zero(name: string, e: Expr): void
  send(name: string, bus: Bus, multiplicity: Expr | number, tuple: readonly (Expr | number)[]): void
  receive(name: string, bus: Bus, multiplicity: Expr | number, tuple: readonly (Expr | number)[]): void
  /** 1 in row 0, else 0. */
  readonly first: Expr
  prev(column: Expr): Expr
  /** A value that follows from the row's index, of a chip of fixed height; in messages only. `doc`: what it is. */
  row(name: string, doc: string, terms: RowPolynomial): Expr
  public(name: string): Expr
}

/** A chip as written by its author. `Run` is what rows are filled from. */
export interface ChipSource<N extends string, Q extends string, Run> {
  readonly name: string
  /** One line: what a row is. */
  readonly doc: string
  readonly columns: { readonly [K in N]: Range }
  /** Columns the verifier knows through a committed root; `tree` names the root's tree. */
  readonly preprocessed?: { readonly tree: string; readonly columns: readonly Q[] }
  readonly constrain: (c: { readonly [K in N | Q]: Expr }, b: Builder) => void
  /** Rows that the run needs, 0 if the chip is absent from it. */
  readonly rows: (run: Run) => number
  /** Fills rows [0, rows(run)) of zeroed columns; every later row stays zero unless the chip says otherwise. */
  readonly fill: (columns: Columns<N>, run: Run, height: number) => void
  /** Fixed log2 of the height, for tables; otherwise the height follows `rows`. */
  readonly fixedLogHeight?: number
}

/** A chip with everything that is derived from its source. */
export interface Chip<Run = unknown> {
  readonly name: string
  readonly doc: string
  readonly columns: readonly string[]
  readonly ranges: readonly Range[]
  readonly preprocessed: { readonly tree: string; readonly columns: readonly string[] } | undefined
  readonly publics: readonly string[]
  readonly constraints: readonly Constraint[]
  readonly messages: readonly Message[]
  /** Main columns read at the previous row, ascending. */
  readonly prevColumns: readonly number[]
  readonly rows: (run: Run) => number
  /** `columns` in the order of `this.columns`. */
  readonly fill: (columns: readonly Uint32Array[], run: Run, height: number) => void
  readonly fixedLogHeight: number | undefined
}

export const MAX_DEGREE = 3

/**
 * Builds a chip. `publicNames`: the AIR's public values by position, the same for each of its chips. Throws a RangeError
 * that names the constraint or message of too high a degree, a message that reads the previous row, a name given twice, or
 * a tuple of the wrong width.
 */
export function chip<N extends string, Q extends string = never, Run = unknown>(
  source: ChipSource<N, Q, Run>,
  publicNames: readonly string[] = [],
): Chip<Run> {
  const columns = Object.keys(source.columns) as N[]
  const ranges = columns.map((n) => source.columns[n])
  const c: Record<string, Expr> = {}
  columns.forEach((name, index) => {
    c[name] = new Expr({ kind: 'column', tree: 'main', index, name, prev: false })
  })
  const tree = source.preprocessed?.tree
  source.preprocessed?.columns.forEach((name, index) => {
    if (c[name] !== undefined) throw new RangeError(`${source.name}: two columns named ${name}`)
    c[name] = new Expr({ kind: 'column', tree: tree!, index, name, prev: false })
  })
  const constraints: Constraint[] = []
  const messages: Message[] = []
  const publics = new Set<string>()
  const prevColumns = new Set<number>()
  const message = (
    sign: 1 | -1,
    name: string,
    bus: Bus,
    multiplicity: Expr | number,
    tuple: readonly (Expr | number)[],
  ): void => {
    if (tuple.length !== bus.fields.length)
      throw new RangeError(
        `${source.name}.${name}: ${bus.name} has ${bus.fields.length} fields, got ${tuple.length}`,
      )
    const m = { name, bus, sign, multiplicity: expr(multiplicity), tuple: tuple.map(expr) }
    const fault = messageFault(m)
    if (fault !== undefined) throw new RangeError(`${source.name}: message '${name}' ${fault}`)
    messages.push(m)
  }
  columns.forEach((name) => {
    if (source.columns[name] === 'bool')
      constraints.push({ name: `${name} is a bit`, expr: c[name].mul(c[name].sub(1)) })
  })
  source.constrain(c as { readonly [K in N | Q]: Expr }, {
    zero: (name, e) => constraints.push({ name, expr: e }),
    send: (name, bus, multiplicity, tuple) => message(1, name, bus, multiplicity, tuple),
    receive: (name, bus, multiplicity, tuple) => message(-1, name, bus, multiplicity, tuple),
    first: new Expr({ kind: 'first' }),
    prev(column) {
      const n = column.node
      if (n.kind !== 'column' || n.tree !== 'main' || n.prev)
        throw new RangeError(`${source.name}: prev() takes a main column`)
      prevColumns.add(n.index)
      return new Expr({ ...n, prev: true })
    },
    row(name, doc, terms) {
      const log = source.fixedLogHeight ?? 0
      for (const { bits } of terms)
        if (new Set(bits).size < bits.length || bits.some((bit) => !(bit >= 0 && bit < log)))
          throw new RangeError(`${source.name}: '${name}' has the term [${bits.join(', ')}] of 2^${log} rows`)
      return new Expr({ kind: 'row', name, doc, terms })
    },
    public(name) {
      const index = publicNames.indexOf(name)
      if (index < 0) throw new RangeError(`${source.name}: no public value ${name}`)
      publics.add(name)
      return new Expr({ kind: 'public', index, name })
    },
  })
  for (const k of constraints) {
    if (degree(k.expr) > MAX_DEGREE)
      throw new RangeError(`${source.name}: constraint '${k.name}' has degree ${degree(k.expr)}`)
  }
  const named = [...constraints.map((k) => k.name), ...messages.map((m) => m.name)]
  const twice = named.find((n, i) => named.indexOf(n) !== i)
  if (twice !== undefined) throw new RangeError(`${source.name}: '${twice}' is named twice`)
  const made: Chip<Run> = {
    name: source.name,
    doc: source.doc,
    columns,
    ranges,
    preprocessed: source.preprocessed,
    publics: [...publics],
    constraints,
    messages,
    prevColumns: [...prevColumns].sort((a, b) => a - b),
    rows: source.rows,
    fill: (arrays, run, height) => {
      const named = {} as Record<N, Uint32Array>
      columns.forEach((name, i) => {
        named[name] = arrays[i]
      })
      source.fill(named, run, height)
    },
    fixedLogHeight: source.fixedLogHeight,
  }
  const [byRow] = rowConstraints(made)
  if (byRow !== undefined) throw new RangeError(`${source.name}: constraint '${byRow}' has a row polynomial`)
  return made
}

/**
 * What keeps a message's fraction from being linear in the columns of its own row, if anything does. Only of a linear one
 * do the columns' multilinear extensions give that of the fraction: see `fractionsAtPoint`.
 */
export function messageFault({ multiplicity, tuple }: Message): string | undefined {
  const parts = [multiplicity, ...tuple]
  const highest = Math.max(...parts.map(degree))
  if (highest > 1) return `has degree ${highest}`
  return parts.some(readsPrevious) ? 'reads the previous row' : undefined
}

/** The same chip without one constraint or message: what the kill run proves against. */
export function without<Run>(source: Chip<Run>, name: string): Chip<Run> {
  const constraints = source.constraints.filter((k) => k.name !== name)
  const messages = source.messages.filter((m) => m.name !== name)
  if (constraints.length + messages.length === source.constraints.length + source.messages.length)
    throw new RangeError(`${source.name} has no '${name}'`)
  return { ...source, constraints, messages }
}

/** A set of chips that balance on their buses: what a verifying key describes. */
export interface Air<Run = unknown> {
  readonly name: string
  readonly chips: readonly Chip<Run>[]
  readonly publics: readonly string[]
  /** Names of the preprocessed trees in commitment order. */
  readonly preprocessedTrees: readonly string[]
  /** Bounds on log2 of any chip's height. */
  readonly minLogHeight: number
  readonly maxLogHeight: number
}
