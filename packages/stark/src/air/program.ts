import * as M from '../field/m31.ts'
import type { Chip } from './chip.ts'
import { rowValue } from './expr.ts'
import type { Expr, RowPolynomial } from './expr.ts'

/** One operation of a straight-line program; `a` and `b` are indices of earlier steps. */
export type Step =
  | { readonly kind: 'const'; readonly value: number }
  | { readonly kind: 'main'; readonly index: number }
  /** Column `index` of the main tree at the previous row. */
  | { readonly kind: 'prev'; readonly index: number }
  | { readonly kind: 'preprocessed'; readonly index: number }
  | { readonly kind: 'public'; readonly index: number }
  | { readonly kind: 'first' }
  | { readonly kind: 'row'; readonly terms: RowPolynomial }
  | { readonly kind: 'add' | 'sub' | 'mul'; readonly a: number; readonly b: number }

export interface StepMessage {
  readonly multiplicity: number
  readonly tuple: readonly number[]
}

/** The expressions of a chip as one straight-line program: equal sub-expressions are one step, operands come first. */
export interface Program {
  readonly steps: readonly Step[]
  /** The step of each constraint. */
  readonly constraints: readonly number[]
  readonly messages: readonly StepMessage[]
}

/** Appends expressions to a list of steps; gives the step that holds each. */
export interface StepList {
  readonly steps: readonly Step[]
  add(e: Expr): number
}

export function stepList(): StepList {
  const steps: Step[] = []
  const byKey = new Map<string, number>()
  const byExpr = new Map<Expr, number>()
  const intern = (key: string, step: Step): number => {
    const known = byKey.get(key)
    if (known !== undefined) return known
    byKey.set(key, steps.length)
    return steps.push(step) - 1
  }
  const build = (e: Expr): number => {
    const n = e.node
    switch (n.kind) {
      case 'const':
        return intern(`${n.value}`, { kind: 'const', value: n.value })
      case 'column': {
        const kind = n.tree !== 'main' ? 'preprocessed' : n.prev ? 'prev' : 'main'
        return intern(`${kind} ${n.index}`, { kind, index: n.index })
      }
      case 'public':
        return intern(`public ${n.index}`, { kind: 'public', index: n.index })
      case 'first':
        return intern('first', { kind: 'first' })
      case 'row':
        return intern(`row ${JSON.stringify(n.terms)}`, { kind: 'row', terms: n.terms })
      case 'add':
      case 'sub':
      case 'mul': {
        const [x, y] = [add(n.a), add(n.b)]
        // Sum and product commute: one order makes x·y and y·x one step.
        const [a, b] = n.kind === 'sub' || x <= y ? [x, y] : [y, x]
        return intern(`${n.kind} ${a} ${b}`, { kind: n.kind, a, b })
      }
    }
  }
  const add = (e: Expr): number => {
    const known = byExpr.get(e)
    if (known !== undefined) return known
    const step = build(e)
    byExpr.set(e, step)
    return step
  }
  return { steps, add }
}

const programs = new WeakMap<Chip<never>, Program>()

/** The program of a chip; made once. */
export function programOf(chip: Chip<never>): Program {
  const known = programs.get(chip)
  if (known !== undefined) return known
  const list = stepList()
  const constraints = chip.constraints.map((k) => list.add(k.expr))
  const messages = chip.messages.map((m) => ({
    multiplicity: list.add(m.multiplicity),
    tuple: m.tuple.map(list.add),
  }))
  const program = { steps: list.steps, constraints, messages }
  programs.set(chip, program)
  return program
}

/** Where the values of a program's inputs are, for each row. */
export interface RowInputs {
  readonly main: readonly Uint32Array[]
  readonly preprocessed: readonly Uint32Array[]
  readonly publics: readonly number[]
  readonly previous: (row: number) => number
  readonly first: (row: number) => number
}

/** Evaluates a program over M31 row by row; the answer, one value a step, is overwritten by the next call. */
export function rowEvaluator(steps: readonly Step[], inputs: RowInputs): (row: number) => Float64Array {
  const values = new Float64Array(steps.length)
  const run = steps.map((s, i): ((row: number) => void) => {
    switch (s.kind) {
      case 'const':
        values[i] = s.value
        return () => {}
      case 'public':
        values[i] = inputs.publics[s.index]
        return () => {}
      case 'main': {
        const column = inputs.main[s.index]
        return (row) => {
          values[i] = column[row]
        }
      }
      case 'prev': {
        const column = inputs.main[s.index]
        return (row) => {
          values[i] = column[inputs.previous(row)]
        }
      }
      case 'preprocessed': {
        const column = inputs.preprocessed[s.index]
        return (row) => {
          values[i] = column[row]
        }
      }
      case 'first':
        return (row) => {
          values[i] = inputs.first(row)
        }
      case 'row':
        return (row) => {
          values[i] = rowValue(s.terms, row)
        }
      case 'add':
        return () => {
          values[i] = M.add(values[s.a], values[s.b])
        }
      case 'sub':
        return () => {
          values[i] = M.sub(values[s.a], values[s.b])
        }
      case 'mul':
        return () => {
          values[i] = M.mul(values[s.a], values[s.b])
        }
    }
  })
  return (row) => {
    for (const f of run) f(row)
    return values
  }
}
