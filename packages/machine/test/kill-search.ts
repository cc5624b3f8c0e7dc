import { evaluate, rowValue } from '../../stark/src/air/expr.ts'
import type { Evaluation, Expr } from '../../stark/src/air/expr.ts'
import type { Chip, Message } from '../../stark/src/air/chip.ts'
import { programOf, rowEvaluator } from '../../stark/src/air/program.ts'
import * as M from '../../stark/src/field/m31.ts'

/**
 * For one constraint or look-up of a chip, a row that breaks it and nothing else.
 *
 * Such a row shows that the item is not implied by the others: a check without it would accept the row. The search
 * changes one cell of an honest row and then repairs what else broke, a cell at a time, by solving a factor of the broken
 * constraint for a column of which the factor's degree is at most 2.
 */
export interface Table {
  readonly main: readonly Uint32Array[]
  readonly preprocessed: readonly Uint32Array[]
  readonly height: number
  readonly publics: readonly number[]
}

export interface Kill {
  readonly row: number
  readonly cells: readonly { readonly column: string; readonly before: number; readonly after: number }[]
}

/** Decides a look-up tuple; undefined for a bus that is no table. */
export type Oracle = (bus: string) => ((tuple: readonly number[]) => boolean) | undefined

/** The value of each step of the chip's program. */
type Row = ArrayLike<number>

interface Item {
  readonly name: string
  readonly holds: (row: Row) => boolean
  readonly constraint?: Expr
  readonly message?: Message
  readonly columns: readonly number[]
}

const CANDIDATES = [
  0,
  1,
  2,
  3,
  4,
  0xff,
  0x100,
  0x7fff,
  0x8000,
  0xffff,
  0x10000,
  0x10001,
  0x20000,
  M.P - 1,
  M.P - 2,
  M.P - 0x10000,
  2 ** 24,
  2 ** 28,
  2 ** 30,
  12345678,
]

const DELTAS = [1, M.P - 1, 0x100, M.P - 0x100, 0x8000, 0x10000, M.P - 0x10000, 2, M.P - 2, 256 * 255]

/** How to search: which rows, how long, and whether what the row receives from other chips must stay as it is. */
export interface SearchOptions {
  readonly rows: readonly number[]
  readonly random: () => number
  readonly budget: number
  readonly honestInputs: boolean
}

export function search<R>(
  chip: Chip<R>,
  table: Table,
  target: string,
  oracle: Oracle,
  { rows, random, budget, honestInputs }: SearchOptions,
): Kill | undefined {
  const values = table.main.map((c) => Uint32Array.from(c.subarray(0, table.height)))
  const { height } = table
  let row = 0
  const env: Evaluation<number> = {
    constant: (v) => v,
    column: (n) =>
      n.tree === 'main'
        ? values[n.index]![n.prev ? (row + height - 1) % height : row]!
        : table.preprocessed[n.index]![row]!,
    public: (n) => table.publics[n.index]!,
    first: () => (row === 0 ? 1 : 0),
    row: (n) => rowValue(n.terms, row),
    add: M.add,
    sub: M.sub,
    mul: M.mul,
  }
  const at = (e: Expr, r: number): number => {
    row = r
    return evaluate(e, env)
  }
  const program = programOf(chip as Chip<never>)
  const valuesOf = rowEvaluator(program.steps, {
    main: values,
    preprocessed: table.preprocessed,
    publics: table.publics,
    previous: (r) => (r + height - 1) % height,
    first: (r) => (r === 0 ? 1 : 0),
  })
  const items: Item[] = [
    ...chip.constraints.map((k, j) => ({
      name: k.name,
      holds: (v: Row) => v[program.constraints[j]] === 0,
      constraint: k.expr,
      columns: columnsOf([k.expr]),
    })),
    ...chip.messages.flatMap((m, j) => {
      const valid = oracle(m.bus.name)
      if (valid === undefined) return []
      const { multiplicity, tuple } = program.messages[j]
      const holds = (v: Row): boolean => v[multiplicity] === 0 || valid(tuple.map((step) => v[step]))
      return [{ name: m.name, holds, message: m, columns: columnsOf([m.multiplicity, ...m.tuple]) }]
    }),
  ]
  const wanted = items.find((i) => i.name === target)
  if (wanted === undefined) throw new RangeError(`${chip.name} has no '${target}'`)
  const received = program.messages.filter(
    (_, j) => honestInputs && chip.messages[j].sign === -1 && oracle(chip.messages[j].bus.name) === undefined,
  )
  const inputs = (r: number): string => {
    if (received.length === 0) return ''
    const v = valuesOf(r)
    return received
      .map((m) => (v[m.multiplicity] === 0 ? '' : [v[m.multiplicity], ...m.tuple.map((s) => v[s])].join()))
      .join(';')
  }
  let honest = ''
  const usesPrev = chip.prevColumns.length > 0
  const rowsChecked = (r: number): number[] => (usesPrev ? [r, (r + 1) % height] : [r])
  const holds = (item: Item, r: number): boolean => item.holds(valuesOf(r))
  const broken = (r: number): Item[] => {
    const found = new Set<Item>()
    for (const q of rowsChecked(r)) {
      const v = valuesOf(q)
      for (const i of items) if (!i.holds(v)) found.add(i)
    }
    return [...found]
  }

  let spent = 0
  const changed = new Map<number, number>()
  const set = (column: number, r: number, value: number): void => {
    values[column]![r] = value
  }

  /** Values of `column` at row r that make `item` hold. */
  function repairs(item: Item, column: number, r: number): number[] {
    const saved = values[column]![r]!
    const out: number[] = []
    const rowOf = rowsChecked(r).find((q) => !holds(item, q)) ?? r
    if (item.constraint !== undefined) {
      out.push(0, 1)
      for (const factor of factors(item.constraint)) {
        const f = [0, 1, 2].map((v) => {
          set(column, r, v)
          return at(factor, rowOf)
        })
        out.push(...roots(f))
      }
    } else {
      for (const e of [...item.message!.tuple, item.message!.multiplicity]) {
        const f = [0, 1, 2].map((v) => {
          set(column, r, v)
          return at(e, rowOf)
        })
        const slope = M.sub(f[1]!, f[0]!)
        if (slope === 0 || M.sub(f[2]!, f[1]!) !== slope) continue
        for (const goal of [0, 1, 255, 0x7fff, Math.floor(random() * 0x8000)])
          out.push(M.mul(M.sub(goal, f[0]!), M.inv(slope)))
      }
      // A table with a computed entry: try the small values outright.
      out.push(...[0, 1, 2, 255].filter(() => random() < 0.5))
    }
    set(column, r, saved)
    return out.filter((v) => v !== saved)
  }

  function repair(r: number, depth: number): boolean {
    if (spent++ > budget) return false
    const bad = broken(r)
    if (!bad.includes(wanted!)) return false
    if (inputs(r) !== honest) return false
    if (bad.length === 1) return true
    if (depth === 0 || bad.length > depth + 2) return false
    const others = bad.filter((i) => i !== wanted)
    const next = others[Math.floor(random() * others.length)]!
    const columns = next.columns.filter((c) => !changed.has(c))
    shuffle(columns, random)
    for (const c of columns) {
      const saved = values[c]![r]!
      for (const v of repairs(next, c, r)) {
        changed.set(c, saved)
        set(c, r, v)
        if (repair(r, depth - 1)) return true
        set(c, r, saved)
        changed.delete(c)
      }
    }
    return false
  }

  const describe = (r: number): Kill => ({
    row: r,
    cells: [...changed].map(([c, before]) => ({ column: chip.columns[c]!, before, after: values[c]![r]! })),
  })

  for (const depth of [0, 1, 2, 3, 4, 5]) {
    for (const r of rows) {
      honest = inputs(r)
      const columns = wanted.columns.length > 0 ? [...wanted.columns] : chip.columns.map((_, i) => i)
      shuffle(columns, random)
      for (const c of columns) {
        const saved = values[c]![r]!
        const tries = [...CANDIDATES, ...DELTAS.map((d) => M.add(saved, d)), Math.floor(random() * M.P)]
        shuffle(tries, random)
        for (const v of tries) {
          if (v === saved) continue
          set(c, r, v)
          if (!rowsChecked(r).every((q) => holds(wanted, q))) {
            changed.set(c, saved)
            if (repair(r, depth)) {
              const kill = describe(r)
              for (const [k, before] of changed) set(k, r, before)
              return kill
            }
            changed.clear()
          }
          set(c, r, saved)
          if (spent > budget) return undefined
        }
      }
    }
  }
  return undefined
}

/** The expression, and its factors where it is a product. */
function factors(e: Expr): Expr[] {
  const n = e.node
  return n.kind === 'mul' ? [e, ...factors(n.a), ...factors(n.b)] : [e]
}

/** Zeros of the polynomial of degree at most 2 with these values at 0, 1 and 2. */
function roots([f0, f1, f2]: readonly number[]): number[] {
  const a = M.mul(M.sub(M.add(f2, f0), M.add(f1, f1)), M.inv(2))
  const b = M.sub(M.sub(f1, f0), a)
  if (a === 0) return b === 0 ? [] : [M.mul(M.neg(f0), M.inv(b))]
  const discriminant = M.sub(M.mul(b, b), M.mul(4, M.mul(a, f0)))
  // P is 3 mod 4, so a square's root is its power (P + 1)/4 = 2^29.
  let root = discriminant
  for (let i = 0; i < 29; i++) root = M.mul(root, root)
  if (M.mul(root, root) !== discriminant) return []
  const half = M.inv(M.add(a, a))
  return [M.mul(M.sub(root, b), half), M.mul(M.sub(M.neg(root), b), half)]
}

function shuffle<T>(list: T[], random: () => number): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const t = list[i]!
    list[i] = list[j]!
    list[j] = t
  }
}

/** Main columns of this row, by index; a previous-row column counts as itself. */
function columnsOf(exprs: readonly Expr[]): number[] {
  const found = new Set<number>()
  const visit = (e: Expr): void => {
    const n = e.node
    if (n.kind === 'column' && n.tree === 'main') found.add(n.index)
    if (n.kind === 'add' || n.kind === 'sub' || n.kind === 'mul') {
      visit(n.a)
      visit(n.b)
    }
  }
  exprs.forEach(visit)
  return [...found]
}
