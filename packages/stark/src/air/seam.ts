import type { Chip } from './chip.ts'
import { constant, walk } from './expr.ts'
import type { Expr } from './expr.ts'

/**
 * Names of the constraints that still read the previous row in row 0, where `first` is 1. Messages never read it.
 *
 * A lifted table is a row of periods that need not be alike, so before row 0 stands the last row of any other period:
 * what is not gated by `first` there would tie two periods together and prove nothing of either. Decided by folding
 * `first` = 1 into the expression; a product with 1 − first vanishes.
 */
export function readsAcrossSeam(chip: Chip<never>): string[] {
  return chip.constraints.flatMap(({ name, expr }) => (readsPrevious(inRowZero(expr)) ? [name] : []))
}

function inRowZero(e: Expr): Expr {
  const n = e.node
  switch (n.kind) {
    case 'first':
      return constant(1)
    case 'add':
      return inRowZero(n.a).add(inRowZero(n.b))
    case 'sub':
      return inRowZero(n.a).sub(inRowZero(n.b))
    case 'mul':
      return inRowZero(n.a).mul(inRowZero(n.b))
    default:
      return e
  }
}

/** Names of the constraints with a row polynomial, which have no place for one: at the out-of-domain point it has no value. */
export const rowConstraints = (chip: Chip<never>): string[] =>
  chip.constraints.flatMap(({ name, expr }) => {
    let found = false
    walk([expr], (n) => {
      if (n.kind === 'row') found = true
    })
    return found ? [name] : []
  })

/** Whether a previous-row column stands anywhere in the expression. */
export function readsPrevious(e: Expr): boolean {
  const n = e.node
  switch (n.kind) {
    case 'column':
      return n.prev
    case 'add':
    case 'sub':
    case 'mul':
      return readsPrevious(n.a) || readsPrevious(n.b)
    default:
      return false
  }
}
